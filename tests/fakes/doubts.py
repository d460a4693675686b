"""What may be on a screen and may not, since the bot was killed in the moment it was posted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import answers, screens


@dataclass(frozen=True)
class Doubts:
    """Counted by chat, as the bot itself has noted them.

    `unsaid` are last words that may never have arrived: they are posted at most once. `outlived`
    are messages nobody knows the id of, of answers that were replaced since: those that are there
    stay as they were, and the line that stood below them is written over by the new answer.
    """

    unsaid: Counter[str] = field(default_factory=Counter)
    outlived: Counter[str] = field(default_factory=Counter)


async def noted(rows: AsyncConnection, chat: Callable[[str, str], str]) -> Doubts:
    """`chat` is what a chat is called, by its id and the person's."""
    newer = answers.alias()
    unknown = (
        select(answers.c.chat, answers.c.user_id)
        .join(screens, screens.c.answer == answers.c.id)
        .where(screens.c.ref.is_(None))
    )
    unsaid = unknown.where(screens.c.role == "note")
    outlived = unknown.where(screens.c.role == "text", answers.c.id.in_(select(newer.c.replaces)))
    return Doubts(
        unsaid=Counter(chat(*row) for row in await rows.execute(unsaid)),
        outlived=Counter(chat(*row) for row in await rows.execute(outlived)),
    )

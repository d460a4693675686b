"""What passes while an answer is on its way: a draft's "Thinking…", words in it, "typing"."""

import asyncio
from typing import Final

from adapters.telegram import markup
from adapters.telegram.drafts import Drafts
from adapters.telegram.errors import Refused
from adapters.telegram.markup import Entity, Rendered
from adapters.telegram.remembered import Remembered
from adapters.telegram.spot import Spot, Turn
from adapters.telegram.writer import width
from bot.surface import Activity, Rank, Stopped

FADES: Final = 4.5
"""Seconds after which a status is shown again: a chat action is there for "5 seconds or less"
(sendChatAction)."""

_THINKING: Final = Rendered(text="", entities=())
"""Clients show "Thinking…", in the person's language."""

_MOST: Final = 10_000  # chats that are remembered


class Statuses:
    """Shows them as drafts where there are drafts, else as chat actions."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._wordy: set[str] = set()  # accounts whose server has no empty drafts
        self._acted_at: Remembered[tuple[str, str, str, str], float] = Remembered(_MOST)

    async def show(self, spot: Spot, words: str, doing: Activity, *, by_draft: bool) -> None:
        by_draft = by_draft and doing in ("thinking", "waiting")
        if by_draft and await self._draw(spot, words, doing):
            return
        await self._act(spot, "record_voice" if doing == "speaking" else "typing")

    async def _draw(self, spot: Spot, words: str, doing: Activity) -> bool:
        """Whether nothing more is to be done: False where the chat takes no drafts."""
        native = doing == "thinking" and spot.account.id not in self._wordy
        shown = _THINKING if native else _aside(words)
        drawing = self._drafts.waiting(spot.chat)
        if drawing is None or drawing.shows(shown):
            return True
        turn = Turn(spot.slots, spot.drafts, Rank.FRAME)
        await turn.come()
        if drawing.grows or drawing.over:
            turn.give_back()  # an answer came in between, which must not be drawn over
            return True
        try:
            await turn.make(lambda: drawing.draw(spot, shown))
        except Stopped:
            return True
        except Refused as refused:
            if native and "empty" in refused.text:  # before Bot API 10.0
                self._wordy.add(spot.account.id)
                return await self._draw(spot, words, doing)
            self._drafts.refuse(spot.chat, refused)
            return False
        return True

    async def _act(self, spot: Spot, action: str) -> None:
        """One sign is enough, however many wait in a chat."""
        now = asyncio.get_running_loop().time()
        key = (spot.account.id, spot.chat.id, spot.chat.thread, action)
        acted_at = self._acted_at.get(key)
        if acted_at is not None and now < acted_at + FADES / 2:
            return
        self._acted_at.put(key, now)
        turn = Turn(spot.slots, spot.drafts, Rank.FRAME)
        await turn.make(lambda: spot.account.calls.chat_action(spot.to, action))


def _aside(words: str) -> Rendered:
    """In italics, since it is no part of the answer that takes its place."""
    text = markup.plain(words)
    return Rendered(text, (Entity("italic", 0, width(text)),))

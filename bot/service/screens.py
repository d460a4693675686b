"""Which messages show an answer: noted as they come, inherited by what is painted over them."""

from dataclasses import dataclass

from bot.events import MessageRef
from bot.live import Length
from bot.phrases import Phrases
from bot.service.tools import Tools
from bot.store.records import Answer, Screen
from bot.store.store import Store


@dataclass(frozen=True, slots=True)
class StoredScreens:
    """Keeps the screens of one answer; fulfils `bot.live.Screens`."""

    store: Store
    answer: str

    async def intend(self, part: int) -> None:
        await self.store.intend_screen(self.answer, part)

    async def shown(self, part: int, ref: MessageRef) -> None:
        await self.store.shown_screen(self.answer, part, ref)

    async def removed(self, part: int) -> None:
        await self.store.removed_screen(self.answer, part)


def length(tools: Tools, phrases: Phrases, *, filed: bool = False) -> Length:
    """How long an answer may get; `filed` where its rest is on the screen as a file."""
    return Length(most=tools.rules.messages, words=phrases.rest_in_file, filed=filed)


async def inherited(store: Store, answer: Answer) -> list[MessageRef]:
    """The messages to write `answer` over, noted as its parts from 0 on.

    An answer that waits has shown nothing of its own. What may or may not be on the screen cannot
    be written over: it stays the old answer's, and a line below that may be there is let go.
    """
    if not answer.replaces:
        return []
    found = await store.take_over_screens(answer.replaces, answer.id)
    noted = [screen for screen in found if screen.role != "voice"]
    refs = list(dict.fromkeys(screen.ref for screen in noted if screen.ref is not None))
    wanted = [
        Screen(answer=answer.id, part=part, role="text", ref=ref) for part, ref in enumerate(refs)
    ]
    # First what is new: a crash in between leaves a message noted twice rather than forgotten.
    for screen in wanted:
        if screen.ref is not None and screen not in noted:
            await store.shown_screen(answer.id, screen.part, screen.ref)
    kept = {(screen.role, screen.part) for screen in wanted}
    for screen in noted:
        if (screen.role, screen.part) not in kept:
            await store.removed_screen(answer.id, screen.part, screen.role)
    return refs

"""Which messages show an answer: noted as they come, inherited by what is painted over them."""

import asyncio
from types import TracebackType
from typing import Self

from bot.events import MessageRef
from bot.live import Length
from bot.phrases import Phrases
from bot.service.tools import Tools
from bot.store.records import Answer, Screen
from bot.store.store import Store

LEAVING = 1.0
"""Seconds for what is on its way to disk when an answer is broken off."""


class StoredScreens:
    """Keeps the screens of one answer; fulfils `bot.live.Screens`.

    Messages with their last word are noted while the answer goes on, and so together with what is
    written next. All of it is on disk at the end of an `async with` block.
    """

    def __init__(self, store: Store, answer: str) -> None:
        self._store = store
        self._answer = answer
        self._noting: list[asyncio.Task[None]] = []

    async def intend(self, part: int) -> None:
        await self._store.intend_screen(self._answer, part)

    async def shown(self, part: int, ref: MessageRef) -> None:
        await self._store.shown_screen(self._answer, part, ref)

    async def settled(self, part: int, ref: MessageRef) -> None:
        noting = self._store.settled_screen(self._answer, part, ref)
        self._noting.append(asyncio.create_task(noting))

    async def removed(self, part: int) -> None:
        await self._store.removed_screen(self._answer, part)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self.noted()
        elif self._noting:
            _, left = await asyncio.wait(self._noting, timeout=LEAVING)
            for task in left:
                task.cancel()
            # What went wrong here as well is less than what has broken it off.
            await asyncio.gather(*self._noting, return_exceptions=True)

    async def noted(self) -> None:
        """Wait until all of it is on disk. Raises what a transaction does."""
        if self._noting:
            await asyncio.wait(self._noting)
        noting, self._noting = self._noting, []
        for task in noting:
            task.result()


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

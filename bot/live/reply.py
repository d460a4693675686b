"""A live reply: what the use cases hold while an answer is written."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from bot.events import MessageRef, Place
from bot.live.ending import ANY_LENGTH, Length
from bot.live.painter import Painter
from bot.live.part import Screens
from bot.markdown import seal
from bot.observe import get_logger, trace
from bot.surface import Button, Outgoing, Slots, Surface, SurfaceError

LAST_WORDS = 3.0
"""Seconds for saying that an answer breaks off; they come after the grace time of 20 and four more
for ending in good order, and hosts kill after 30."""

_log = get_logger(__name__)


class LiveReply:
    """An answer on the screen, from its first words to the last; an `async with` owns its painter.

    `show` never waits for the platform, and `finish` waits for as long as it takes. `old` are
    messages to write over, `buttons` go under the growing text, `unfinished` is said where the
    block is left without `finish`, and `first` is the number of the first part on `screens`.
    `length` says when the rest becomes a file.
    """

    def __init__(
        self,
        surface: Surface,
        place: Place,
        slots: Slots,
        screens: Screens,
        *,
        who: str,
        old: Sequence[MessageRef] = (),
        buttons: Sequence[Button] = (),
        unfinished: str = "",
        first: int = 0,
        length: Length = ANY_LENGTH,
    ) -> None:
        self._painter = Painter(
            surface,
            place,
            slots,
            screens,
            who=who,
            old=old,
            buttons=buttons,
            first=first,
            length=length,
        )
        self._who = who
        self._unfinished = unfinished
        self._task: asyncio.Task[None] | None = None

    @property
    def stopped(self) -> asyncio.Event:
        """Set when the person pressed the platform's own stop."""
        return self._painter.stopped

    @property
    def lost(self) -> SurfaceError | None:
        """Why nobody is left to read it; None while there is."""
        return self._painter.lost

    @property
    def unsure(self) -> bool:
        """Whether a message may be missing that nobody can look for; it is not posted again."""
        return any(part.unsure for part in self._painter.parts)

    @property
    def first_shown(self) -> float | None:
        """When the first words were on the screen, in the loop's time."""
        return self._painter.first_shown

    @property
    def lag(self) -> float:
        """Seconds that newer text may come late without anybody seeing it; 0 at the beginning."""
        return self._painter.rhythm.lag()

    @property
    def frames(self) -> int:
        return self._painter.frames

    @property
    def dropped(self) -> int:
        """Texts that a newer one overtook before they were seen."""
        return self._painter.dropped

    @property
    def limited(self) -> int:
        """Calls that the platform refused for being too many."""
        return self._painter.limited

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._painter.paint(), name=f"live {self._who}")
        return self

    def show(self, text: str) -> None:
        """The whole text so far. Only kept here: it is on the screen when its turn has come."""
        self._painter.show(text)

    async def finish(self, message: Outgoing) -> tuple[MessageRef, ...]:
        """The last word; returns its messages once the whole text is on the screen.

        Waits out whatever the platform asks for. A message that may be there, but whose id is not
        known, is left out; so is everything once the reply is `lost`.
        """
        painting = self._painting
        self._painter.finish(message)
        await asyncio.wait({painting})
        if not painting.cancelled():
            painting.result()
        return self._painter.refs

    def abandon(self) -> None:
        """Paint nothing more and end nothing: the answer is another process's now."""
        self._painter.abandoned = True
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        painting = self._painting
        try:
            if self._has_last_word():
                await asyncio.wait({painting}, timeout=LAST_WORDS)
        finally:
            painting.cancel()
            await asyncio.wait({painting})
            self._report(painting, error)

    @property
    def _painting(self) -> "asyncio.Task[None]":
        if self._task is None:
            raise RuntimeError("a live reply is used inside its block")
        return self._task

    def _has_last_word(self) -> bool:
        """Whether there is a last word to wait for, said here unless `finish` was called."""
        painter = self._painter
        if painter.abandoned:
            return False
        if painter.final is None:
            text = seal(painter.text).strip()
            if not text and painter.first_shown is None:
                return False
            painter.finish(Outgoing(text="\n\n".join(filter(None, (text, self._unfinished)))))
        return True

    def _report(self, task: "asyncio.Task[None]", error: BaseException | None) -> None:
        """A fault in painting is raised here, unless that would hide another."""
        if task.cancelled() or (fault := task.exception()) is None:
            return
        if error is None:
            raise fault
        if fault is not error:
            _log.error("painting failed", answer=self._who, trace=trace(fault))

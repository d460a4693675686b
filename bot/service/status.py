"""What passes while an answer is on its way: a line that is no message."""

import asyncio
import contextlib
from math import isfinite

from bot.events import Place
from bot.surface import Activity, Surface, SurfaceError

HELD = 0.1
"""Seconds before anything is shown where the words will be shown: less than anybody takes for
waiting. Words that are there by then would come behind it, and it would only flash by."""

ENDING = 2.0
"""Seconds the end of a status may take; it fades by itself where that is not enough."""


class Status:
    """Shows the newest words until they are "". Nobody waits for a platform to show them."""

    def __init__(self, surface: Surface, place: Place, words: str, doing: Activity) -> None:
        self._surface = surface
        self._place = place
        self._words = words
        self._doing = doing
        self._shown = ""
        self._changed = asyncio.Event()
        self._over = asyncio.Event()

    def say(self, words: str, doing: Activity = "waiting") -> None:
        if words != self._words:
            self._words = words
            if self._doing != "rewriting":  # whatever passes, it ends in the old message
                self._doing = doing
            self._changed.set()

    def words_come(self) -> None:
        """The answer itself is to be seen: nothing passes any more, unless it stays to the end."""
        if self._words and not self._surface.capabilities(self._place).status_stays:
            self.say("")

    async def end(self) -> None:
        """Say nothing more; where it stays until it is ended, return once that is done."""
        self.say("")
        if self._surface.capabilities(self._place).status_stays:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDING):
                    await self._over.wait()

    async def show(self) -> None:
        try:
            await self._show()
        finally:
            self._over.set()

    async def _hold(self) -> None:
        """Let words come first, if they come at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELD):
                while self._words:
                    self._changed.clear()
                    await self._changed.wait()

    async def _show(self) -> None:
        able = self._surface.capabilities(self._place)
        if isfinite(able.fades_after):  # it is drawn where the words will be
            await self._hold()
        fades = able.status_fades_after
        while self._words:
            self._changed.clear()
            self._shown = self._words
            with contextlib.suppress(SurfaceError):
                await self._surface.show_status(self._place, self._shown, doing=self._doing)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(fades if isfinite(fades) else None):
                    await self._changed.wait()
        if self._shown:
            with contextlib.suppress(SurfaceError, TimeoutError):
                async with asyncio.timeout(ENDING):
                    await self._surface.show_status(self._place, "")

"""What leaves for all chats of one bot together, counted when it is heard, not when it may go.

A slot says when a call may be made. Between it and the call lie a write to the disk, a draft that
settles and a busy loop; what was held up by them would leave all at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

MOST, WINDOW = 29, 1.0
"""Messages and edits a window of so many seconds ("no more than 30 messages per second", Telegram's
FAQ for bots). A call counts from when it leaves until a window after its answer: whenever the
server heard it in between, no second of its clock holds more."""

_TICK: Final = 0.001
"""Seconds: timers may fire a tick of the clock early."""

CROWD: Final = 3
"""Chats refused within one window from which on it is the bot that is told to wait. Telegram says
for how long, but not what ran out, and each call of a bot that goes on makes it longer."""


class Outflow:
    """The messages and edits of one bot."""

    def __init__(self) -> None:
        self._flying = 0
        self._heard: deque[float] = deque()
        self._refused: dict[int, float] = {}
        self._turn = asyncio.Lock()
        self._landed = asyncio.Event()

    @asynccontextmanager
    async def flight(self) -> AsyncIterator[None]:
        """One call: begins as soon as the window has room for it, first come first served."""
        async with self._turn:
            while (room_at := self._room_at()) is not None:
                self._landed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(room_at):
                        await self._landed.wait()
            self._flying += 1
        try:
            yield
        finally:
            self._flying -= 1
            self._heard.append(_now())
            self._landed.set()

    def is_refused(self, chat: int) -> bool:
        """Note that `chat` was answered with 429; whether the whole bot is meant."""
        now = _now()
        self._refused[chat] = now
        self._refused = {one: at for one, at in self._refused.items() if at > now - WINDOW}
        return len(self._refused) >= CROWD

    def _room_at(self) -> float | None:
        """When there is room for one more, unless a call lands before; None when it is now."""
        now = _now()
        while self._heard and self._heard[0] + WINDOW < now:
            self._heard.popleft()
        if self._flying + len(self._heard) < MOST:
            return None
        # Where all are on their way only a landing makes room, and every call ends in its time.
        return (self._heard[0] if self._heard else now) + WINDOW + _TICK


def _now() -> float:
    return asyncio.get_running_loop().time()

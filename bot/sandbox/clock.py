"""Time as one answer counts it: real seconds, or seconds that pass faster for a test."""

import asyncio
import heapq
from itertools import count


class Clock:
    """`speed` 1 is real time; 20 lets the ten seconds between two pings pass in half a second.

    Waits end one after the other in the order of their moments, however late the loop gets to
    them: whoever was woken has begun its next wait before another is woken. So it does not depend
    on the machine's load whether a piece of text or a ping comes first.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._waits: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()  # among equal moments, first come, first woken
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        return asyncio.get_running_loop().time() * self._speed

    async def until(self, moment: float) -> None:
        """Wait for a moment of `now()`."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waits, (moment, next(self._numbers), reached))
        self._set_timer()
        try:
            await reached
        finally:
            if reached.cancelled():
                self._set_timer()

    async def sleep(self, seconds: float) -> None:
        await self.until(self.now() + seconds)

    def real(self, seconds: float) -> float:
        """How long that is for asyncio, whose timeouts know nothing of this clock."""
        return seconds / self._speed

    def _set_timer(self) -> None:
        """Let the loop wake the earliest wait that nobody gave up."""
        while self._waits and self._waits[0][2].done():
            heapq.heappop(self._waits)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waits:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._waits[0][0] / self._speed, self._wake)

    def _wake(self) -> None:
        _, _, reached = heapq.heappop(self._waits)
        if not reached.done():
            reached.set_result(None)
        # Runs after the woken task, which by then waits again or not at all.
        asyncio.get_running_loop().call_soon(self._set_timer)

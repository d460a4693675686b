"""Time as the sandbox counts it: real seconds, or seconds that pass faster for a test."""

import asyncio


class Clock:
    """`speed` 1 is real time; 20 lets the ten seconds between two pings pass in half a second."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    def now(self) -> float:
        return asyncio.get_running_loop().time() * self._speed

    async def until(self, moment: float) -> None:
        """Wait for a moment of `now()`.

        The loop's own timer is set to the exact moment, so two waits always end in the order
        of their moments, however late the loop gets to them.
        """
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[None] = loop.create_future()
        timer = loop.call_at(moment / self._speed, _finish, reached)
        try:
            await reached
        finally:
            timer.cancel()

    async def sleep(self, seconds: float) -> None:
        await self.until(self.now() + seconds)

    def real(self, seconds: float) -> float:
        """How long that is for asyncio, whose timeouts know nothing of this clock."""
        return seconds / self._speed


def _finish(reached: asyncio.Future[None]) -> None:
    if not reached.done():
        reached.set_result(None)

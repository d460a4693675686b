"""An event loop whose clock jumps: a test that waits 137 s takes no time, a deadlock raises.

And one whose clock is fast, for what waits for seconds and has worker threads, whose time is real.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, Final

SPEED: Final = 10.0
"""Times that a hurried clock is faster; timeouts of seconds still leave a busy machine time."""


class _Jump(selectors.DefaultSelector):
    """A selector that, instead of waiting, moves the loop's clock to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            # A worker thread may still wake the loop through its own socket: give it real time.
            ready = super().select(5)
            if not ready:
                raise AssertionError("deadlock: nothing is ready and no timer is set")
            return ready
        self.now += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time is what the timers say. For code without sockets; `loop.time()` starts at 0."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def virtual_time_loop(*_: Any) -> VirtualTimeLoop:
    return VirtualTimeLoop()


class _Shortened(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / SPEED if timeout else timeout)


class _HurriedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_Shortened())

    def time(self) -> float:
        return time.monotonic() * SPEED


def hurried(test: Coroutine[object, object, None]) -> None:
    """Run a test by the fast clock."""
    with asyncio.Runner(loop_factory=_HurriedLoop) as runner:
        runner.run(test)

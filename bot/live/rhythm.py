"""How often an answer is painted, and how long is waited for what."""

import asyncio
from collections.abc import Sequence
from math import inf

from bot.surface import Budget

PATIENCE = 30.0
"""Seconds between tries at most while a platform does not answer; they begin at 1 and double."""

BOOK_AGAIN = 1.0
"""Seconds between looks whether another answer's end lets this one begin to grow."""

SHARE = 0.25
"""Of the time between two frames that newer text may come late: no frame is much older for it."""

FRAMES = Budget(scope="frames", rate=150.0, burst=20)
"""Frames of all answers together. Each costs a slow core a millisecond, and the rest of the second
belongs to whoever has just asked: with a thousand answers open each is shown every seven seconds,
with a hundred nobody notices."""

SOON = 0.1
"""Seconds before a frame in which it is too late for waking up to take in what it is to show."""

LEAVING = 5.0
"""Seconds for ending what growing began once nobody waits any more."""


class Rhythm:
    """When the next frame may come, and so how late its words may."""

    def __init__(self) -> None:
        self._last = -inf  # loop time
        self._gap = self._share = 0.0  # seconds

    def wants(self, budgets: Sequence[Budget]) -> None:
        """What the next frame costs."""
        slowest, spaced = inf, inf
        for budget in budgets:
            slowest = min(slowest, budget.rate)
            if budget.burst == 1:  # any other may let it through at once; this one is empty now
                spaced = min(spaced, budget.rate)
        self._share, self._gap = SHARE / slowest, 1 / spaced

    def was_granted(self, at: float) -> None:
        self._last = at

    def lag(self) -> float:
        """Seconds that newer text may come late; 0 before the first frame.

        It ends as the next frame may be drawn, or where that is now, the one after it.
        """
        if self._last == -inf:
            return 0.0
        if self._gap < 2 * SOON:
            return self._share
        ahead = (self._last + self._gap - now()) % self._gap
        return ahead if ahead >= SOON else ahead + self._gap


def now() -> float:
    """Loop time."""
    return asyncio.get_running_loop().time()

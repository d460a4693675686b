"""Reading at rest: while newer text could not be shown anyway, what comes is left to pile up.

Each piece of a stream costs a wake-up, a call of the HTTP parser and a step of its reader. Pieces
that wait in the kernel until a nap is over are taken in together, at little more than the cost of
one.
"""

import asyncio
import re
from collections.abc import Callable
from math import inf
from typing import Final

LONGEST: Final = 1.5
"""Seconds of one nap: what has come is read as often as a private chat takes a frame, and where
frames are rarer still, so that a crash costs little of it."""

LOOK: Final = 0.35
"""Seconds without a look at what has come, and so the most by which the end of an answer is noticed
late. Chats take a frame a second, and an ending waits for its turn among them."""

SHORTEST: Final = 0.05
"""Seconds below which a nap saves nothing: fast models write a piece in that time."""

MOMENT: Final = 0.1
"""Seconds between the moments at which naps end. Those of many streams end at the same one, since
waking up costs as much as what is done then, and doing the same thing again a third as much."""

_MORE: Final = re.compile(rb'"event"\s*:\s*"(?!message"|tts_message"|ping")')

_PILE: Final = 1.5
"""Pieces that a nap is to bring, by the latest ones; for a single one there is nothing to save."""

Rest = Callable[[float], None]
Wake = Callable[[], None]


def is_more_than_text(body: bytes) -> bool:
    """Whether it holds what nobody may be kept waiting for: an end, a fault, other words."""
    return _MORE.search(body) is not None


class Alarm:
    """Ends naps, all those of one transport."""

    def __init__(self) -> None:
        self._wakes: dict[int, list[Wake]] = {}  # by their moment

    def set(self, seconds: float, wake: Wake) -> None:
        """Call `wake` within `seconds`."""
        loop = asyncio.get_running_loop()
        moment = int((loop.time() + seconds) // MOMENT)
        if moment not in self._wakes:
            self._wakes[moment] = []
            loop.call_at(moment * MOMENT, self._ring, moment)
        self._wakes[moment].append(wake)

    def _ring(self, moment: int) -> None:
        for wake in self._wakes.pop(moment):
            wake()


class Naps:
    """When the reader of one stream takes a nap: while text comes so steadily that it piles up."""

    def __init__(self, rest: Rest, wake: Wake) -> None:
        """`rest` lets pieces pile up for that many seconds, `wake` ends that early."""
        self.wake = wake
        self._rest = rest
        self._last = -inf  # when the last read ended

    def after(self, pieces: int, now: float, lag: float) -> None:
        """A read has brought so many pieces, and what comes next may be `lag` s late."""
        took, self._last = now - self._last, now
        nap = min(lag, LONGEST)
        if nap >= SHORTEST and pieces * nap >= took * _PILE:
            self._rest(nap)

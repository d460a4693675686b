"""How often an answer is painted, and how long is waited for what."""

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

LEAVING = 5.0
"""Seconds for ending what growing began once nobody waits any more."""

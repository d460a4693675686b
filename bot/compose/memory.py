"""How Python looks for memory that nobody uses: rarely through everything, for that stops the bot.

With a thousand answers open it took half a second each time, every few seconds, and everybody
waited.
"""

import gc
from typing import Final

YOUNG: Final = 10_000
"""New objects after which the youngest are looked through; Python's own 700 suits short scripts."""
OFTEN: Final = 10
ALL: Final = 20
"""After how many such looks the older ones are looked through as well, and after how many of those
everything is."""


def settle() -> None:
    """To be called when all is built: what is there now stays to the end and is never looked at."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OFTEN, ALL)

"""How many examples a property is tried with: few with every change, many in `make soak`."""

import os

from hypothesis import settings

USUAL = 50
TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))


def examples(number: int = USUAL, **other: int) -> settings:
    """So many of them, times what the environment asks for; `other` are settings besides."""
    return settings(max_examples=number * TIMES, **other)  # type: ignore[arg-type]  # plain numbers

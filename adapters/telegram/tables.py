"""Tables in letters of one width, and how wide letters are on a screen."""

import re
import unicodedata
from collections.abc import Sequence

WIDEST = 40
"""Columns of code that a phone shows in one line; beyond it lines break and nothing is aligned."""

_WIDE_NEXT = "\ufe0f"  # makes an emoji of the sign before it
_JOINS = "\u200d"
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")


def columns(words: str) -> int:
    """How many columns `words` take in letters of one width."""
    if words.isascii():
        return len(words)
    total = last = 0
    joined = False
    for character in words:
        if character == _WIDE_NEXT:
            total += last == 1
            last = 0
        elif joined or _is_zero(character):
            joined = character == _JOINS
        else:
            last = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            total += last
    return total


def aligned(rows: Sequence[Sequence[str]], sides: Sequence[str]) -> str:
    """The rows, the first a head, in columns; lines end with their last letter."""
    widths = [max(columns(row[place]) for row in rows) for place in range(len(sides))]
    lines = [_line(row, widths, sides) for row in rows]
    lines.insert(1, "─┼─".join("─" * width for width in widths))
    return "\n".join(lines)


def fits_a_phone(rows: Sequence[Sequence[str]], count: int) -> bool:
    """Whether `count` columns fit beside each other, all in one line."""
    widths = [max(columns(row[place]) for row in rows) for place in range(count)]
    return sum(widths) + 3 * (count - 1) <= WIDEST


def _line(row: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    """Up to the last cell that is filled: a row that grows goes on from there."""
    filled = [*row]
    while filled and not filled[-1]:
        filled.pop()
    cells = [_padded(*cell) for cell in zip(filled, widths, sides, strict=False)]
    return " │ ".join(cells).rstrip()


def _padded(words: str, width: int, side: str) -> str:
    room = width - columns(words)
    before = {"right": room, "center": room // 2}.get(side, 0)
    return " " * before + words + " " * (room - before)


def _is_zero(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me", "Cf") or bool(_SKIN.match(character))

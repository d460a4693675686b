"""Tables in letters of one width."""

import unicodedata
from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows, the first a head, in columns; lines end with their last letter."""
    count = max(map(len, rows), default=0)
    whole = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(_width(row[place]) for row in whole) for place in range(count)]
    lines = [
        " │ ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in whole
    ]
    if len(lines) > 1:
        lines.insert(1, "─┼─".join("─" * width for width in widths))
    return "\n".join(lines)


def _width(words: str) -> int:
    """How many columns `words` take in letters of one width."""
    if words.isascii():
        return len(words)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    unseen = sum(unicodedata.category(letter) in ("Mn", "Me", "Cf") for letter in words)
    return len(words) + wide - unseen

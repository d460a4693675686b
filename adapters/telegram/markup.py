"""CommonMark → a message's text and entities: whatever a model writes, it is shown and harmless.

Raw HTML is shown as the text it is, images are links, only http and https can be followed, and
signs that clients make mentions, commands and tags of are quieted by a sign nobody sees.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import NamedTuple

from adapters.telegram import layout, links
from adapters.telegram.tree import Node, blocks, cleaned, open_formula, starts
from adapters.telegram.writer import (
    MOST_ENTITIES,
    Entity,
    Piece,
    Rendered,
    Writer,
    counted,
    piece,
    width,
)

__all__ = ["LONGEST", "MOST_ENTITIES", "Entity", "Frames", "Rendered", "fits", "plain", "render"]

LONGEST = 4096
"""UTF-16 units of a message's text, says the Bot API."""

_WINDOW = 8192  # characters; looked at first, since most messages hold less
_STRIDE = 64  # characters; the first step from a guess at what fits
_LINE_GROWS = 32  # units at most: its indent, a blank line before it, a rule, a longer number
_QUIETED = "@/#$:"
_MARKS = ("bold", "italic", "strikethrough", "spoiler", "code")  # one stretch of code parts all
_HIDING = re.compile(r"://[^\s/?#]*(?:@|[^\x00-\x7f\s])")  # the host may be put behind it


def render(text: str, *, mine: bool = False, own: int = 0) -> Rendered:
    """`text` as it is shown; never raises. `mine`: the bot's own words, in which commands work.

    So do those in paragraphs that begin within the last `own` characters. What would show nothing,
    such as marks around nothing, is shown as it is written.
    """
    message = _Message()
    below = len(cleaned(text)) - own if own else inf
    for place, node in blocks(text):
        message.add(node, _piece(node, commands=mine or place >= below))
    return message.rendered() or _as_written(text, commands=mine)


def plain(text: str) -> str:
    """What a reader sees of `text`, without formatting."""
    return render(text, mine=True).text.replace(links.JOINER, "")


class Frames:
    """A text that grows, rendered; a block that is over is rendered once.

    Where the text names link targets or footnotes apart (`[a]: …`) they may change what came
    before, so it is rendered whole. So is a text that does not go on from the last one.
    """

    def __init__(self) -> None:
        self._closed = ""
        self._message = _Message()

    def render(self, text: str) -> Rendered:
        if "]:" in text:
            return render(text)
        if not text.startswith(self._closed):
            self._closed, self._message = "", _Message()
        source = text[len(self._closed) :]
        found = [*blocks(source)]
        over, start = _over(source, [place for place, _ in found])
        for _, node in found[:over]:
            self._message.add(node, _piece(node))
        self._closed += source[:start]
        del found[:over]
        message = self._message.copy()
        for _, node in found:
            message.add(node, _piece(node))
        return message.rendered() or _as_written(text)


@lru_cache(maxsize=64)
def fits(text: str) -> int:
    """How many characters of `text` one message holds, at least 1 of a text that is not empty."""
    text = cleaned(text)
    high = _WINDOW
    while (excess := _excess(text[:high])) <= 1:
        if high >= len(text):
            return len(text)
        high *= 2
    low, high, stride = 1, min(high, len(text)), _STRIDE
    place, last = int(high / excess), high
    while high - low > 1:
        place = min(max(place, low + 1), high - 1)
        if _excess(text[:place]) <= 1:
            low, place = place, place + stride
        else:
            high, place = place, place - stride
        stride *= 2
        if low > 1 and high < last:
            place = (low + high) // 2
    return low


def _is_surely_short(text: str) -> bool:
    """Whether `text` cannot but fit, told without parsing it."""
    # Tables are padded, and the targets of links may be named far away.
    if "|" in text or "]:" in text or ("://" in text and _HIDING.search(text)):
        return False
    if links.may_mislead(text):
        return False
    lines = text.count("\n") + 1
    grows = _LINE_GROWS * lines + layout.TAB * text.count("\t") + sum(map(text.count, _QUIETED))
    if width(text) + grows > LONGEST:
        return False
    code = text.count("`") // 2 + text.count("$") // 2 + text.count("\\")
    code += lines if "    " in text or "\t" in text else 0
    marks = text.count("*") + text.count("_") + text.count("~")
    others = text.count("]") + text.count("#") + text.count(">") + lines
    return marks // 2 + len(_MARKS) * code + others <= MOST_ENTITIES


def _excess(text: str) -> float:
    """How many times what a message holds is needed for `text`; 1 or less where it fits."""
    if _is_surely_short(text):
        return 0
    if "]:" in text:
        sizes = [_size_of(node) for _, node in blocks(text)]
    else:
        begins = pairwise([*starts(text), len(text)])
        sizes = [size for start, end in begins for size in _sizes(text[start:end])]
    units = entities = 0
    before = ""
    for size in sizes:
        if size.units:
            units += size.units + (layout.gap(before, size.shape) if before else 0)
            entities += size.entities
            before = size.shape
    return max((units or width(_as_written(text).text)) / LONGEST, entities / MOST_ENTITIES)


@lru_cache(maxsize=4096)
def _sizes(block: str) -> "Sequence[_Size]":
    """Of text that is one block. Most of a growing text stays as it is, and is measured again."""
    return [_size_of(node) for _, node in blocks(block)]


def _size_of(node: Node) -> "_Size":
    piece = _piece(node)
    seen = links.is_visible(piece.text)
    return _Size(layout.shape(node), piece.units * seen, len(piece.spans) * seen)


class _Size(NamedTuple):
    shape: str
    units: int
    entities: int


def _over(source: str, places: Sequence[int]) -> tuple[int, int]:
    """How many of the blocks that begin at `places` are over, and where the next one begins.

    Until its first line is whole, a block may turn out to belong to the one before.
    """
    # A block's range leaves out its indentation, which is what makes some code code.
    begins = [source.rfind("\n", 0, place) + 1 for place in places]
    last_line = min(source.rfind("\n"), open_formula(source))
    over = max(0, bisect_right(begins, last_line) - 1)
    return over, begins[over] if over else 0


def _piece(node: Node, *, commands: bool = False) -> Piece:
    out = Writer()
    layout.write(node, out)
    return piece(out, commands=commands)


def _as_written(text: str, *, commands: bool = False) -> Rendered:
    words = cleaned(text).strip()
    return Rendered(Piece(words, (), commands=commands).text if links.is_visible(words) else "")


class _Message:
    """Blocks put together."""

    def __init__(self) -> None:
        self.units = 0
        self.entities: list[Entity] = []
        self._parts: list[str] = []
        self._last = ""

    def add(self, node: Node, piece: Piece) -> None:
        if not links.is_visible(piece.text):
            return
        shape = layout.shape(node)
        if self._last:
            lines = layout.gap(self._last, shape)
            self._parts.append("\n" * lines)
            self.units += lines
        self._last = shape
        self.entities += piece.entities(self.units)
        self._parts.append(piece.text)
        self.units += piece.units

    def copy(self) -> "_Message":
        other = _Message()
        other.units, other._last = self.units, self._last
        other.entities, other._parts = self.entities.copy(), self._parts.copy()
        return other

    def rendered(self) -> Rendered | None:
        """The message; None when there is nothing to be seen."""
        if not self._parts:
            return None
        return Rendered("".join(self._parts), counted(self.entities))

"""Text and its formatting while they are written, and how they are settled for the Bot API."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from adapters.telegram.links import quieted

MOST_ENTITIES = 100
"""Formatted stretches that count in one message, says the Bot API; it forgets the others."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_MARKS = frozenset({"bold", "italic", "strikethrough", "spoiler"})
_OPAQUE = frozenset({"code", "pre"})
_UNSEEN = frozenset({"code", "pre", "text_link"})  # where clients look for no mentions
# What is missed most comes first.
_ORDER = (
    *("text_link", "pre", "spoiler", "blockquote", "expandable_blockquote", "code"),
    *("strikethrough", "bold", "italic"),
)


@dataclass(frozen=True, slots=True)
class Entity:
    """Formatting of a stretch of text, in UTF-16 units; `kind` is Telegram's `type`.

    `url` belongs to a text_link, `language` to pre.
    """

    kind: str
    offset: int
    length: int
    url: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's text as it is shown, "" when nothing is to be seen, and its formatting."""

    text: str
    entities: tuple[Entity, ...] = ()


@dataclass(slots=True)
class Span:
    """An entity while it is written: from one character to another, as yet not settled."""

    kind: str
    start: int
    end: int
    url: str = ""
    language: str = ""


class Writer:
    """Text written from the first character to the last; what was written last can be taken back.

    `inside` are the kinds that are open; `indent` is what a new line begins with.
    """

    def __init__(self) -> None:
        self.at = 0
        self.indent = ""
        self.lists = 0  # how many are open
        self.inside: set[str] = set()
        self.spans: list[Span] = []
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def begins_line(self) -> bool:
        """Whether nothing but the indent stands in the line."""
        return not self.at or self._parts[-1].rstrip(" ").endswith("\n")

    def since(self, start: int) -> str:
        return self.text[start:]

    def add(self, words: str) -> None:
        if words:
            self._parts.append(words)
            self.at += len(words)

    def line(self, count: int = 1) -> None:
        """End the line, and leave lines empty for a `count` above 1."""
        self.add("\n" * count + self.indent)

    def mark(self, kind: str, start: int, *, url: str = "", language: str = "") -> None:
        if self.at > start:
            self.spans.append(Span(kind, start, self.at, url, language))

    def place(self) -> tuple[int, int, int]:
        return len(self._parts), self.at, len(self.spans)

    def back_to(self, place: tuple[int, int, int]) -> None:
        parts, self.at, spans = place
        del self._parts[parts:]
        del self.spans[spans:]


class Piece:
    """A settled part of a message: nobody called, nothing empty, no space at the edges.

    `units` is its length in UTF-16, `spans` are in such units from its beginning.
    """

    def __init__(self, text: str, spans: Iterable[Span], *, commands: bool) -> None:
        self.spans = _valid(text, spans)
        unseen = [(span.start, span.end) for span in self.spans if span.kind in _UNSEEN]
        additions = quieted(text, unseen, commands=commands)
        if additions or not text.isascii():
            _move(self.spans, [found.start() for found in _ASTRAL.finditer(text)], additions)
        self.text = _with(text, additions) if additions else text
        self.units = width(self.text)

    def entities(self, offset: int) -> Iterator[Entity]:
        """Its formatting in a message where it begins at `offset`."""
        for span in self.spans:
            length = span.end - span.start
            yield Entity(span.kind, offset + span.start, length, span.url, span.language)


def piece(out: Writer, *, commands: bool) -> Piece:
    """What was written, without the space around it."""
    text = out.text.rstrip()
    begin = len(text) - len(text.lstrip())
    if begin and any(span.kind == "pre" and span.start < begin for span in out.spans):
        begin = 0  # it is how the code is laid out
    if begin or len(text) < out.at:
        for span in out.spans:
            span.start, span.end = max(span.start - begin, 0), min(span.end, len(text)) - begin
    return Piece(text[begin:], out.spans, commands=commands)


def counted(entities: Sequence[Entity]) -> tuple[Entity, ...]:
    """As many as one message may have, the most important ones."""
    if len(entities) <= MOST_ENTITIES:
        return tuple(entities)
    ranked = sorted(entities, key=lambda entity: _ORDER.index(entity.kind))
    kept = set(ranked[:MOST_ENTITIES])
    return tuple(entity for entity in entities if entity in kept)


def width(text: str) -> int:
    """How long a text is in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _move(
    spans: Iterable[Span], astral: Sequence[int], additions: Sequence[tuple[int, str]]
) -> None:
    """From characters to UTF-16 units, of which those beyond the first plane take two."""
    places = [place for place, _ in additions]
    sizes = [0, *accumulate(width(words) for _, words in additions)]
    for span in spans:
        added = sizes[bisect_right(places, span.start)]
        span.start += bisect_left(astral, span.start) + added
        span.end += bisect_left(astral, span.end) + sizes[bisect_left(places, span.end)]


def _with(text: str, additions: Sequence[tuple[int, str]]) -> str:
    parts, at = [], 0
    for place, words in additions:
        parts += [text[at:place], words]
        at = place
    return "".join(parts) + text[at:]


def _valid(text: str, spans: Iterable[Span]) -> list[Span]:
    spans = [*spans]
    opaque = sorted((span.start, span.end) for span in spans if span.kind in _OPAQUE)
    if opaque:
        spans = [part for span in spans for part in _without(span, opaque)]
    valid = [span for span in spans if _trim(text, span)]
    valid.sort(key=_place)
    return valid


def _place(span: Span) -> tuple[int, int]:
    return span.start, -span.end


def _without(span: Span, opaque: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """What is left of a mark around code: Telegram lets nothing lie around it."""
    if span.kind in _MARKS:
        for start, end in opaque[max(0, bisect_left(opaque, (span.start, 0)) - 1) :]:
            if start >= span.end:
                break
            if end > span.start:
                yield replace(span, end=max(span.start, start))
                span.start = end
    yield span


def _trim(text: str, span: Span) -> bool:
    """Take the space off a span's edges, except from code; False when nothing is left."""
    if span.kind not in _OPAQUE:
        while span.start < span.end and text[span.start].isspace():
            span.start += 1
        while span.start < span.end and text[span.end - 1].isspace():
            span.end -= 1
    return span.start < span.end and not text[span.start : span.end].isspace()

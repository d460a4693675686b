"""Text and its formatting while they are written, and how they are settled for the Bot API."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Span:
    """An entity in characters, before anything is settled."""

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

    def clipped(self, start: int, end: int) -> list[Span]:
        """The spans of the text from `start` to `end`."""
        return [
            replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
            for span in self.spans
        ]

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


def settled(text: str, spans: Sequence[Span], *, commands: bool) -> Rendered:
    """What is sent: nobody called, nothing empty, no space at the edges, nothing nested wrongly."""
    spans = _valid(text, spans)
    unseen = sorted((span.start, span.end) for span in spans if span.kind in _UNSEEN)
    additions = quieted(text, unseen, commands=commands)
    places = [place for place, _ in additions]
    sizes = [0]
    for _, words in additions:
        sizes.append(sizes[-1] + len(words))
    astral = [found.start() for found in _ASTRAL.finditer(text)] if not text.isascii() else []

    def units(place: int, added: int) -> int:
        return place + bisect_left(astral, place) + sizes[added]

    entities = []
    for span in spans:
        start = units(span.start, bisect_right(places, span.start))
        end = units(span.end, bisect_left(places, span.end))
        entities.append(Entity(span.kind, start, end - start, span.url, span.language))
    return Rendered(_with(text, additions), tuple(entities))


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


def moved(entities: Iterable[Entity], units: int) -> tuple[Entity, ...]:
    if not units:
        return tuple(entities)
    return tuple(
        Entity(each.kind, each.offset + units, each.length, each.url, each.language)
        for each in entities
    )


def _with(text: str, additions: Sequence[tuple[int, str]]) -> str:
    parts, at = [], 0
    for place, words in additions:
        parts += [text[at:place], words]
        at = place
    return "".join(parts) + text[at:]


def _valid(text: str, spans: Iterable[Span]) -> list[Span]:
    spans = [*spans]
    opaque = sorted((span.start, span.end) for span in spans if span.kind in _OPAQUE)
    valid: list[Span] = []
    for span in spans:
        pieces = _without(span, opaque) if opaque and span.kind in _MARKS else (span,)
        valid += [trimmed for piece in pieces if (trimmed := _trimmed(text, piece))]
    return sorted(valid, key=lambda span: (span.start, -span.end))


def _without(span: Span, opaque: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """What is left of a mark around code: Telegram lets nothing lie around it."""
    at = span.start
    for start, end in opaque[max(0, bisect_left(opaque, (at, at)) - 1) :]:
        if start >= span.end:
            break
        if end > at:
            yield replace(span, start=at, end=max(at, start))
            at = end
    yield replace(span, start=at, end=max(at, span.end))


def _trimmed(text: str, span: Span) -> Span | None:
    words = text[span.start : span.end]
    if span.kind in _OPAQUE:
        return span if words.strip() else None
    start = span.end - len(words.lstrip())
    end = span.start + len(words.rstrip())
    if start >= end:
        return None
    return span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)

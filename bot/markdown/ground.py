"""Where a stretch of CommonMark may be cut, and where it may not."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate

import pyromark
import regex

from bot.markdown.tail import Tail

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
_WHOLE = frozenset(
    {"Strong", "Emphasis", "Strikethrough", "Link", "Image"}
    | {"Code", "InlineHtml", "InlineMath", "DisplayMath"}
)
_BLOCKS = frozenset(["Heading", "CodeBlock", "Table", "BlockQuote", "Rule"])

# Searched from the end, since the last place is the best.
_PARAGRAPHS = regex.compile(r"(?r)\n[ \t]*+\n")
_LINES = regex.compile(r"(?r)\n")
_SENTENCES = regex.compile(
    r"(?r)[.!?…؟۔।]+[\"'”’»)\]*_]*(?=\s)\s*|[。！？；…]+[”’」』）】]*"  # CJK has no spaces
)
_WORDS = regex.compile(r"(?r)\s+")
_GRAPHEMES = regex.compile(r"\X")
_ITEM = regex.compile(r"(?m)^[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)+(?:\[[ xX]\][ \t]+)?")
_URL = regex.compile(r"(?:https?://|www\.|mailto:)[^\s<>]+")
_ROW = regex.compile(r"[^\n]*\n?")
_CLOSING = regex.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*\Z")
_SURROGATE = regex.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A code block or a table: where it begins, where its lines or rows do, and where it ends."""

    start: int
    body: int
    end: int


class Ground:
    """What is known of the first `limit` characters of a page, and of the one behind them."""

    def __init__(self, page: str, limit: int) -> None:
        self._page = page[: limit + 1]
        self._limit = limit
        self.code: list[Block] = []
        self.tables: list[Block] = []
        self._starts: list[int] = []  # of blocks that need no blank line in front
        self._whole: list[tuple[int, int]] = []  # never cut inside
        self._survey()
        tail = Tail()
        tail.feed(self._page)
        self._whole.append((tail.open_from, limit + 2))
        self._whole += [match.span() for match in _URL.finditer(self._page)]
        # The mark of an item needs a word of it.
        self._whole += [(match.start(), match.end() + 1) for match in _ITEM.finditer(self._page)]
        self._whole = _merged(self._whole)

    def best(self) -> int:
        """The best place to cut at; 0 when there is none that cuts through nothing."""
        half, quarter = self._limit // 2, self._limit // 4
        orders = (self._paragraphs, self._gaps, self._lines, self._sentences, self._words)
        for places in orders:
            place = next(places(), 0)
            if place > half:
                return place
        place = max(next(places(), 0) for places in orders)
        return place if place > quarter else 0

    def forced(self) -> int:
        """Where to cut when everything is one token: at a word, else behind a whole grapheme."""
        place = next((match.end() for match in self._matches(_WORDS)), 0)
        if place > self._limit // 2:
            return place
        place = 0
        # A grapheme may be of any length; one of 64 code points is nobody's.
        start = max(0, self._limit - 64)
        for grapheme in _GRAPHEMES.finditer(self._page, start):
            if grapheme.end() > self._limit:
                break
            place = grapheme.end()
        return place or self._limit

    def block(self, blocks: list[Block], place: int) -> Block | None:
        return next((block for block in blocks if block.body <= place < block.end), None)

    def _paragraphs(self) -> Iterator[int]:
        blank = (match.end() for match in self._matches(_PARAGRAPHS))
        for place in merge(blank, reversed(self._starts), reverse=True):
            if place <= self._limit and self._free(place) and not self.block(self.code, place):
                yield place

    def _gaps(self) -> Iterator[int]:
        """Blank lines in code."""
        return (match.end() for match in self._matches(_PARAGRAPHS) if self._free(match.end()))

    def _lines(self) -> Iterator[int]:
        return (match.end() for match in self._matches(_LINES) if self._free(match.end()))

    def _sentences(self) -> Iterator[int]:
        for place in self._inside_lines(_SENTENCES):
            if not self._page[place : place + 1].islower():  # "e.g. this" is no end
                yield place

    def _words(self) -> Iterator[int]:
        return self._inside_lines(_WORDS)

    def _inside_lines(self, pattern: "regex.Pattern[str]") -> Iterator[int]:
        for match in self._matches(pattern):
            place = match.end()
            ruled = self.block(self.code, place) or self.block(self.tables, place)
            if self._free(place) and not ruled:
                yield place

    def _matches(self, pattern: "regex.Pattern[str]") -> Iterator["regex.Match[str]"]:
        return pattern.finditer(self._page, 0, self._limit)

    def _free(self, place: int) -> bool:
        """Whether a cut here goes through nothing that has to stay whole."""
        index = bisect_right(self._whole, (place, 0)) - 1
        return index < 0 or not self._whole[index][0] < place < self._whole[index][1]

    def _survey(self) -> None:
        page = _SURROGATE.sub("?", self._page)  # half a character, which UTF-8 cannot hold
        place = _characters(page)
        table_end = 0
        for event, span in pyromark.events_with_range(page, options=_OPTIONS):
            name = _begun(event)
            if not name:
                continue
            start, end = place[span["start"]], place[span["end"]]
            if name in _WHOLE:
                self._whole.append((start, end))
            elif name == "TableHead":
                self._add_table(start, end, table_end)
            elif name in _BLOCKS:
                self._starts.append(self._page.rfind("\n", 0, start) + 1)
                table_end = end
                self._add_block(name, start, end)

    def _add_block(self, name: str, start: int, end: int) -> None:
        if name == "CodeBlock":
            self._add_code(start, end)
        elif name == "Heading":
            # Nothing is said by a heading without what follows it.
            self._whole.append((start, self._after_space(end) + 1))

    def _add_code(self, start: int, end: int) -> None:
        page = self._page
        body = page.find("\n", start, end) + 1 or end
        last = page.rfind("\n", start, end) + 1
        self._whole.append((start, body + 1))
        if last >= body and _CLOSING.match(page[last:end]):
            self._whole.append((last - 1, end))
        elif end >= self._limit:
            end = self._limit + 2  # it goes on
        self.code.append(Block(start=start, body=body, end=end))

    def _add_table(self, start: int, head_end: int, end: int) -> None:
        body = self._after_line(self._after_line(head_end - 1))
        if end >= self._limit:
            end = self._limit + 2
        # The head needs its first row; after that it is cut between rows.
        self._whole.append((start, self._after_line(body) or end))
        rows = body
        while rows < min(end, len(self._page)):
            after = self._after_line(rows)
            self._whole.append((rows, after))
            rows = after
        self.tables.append(Block(start=start, body=body, end=end))

    def _after_line(self, place: int) -> int:
        return self._page.find("\n", place) + 1 or len(self._page)

    def _after_space(self, place: int) -> int:
        while self._page[place : place + 1].isspace():
            place += 1
        return place


def _begun(event: object) -> str:
    """The name of what an event begins; "" for text and ends."""
    if isinstance(event, str):
        return event
    if not isinstance(event, dict):
        return ""
    kind, value = next(iter(event.items()))
    if kind == "Start":
        return value if isinstance(value, str) else str(next(iter(value)))
    return "" if kind in ("End", "Text") else str(kind)


def _characters(page: str) -> Sequence[int]:
    """The place in characters of every place in UTF-8 bytes."""
    if page.isascii():
        return range(len(page) + 1)
    return list(accumulate((byte & 0xC0 != 0x80 for byte in page.encode()), initial=0))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

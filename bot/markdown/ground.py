"""Where a stretch of CommonMark may be cut, and where it may not."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate, takewhile
from typing import TypeAlias

import pyromark
import regex
from pyromark.event import Event

from bot.markdown.tail import Tail

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
_MARKED = frozenset({"Strong", "Emphasis", "Strikethrough"})
_WHOLE = frozenset({"Link", "Image", "Code", "InlineHtml", "InlineMath", "DisplayMath"})
_BLOCKS = frozenset(["Heading", "CodeBlock", "Table", "BlockQuote", "Rule"])

# Searched from the end, since the last place is the best.
_PARAGRAPHS = regex.compile(r"(?r)\n[ \t]*+\n")
_LINES = regex.compile(r"(?r)\n")
_SENTENCES = regex.compile(
    r"(?r)[.!?…؟۔।]+[\"'”’»)\]*_]*(?=\s)\s*|[。！？；…]+[”’」』）】]*"  # CJK has no spaces
)
_WORDS = regex.compile(r"(?r)\s+")
_JOINED = regex.compile(r"[\p{M}\u200d]")  # one character with what is before it
_GRAPHEMES = regex.compile(r"\X")
_ITEM = regex.compile(r"(?m)^[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)+(?:\[[ xX]\][ \t]+)?")
_URL = regex.compile(r"(?:https?://|www\.|mailto:)[^\s<>]+")
_ROW = regex.compile(r"[^\n]*\n?")
_CLOSING = regex.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*\Z")
_SURROGATE = regex.compile(r"[\ud800-\udfff]")

Spans: TypeAlias = list[tuple[int, int]]


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
        self._whole: Spans = []  # never cut inside
        self._marked: Spans = []  # cut inside only when nothing else helps
        self._survey()
        tail = Tail()
        tail.feed(self._page)
        self._marked.append((tail.open_from, limit + 2))
        self._whole.append((tail.torn_from, limit + 2))
        self._whole += [match.span() for match in _URL.finditer(self._page)]
        # The mark of an item needs a word of it.
        self._whole += [(match.start(), match.end() + 1) for match in _ITEM.finditer(self._page)]
        self._marked = _merged(self._whole + self._marked)
        self._whole = _merged(self._whole)

    def between(self) -> int:
        """The best place to cut at; 0 when there is none that cuts through nothing."""
        return self._best(self._marked)

    def inside_marks(self) -> int:
        """The best place inside of bold words and the like; 0 when there is none either."""
        return self._best(self._whole)

    def forced(self) -> int:
        """Where to cut when everything is one token: at a word, else behind a whole grapheme."""
        place = next(self._ends(_WORDS), 0)
        if place > self._limit // 2:
            return place
        ends = (grapheme.end() for grapheme in _GRAPHEMES.finditer(self._page))
        return max(takewhile(lambda end: end <= self._limit, ends), default=self._limit)

    def _best(self, barred: Spans) -> int:
        half, quarter = self._limit // 2, self._limit // 4
        orders = (self._paragraphs, self._gaps, self._lines, self._sentences, self._words)
        firsts = [next((place for place in order() if _free(place, barred)), 0) for order in orders]
        place = next((place for place in firsts if place > half), max(firsts))
        return place if place > quarter else 0

    def block(self, blocks: list[Block], place: int) -> Block | None:
        return next((block for block in blocks if block.body <= place < block.end), None)

    def _paragraphs(self) -> Iterator[int]:
        for place in merge(self._ends(_PARAGRAPHS), reversed(self._starts), reverse=True):
            if place <= self._limit and not self.block(self.code, place):
                yield place

    def _gaps(self) -> Iterator[int]:
        """Blank lines in code."""
        return self._ends(_PARAGRAPHS)

    def _lines(self) -> Iterator[int]:
        return self._ends(_LINES)

    def _sentences(self) -> Iterator[int]:
        for place in self._inside_lines(_SENTENCES):
            if not self._page[place : place + 1].islower():  # "e.g. this" is no end
                yield place

    def _words(self) -> Iterator[int]:
        return self._inside_lines(_WORDS)

    def _inside_lines(self, pattern: "regex.Pattern[str]") -> Iterator[int]:
        for place in self._ends(pattern):
            if not self.block(self.code, place) and not self.block(self.tables, place):
                yield place

    def _ends(self, pattern: "regex.Pattern[str]") -> Iterator[int]:
        """Where it ends, from the last to the first."""
        ends = (match.end() for match in pattern.finditer(self._page, 0, self._limit))
        return (place for place in ends if not _JOINED.match(self._page, place))

    def _survey(self) -> None:
        page = _SURROGATE.sub("?", self._page)  # half a character, which UTF-8 cannot hold
        place = _characters(page)
        table_end = 0
        for event, span in pyromark.events_with_range(page, options=_OPTIONS):
            name = _begun(event)
            if not name:
                continue
            start, end = place[span["start"]], place[span["end"]]
            if name in _MARKED:
                self._marked.append((start, end))
            elif name in _WHOLE:
                self._whole.append((start, end))
            elif name == "TableHead":
                self._add_table(self._line_of(start), end, table_end)
            elif name in _BLOCKS:
                start = self._line_of(start)
                self._starts.append(start)
                table_end = end
                self._add_block(name, start, end)

    def _add_block(self, name: str, start: int, end: int) -> None:
        if name == "CodeBlock":
            self._add_code(start, end)
        elif name == "Heading":
            # Nothing is said by a heading without what follows it.
            words_end = start + len(self._page[start:end].rstrip())
            self._marked.append((start, words_end))
            self._whole.append((words_end - 1, self._after_space(end) + 1))

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
        if end >= self._limit or "\n" not in self._page[end:]:
            end = self._limit + 2  # it goes on, or may do so: of its next line too little is known
        # The head needs its first row; after that it is cut between rows.
        self._whole.append((start, self._after_line(body) or end))
        rows = body
        while rows < min(end, len(self._page)):
            after = self._after_line(rows)
            self._whole.append((rows, after))
            rows = after
        self.tables.append(Block(start=start, body=body, end=end))

    def _line_of(self, place: int) -> int:
        return self._page.rfind("\n", 0, place) + 1

    def _after_line(self, place: int) -> int:
        return self._page.find("\n", place) + 1 or len(self._page)

    def _after_space(self, place: int) -> int:
        while self._page[place : place + 1].isspace():
            place += 1
        return place


def _begun(event: Event) -> str:
    """The name of what an event begins; "" for text and ends."""
    if isinstance(event, str):
        return event
    kind, value = next(iter(event.items()))
    if kind == "Start":
        return str(next(iter(value)) if isinstance(value, dict) else value)
    return "" if kind in ("End", "Text") else str(kind)


def _characters(page: str) -> Sequence[int]:
    """The place in characters of every place in UTF-8 bytes."""
    if page.isascii():
        return range(len(page) + 1)
    return list(accumulate((byte & 0xC0 != 0x80 for byte in page.encode()), initial=0))


def _free(place: int, barred: Spans) -> bool:
    index = bisect_right(barred, (place, 0)) - 1
    return index < 0 or not barred[index][0] < place < barred[index][1]


def _merged(spans: Spans) -> Spans:
    """The spans in order, those that overlap made one."""
    merged: Spans = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

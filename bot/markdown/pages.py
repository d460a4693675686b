"""A long text cut into messages, at the same places however it came to grow."""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from operator import itemgetter

from bot.markdown import signs
from bot.markdown.ground import Block, Ground
from bot.markdown.tail import Tail

Fits = Callable[[str], int]
"""How many characters of a displayed text one message holds, at least 1.

What follows the characters that fit does not change their number.
"""

# Characters; the first guess at more than one message holds, doubled until it is. Most hold less,
# so that one look tells.
_MESSAGE = 8192

_INDENT = 64  # spaces; more of them at the start of a piece are no layout and are not displayed

_BLANK_LINES = re.compile(r"(?:[ \t\r]*+\n)*")
_SPACE = re.compile(r"\s*+")
_SPACES = re.compile(r"[ \t]*+")
_ROW = re.compile(r"[^\n]*\|")
_QUOTES = re.compile(r"(?:[ \t]*+>[ \t]?)*")
_NUMBERED = re.compile(r"(?m)^[ \t>]*\d{1,9}[.)][ \t]")
_APART = re.compile(r"[ \t>]*(?:\r?\Z|`{3}|~{3})")  # a blank line or code ends a paragraph
_OPENER = re.compile(
    r"(?P<quotes>(?:[ \t]*> ?)*)(?P<lead>[^`~\n]*)(?P<mark>`{3,}|~{3,})(?P<info>.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What a piece takes over from the one before, when the cut went through something.

    `opening` is put in front: a fence, a table's head, a quote's mark. Lines lose up to `dedent`
    spaces. By `fence`, the mark of the code that was cut, and `rows` is seen whether it goes on.
    With `apart`, a blank line is put before the next numbered item: it would not be one below a
    paragraph, and the end of the item that was cut is one.
    """

    opening: str = field(default="", repr=False)
    dedent: int = 0
    fence: str = ""
    rows: bool = False
    apart: bool = False

    def without_opening(self) -> "Carry":
        return Carry(dedent=self.dedent, apart=self.apart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message's part, `source[start:end]`, displayed as `text`; `carry` is for the next."""

    start: int
    end: int
    text: str = field(repr=False)
    carry: Carry = Carry()


def cut(text: str, start: int, fits: Fits, *, carry: Carry = Carry()) -> Piece:
    """The piece of `text` that begins at `start`; it ends with the text when the rest fits.

    Where it ends depends on nothing beyond the first character that does not fit, so that a text
    is cut at the same places while it grows.
    """
    return _cut(text, start, fits, carry) or _trimmed(_rest(text, start, carry), fits)


def pieces(text: str, fits: Fits) -> list[Piece]:
    """A whole text in pieces; joined, their slices of it are the text again."""
    pages = Pages(fits)
    pages.feed(text)
    return pages.finished()


class Pages:
    """A growing text in pieces: `closed` ones, which stay as they are, and the one that grows.

    With `lasting`, what grows is only ever added to: nothing is closed for display.
    """

    def __init__(self, fits: Fits, *, lasting: bool = False) -> None:
        self._fits = fits
        self._look = Tail.lasting if lasting else Tail.shown
        self._text = ""
        self._tail = Tail()
        self._known_rest: tuple[Piece | None, Piece] | None = None  # and what it comes behind
        self.closed: list[Piece] = []

    @property
    def rest(self) -> Piece:
        """All behind the closed pieces, blank or too long as it may be, nothing held back."""
        last = self.closed[-1] if self.closed else None
        if self._known_rest is None or self._known_rest[0] is not last:
            self._known_rest = last, _rest(self._text, self._start, self._carry)
        return self._known_rest[1]

    def feed(self, text: str) -> None:
        """Take the whole text so far. One that does not go on from the last starts anew."""
        if not text.startswith(self._text):
            self.closed = []
        self._text, self._known_rest = text, None
        while piece := _cut(text, self._start, self._fits, self._carry):
            self.closed.append(piece)

    def growing(self) -> Piece:
        """The last piece as it is to be shown now: what is half-open closed or held back."""
        rest, page = self.rest, self.rest.text
        if not page.startswith(self._tail.text):
            self._tail = Tail()
        self._tail.feed(page[len(self._tail.text) :])
        shown = self._look(self._tail)
        while (over := len(shown) - self._fits(shown)) > 0 and page:
            # What closes it did not fit any more; the next characters begin a piece of their own.
            page = page[: min(len(page), len(shown)) - over]
            tail = Tail()
            tail.feed(page)
            shown = self._look(tail)
        return Piece(start=rest.start, end=rest.end, text=shown)

    def finished(self) -> list[Piece]:
        """All pieces of the text as it is, nothing held back; only a blank text has a blank one."""
        rest = _trimmed(self.rest, self._fits)
        if self.closed and not rest.text.strip():
            return [*self.closed[:-1], replace(self.closed[-1], end=rest.end)]
        return [*self.closed, rest]

    @property
    def _start(self) -> int:
        return self.closed[-1].end if self.closed else 0

    @property
    def _carry(self) -> Carry:
        return self.closed[-1].carry if self.closed else Carry()


def _rest(source: str, start: int, carry: Carry) -> Piece:
    page = _Page(source, start, carry)
    return Piece(start=start, end=len(source), text=page.text)


def _trimmed(rest: Piece, fits: Fits) -> Piece:
    if fits(rest.text) < len(rest.text):
        return replace(rest, text=rest.text.rstrip())  # only space was too much
    return rest


def _cut(source: str, start: int, fits: Fits, carry: Carry) -> Piece | None:
    """The next piece, or None when the rest of the text fits."""
    page, limit = _reach(source, start, fits, carry)
    if page.reaches_end and len(page.text.rstrip()) <= limit:
        return None
    for attempt in count():
        piece = _cut_page(page, start, limit)
        over = len(piece.text) - fits(piece.text) if piece else 0
        if piece and (over <= 0 or limit == 1):
            return replace(piece, carry=_affordable(piece.carry, fits))
        if piece:
            # What does not go by length alone is soon tried with far less.
            limit = max(1, limit - max(over, limit // 8 if attempt > 2 else 0))
        else:
            limit = max(1, limit - len(page.opening))
            page = _Page(source, start, carry.without_opening(), len(page.text))
    raise AssertionError("a limit of 1 always gives a piece")


def _reach(source: str, start: int, fits: Fits, carry: Carry) -> tuple["_Page", int]:
    """A page of more than one message holds, where there is as much, and how much that is."""
    size = _MESSAGE
    while True:
        page = _Page(source, start, carry, size)
        limit = max(1, fits(page.text))
        if page.reaches_end or limit < len(page.text.rstrip()):
            return page, limit
        size *= 2


def _affordable(carry: Carry, fits: Fits) -> Carry:
    """The same without an opening that would take more than half of a message."""
    twice = carry.opening * 2
    return carry if fits(twice) >= len(twice) else carry.without_opening()


def _cut_page(page: "_Page", start: int, limit: int) -> Piece | None:
    """A piece of at most `limit` characters; None when the opening leaves no room for one."""
    ground = Ground(page.text, limit)
    place = ground.between()
    if place > len(page.opening):
        return _cut_between(page, ground, start, place)
    place = ground.inside_marks()
    if place <= len(page.opening):
        place = ground.forced()
    if place <= len(page.opening):
        return None
    return _cut_through(page, ground, start, place)


def _cut_between(page: "_Page", ground: Ground, start: int, place: int) -> Piece:
    text, end = page.text[:place].rstrip(), page.source(place)
    if code := ground.block(ground.code, place):
        return _cut_code(page, code, start, place)
    if table := ground.block(ground.tables, place):
        carry = Carry(opening=page.text[table.start : table.body], dedent=page.dedent, rows=True)
    else:
        carry = _in_line(page, place)
    return Piece(start=start, end=end, text=text, carry=carry)


def _cut_through(page: "_Page", ground: Ground, start: int, place: int) -> Piece:
    """Cut where something ought to stay whole, closing it here and opening it again."""
    if code := ground.block(ground.code, place):
        return _cut_code(page, code, start, place)
    tail = Tail()
    tail.feed(page.text[:place])
    carry = _in_line(page, place)
    return Piece(
        start=start,
        end=page.source(place),
        text=tail.text.rstrip() + tail.closing,
        carry=replace(carry, opening=carry.opening + tail.opening),
    )


def _cut_code(page: "_Page", code: Block, start: int, place: int) -> Piece:
    text, end = page.text[:place], page.source(place)
    opener = _OPENER.match(page.text, code.start)
    if not opener:  # code by indentation has no marks
        return Piece(start=start, end=end, text=text.rstrip())
    quotes, lead, mark, info = opener.groups()
    carry = Carry(opening=f"{quotes}{mark}{info}\n", dedent=page.dedent + len(lead), fence=mark)
    closing = f"{quotes}{' ' * len(lead)}{mark}"
    return Piece(start=start, end=end, text=f"{text.rstrip()}\n{closing}", carry=carry)


def _in_line(page: "_Page", place: int) -> Carry:
    """What a line goes on with in the next piece."""
    line = page.text.rfind("\n", 0, place) + 1
    if line == place:
        return Carry()
    quotes = page.text[line : _end(_QUOTES, page.text, line)]
    paragraph = page.text.rfind("\n\n", 0, line) + 1
    return Carry(
        opening=quotes,
        dedent=page.dedent + signs.indent(page.text[line:place]),
        apart=page.is_apart(place) or bool(_NUMBERED.search(page.text, paragraph, place)),
    )


class _Page:
    """The text from `start` on as it is displayed, and the way back from there to the source."""

    def __init__(self, source: str, start: int, carry: Carry, size: int | None = None) -> None:
        self._begin, ended = _begin(source, start, carry)
        self.opening = "" if ended else carry.opening
        self.dedent = _dedent(source, start, self._begin, carry)
        self._moved: list[tuple[int, int]] = []  # from a place on, how far it is from the source
        end = len(source) if size is None else self._begin + size
        self.reaches_end = end >= len(source)
        body = source[self._begin : end]
        self._apart = 0  # as far as the next numbered item is to be set apart
        if self.dedent or carry.apart:
            body = self._laid_out(body, apart=carry.apart)
        self.text = self.opening + body if body else ""

    def source(self, place: int) -> int:
        """The place in the source of one in `text`."""
        index = bisect_left(self._moved, place, key=itemgetter(0)) - 1
        moved = self._moved[index][1] if index >= 0 else 0
        return self._begin + max(0, place - len(self.opening)) + moved

    def is_apart(self, place: int) -> bool:
        """Whether no numbered item was set apart before `place` that has to be."""
        return place <= self._apart

    def _laid_out(self, body: str, *, apart: bool) -> str:
        lines: list[str] = []
        place, moved, inside = len(self.opening), 0, True
        for line in body.split("\n"):
            indent = signs.indent(line)
            inside = inside and (indent > 0 or not lines or not line)
            left_out = min(indent, self.dedent) if inside else 0
            if apart and lines and _NUMBERED.match(line):
                lines.append("")
                left_out -= 1
                apart = False
            apart = apart and not _APART.match(line)
            moved += left_out
            self._moved += [(place, moved)] if left_out else []
            lines.append(line[max(0, left_out) :])
            place += len(line) - left_out + 1
            self._apart = place if apart else self._apart
        return "\n".join(lines)


def _begin(source: str, start: int, carry: Carry) -> tuple[int, bool]:
    """Where a piece begins to be displayed, and whether what was cut has ended right there."""
    ended, begin = False, start
    if carry.fence:
        sign = carry.fence + carry.fence[0]
        closing = re.match(rf"[ \t>]*{sign}*[ \t\r]*(?:\n|\Z)", source[start:])
        ended, begin = bool(closing), start + (closing.end() if closing else 0)
    elif carry.rows:
        ended = not _ROW.match(source, start)
    if start and (ended or not carry.fence):
        space = _BLANK_LINES if source[begin - 1] == "\n" else _SPACE
        begin = _end(space, source, begin)
    blank = _end(_SPACE, source, begin)
    return (blank if blank - begin > _INDENT else begin), ended


def _dedent(source: str, start: int, begin: int, carry: Carry) -> int:
    """How far a piece is moved left: what was nested would else be read as code."""
    if start and source[begin - 1] == "\n" and not carry.fence:
        return _end(_SPACES, source, begin) - begin
    return carry.dedent


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return int(found.end()) if found else start

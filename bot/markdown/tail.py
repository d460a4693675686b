"""What is half-open at the end of growing CommonMark, closed or held back for display.

A `Tail` reads a text once, from left to right, and stops where only what comes next can tell what
is meant: that rest is held back, and is short. No decision looks further ahead than `LINK`
characters, so that any chunking of a text gives the same frames at a cost that grows with the text.
"""

import unicodedata
from dataclasses import dataclass, field

import regex

HELD = 200
"""Characters held back at most while their meaning is open; a line of prose is about half of it."""

LINK = 2000
"""The same for the target of a link, nothing people read; browsers agree on URLs of this length."""

DEPTH = 16
"""Marks open at once; beyond it the oldest is plain text. People and models nest about three."""

_LEAD = regex.compile(
    r"[ \t]*+(?:(?:>|(?:[-+*]|\d{1,9}+[.)])(?=[ \t]))[ \t]*+)*+(?:\[[ xX]\][ \t]++)?+"
)
_MARKER = regex.compile(r"(?:[-+*]|\d{1,9}[.)])[ \t]+")
# A line that may still become a list item, heading, rule, fence, task or a table's delimiter row.
_UNSURE = regex.compile(
    r"(?:[-+*]|\d{1,9}+[.)]?|#{1,6}+[ \t]*+|[-*_= \t]*+"
    r"|`{1,2}+|`{3,}+[^`\n]*+|~{1,2}+|~{3,}+[^\n]*+|\[[ xX]?\]?[ \t]*+|[-:| \t]*+)?\Z"
)
_FENCE = regex.compile(r"(`{3,}+)[^`\n]*+\n|(~{3,}+)[^\n]*+\n")
_HEADING = regex.compile(r"#{1,6}+[ \t]")
_ROW = regex.compile(r"\|[ \t]*+")
_RULE = regex.compile(r"([-*_=])(?:[ \t]*+\1)*+[ \t]*+\n")
_DELIMITER = regex.compile(
    r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+\n"
)
_PLAIN = regex.compile(r"[^\\`*_~\[\]<$|!\n]++")
_OPAQUE = regex.compile(r"[^\\`$\n]++")
_TICKS = regex.compile(rf"`{{1,{HELD}}}+")
_RUNS = {mark: regex.compile(rf"{regex.escape(mark)}{{1,{HELD}}}+") for mark in "*_~"}
_TARGET = regex.compile(
    r"\(\s*+(?:<[^<>\n]*+>|(?:[^\s()<>\\]|\\.|\((?:[^\s()\\]|\\.)*+\))*+)"
    r"(?:\s++(?:\"[^\"\n]*+\"|'[^'\n]*+'))?+\s*+\)"
)
_REFERENCE = regex.compile(r"\[[^\[\]\n]*+\]")
_TAG = regex.compile(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]++:[^\s<>]*+|/?[A-Za-z][\w-]*+"
    r"(?:[ \t]++[\w:.-]++(?:=(?:\"[^\"\n]*+\"|'[^'\n]*+'|[^\s\"'=<>`]++))?+)*+[ \t]*+/?"
    r"|!--(?:[^\n-]|-(?!->))*+--)>"
)
# "$AAPL rose" and "$5" are money, "$x + y$" is not.
_MONEY = regex.compile(r"\$(?:[\s\d$]|[A-Za-z]{2,}+[\s,.;:!?)])")
_MATH = regex.compile(r"\$(?:[^$\n\\]|\\.)++\$")


@dataclass(slots=True)
class _Open:
    """Something opened at `start` whose inside begins at `end`; `close` is what would end it."""

    start: int
    end: int
    close: str
    both: bool = False

    @property
    def is_bracket(self) -> bool:
        return not self.close


@dataclass(frozen=True, slots=True)
class _Fence:
    """A code block: `start` of its first line, `body` after it, `lead` to begin its last with."""

    start: int
    body: int
    mark: str
    lead: str
    column: int
    closing: "regex.Pattern[str]" = field(repr=False)


def close_open(text: str) -> str:
    """`text`, unfinished, as it is to be shown now."""
    tail = Tail()
    tail.feed(text)
    return tail.shown()


class Tail:
    """`close_open` for a text that grows: `feed` costs O(appended)."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0  # everything before is decided
        self._new_line = True
        self._line = 0  # where the current line begins,
        self._content = 0  # and where its words do, after the marks of quotes and lists
        self._previous = 0  # where the line before it begins
        self._one_line = False  # a heading or a row: what is open in it ends with the line
        self._table = False
        self._columns: list[int] = []  # of the list items around, where their words begin
        self._fence: _Fence | None = None
        self._open: list[_Open] = []
        self._closed = 0  # where the last mark ends that closed another
        self._verbatim: _Open | None = None  # code or a formula; always the innermost

    @property
    def text(self) -> str:
        """All that was fed."""
        return self._text

    @property
    def closing(self) -> str:
        """What closes the marks that are open at the end."""
        return "".join(mark.close for mark in reversed(self._opened()))

    @property
    def opening(self) -> str:
        """What opens them again, in a text of its own."""
        return "".join(self._text[mark.start : mark.end] for mark in self._opened() if mark.close)

    @property
    def open_from(self) -> int:
        """Where the outermost thing begins that is open or undecided; the end if there is none."""
        first = [mark.start for mark in self._open[:1]] or [self._at]
        return min(first[0], self._verbatim.start if self._verbatim else self._at)

    def feed(self, appended: str) -> None:
        self._text += appended
        while self._at < len(self._text):
            if self._new_line:
                decided = self._begin_line()
            elif self._fence:
                decided = self._skip_line()
            else:
                decided = self._read()
            if not decided:
                return

    def shown(self) -> str:
        """What is to be seen of it while more is to come."""
        if self._fence:
            return self._shown_fence(self._fence)
        if self._new_line and self._at < len(self._text):
            begun = self._shown_line()
            if begun:
                return begun
        end = self._at
        if self._text.endswith("!") and end == len(self._text) - 1 and not self._new_line:
            # An image begins a word; "Hello!" is shown at once.
            end += not text_before(self._text, end, 1).isspace()
        if not self._open and not self._verbatim and end > self._content:
            return self._text[:end]
        return self._shown_open(end)

    # What is shown

    def _shown_fence(self, fence: _Fence) -> str:
        if not self._text[fence.body : self._at].strip():
            return self._text[: fence.start]
        body = self._text[: self._at]
        return body + ("" if body.endswith("\n") else "\n") + fence.lead + fence.mark

    def _shown_line(self) -> str:
        """The text with a line in it that is not yet decided; "" when it is to be held back."""
        pending = self._text[self._at :]
        head, newline, delimiter = pending.partition("\n")
        if newline and "-" in delimiter:
            row = _LEAD.match(head)
            lead = row[0] if row else ""
            return f"{self._text[: self._at]}{head}\n{lead}{'|---' * _cells(head)}|"
        return self._text if len(pending) > HELD else ""

    def _shown_open(self, end: int) -> str:
        """All up to `end`, without brackets of links to come, and all marks closed."""
        text = self._text
        opened = self._opened()
        while True:
            while end and text[end - 1].isspace():
                end -= 1
            if opened and opened[-1].end >= end:
                end = min(end, opened.pop().start)
            elif opened and end and text[end - 1] == opened[-1].close[:1] and self._bare(end):
                end -= 1  # it would merge with the mark that closes
            else:
                break
        if end <= self._content and not self._new_line:
            end = self._line
        parts, done = [], 0
        for mark in opened:
            if mark.is_bracket and self._at - mark.start <= HELD:
                parts.append(text[done : mark.start])
                done = mark.end
        closing = "".join(mark.close for mark in reversed(opened))
        return "".join(parts) + text[done:end] + closing

    def _opened(self) -> list[_Open]:
        return [*self._open, self._verbatim] if self._verbatim else [*self._open]

    def _bare(self, end: int) -> bool:
        return end != self._closed and text_before(self._text, end, 2)[:1] != "\\"

    # Lines

    def _begin_line(self) -> bool:
        """Decide what kind of line begins here and step to its words."""
        text, at = self._text, self._at
        window = text[at : at + HELD]
        if self._fence:
            return self._begin_line_of_code(self._fence, window)
        lead = _LEAD.match(window)
        begin = lead.end() if lead else 0
        if len(window) < HELD and _UNSURE.match(window, begin):
            return False
        if window.startswith("|", begin) and not self._table:
            is_table = self._begins_table(at + begin)
            if is_table is None:
                return False
            if is_table:
                self._end_block()
                self._table = True
        self._previous, self._line = self._line, at
        self._content = at + begin
        self._nest(window[:begin])
        self._take_line(window, begin)
        return True

    def _take_line(self, window: str, begin: int) -> None:
        at = self._at
        if window.startswith("\n", begin):
            self._end_block()
            self._at = at + begin + 1
        elif fence := _FENCE.match(window, begin):
            self._end_block()
            self._begin_fence(window[:begin], fence[1] or fence[2], at + fence.end())
        elif rule := _RULE.match(window, begin):
            self._end_block()
            self._at = at + rule.end()
        else:
            row = _DELIMITER.match(window, begin)
            if row and not self._table and self._heads(row[0]):
                self._end_block()
                self._table = True
            heading = _HEADING.match(window, begin)
            if heading:
                self._end_block()
            if first := heading or (_ROW.match(window, begin) if self._table else None):
                self._content = at + first.end()
            self._one_line = self._table or heading is not None
            self._new_line = False
            self._at = self._content

    def _nest(self, lead: str) -> None:
        """Keep track of the list items around, since a fence ends with the item it is in."""
        inside = lead.rpartition(">")[2]
        indent = len(inside) - len(inside.lstrip())
        markers = list(_MARKER.finditer(inside))
        if markers:
            self._end_block()
        if markers or len(inside) < len(self._text) - self._at:
            self._columns = [column for column in self._columns if column <= indent]
        self._columns += [marker.end() for marker in markers]
        del self._columns[:-DEPTH]

    def _begin_fence(self, lead: str, mark: str, body: int) -> None:
        quotes = lead[: lead.rfind(">") + 1]
        inside = lead[len(quotes) :]
        self._fence = _Fence(
            start=self._at,
            body=body,
            mark=mark,
            lead=quotes + " " * len(inside),
            column=self._columns[-1] if self._columns else 0,
            closing=regex.compile(rf"[ \t>]*+{mark}{mark[0]}*+[ \t]*+\n"),
        )
        self._at = body

    def _begin_line_of_code(self, fence: _Fence, window: str) -> bool:
        inside = window.lstrip(" \t>")
        if not inside.lstrip(fence.mark[0]).strip(" \t") and len(window) < HELD:
            return False
        if closing := fence.closing.match(window):
            self._fence = None
            self._line = self._content = self._at = self._at + closing.end()
        elif inside[:1] != "\n" and _leaves(fence, window):
            self._fence = None
        else:
            self._new_line = False
        return True

    def _skip_line(self) -> bool:
        end = self._text.find("\n", self._at)
        self._new_line = end >= 0
        self._at = end + 1 if self._new_line else len(self._text)
        return True

    def _begins_table(self, at: int) -> bool | None:
        """Whether this row and the next are a table's head; None when that cannot be told yet."""
        text = self._text
        limit = at + 5 * HELD  # a wide table's head; most are a line of prose
        newline = text.find("\n", at, limit)
        if newline < 0:
            return None if len(text) < limit else False
        delimiter = _DELIMITER.match(text, newline + 1, limit, partial=True)
        if not delimiter:
            return False
        if delimiter.partial:
            return None if len(text) < limit else False
        return _cells(text[at:newline]) == _cells(delimiter[0])

    def _heads(self, delimiter: str) -> bool:
        """Whether the line before is the head to this delimiter row."""
        head = self._text[max(self._previous, self._at - HELD) : self._at]
        return "|" in head and _cells(head) == _cells(delimiter)

    def _end_block(self) -> None:
        self._open.clear()
        self._verbatim = None
        self._table = self._one_line = False

    # Words and marks

    def _read(self) -> bool:
        """Step over plain words or one mark; False when more text has to come first."""
        if self._verbatim:
            return self._read_verbatim(self._verbatim)
        plain = _PLAIN.match(self._text, self._at)
        if plain:
            self._at = plain.end()
            return True
        match self._text[self._at]:
            case "\n":
                return self._end_line()
            case "*" | "_" | "~" as mark:
                return self._read_emphasis(mark)
            case "]":
                return self._read_bracket()
            case "<":
                return self._read_whole(_TAG)
            case "`" | "$" | "\\" as mark:
                return self._read_opaque(mark)
            case other:
                return self._read_simple(other)

    def _read_opaque(self, mark: str) -> bool:
        if mark == "`":
            return self._read_ticks()
        return self._read_dollar() if mark == "$" else self._read_escape()

    def _end_line(self) -> bool:
        self._at += 1
        self._new_line = True
        if self._one_line:
            self._open.clear()
            self._verbatim = None
        return True

    def _read_simple(self, character: str) -> bool:
        after = self._text[self._at + 1 : self._at + 2]
        if character == "|" and self._table:
            self._open.clear()
        elif character == "[":
            self._push(_Open(self._at, self._at + 1, ""))
        elif character == "!" and after == "[":
            self._push(_Open(self._at, self._at + 2, ""))
            self._at += 1
        elif character == "!" and not after:
            return False
        self._at += 1
        return True

    def _read_verbatim(self, opened: _Open) -> bool:
        text, at = self._text, self._at
        if plain := _OPAQUE.match(text, at):
            self._at = plain.end()
            return True
        if text[at] == "\n":
            return self._end_line()
        run = _TICKS.match(text, at)
        size = len(run[0]) if run else len(opened.close)
        if at + size >= len(text) and size < HELD:
            # Nothing can be told of a run that goes on, but of "$" or "\" in code.
            if run or text[at] == opened.close[0]:
                return False
            size = 1
        if (run[0] if run else text[at : at + size]) == opened.close:
            self._verbatim = None
        elif not run:
            size = 2 if text[at] == "\\" == opened.close[0] else 1
        self._at = at + size
        return True

    def _read_ticks(self) -> bool:
        run = _TICKS.match(self._text, self._at)
        ticks = run[0] if run else ""
        return self._open_verbatim(ticks)

    def _open_verbatim(self, mark: str, close: str = "") -> bool:
        end = self._at + len(mark)
        if end >= len(self._text) and len(mark) < HELD:
            return False
        if len(mark) < HELD:
            self._verbatim = _Open(self._at, end, close or mark)
        self._at = end
        return True

    def _read_escape(self) -> bool:
        after = self._text[self._at + 1 : self._at + 2]
        if not after:
            return False
        if after in "([":
            return self._open_verbatim("\\" + after, "\\)" if after == "(" else "\\]")
        self._at += 2 if after != "\n" else 1
        return True

    def _read_dollar(self) -> bool:
        text, at = self._text, self._at
        if len(text) == at + 1:
            return False
        if text.startswith("$$", at):
            return self._open_verbatim("$$")
        money = _MONEY.match(text, at, at + HELD)
        if money:
            self._at = at + 1
            return True
        return self._read_whole(_MATH)

    def _read_whole(self, pattern: "regex.Pattern[str]") -> bool:
        """Step over something that is read as a whole, or over its first character alone."""
        end = self._end_of(pattern, self._at, HELD)
        if end is None:
            return False
        self._at = end or self._at + 1
        return True

    def _end_of(self, pattern: "regex.Pattern[str]", at: int, limit: int) -> int | None:
        """Where this ends; 0 when it is not there, None when that cannot be told yet."""
        found = pattern.match(self._text, at, at + limit, partial=True)
        if not found:
            return 0
        if not found.partial:
            return int(found.end())
        return None if len(self._text) < at + limit else 0

    def _read_bracket(self) -> bool:
        at = self._at
        place = len(self._open) - 1
        while place >= 0 and not self._open[place].is_bracket:
            place -= 1
        if place < 0:
            self._at += 1
            return True
        end = self._end_of_link(at + 1)
        if end is None:
            return False
        if end:
            del self._open[place:]
        else:
            del self._open[place]
        self._at = end or at + 1
        return True

    def _end_of_link(self, at: int) -> int | None:
        """Where the link ends whose target begins here, as in `_end_of`."""
        if at == len(self._text):
            return None
        if self._text[at] == "(":
            return self._end_of(_TARGET, at, LINK)
        return self._end_of(_REFERENCE, at, HELD)

    def _read_emphasis(self, mark: str) -> bool:
        text, at = self._text, self._at
        run = _RUNS[mark].match(text, at)
        end = run.end() if run else at + 1
        if end - at >= HELD:
            self._at = end
            return True
        if end == len(text):
            return False
        before = "\n" if at == self._content else text[at - 1]
        can_open, can_close = _flanks(mark, before, text[end])
        left = end - at
        if can_close:
            left = self._close_emphasis(mark, left, both=can_open)
            self._closed = end if left < end - at else self._closed
        if left and can_open and (mark != "~" or left <= 2):
            self._push(_Open(end - left, end, mark * left, can_close))
        self._at = end
        return True

    def _close_emphasis(self, mark: str, size: int, *, both: bool) -> int:
        """Close what `size` marks can, innermost first; how many are left over."""
        left, place = size, len(self._open) - 1
        while left and place >= 0:
            opened = self._open[place]
            if opened.close[:1] == mark and _pairs(opened, size, both=both):
                used = min(left, len(opened.close), 2)
                left -= used
                del self._open[place + 1 :]
                opened.close = opened.close[used:]
                opened.end -= used
                if opened.close:
                    continue
                del self._open[place]
            place -= 1
        return left

    def _push(self, opened: _Open) -> None:
        self._open.append(opened)
        del self._open[:-DEPTH]


def text_before(text: str, end: int, size: int) -> str:
    return text[max(0, end - size) : end]


def _pairs(opened: _Open, size: int, *, both: bool) -> bool:
    """CommonMark's rule of three, and that strikes pair only with their own length."""
    other = len(opened.close)
    if opened.close[0] == "~":
        return other == size
    if opened.both or both:
        return (other + size) % 3 != 0 or (other % 3 == 0 and size % 3 == 0)
    return True


def _flanks(mark: str, before: str, after: str) -> tuple[bool, bool]:
    """Whether a run of marks between these two can open and can close (CommonMark 6.2)."""
    space_before, space_after = before.isspace(), after.isspace()
    sign_before, sign_after = _is_sign(before), _is_sign(after)
    left = not space_after and (not sign_after or space_before or sign_before)
    right = not space_before and (not sign_before or space_after or sign_after)
    if mark == "_":
        return left and (not right or sign_before), right and (not left or sign_after)
    return left, right


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _leaves(fence: _Fence, line: str) -> bool:
    """Whether a line is outside the quote or list item that the fence is in."""
    if ">" in fence.lead:
        return not line.lstrip(" \t").startswith(">")
    return len(line) - len(line.lstrip(" \t")) < fence.column


def _cells(row: str) -> int:
    """How many columns a row of a table has."""
    inside = row.strip(" \t\n>").removeprefix("|")
    return len(regex.findall(r"(?<!\\)\|", inside.removesuffix("|"))) + 1

"""Reading CommonMark from left to right, once, while it grows."""

import re
from dataclasses import dataclass

import regex

from bot.markdown import signs
from bot.markdown.signs import HELD

DEPTH = 16
"""Marks open at once; beyond it the oldest is plain text. People and models nest about three."""


@dataclass(slots=True)
class Mark:
    """Something opened at `start` whose inside begins at `end`; `close` ends it, "" for brackets.

    `both`: it could have closed something as well.
    """

    start: int
    end: int
    close: str
    both: bool = False

    @property
    def is_emphasis(self) -> bool:
        return self.close[:1] in ("*", "_", "~")


@dataclass(frozen=True, slots=True)
class Fence:
    """Code whose first line begins at `start` and the others at `body`.

    Its last line is `lead` and `sign`; it ends as well where the quote or the list item ends that
    it is in, the latter with a line that begins left of `column`.
    """

    start: int
    body: int
    sign: str
    lead: str
    column: int

    def ends_with(self, line: str) -> int:
        """The length of the line when it closes the code, else 0."""
        closing = re.match(rf"[ \t>]*+{self.sign}{self.sign[0]}*+[ \t\r]*+\n", line)
        return closing.end() if closing else 0

    def may_end_with(self, begun: str) -> bool:
        return not begun.lstrip(" \t>").lstrip(self.sign[0]).strip(" \t\r")

    def is_left_by(self, line: str) -> bool:
        if not line.strip():
            return False
        if ">" in self.lead:
            return not line.lstrip(" \t").startswith(">")
        return signs.indent(line) < self.column


class Reader:
    """Where a growing text stands: up to `at` it is decided what everything means.

    It stops before whatever only the characters to come can tell, and looks ahead a bounded number
    of them: what is decided does not depend on how the text came, and reading costs O(appended).
    """

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.new_line = True
        self.line = 0  # where the current line begins,
        self.content = 0  # and where its words do, behind the marks of quotes and items
        self.fence: Fence | None = None
        self.closed = 0  # where the last mark ends that closed another
        self._marks: list[Mark] = []
        self._verbatim: Mark | None = None  # code or a formula; always the innermost
        self._table = False
        self._one_line = False  # a heading or a row: what is open in it ends with the line
        self._quotes = 0  # how deep
        self._columns: list[int] = []  # where the words begin of the list items around

    def marks(self) -> list[Mark]:
        """What is open, the outermost first."""
        return [*self._marks, self._verbatim] if self._verbatim else self._marks.copy()

    def feed(self, appended: str) -> None:
        self.text += appended
        while self.at < len(self.text):
            if self.new_line:
                decided = self._begin_code() if self.fence else self._begin_line()
            elif self.fence:
                decided = self._end_code_line()
            else:
                decided = self._read_verbatim() if self._verbatim else self._read()
            if not decided:
                return

    # The beginnings of lines

    def _begin_line(self) -> bool:
        """Decide what kind of line begins here and step to its words."""
        at = self.at
        window = self.text[at : at + HELD]
        lead = signs.LEAD.match(window)
        begin = lead.end() if lead else 0
        if len(window) < HELD and signs.UNSURE.match(window, begin):
            return False
        begins_table = self._begins_table(window, begin)
        if begins_table is None:
            return False
        if signs.BLANK.match(window, begin):
            self._end_block()
        else:
            self._nest(window[:begin])
        if begins_table:
            self._end_block()
            self._table = True
        self.line, self.content = at, at + begin
        self._take_line(window, begin)
        return True

    def _take_line(self, window: str, begin: int) -> None:
        if fence := signs.FENCE.match(window, begin):
            self._end_block()
            self._open_fence(window[:begin], fence[1] or fence[2], self.at + fence.end())
        elif whole := signs.BLANK.match(window, begin) or signs.RULE.match(window, begin):
            self._end_block()
            self.at += whole.end()
        else:
            heading = signs.HEADING.match(window, begin)
            if heading:
                self._end_block()
            first = heading or (signs.CELL.match(window, begin) if self._table else None)
            self.content = self.at = self.at + (first.end() if first else begin)
            self._one_line = self._table or heading is not None
            self.new_line = False

    def _begins_table(self, window: str, begin: int) -> bool | None:
        """Whether a table's head begins here, or its delimiter row; None while that is open."""
        if self._table:
            return False
        if window.startswith("|", begin):
            return self._begins_head(self.at + begin)
        row = signs.DELIMITER.match(window, begin)
        head = self.text[max(self.line, self.at - HELD) : self.at]
        return row is not None and "|" in head and signs.columns(head) == signs.columns(row[0])

    def _begins_head(self, at: int) -> bool | None:
        limit = at + signs.HEAD
        open_still = None if len(self.text) < limit else False
        newline = self.text.find("\n", at, limit)
        if newline < 0:
            return open_still
        row = signs.DELIMITER.match(self.text, newline + 1, limit, partial=True)
        if row and row.partial:
            return open_still
        return row is not None and signs.columns(self.text[at:newline]) == signs.columns(row[0])

    def _nest(self, lead: str) -> None:
        """Keep track of the quotes and list items around a line."""
        inside = lead.rpartition(">")[2]
        quotes = lead.count(">")
        items = [item.end() for item in signs.ITEM.finditer(inside)]
        if items or quotes > self._quotes:
            self._end_block()
        self._quotes = quotes
        indent = signs.indent(inside)
        self._columns = [column for column in self._columns if column <= indent] + items
        del self._columns[:-DEPTH]

    def _end_block(self) -> None:
        self._marks.clear()
        self._verbatim = None
        self._table = self._one_line = False

    # Code

    def _open_fence(self, lead: str, sign: str, body: int) -> None:
        quotes = lead[: lead.rfind(">") + 1]
        self.fence = Fence(
            start=self.at,
            body=body,
            sign=sign,
            lead=quotes + " " * (len(lead) - len(quotes)),
            column=self._columns[-1] if self._columns else 0,
        )
        self.at = body

    def _begin_code(self) -> bool:
        fence, window = self.fence, self.text[self.at : self.at + HELD]
        if not fence or (len(window) < HELD and fence.may_end_with(window)):
            return False
        if length := fence.ends_with(window):
            self.fence = None
            self.line = self.content = self.at = self.at + length
        elif fence.is_left_by(window.partition("\n")[0]):
            self.fence = None
        else:
            self.new_line = False
        return True

    def _end_code_line(self) -> bool:
        end = self.text.find("\n", self.at)
        self.new_line = end >= 0
        self.at = end + 1 if self.new_line else len(self.text)
        return True

    # Words and marks

    def _read(self) -> bool:
        """Step over plain words or one mark; False when more text has to come first."""
        plain = signs.PLAIN.match(self.text, self.at)
        if plain:
            self.at = plain.end()
            return True
        match self.text[self.at]:
            case "\n":
                return self._end_line()
            case "*" | "_" | "~" as sign:
                return self._read_emphasis(sign)
            case "[" | "!" as sign:
                return self._read_opening(sign)
            case "]":
                return self._read_closing()
            case "`" | "$" | "\\" as sign:
                return self._read_opaque(sign)
            case sign:
                return self._read_other(sign)

    def _end_line(self) -> bool:
        self.at += 1
        self.new_line = True
        if self._one_line:
            self._end_cell()
        return True

    def _end_cell(self) -> None:
        self._marks.clear()
        self._verbatim = None

    def _read_other(self, sign: str) -> bool:
        if sign == "<":
            return self._read_whole(signs.TAG)
        if self._table:  # "|"
            self._end_cell()
        self.at += 1
        return True

    def _read_opening(self, sign: str) -> bool:
        text, at = self.text, self.at
        if sign == "!" and at + 1 == len(text):
            return False
        if sign == "[" and signs.CITATION.match(text, at):
            return False
        self.at += 1
        if sign == "!" and text[self.at] != "[":
            return True
        self.at = at + (1 if sign == "[" else 2)
        self._push(Mark(at, self.at, ""))
        return True

    def _read_closing(self) -> bool:
        place = len(self._marks) - 1
        while place >= 0 and self._marks[place].close:
            place -= 1
        if place < 0:
            self.at += 1
            return True
        end = self._end_of_link(self.at + 1)
        if end is None:
            return False
        if end:
            del self._marks[place:]
        else:
            del self._marks[place]  # only a bracket
        self.at = end or self.at + 1
        return True

    def _end_of_link(self, at: int) -> int | None:
        """As `_end_of`, for the target of a link."""
        if at == len(self.text):
            return None
        if self.text[at] == "(":
            return self._end_of(signs.TARGET, at, signs.LINK)
        return self._end_of(signs.REFERENCE, at, HELD)

    def _read_whole(self, pattern: "regex.Pattern[str]") -> bool:
        """Step over something that is read as a whole, or over its first character alone."""
        end = self._end_of(pattern, self.at, HELD)
        if end is None:
            return False
        self.at = end or self.at + 1
        return True

    def _end_of(self, pattern: "regex.Pattern[str]", at: int, limit: int) -> int | None:
        """Where it ends that begins at `at`; 0 when it is not there, None while that is open."""
        found = pattern.match(self.text, at, at + limit, partial=True)
        if found and found.partial:
            return None if len(self.text) < at + limit else 0
        return int(found.end()) if found else 0

    def _read_opaque(self, sign: str) -> bool:
        text, at = self.text, self.at
        if sign == "`":
            return self._open_verbatim(self._run(sign))
        if at + 1 == len(text):
            return False
        if text.startswith(("$$", "\\(", "\\["), at):
            return self._open_verbatim(text[at : at + 2])
        if sign == "\\":
            self.at += 1 if text[at + 1] == "\n" else 2
            return True
        if signs.MONEY.match(text, at, at + HELD):
            self.at += 1
            return True
        return self._read_whole(signs.FORMULA)

    def _open_verbatim(self, opening: str) -> bool:
        end = self.at + len(opening)
        if end == len(self.text) and len(opening) < HELD:
            return False
        if len(opening) < HELD:
            close = {"\\(": "\\)", "\\[": "\\]"}.get(opening, opening)
            self._verbatim = Mark(self.at, end, close)
        self.at = end
        return True

    def _read_verbatim(self) -> bool:
        text, at, mark = self.text, self.at, self._verbatim
        plain = signs.VERBATIM.match(text, at)
        if plain or not mark:
            self.at = plain.end() if plain else at
            return True
        if text[at] == "\n":
            return self._end_line()
        if text[at] != mark.close[0]:
            self.at += 1
            return True
        found = self._run("`") if text[at] == "`" else text[at : at + 2]
        size = len(found)
        if size < HELD and at + size == len(text) and (text[at] == "`" or size < 2):
            return False
        if found == mark.close:
            self._verbatim = None
        elif found[0] == "$":
            size = 1
        self.at += size
        return True

    def _run(self, sign: str) -> str:
        run = signs.RUNS[sign].match(self.text, self.at)
        return run[0] if run else ""

    def _read_emphasis(self, sign: str) -> bool:
        text, at = self.text, self.at
        size = len(self._run(sign))
        end = at + size
        if size >= HELD:
            self.at = end
            return True
        if end == len(text):
            return False
        before = "\n" if at == self.content else text[at - 1]
        can_open, can_close = signs.flanks(sign, before, text[end])
        left = self._close_emphasis(sign, size, both=can_open) if can_close else size
        if left < size:
            self.closed = end
        if left and can_open and (sign != "~" or left <= 2):
            self._push(Mark(end - left, end, sign * left, can_close))
        self.at = end
        return True

    def _close_emphasis(self, sign: str, size: int, *, both: bool) -> int:
        """Close what a run of `size` can, innermost first; how much of it is left over."""
        left, place = size, len(self._marks) - 1
        while left and place >= 0:
            mark = self._marks[place]
            if mark.close[:1] == sign and signs.pairs(mark.close, size, both=both or mark.both):
                used = min(left, len(mark.close), 2)
                left -= used
                del self._marks[place + 1 :]
                mark.close = mark.close[used:]
                mark.end -= used
                if mark.close:
                    continue
                del self._marks[place]
            place -= 1
        return left

    def _push(self, mark: Mark) -> None:
        self._marks.append(mark)
        del self._marks[:-DEPTH]

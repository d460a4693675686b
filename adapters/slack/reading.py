"""Markdown read line by line and written for Slack, each token decided once and for good."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.inline import Line, Rules
from adapters.slack.neutral import HALF, LONGEST, defused
from bot.markdown import signs

_FENCE = re.compile(r"(`{3,})[^`]*\Z|(~{3,}).*\Z")
_TO_COME = re.compile(r"(?:`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*|\\\[?|\${1,2})[ \t]*\Z")
_FORMULA_BEGINS = re.compile(r"(?:\\\[|\$\$)[ \t]*\Z")
_FORMULA_ENDS = re.compile(r"[ \t]*(?:\\\]|\$\$)[ \t]*\Z")
# By their beginnings, so that no more of a line makes another thing of it.
_ITEM = re.compile(r"[ \t>]*(?:[#=]|\|[ \t]*:?--|([-_])[ \t]*\1|\*[ \t]*\*[ \t]*\*)")
_LAST_WORD = re.compile(r"\S{1,300}\Z")
_BEGINS_LIST = re.compile(r" *(?:[-+*]|1[.)])")
_TAB = 4  # columns, says CommonMark
_DEPTH = 8  # list items in each other of which the places are known


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Code is open, in so many quotes that begin at `edge`, and so far inside of them."""

    sign: str
    quotes: int
    edge: int
    indent: int

    def inside(self, line: str) -> str | None:
        """The line without the marks of quotes; None where these end, and the code with them."""
        for _ in range(self.quotes):
            begin, sign, line = line.partition(">")
            if not sign or begin.strip():
                return None
            line = line.removeprefix(" ")
        return line

    def is_closed_by(self, line: str) -> bool:
        bare = line.strip(" \t\r")
        if _indent(line) > self.indent + 3 or len(bare) < len(self.sign):
            return False
        return not bare.strip(self.sign[0])

    def padded(self, lead: str, line: str) -> str:
        """The line set in so far that the code cannot end with a list item it is in.

        So much space in front of it is not shown.
        """
        if lead:
            lead = " " * (self.edge - _indent(lead)) + lead
        return lead + " " * (self.indent - _indent(line)) * bool(line.strip()) + line


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a line begins in: code, a formula, list items whose words begin at `columns`.

    `words`: right above it is a line that it may go on.
    """

    fence: Fence | None = None
    formula: bool = False
    columns: tuple[int, ...] = ()
    words: bool = False


class Reading:
    """`parts` of the wire and the `ends` of what each was read from.

    With `last` nothing comes after `text`. Otherwise the last line is read again once there is more
    of it: it begins at `line`, behind the first `whole` parts, as `begun`. `items` (headings,
    rules, tables) and `rows` are where those show of which a message holds only so many.
    """

    def __init__(
        self,
        text: str,
        rules: Rules,
        known: Mapping[str, str],
        *,
        standing: Standing | None = None,
        last: bool = True,
    ) -> None:
        self.parts: list[str] = []
        self.ends: list[int] = []
        self.items: list[int] = []
        self.rows: list[int] = []
        self.line = self.whole = 0
        self.rules = rules
        self._known = known
        self.begun = standing or Standing()
        self._fence, self._formula = self.begun.fence, self.begun.formula
        self._columns, self._words = self.begun.columns, self.begun.words
        self._is_ended = False  # the line has its newline
        self._read(text, last=last)

    @property
    def standing(self) -> Standing:
        """What the next line begins in."""
        return Standing(
            fence=self._fence, formula=self._formula, columns=self._columns, words=self._words
        )

    def _read(self, text: str, *, last: bool) -> None:
        self._is_ended = True
        while (end := text.find("\n", self.line)) >= 0:
            self._take(text[self.line : end], is_open=False)
            self._say("\n", end + 1 - self.line)
            self.line, self.whole = end + 1, len(self.parts)
        self._is_ended = False
        self.begun = self.standing
        self._take(text[self.line :], is_open=not last)
        if last and self._formula:
            self._say("\n```", len(text) - self.line)

    def _say(self, words: str, end: int) -> None:
        """Write what was read up to there in the line."""
        self.parts.append(words)
        self.ends.append(self.line + end)

    def _take(self, line: str, *, is_open: bool) -> None:
        if is_open and not line.strip():
            return
        after_words, self._words = self._words, False
        fence = self._fence
        inside = fence.inside(line) if fence else None
        if fence and inside is not None:
            self._take_code(line, fence, inside, is_open=is_open)
            return
        if fence and is_open and not line.strip(" \t>"):
            return
        self._fence = None
        if self._formula:
            self._take_formula(line, is_open=is_open)
        else:
            self._words = bool(line.strip(" \t>\r"))
            self._take_text(line, is_open=is_open, after_words=after_words)

    def _take_code(self, line: str, fence: Fence, inside: str, *, is_open: bool) -> None:
        begin = len(line) - len(inside)
        if is_open:
            if not inside.strip().strip(fence.sign[0]):
                return
            inside = _without(_LAST_WORD, inside) if self.rules.hardened else inside
            inside = _without(HALF, inside)
            if not inside.strip():
                return
        elif fence.is_closed_by(inside):
            self._fence = None
            inside = " " * fence.indent + inside.lstrip(" \t")
        self._say(defused(fence.padded(line[:begin], inside)), begin + len(inside))

    def _take_formula(self, line: str, *, is_open: bool) -> None:
        if is_open:
            return
        if not line.strip() or _FORMULA_ENDS.match(line):
            self._formula = False
            self._say("```" if line.strip() else "```\n", len(line))
        else:
            self._say(defused(line.replace("`", "'")), len(line))

    def _take_text(self, line: str, *, is_open: bool, after_words: bool) -> None:
        found = signs.LEAD.match(line)
        begin = found.end() if found else 0
        lead, words = line[:begin], line[begin:]
        if lead or self._columns:
            self._nest(lead, words, after_words=after_words)
            self._say(lead, begin)
        if is_open and _TO_COME.match(words):
            return
        if not is_open and words:
            if words[0] in "`~\\$" and self._begins_code(lead, words):
                return
            self._count(line, words)
        inline = Line(words, self.rules, self._known, is_open=is_open, nested=begin > 0)
        inline.read()
        self.parts += inline.parts
        self.ends += [self.line + begin + end for end in inline.ends]

    def _nest(self, lead: str, words: str, *, after_words: bool) -> None:
        """Keep track of the list items around a line."""
        inside = _inside(lead)
        items = [item.end() for item in signs.ITEM.finditer(inside)]
        if after_words and not self._columns and not (words and _BEGINS_LIST.match(inside)):
            items = []  # it goes on with the words above
        if words or items:
            indent = _indent(inside)
            columns = [column for column in self._columns if column <= indent]
            self._columns = (*columns, *items)[-_DEPTH:]

    def _begins_code(self, lead: str, words: str) -> bool:
        """Whether code or a formula begins with this line, which is written then."""
        quotes, inside = lead.count(">"), _inside(lead)
        end = len(lead) + len(words)
        if found := _FENCE.match(words):
            column = max((place for place in self._columns if place <= len(inside)), default=0)
            if len(inside) > column + 3 or (quotes and inside.strip()):
                return False  # code by its indent, in which marks of code are text
            edge = len(lead.partition(">")[0]) if quotes else 0
            sign = found[1] or found[2]
            self._fence = Fence(sign=sign, quotes=quotes, edge=edge, indent=len(inside))
            self._say(defused(words), end)
            return True
        if not lead and _FORMULA_BEGINS.match(words):
            self._formula = True
            self._say("```", end)
            return True
        return False

    def _count(self, line: str, words: str) -> None:
        place = self.line + len(line) - len(words)
        if found := _ITEM.match(line):
            self.items.append(self.line + found.end() - 1)
        elif found := _ITEM.match(words):
            self.items.append(place + found.end() - 1)
        elif self._is_ended and words.strip(" \t\r") == "-":  # what is above it is a heading
            self.items.append(self.line + len(line))
        if words.startswith("|"):
            self.rows.append(place)


def _inside(lead: str) -> str:
    """The part of a lead that is inside of all quotes; one space belongs to the mark of a quote."""
    _, sign, inside = lead.expandtabs(_TAB).rpartition(">")
    return inside.removeprefix(" ") if sign else inside


def _indent(line: str) -> int:
    """In columns."""
    return len(line[: signs.indent(line)].expandtabs(_TAB))


def _without(end: re.Pattern[str], line: str) -> str:
    """The line without what is at its end; what is longer than any token stays."""
    found = end.search(line, max(0, len(line) - LONGEST - 64))
    return line[: found.start()] if found else line

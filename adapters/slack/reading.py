"""Markdown read line by line and written for Slack, each token decided once and for good."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapters.slack.inline import Line, Rules
from adapters.slack.neutral import HALF, defused
from bot.markdown import signs

_FENCE = re.compile(r"(`{3,})[^`]*\Z|(~{3,}).*\Z")
_FENCE_TO_COME = re.compile(r"(?:`+|~+|`{3,}[^`]*|~{3,}.*|\\\[?|\${1,2})[ \t]*\Z")
_FORMULA_BEGINS = re.compile(r"[ ]{0,3}(?:\\\[|\$\$)[ \t]*\Z")
_FORMULA_ENDS = re.compile(r"[ \t]*(?:\\\]|\$\$)[ \t]*\Z")
_RULE = re.compile(r"[ \t>]*([-*_=])(?:[ \t]*\1)*[ \t]*\Z")
_LAST_WORD = re.compile(r"\S{1,300}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Code is open. `column` is where the words begin of the list item around it."""

    sign: str
    quoted: bool = False
    column: int = 0

    def is_closed_by(self, line: str) -> bool:
        words = line.lstrip(" \t>") if self.quoted else line
        bare = words.strip(" \t\r")
        if signs.indent(words) > self.column + 3 or len(bare) < len(self.sign):
            return False
        return not bare.strip(self.sign[0])

    def is_left_by(self, line: str) -> bool:
        if self.quoted:
            return not line.lstrip(" \t").startswith(">")
        return bool(line.strip()) and signs.indent(line) < self.column


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a line begins in: code, a formula, a list item whose words begin at `column`."""

    fence: Fence | None = None
    formula: bool = False
    column: int = 0


class Reading:
    """`parts` of the wire and the `ends` of what each was read from.

    With `last` nothing comes after `text`. Otherwise the last line is read again once there is more
    of it: it begins at `line`, behind the first `whole` parts, as `begun`. `items` and `rows`
    are where those begin of which a message holds only so many.
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
        self.standing = standing or Standing()
        self.rules = rules
        self._known = known
        self._read(text, last=last)

    def _read(self, text: str, *, last: bool) -> None:
        while (end := text.find("\n", self.line)) >= 0:
            self._take(text[self.line : end], is_open=False)
            self._say("\n", end + 1)
            self.line, self.whole = end + 1, len(self.parts)
        self.begun = self.standing
        self._take(text[self.line :], is_open=not last)
        if last and self.standing.formula:
            self._say("\n```", len(text))

    def _say(self, words: str, end: int) -> None:
        self.parts.append(words)
        self.ends.append(end)

    def _take(self, line: str, *, is_open: bool) -> None:
        fence = self.standing.fence
        if is_open and not line.strip():
            return
        if fence and fence.is_left_by(line):
            self.standing = replace(self.standing, fence=None)
            fence = None
        if fence:
            self._take_code(line, fence, is_open=is_open)
        elif self.standing.formula:
            self._take_formula(line, is_open=is_open)
        else:
            self._take_text(line, is_open=is_open)

    def _take_code(self, line: str, fence: Fence, *, is_open: bool) -> None:
        end = len(line)
        if is_open:
            if not line.strip(" \t>").strip(fence.sign[0]):
                return
            half = (_LAST_WORD if self.rules.hardened else HALF).search(line)
            end = half.start() if half else end
        elif fence.is_closed_by(line):
            self.standing = replace(self.standing, fence=None)
        self._say(defused(line[:end]), self.line + end)

    def _take_formula(self, line: str, *, is_open: bool) -> None:
        if is_open:
            return
        if not line.strip() or _FORMULA_ENDS.match(line):
            self.standing = replace(self.standing, formula=False)
            self._say("```" if line.strip() else "```\n", self.line + len(line))
        else:
            self._say(defused(line.replace("`", "'")), self.line + len(line))

    def _take_text(self, line: str, *, is_open: bool) -> None:
        lead = signs.LEAD.match(line)
        begin = lead.end() if lead else 0
        words = line[begin:]
        if is_open and _FENCE_TO_COME.match(words):
            return
        self._nest(line, begin)
        if not is_open:
            if fence := self._begun(line, begin):
                self.standing = replace(self.standing, fence=fence)
                self._say(defused(line), self.line + len(line))
                return
            if _FORMULA_BEGINS.match(line):
                self.standing = replace(self.standing, formula=True)
                self._say("```", self.line + len(line))
                return
            self._count(line, words)
        self._say(line[:begin], self.line + begin)
        inline = Line(words, self.rules, self._known, is_open=is_open)
        inline.read()
        self.parts += inline.parts
        self.ends += [self.line + begin + end for end in inline.ends]

    def _nest(self, line: str, begin: int) -> None:
        inside = line[:begin].rpartition(">")[2]
        if inside.strip():
            self.standing = replace(self.standing, column=len(inside))
        elif line.strip() and signs.indent(inside or line) < self.standing.column:
            self.standing = replace(self.standing, column=0)

    def _begun(self, line: str, begin: int) -> Fence | None:
        """The code that begins with this line."""
        found = _FENCE.match(line, begin)
        if not found:
            return None
        lead, column = line[:begin], self.standing.column
        inside = lead.rpartition(">")[2]
        if not inside.strip():
            column = column if len(inside) >= column else 0
            if len(inside) > column + 3:
                return None  # code by its indent, and no mark of code
        return Fence(sign=found[1] or found[2], quoted=">" in lead, column=column)

    def _count(self, line: str, words: str) -> None:
        if signs.HEADING.match(words) or _RULE.match(line) or signs.DELIMITER.match(f"{line}\n"):
            self.items.append(self.line)
        if words.startswith("|"):
            self.rows.append(self.line)

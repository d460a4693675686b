"""The words of one line, written so that Slack's reader cannot but take them as they are meant.

Every "<" and every link is ours, no target is named apart from its link, and a backtick that closes
nothing is freed of its meaning. What is decided depends on nothing behind the line.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape

from adapters.slack import links
from adapters.slack.neutral import LONGEST, UNSEEN, unlinked
from bot.markdown import signs

LABEL = 500
"""Characters of a link's words, at most."""

DEPTH = 8
"""Brackets in each other; what holds more of them is no link's words."""

CODE = 500
"""Characters of code in a line, at most; what is longer is shown with its backticks."""

FORMULA = 200
"""Characters of a formula in a line, at most."""

_SPECIAL = re.compile(r"[\\`$\[\]<*~]|!(?=\[)|(?<![A-Za-z0-9])(?i:https?://)")
_SPECIAL_ASCII = re.compile(r"[\\`$\[\]<]|!(?=\[)|(?<![A-Za-z0-9])(?i:https?://)")
_TICKS = re.compile(r"`+")
_RUN = re.compile(r"\*+|~+")
_BRACKETS = re.compile(r"\\.|`+[^`]*`+|`+|[\[\]]")
_REFERENCE = re.compile(r"\[([^\[\]]{0,200})\]")
_REFERENCE_TO_COME = re.compile(r"\[[^\[\]]{0,200}\Z")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_DEFINITION = re.compile(
    rf"(?m)^[ \t>]*\[([^\[\]\n]{{1,200}})\]:[ \t]*(?:<([^<>\n]+)>|([^\s<]\S{{0,{LONGEST}}}))"
)
_ANGLE = re.compile(
    rf"<([A-Za-z][A-Za-z0-9+.-]{{1,31}}:[^<>|\s]{{0,{LONGEST}}})(?:\|([^<>]{{0,{LABEL}}}))?>"
)
_ANGLE_TO_COME = re.compile(
    rf"<(?:[A-Za-z][A-Za-z0-9+.-]{{0,31}}(?::[^<>|\s]{{0,{LONGEST}}}(?:\|[^<>]{{0,{LABEL}}})?)?"
    r"|[Bb][Rr][ \t]*/?|@\w{0,32})?\Z"
)
_BREAK = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)

# Sentences in scripts without spaces go on right behind an address.
_URL = re.compile(
    rf"(?i:https?://)(?:[^\s<>\[\]\"`|\\{UNSEEN}\u2018-\u201f\u2026\u3000-\u303f\uff01-\uff0f\uff1a-\uff20"
    rf"\uff3b-\uff40\uff5b-\uff65]|\[[\w.-]{{0,32}}\](?!\()){{0,{LONGEST}}}"
)
_URL_TO_COME = re.compile(r"\[[\w.-]{0,32}\]?\Z")

_FORMULA = re.compile(
    r"\$\$([^$`]{1,200})\$\$|\$(?![\s$])((?:[^$\\`]|\\[^`]){1,200})(?<!\s)\$(?!\d)"
    r"|\\\(((?:[^\\`]|\\[^()`]){1,200})\\\)|\\\[((?:[^\\`]|\\[^\[\]`]){1,200})\\\]"
)
# A word or two between dollars are names of variables, or money.
_WORDY = re.compile(r"[^\\^={}]*[^\W\d_]{3}[^\\^={}]*\Z")
_MATHEMATICAL = re.compile(r"[\\^_=+*/<>|\d]|\A\s*[^\W\d_]\s*\Z")

# What may go on as something else: an image, a shortcode of an emoji, an entity, an address.
_OPEN_END = re.compile(
    r"(?:!|[*~]{1,9}|(?<![A-Za-z0-9:]):[a-z0-9_+'-]{0,48}|&#?\w{0,8}"
    r"|(?<![A-Za-z0-9])(?i:h|ht|htt|https?:?/?))\Z"
)
_LAST_WORD = re.compile(r"\S{1,300}\Z")

_BESIDE = "\u200b"
# Letters written without spaces: Slack finds marks between them only with a space beside the mark,
# and one that nobody sees will do.
_CLOSE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How words are written. `label`: they are a link's, and hold none themselves."""

    asker: str = ""
    hardened: bool = False
    label: bool = False


def definitions(text: str, *, last: bool = True) -> dict[str, str]:
    """The targets of links that `text` names apart; of a text that grows, not in its last line."""
    if "]:" not in text:
        return {}
    found: dict[str, str] = {}
    for match in _DEFINITION.finditer(text, 0, len(text) if last else text.rfind("\n") + 1):
        found.setdefault(_key(match[1]), match[2] or match[3])
    return found


class Line:
    """`parts` of the wire and the `ends` of what each was read from; up to `at` all is decided.

    Where more of the line may come, `is_open`, what only that can tell is held back.
    """

    def __init__(
        self,
        line: str,
        rules: Rules,
        known: Mapping[str, str],
        *,
        is_open: bool = False,
        nested: bool = False,
    ) -> None:
        """`nested`: in a list item or a quote, where a new line would have to be set in."""
        self.at = 0
        self.parts: list[str] = []
        self.ends: list[int] = []
        self._line = line
        self._rules = rules
        self._known = known
        self._is_open = is_open
        self._nested = nested or rules.label
        self._closings: set[int] = set()  # places of brackets that were opened in this line
        self._special = _SPECIAL_ASCII if line.isascii() else _SPECIAL
        self._readers: Mapping[str, Callable[[], bool]] = {
            "\\": self._escape,
            "`": self._code,
            "$": self._formula,
            "[": self._bracket,
            "!": self._bracket,
            "]": self._stray,
            "<": self._angle,
            "*": self._mark,
            "~": self._mark,
        }

    def read(self) -> str:
        while self.at < len(self._line) and self._step():
            pass
        return "".join(self.parts)

    def _step(self) -> bool:
        """Decide what comes next; False when more of the line has to come first."""
        found = self._special.search(self._line, self.at)
        if found is None or found.start() > self.at:
            return self._words(found.start() if found else len(self._line))
        return self._readers.get(found[0], self._address)()

    def _say(self, words: str, end: int) -> bool:
        last = self.parts[-1][-1:] if self.parts else ""
        if (last == "`" and words[:1] == "`") or (last == "!" and words[:1] == "[" != words):
            words = _BESIDE + words  # each for itself
        self.parts.append(words)
        self.ends.append(end)
        self.at = end
        return True

    def _is_cut(self, end: int) -> bool:
        """Whether what comes at `end` is still to come."""
        return self._is_open and end >= len(self._line)

    def _words(self, end: int) -> bool:
        whole = end
        if self._is_cut(end):
            end = self._held_from(end)
        words = self._line[self.at : end]
        if self._rules.hardened:
            words = unlinked(words)
        elif not words.isascii() and not self._rules.label:
            words = links.with_hosts(words, self._line[end : end + 2])
        return self._say(words, end) and end == whole

    def _held_from(self, end: int) -> int:
        """Where at the end of the line words begin that may go on as something else."""
        start = max(self.at, end - 300)
        held = [found.start() for found in [_OPEN_END.search(self._line, start)] if found]
        if self._rules.hardened and (found := _LAST_WORD.search(self._line, start)):
            held.append(found.start())
        elif not self._line.isascii() and (
            found := links.FOREIGN_TO_COME.search(self._line, start)
        ):
            held.append(found.start("held"))
        return min([end, *held])

    def _escape(self) -> bool:
        at = self.at
        if self._is_cut(at + 1):
            return False
        sign = self._line[at + 1 : at + 2]
        if sign in ("(", "[") and sign and not self._rules.label:
            return self._formula()
        if sign == "<":
            return self._say("&lt;", at + 2)
        if _ESCAPE.match(self._line, at):
            return self._say(self._line[at : at + 2], at + 2)
        return self._say("\\\\" if sign in ("h", "H") else "\\", at + 1)

    def _code(self) -> bool:
        line, at = self._line, self.at
        run = _TICKS.match(line, at)
        begin = run.end() if run else at
        size = begin - at
        if self._is_cut(begin):
            return False
        runs = _TICKS.finditer(line, begin, begin + CODE)
        end = next((found.end() for found in runs if found.end() - found.start() == size), 0)
        if self._is_cut(end) if end else self._is_open and len(line) < begin + CODE:
            return False
        # A table's cells part code, and what is in there would be a link after all.
        is_parted = "|" in line[at:end] and "](" in line[at:end]
        if not end or is_parted:
            return self._say("\\`" * size, begin)
        return self._say(self._apart(line[at:end], at, end), end)

    def _apart(self, words: str, start: int, end: int) -> str:
        before, after = self._beside(start, end)
        before = _BESIDE if _CLOSE.match(before) else ""
        return before + words + (_BESIDE if _CLOSE.match(after) else "")

    def _beside(self, start: int, end: int) -> tuple[str, str]:
        return self._line[start - 1 : start] or " ", self._line[end : end + 1] or " "

    def _mark(self) -> bool:
        at = self.at
        run = _RUN.match(self._line, at)
        end = run.end() if run else at + 1
        if self._is_cut(end):
            return False
        before, after = self._beside(at, end)
        words = self._line[at:end]
        if not (before.isspace() or after.isspace()) and _CLOSE.search(before + after):
            words = f"{_BESIDE}{words}{_BESIDE}"
        return self._say(words, end)

    def _formula(self) -> bool:
        line, at = self._line, self.at
        size = 1 if line[at] == "$" else 2
        found = None if self._is_money() else _FORMULA.match(line, at)
        if found and not self._is_cut(found.end()):
            words = " ".join((found[1] or found[2] or found[3] or found[4]).split())
            wordy = found[2] and _WORDY.match(words)
            if words and not wordy and _MATHEMATICAL.search(words):
                words = words.replace("|", "\\|") if "|" in line[:at] else words
                return self._say(self._apart(f"`{words}`", at, found.end()), found.end())
        elif self._is_open and self._may_be_formula():
            return False
        return self._say(line[at : at + size], at + size)

    def _is_money(self) -> bool:
        line, at = self._line, self.at
        return not line.startswith("$$", at) and bool(signs.MONEY.match(line, at))

    def _may_be_formula(self) -> bool:
        rest = self._line[self.at :]
        return not self._is_money() and "`" not in rest and len(rest) < FORMULA + 8

    # Links

    def _bracket(self) -> bool:
        line = self._line
        start = self.at + (line[self.at] == "!")
        end = self._end_of_label(start)
        if not end:
            is_open = self._is_open and len(line) - start < LABEL
            return not is_open and self._only_sign()
        if self._is_cut(end):
            return False
        match line[end : end + 1]:
            case "(":
                return self._inline_link(start, end)
            case "[":
                return self._named_link(start, end)
            case ":" if not start:
                self._closings.add(end - 1)
                return self._say("\\[", 1)  # it would name a target for what is written elsewhere
            case _:
                return self._link(start, end, end, self._known.get(_key(line[start + 1 : end - 1])))

    def _end_of_label(self, start: int) -> int:
        depth = 0
        for found in _BRACKETS.finditer(self._line, start, start + LABEL):
            if found[0] == "[":
                depth += 1
                if depth > DEPTH:
                    break  # each of them would be looked for again and again
            elif found[0] == "]":
                depth -= 1
                if not depth:
                    return found.end()
            elif self._is_open and found[0].strip("`") == "" and len(self._line) < start + LABEL:
                break  # code that may go on beyond the next bracket
        return 0

    def _inline_link(self, start: int, at: int) -> bool:
        found = signs.TARGET.match(self._line, at, at + signs.LINK, partial=True)
        if found and found.partial:
            if self._is_open and len(self._line) < at + signs.LINK:
                return False
            found = None
        if not found:
            return self._only_sign()
        inside = found[0][1:-1].strip()
        url = (
            inside[1 : inside.find(">")]
            if inside[:1] == "<"
            else "".join(inside.split(None, 1)[:1])
        )
        return self._link(start, at, found.end(), url)

    def _named_link(self, start: int, at: int) -> bool:
        if self._is_open and _REFERENCE_TO_COME.match(self._line, at):
            return False
        found = _REFERENCE.match(self._line, at)
        name = (found[1] if found else "") or self._line[start + 1 : at - 1]
        url = self._known.get(_key(name))
        return self._link(start, at, found.end() if found else at, url)

    def _link(self, start: int, label_end: int, end: int, url: str | None) -> bool:
        """The link from `at` to `end`; only a bracket where it has no `url`."""
        if url is None:
            return self._only_sign()
        target = unescape(_ESCAPE.sub(r"\1", url))
        label = self._line[start + 1 : label_end - 1]
        if self._rules.label:
            return self._say(_as_text(links.read(label)), end)
        label = Line(label, Rules(label=True, hardened=self._rules.hardened), {}).read().strip()
        words = links.read(label)
        if start > self.at:
            label = f"{links.PICTURE} {label or links.host(links.safe(target))}".rstrip()
            words = label
        return self._say(links.link(label, words, target, hardened=self._rules.hardened), end)

    def _only_sign(self) -> bool:
        sign = self._line[self.at]
        if sign == "[":
            self._closings.add(self._end_of_label(self.at) - 1)
        return self._say(f"\\{sign}" if self._rules.label and sign == "[" else sign, self.at + 1)

    def _stray(self) -> bool:
        at = self.at
        if self._rules.label:
            return self._say("\\]", at + 1)
        if self._is_cut(at + 1):
            return False
        after = self._line[at + 1 : at + 2]
        # What was opened in a line above would name a target.
        if after == "(" or (after == ":" and at not in self._closings):
            return self._say(f"]\\{after}", at + 2)
        return self._say("]", at + 1)

    def _angle(self) -> bool:
        line, at = self._line, self.at
        mention = f"<@{self._rules.asker}>"
        if self._rules.asker and line.startswith(mention, at):
            return self._say(mention, at + len(mention))
        if self._is_open and _ANGLE_TO_COME.match(line, at):
            return False
        if found := _BREAK.match(line, at):
            return self._say(self._break() if at else _BESIDE, found.end())
        found = _ANGLE.match(line, at)
        if not found or not links.safe(found[1]):
            return self._say("&lt;", at + 1)
        return self._say(self._angled(found[1], found[2]), found.end())

    def _break(self) -> str:
        """A new line where that is no other block's; one that begins like this begins none."""
        return " · " if self._nested or "|" in self._line[: self.at] else f"\n{_BESIDE}"

    def _angled(self, url: str, label: str | None) -> str:
        if self._rules.label:
            return _as_text(label or links.safe(url))
        if label is None:
            return links.autolink(url, hardened=self._rules.hardened)
        return links.link(_as_text(label), label, url, hardened=self._rules.hardened)

    def _address(self) -> bool:
        found = _URL.match(self._line, self.at)
        end = found.end() if found else self.at + 1
        if self._is_cut(end) and end - self.at < LONGEST:
            return False
        if self._is_open and _URL_TO_COME.match(self._line, end):
            return False
        url = self._line[self.at : end]
        url = url[: links.length(url)]
        end = self.at + len(url)
        if self._rules.label or len(url) <= len("https://"):
            return self._say(url, end)
        return self._say(links.autolink(url, hardened=self._rules.hardened), end)


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()


def _as_text(words: str) -> str:
    """`words` as they are inside of a label."""
    words = words.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return words.replace("`", "\\`").replace("<", "&lt;")

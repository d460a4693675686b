"""Keeps a model's reasoning out of the text people see, while the text is still growing.

Reasoning is `<think>…</think>`, or `<details><summary>Thinking...</summary>…</details>` as Dify
writes it. Answers may talk about these tags too, so:

- An opening tag counts at the start of the text or of a line, outside fenced code. `<details>` only
  when its summary says thinking, thought or reasoning; any other is content.
- A closing tag counts wherever it stands in the reasoning, unless it is quoted in backticks. Blocks
  may nest. Should a model open more than it closes, the text after the last closing tag is shown in
  the end: losing an answer is worse than showing it late.
- Some models leave out the opening tag. A `</think>` before any opening therefore makes all text
  before it reasoning, if it begins a line, or ends one directly after a word ("So be it.</think>").
  Elsewhere it is text, and so is one in a line that mentions `<think` as well.
- Reasoning that nothing closes stays hidden.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

HOLD_LIMIT: Final = 256
"""Characters held back at most while they may become a tag. Dify's opening has 125."""

_ATTRIBUTES: Final = r"(?:\s[^<>]*)?"
_THINK: Final = (*"<think", _ATTRIBUTES, ">")
_END_THINK: Final = (*"</think", r"\s*", ">")
_DETAILS: Final = (*"<details", _ATTRIBUTES, ">")
_SUMMARY: Final = (r"\s*", *"<summary", _ATTRIBUTES, ">", "[^<>]*", *"</summary", r"\s*", ">")
_END_DETAILS: Final = (*"</details", r"\s*", ">")
_SAYS_REASONING: Final = re.compile(r"\b(?:thinking|thought|reasoning)\b", re.IGNORECASE)
_MENTIONS_THINK: Final = re.compile(r"<think\b", re.IGNORECASE)
_FENCE: Final = re.compile(r"[ \t>]*(`{3,}|~{3,})(.*)", re.DOTALL)


class Shown(NamedTuple):
    """What to do with the visible text: append `text` to it, or let `text` replace all of it."""

    text: str
    replaces: bool


class _Tag:
    """A tag made of steps, each of which is a character or a repetition."""

    def __init__(self, steps: Sequence[str]) -> None:
        start = ""
        for step in reversed(steps):
            start = f"(?:{step}{start})?"
        self._whole = re.compile("".join(steps), re.IGNORECASE)
        self._start = re.compile(start, re.IGNORECASE)

    def length(self, text: str) -> int:
        """Characters of the tag that `text` begins with, or 0."""
        found = self._whole.match(text, 0, HOLD_LIMIT)
        return found.end() if found else 0

    def may_come(self, text: str) -> bool:
        """Whether more text could make it the tag, within the limit."""
        return len(text) < HOLD_LIMIT and self._start.fullmatch(text) is not None


class _Block(NamedTuple):
    """How a kind of reasoning opens in visible text, nests in itself, and closes."""

    opening: _Tag
    nested: _Tag
    closing: _Tag


_BLOCKS: Final = (
    _Block(_Tag(_THINK), _Tag(_THINK), _Tag(_END_THINK)),
    _Block(_Tag((*_DETAILS, *_SUMMARY)), _Tag(_DETAILS), _Tag(_END_DETAILS)),
)
_CLOSING: Final = _Tag(_END_THINK)
_CLOSING_AT_LINE_END: Final = _Tag((*_END_THINK, r"[ \t\r]*", r"\n"))

_TEXT: Final = 0
_WAIT: Final = -1


class ReasoningFilter:
    """Feed it deltas; apply what it returns. The work is linear in the text, whatever the cuts."""

    def __init__(self) -> None:
        self._shown = False  # the caller has been given text
        self._begin()

    def _begin(self) -> None:
        self._plain = False  # in the middle of a visible line, with nothing pending
        self._held = ""  # begins with "<": may become a tag
        self._out: list[str] = []  # what this call shows
        self._replaces = False
        self._blank = True  # nothing but whitespace is visible
        self._trims = False  # drops whitespace after a block with nothing before it
        self._line: list[str] = []  # the line so far; what follows a block begins a new one
        self._line_blank = True
        self._fence = ""  # the marker of the open code fence
        self._lone_counts = True
        self._block: _Block | None = None
        self._depth = 0
        self._after_closing: list[str] | None = None  # hidden only because blocks are still open

    def passes(self, delta: str) -> bool:
        """Whether `delta` is shown as it stands, and is taken with that; else `feed` it.

        True for nearly every delta: a word inside a line that is visible anyway.
        """
        if self._plain and "<" not in delta and "\n" not in delta:
            self._line.append(delta)
            return True
        return False

    def feed(self, delta: str) -> Shown:
        """Take the next piece of the model's text."""
        if delta and self.passes(delta):
            return Shown(delta, False)
        self._read(self._held + delta, last=False)
        return self._result()

    def replace(self, text: str) -> Shown:
        """Forget everything; the model's text is now `text`, and may go on growing."""
        self._begin()
        self._replaces = True
        self._read(text, last=False)
        return self._result()

    def finish(self) -> Shown:
        """Release what was held back; the text is complete."""
        self._read(self._held, last=True)
        if self._block is not None and self._after_closing is not None:
            self._block = None
            self._show("".join(self._after_closing))
        return self._result()

    def _result(self) -> Shown:
        shown = Shown("".join(self._out), self._replaces)
        self._shown = bool(shown.text) or (self._shown and not self._replaces)
        self._out.clear()
        self._replaces = False
        self._plain = not (
            self._held or self._block or self._trims or self._blank or self._line_blank
        )
        return shown

    def _read(self, text: str, *, last: bool) -> None:
        self._held = ""
        position = 0
        while (tag := text.find("<", position)) >= 0:
            self._pass(text[position:tag])
            # No tag is longer than the limit; one character more tells whether it is quoted.
            step = self._step(text[tag : tag + HOLD_LIMIT + 1], last=last)
            if step == _WAIT:
                self._held = text[tag:]
                return
            if step == _TEXT:
                self._pass("<")
                step = 1
            position = tag + step
        self._pass(text[position:])

    def _step(self, text: str, *, last: bool) -> int:
        """Characters of the tag here, which has taken effect; or _TEXT, or _WAIT for more."""
        if self._block is not None:
            return self._step_hidden(self._block, text, last=last)
        if self._fence:
            return _TEXT
        if self._line_blank:
            return self._step_line_start(text, last=last)
        return self._step_line_end(text, last=last)

    def _step_hidden(self, block: _Block, text: str, *, last: bool) -> int:
        if length := block.closing.length(text):
            if self._line and self._line[-1].endswith("`"):
                if len(text) == length and not last:
                    return _WAIT
                if text[length : length + 1] == "`":
                    return _TEXT
            self._close()
            return length
        if self._line_blank and (length := block.nested.length(text)):
            self._depth += 1
            self._start_line()
            return length
        waits = block.closing.may_come(text) or (self._line_blank and block.nested.may_come(text))
        return _WAIT if waits and not last else _TEXT

    def _step_line_start(self, text: str, *, last: bool) -> int:
        for block in _BLOCKS:
            length = block.opening.length(text)
            if length and (block is _BLOCKS[0] or _SAYS_REASONING.search(_summary(text[:length]))):
                self._open(block)
                return length
        if self._lone_counts and (length := _CLOSING.length(text)):
            self._hide_all()
            return length
        waits = any(block.opening.may_come(text) for block in _BLOCKS)
        waits = waits or (self._lone_counts and _CLOSING.may_come(text))
        return _WAIT if waits and not last else _TEXT

    def _step_line_end(self, text: str, *, last: bool) -> int:
        if not self._lone_counts or self._line[-1][-1] in " \t`":
            return _TEXT
        if length := _CLOSING_AT_LINE_END.length(text):
            if _MENTIONS_THINK.search("".join(self._line)):
                return _TEXT
            self._hide_all()
            return length
        return _WAIT if _CLOSING_AT_LINE_END.may_come(text) and not last else _TEXT

    def _open(self, block: _Block) -> None:
        self._block = block
        self._depth = 1
        self._after_closing = None
        self._lone_counts = False
        if self._blank:
            self._take_back()
        self._start_line()

    def _close(self) -> None:
        self._depth -= 1
        self._after_closing = []
        if self._depth == 0:
            self._block = None
            self._trims = self._blank
        self._start_line()

    def _hide_all(self) -> None:
        self._lone_counts = False
        self._take_back()
        self._blank = True
        self._trims = True
        self._start_line()

    def _take_back(self) -> None:
        self._out.clear()
        self._replaces = self._replaces or self._shown

    def _start_line(self) -> None:
        self._line.clear()
        self._line_blank = True

    def _pass(self, text: str) -> None:
        """Text that is no tag: visible, or hidden with the block around it."""
        if not text:
            return
        if self._block is None:
            self._show(text)
        elif self._after_closing is not None:
            self._after_closing.append(text)
        *ended, rest = text.split("\n")
        for line in ended:
            self._line.append(line)
            self._end_line()
        if rest:
            self._line.append(rest)
            self._line_blank = self._line_blank and rest.isspace()

    def _show(self, text: str) -> None:
        if self._trims:
            text = text.lstrip()
            self._trims = not text
        if text:
            self._out.append(text)
            self._blank = self._blank and text.isspace()

    def _end_line(self) -> None:
        if self._block is None:
            line = "".join(self._line)
            if found := _FENCE.match(line):
                self._pass_fence(found[1], found[2])
        self._start_line()

    def _pass_fence(self, marker: str, rest: str) -> None:
        if not self._fence:
            if marker[0] == "~" or "`" not in rest:
                self._fence = marker
        elif marker.startswith(self._fence) and not rest.strip():
            self._fence = ""


def without_reasoning(text: str) -> str:
    """The visible part of a complete text."""
    reasoning = ReasoningFilter()
    start, end = reasoning.feed(text), reasoning.finish()
    return end.text if end.replaces else start.text + end.text


def _summary(opening: str) -> str:
    return re.split(r"<summary[^>]*>", opening, maxsplit=1, flags=re.IGNORECASE)[-1]

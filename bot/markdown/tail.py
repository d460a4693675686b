"""What is half-open at the end of growing CommonMark, closed or held back for display."""

from bot.markdown import signs
from bot.markdown.reader import Fence, Mark, Reader


def close_open(text: str) -> str:
    """`text`, unfinished, as it is to be shown now."""
    tail = Tail()
    tail.feed(text)
    return tail.shown()


def seal(text: str) -> str:
    """The whole of `text`, with what is open in it closed, so that something can follow it."""
    text = text.rstrip()
    reader = Reader()
    reader.feed(text)
    closing = _closing(reader.marks()) if reader.at == len(text) else ""
    reader.feed("\n")  # a line that closes code is one now
    if reader.fence:
        return f"{text}\n{reader.fence.lead}{reader.fence.sign}"
    return text + closing


class Tail:
    """`close_open` for a text that grows: `feed` costs O(appended).

    What is shown formatted once is not shown as raw marks later. To that end up to `signs.HELD`
    characters are held back while only the next ones can tell what they mean, and the target of a
    link up to `signs.LINK`; its label is shown as plain text meanwhile.
    """

    def __init__(self) -> None:
        self._reader = Reader()

    @property
    def text(self) -> str:
        """All that was fed."""
        return self._reader.text

    @property
    def open_from(self) -> int:
        """Where the outermost thing begins that is open or undecided; the end if there is none."""
        return min([self._reader.at, *(mark.start for mark in self._reader.marks())])

    @property
    def torn_from(self) -> int:
        """The same for what can neither be closed nor opened again: a link, code, a formula."""
        marks = [mark for mark in self._reader.marks() if not mark.is_emphasis]
        return min([self._reader.at, *(mark.start for mark in marks)])

    @property
    def closing(self) -> str:
        """What closes the marks that are open at the end."""
        return _closing(self._reader.marks())

    @property
    def opening(self) -> str:
        """What opens them again, in a text of its own."""
        marks = self._reader.marks()
        return "".join(self.text[mark.start : mark.end] for mark in marks if mark.close)

    def feed(self, appended: str) -> None:
        self._reader.feed(appended)

    def shown(self) -> str:
        """What is to be seen of the text while more is to come."""
        reader = self._reader
        if reader.fence:
            return self._shown_code(reader.fence)
        if reader.new_line and (line := self._shown_line()):
            return line
        end = reader.at
        if not reader.new_line and end and reader.text[end:] == "!":
            # An image begins a word; "Hello!" is shown at once.
            end += not reader.text[end - 1].isspace()
        if not reader.marks() and end > reader.content:
            return reader.text[:end]
        return self._shown_marks(end)

    def lasting(self) -> str:
        """The beginning of the text that looks the same whatever comes, with nothing put in.

        Each goes on from the one before. What is marked is there once it is closed, or longer than
        `signs.HELD`, a link with its target.
        """
        reader = self._reader
        if reader.fence:
            blank = not reader.text[reader.fence.body : reader.at].strip()
            return reader.text[: reader.fence.start if blank else reader.at]
        recent = (mark.start for mark in reader.marks() if reader.at - mark.start <= signs.HELD)
        end = min([reader.at, *recent])
        if reader.line <= end <= reader.content and not reader.new_line:
            end = reader.line
        return reader.text[:end]

    def _shown_code(self, fence: Fence) -> str:
        text, end = self._reader.text, self._reader.at
        if not text[fence.body : end].strip():
            return text[: fence.start]
        newline = "" if text[end - 1] == "\n" else "\n"
        return f"{text[:end]}{newline}{fence.lead}{fence.sign}"

    def _shown_line(self) -> str:
        """The text with a line of which the kind is still open; "" when that is held back."""
        text, at = self._reader.text, self._reader.at
        head, newline, delimiter = text[at:].partition("\n")
        if newline and "-" in delimiter:
            lead = signs.LEAD.match(head)
            columns = "|---" * signs.columns(head)
            return f"{text[:at]}{head}\n{lead[0] if lead else ''}{columns}|"
        return text if len(text) - at > signs.HELD else ""

    def _shown_marks(self, end: int) -> str:
        """All up to `end`, without the brackets of links to come, and all marks closed."""
        text, marks = self._reader.text, self._reader.marks()
        while end:
            if text[end - 1].isspace():
                end = len(text[:end].rstrip())  # a mark does not close behind a space
            elif marks and marks[-1].end >= end:
                end = min(end, marks.pop().start)
            elif marks and text[end - 1] == marks[-1].close[:1] and self._is_text(end - 1):
                end -= 1  # it would merge with the mark that closes
            else:
                break
        if end <= self._reader.content and not self._reader.new_line:
            end = self._reader.line
        return self._without_brackets(marks, end) + _closing(marks)

    def _without_brackets(self, marks: list[Mark], end: int) -> str:
        parts, done = [], 0
        for mark in marks:
            if not mark.close and self._reader.at - mark.start <= signs.HELD:
                parts.append(self.text[done : mark.start])
                done = mark.end
        return "".join(parts) + self.text[done:end]

    def _is_text(self, place: int) -> bool:
        """Whether a sign stands for itself: it closes nothing and no backslash frees it."""
        escaped = self.text[max(0, place - 1)] == "\\"
        near = place > self._reader.at - signs.HELD
        return near and not escaped and place + 1 != self._reader.closed


def _closing(marks: list[Mark]) -> str:
    return "".join(mark.close for mark in reversed(marks))

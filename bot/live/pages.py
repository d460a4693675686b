"""The pages of a growing answer: those that stay as they are, and the one that grows."""

from bisect import bisect_left
from functools import partial
from sys import maxsize

from bot import markdown
from bot.markdown import Carry, Fits, Piece

_ENDS = (*".!?:;…。！？：；؟۔।",)
"""Behind one of these a message may end; anywhere else the model may be in the middle of a word."""

_TOP = (0, Carry())


class Pages:
    """As `bot.markdown.Pages`; besides, a page can be closed before it is full, and a text that
    takes the place of another keeps the closed pages both have. There are at most `most`, 0 for any
    number; what does not fit on them is the `surplus` of the whole text."""

    def __init__(self, fits: Fits, *, lasting: bool, most: int = 0) -> None:
        self._most = most or maxsize
        self._begun = partial(markdown.Pages, fits, lasting=lasting)
        self._text = ""
        self._pages = self._begun()
        self._growing: str | None = None  # of the text as it is, once it was asked for

    @property
    def closed(self) -> list[Piece]:
        return self._pages.closed[: self._most]

    @property
    def is_open(self) -> bool:
        """Whether there is anything beyond the closed pages, be it still held back."""
        rest = self._pages.rest.text
        full = len(self._pages.closed) >= self._most
        return bool(rest) and not rest.isspace() and not full

    @property
    def growing(self) -> str:
        """The open page as it is to be shown now."""
        if self._growing is None:
            self._growing = self._pages.growing().text
        return self._growing

    @property
    def finished(self) -> list[str]:
        """All pages of the text as it is, nothing held back."""
        return [page.text for page in self._pages.finished()[: self._most]]

    @property
    def surplus(self) -> str:
        """What of the text as it is comes behind the last page there may be."""
        pages = self._pages.finished()
        if len(pages) <= self._most:
            return ""
        last = pages[self._most - 1]
        return markdown.cut(self._text, last.end, lambda text: len(text), carry=last.carry).text

    def read(self, text: str) -> int | None:
        """Take the whole text so far; where it does not go on from the last one, how many closed
        pages are the same in both, else None."""
        if text == self._text:
            return None
        kept: list[Piece] | None = None
        if not text.startswith(self._text):
            kept = [page for page in self.closed if text.startswith(self._text[: page.end])]
            self._pages = self._begun()
            self._pages.closed = [*kept]
        self._text = text
        self._pages.feed(text)
        self._growing = None
        return None if kept is None else len(kept)

    def close(self, shown: str) -> None:
        """End the open page within what was `shown` of it; the rest begins the next one.

        Where little of that is there still, since the text was replaced, what is to be shown now
        takes its place.
        """
        page = self._pages.finished()[-1]
        whole = page.text.rstrip()
        views = (shown.rstrip(), self.growing.rstrip(), whole)
        seen = next(view for view in views if view and _common(whole, view) * 2 >= len(view))
        may_end = whole != page.text or whole.endswith(_ENDS)
        if seen != whole or not may_end:
            # Less than all of it: at a good place, and what is open there closed and opened again.
            limit = max(1, min(_common(whole, seen), len(whole) - 1))
            start, carry = (self.closed[-1].end, self.closed[-1].carry) if self.closed else _TOP
            within = markdown.cut(self._text, start, lambda _: limit, carry=carry)
            page = within if within.text.strip() else page
        self._pages.closed.append(page)
        self._growing = None


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    lengths = range(1, min(len(one), len(other)) + 1)
    return bisect_left(lengths, True, key=lambda length: one[:length] != other[:length])

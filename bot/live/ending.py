"""The last words of an answer as messages, and as a file where they are too many."""

from dataclasses import dataclass, replace

from bot.live.pages import Pages
from bot.live.part import Enclosed
from bot.surface import Document, Outgoing

NAME = "answer.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long an answer may get: `most` messages, 0 for any number, the rest is a file.

    `words` stand under the file. With `filed` it is there already, and only messages are written.
    """

    most: int = 0
    words: str = ""
    filed: bool = False


ANY_LENGTH = Length()


def last_words(final: Outgoing, pages: Pages, length: Length) -> list[Outgoing]:
    """What the messages are to show for good; the buttons go under the last one with text."""
    shown = [replace(final, text=text, buttons=(), own=0) for text in pages.finished]
    surplus = pages.surplus
    shown[-1] = replace(shown[-1], buttons=final.buttons, own=0 if surplus else final.own)
    if surplus:
        document = Document(name=NAME, data=surplus.encode(errors="replace"))
        return [*shown, Enclosed(text=length.words, mine=True, document=document)]
    return shown

"""What people see in Slack besides messages: the words and data, told by who puts it all together.

Everything here is plain data and functions that give it. They are asked when somebody looks; they
do not raise.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.events import MessageRef, Place
from bot.surface import Button


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The bot's own words in Slack's windows, in one language. The defaults are in none."""

    close: str = "✕"
    title: str = "…"
    """Over a window without a form."""
    wait: str = "…"
    """In a window whose form is on its way."""
    nothing: str = "–"
    """In a window for which no form has come."""
    choose: str = "…"
    """In a menu of which nothing is chosen."""
    yes: str = "✓"
    no: str = "✗"
    too_long: str = "…"
    """Where an answer is too long for the few messages that may be posted there."""
    busy: str = "…"
    """To a command or a press that cannot be kept right now."""
    external: str = ""
    """To somebody of another organisation, where none of them is answered; "" says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A button that says a command, such as "voice" with the text "on"."""

    label: str
    command: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One of several alike: what it is in plain words, a button beside it, the way to a message.

    `more` is CommonMark, of which the first words are shown.
    """

    text: str = field(repr=False)
    more: str = field(default="", repr=False)
    button: Button | None = None
    ref: MessageRef | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the home page; of it what is there is shown, from top to bottom.

    `text` is CommonMark, `mine` as in `bot.surface.Outgoing`; `small` is shown in grey.
    """

    heading: str = ""
    text: str = field(default="", repr=False)
    mine: bool = False
    small: bool = False
    rows: tuple[Row, ...] = ()
    buttons: tuple[Button | Order, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One person's home page of the app, from top to bottom."""

    title: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Questions pinned over an empty chat: what is read on each and what is asked by it."""

    title: str = ""
    questions: tuple[str, ...] = ()


def _no_words(_: str) -> Words:
    return Words()


async def _no_home(_: Place) -> Home:
    return Home()


async def _no_prompts(_: Place) -> Prompts:
    return Prompts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`words` by an IETF tag; `home` and `prompts` for the person of a place, their direct chat.

    `command` is the slash command as people type it.
    """

    command: str = "/ask"

    words: Callable[[str], Words] = _no_words
    home: Callable[[Place], Awaitable[Home]] = _no_home
    prompts: Callable[[Place], Awaitable[Prompts]] = _no_prompts

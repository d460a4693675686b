"""What the playground's platform keeps: people, chats, messages, and every change as a record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from bot.events import User
from bot.surface import Button

BOT = "bot"  # the author of what the bot says
EVERYONE = "everyone"  # the one group's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    name: str
    language: str = "en"

    @property
    def chat(self) -> str:
        """The person's own chat with the bot."""
        return f"dm-{self.id}"

    @property
    def user(self) -> User:
        return User(id=self.id, name=self.name, language=self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file on the platform; its bytes lie beside the journal. `at`: seconds since the epoch."""

    id: str
    media_type: str
    name: str = field(default="", repr=False)
    size: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    file: str
    media_type: str
    seconds: float = 0.0
    title: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message on the screen. `author` is BOT or a person's id, `at` seconds since the epoch.

    `growing` is whether a call is known to write it on; `edits` counts those of a person.
    """

    id: str
    chat: str
    author: str
    at: float
    text: str = field(default="", repr=False)
    growing: bool = False
    edits: int = 0
    edited: bool = False
    buttons: tuple[Button, ...] = ()
    files: tuple[Stored, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    voice: Voice | None = None
    reply_to: str = ""
    only_for: str = ""
    album: str = ""
    sent: str = ""
    """The page's own id of what made it."""


class _Change(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A record of the journal; tagged, so that one decoder reads them all."""


class Opened(_Change, frozen=True):
    """The first record: which room this is, and the next number it gives away."""

    room: str
    next: int
    behaviour: str


class Joined(_Change, frozen=True):
    person: Person


class Shown(_Change, frozen=True):
    """A message as it now is, new or changed."""

    post: Post


class Grew(_Change, frozen=True):
    """A message's text: the first `keep` characters, then `added`."""

    id: str
    keep: int
    added: str


class Removed(_Change, frozen=True):
    id: str


class Uploaded(_Change, frozen=True):
    file: Stored


class Happened(_Change, frozen=True):
    """An event that the bot has not accepted yet, as `bot.events.encode` gives it.

    `client` is the page's own id for it: the same one again is the same happening.
    """

    client: str
    event: str
    kind: str
    body: str


class Settled(_Change, frozen=True):
    """The bot has accepted everything that happened under this id of the page."""

    client: str


class Played(_Change, frozen=True):
    behaviour: str


Change: TypeAlias = (
    Opened | Joined | Shown | Grew | Removed | Uploaded | Happened | Settled | Played
)

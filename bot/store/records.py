"""What is kept, as data: rows of the database in the words of the domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from bot.events import Event, File, Message, MessageRef, Place

Value = str | int | float | bool
Outcome = Literal["whole", "stopped", "interrupted", "failed"]
State = Literal[
    "waiting", "asked", "streaming", "closing", "whole", "stopped", "interrupted", "failed"
]
"""An answer waits, is asked for, streams, is being closed, and then has its outcome for good.

`asked` is committed before the request leaves, so whatever is past `waiting` may have been billed.
"""
Opinion = Literal["like", "dislike"]
Role = Literal["text", "voice", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An accepted event that is to be done; `attempts` counts those begun before.

    For an album `event` is its parts as one message (the head's id, captions joined, all files),
    and `parts` are the events it was made of.
    """

    event: Event
    lane: str
    attempts: int = 0
    parts: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture of a question: at the API under `id`, or fetched by the API from `url`."""

    id: str = ""
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One message that asks. Parts of an album are rows of their own with the same `event`."""

    ref: MessageRef
    event: str
    """The event whose answer answers it."""
    text: str = field(default="", repr=False)
    files: tuple[File, ...] = ()
    quoted: str = field(default="", repr=False)
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One line of a source list."""

    title: str = field(repr=False)
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One generation, from the question to its last screen.

    `event` is the event it answers and unique; `replaces` the answer over which it is painted.
    `inputs` are what is sent, `files` what is still to be read on the platform, `uploads` what has
    been handed to the API. `outcome` is set from `closing` on. Text and files vanish by retention.
    """

    id: str
    event: str
    place: Place
    end_user: str
    question: MessageRef | None = None
    replaces: str = ""
    state: State = "waiting"
    outcome: Outcome | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict, repr=False)
    files: tuple[File, ...] = ()
    uploads: tuple[Upload, ...] = ()
    task_id: str = ""
    message_id: str = ""
    text: str = field(default="", repr=False)
    error: str = ""
    """A name of a CompletionError or of another fault, never its words."""
    sources: tuple[Source, ...] = ()
    tokens: int = 0
    price: Decimal = Decimal(0)
    currency: str = ""
    stop_wanted: bool = False
    created_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A message that shows a part of an answer, or says it aloud.

    `ref` is None between the intent to post and the platform's reply: after a crash in between
    nobody knows whether the message is there.
    """

    answer: str
    part: int
    role: Role
    ref: MessageRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What one person thinks of one answer, and how much of that the API has been told.

    `marks` are the reactions still present, oldest first. `wanted` is None for no rating.
    `content` are the person's words; `told` is whether the API may hold a rating.
    """

    answer: str
    user: str
    wanted: Opinion | None = None
    sent: Opinion | None = None
    content: str = field(default="", repr=False)
    content_sent: str = field(default="", repr=False)
    told: bool = False
    marks: tuple[str, ...] = ()
    attempts: int = 0
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """An outcome that stays. `rating` is what the asker thinks by then."""

    rating: Rating | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A finished answer: the event whose work is done with it, and whether its asker rated it."""

    work: str
    rated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What one person has settled in one chat. `voice`: every answer is also spoken."""

    inputs: Mapping[str, Value] = field(default_factory=dict, repr=False)
    voice: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A question the bot has asked one person in one chat and to which the next message replies.

    `kind` says which use case asked; `state` is that use case's own, JSON at heart. The message
    that asks is `note` in it, or of a photo `prompt`, by its id.
    """

    kind: Literal["inputs", "photo", "rating"]
    state: Mapping[str, object] = field(repr=False)
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one end user has used up on one day (UTC)."""

    day: date
    end_user: str
    tokens: int = 0
    price: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much was asked in a while, by how many, and how it ended.

    `open` are the answers that are not finished now; `spent` is money by currency.
    """

    asked: int
    people: int
    open: int
    outcomes: Mapping[str, int]
    likes: int
    dislikes: int
    tokens: int
    spent: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Speech of an answer, kept so that it is made only once."""

    data: bytes = field(repr=False)
    media_type: str


def scope(place: Place) -> str:
    """The key of what one person has settled in one chat, its threads included."""
    chat, user = place.chat, place.user
    return f"{chat.platform}:{chat.workspace}:{chat.id}:{user.workspace}:{user.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """How the bot came to a workspace: its token, sealed, or the organisation that has one.

    `through` names that organisation; then `sealed` is empty, and the row is one of its members.
    """

    platform: str
    workspace: str
    through: str = ""
    sealed: str = field(default="", repr=False)
    installed_at: datetime

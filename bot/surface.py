"""What the bot may do in a chat: one protocol, its data and its errors; platforms fulfil it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf
from typing import Literal, Protocol

from bot.events import Event, File, MessageRef, Place


class SurfaceError(Exception):
    """A platform did not do what it was asked to."""


class RateLimited(SurfaceError):
    """The platform wants quiet for `retry_after` seconds; nothing was done.

    `scope` is the budget's that ran out, where that is known; else all the call drew on are blamed.
    """

    def __init__(self, retry_after: float, *, scope: str = "") -> None:
        super().__init__(f"rate limited for {retry_after:g} s")
        self.retry_after = retry_after
        self.scope = scope


class Gone(SurfaceError):
    """The message is no longer there, or can no longer be changed."""


class Forbidden(SurfaceError):
    """The bot may not speak here: blocked, removed, or without the right to."""


class Expired(SurfaceError):
    """A short-lived permission has run out: an interaction, a stream."""


class Stopped(SurfaceError):
    """The person pressed the platform's own stop."""


class Unreachable(SurfaceError):
    """The platform did not answer, or failed inside. `sent` tells whether it may have acted.

    A call that leaves nothing behind, such as a draft, may be made twice: it was not `sent`.
    """

    def __init__(self, *, sent: bool = True) -> None:
        super().__init__("the platform does not answer")
        self.sent = sent


class Busy(Exception):
    """Nothing more is accepted for now; the platform is to come again after `retry_after` s."""

    def __init__(self, retry_after: float = 5.0) -> None:
        super().__init__("too busy to accept more")
        self.retry_after = retry_after


class Again(Exception):
    """The work could not be done yet and is to be done once more, after `after` seconds."""

    def __init__(self, after: float) -> None:
        super().__init__("to be done again")
        self.after = after


Accept = Callable[[Event], Awaitable[bool]]
"""Keeps an event before it returns; False for one known already. Raises Busy, nothing kept then."""


class Rank(IntEnum):
    """Who goes first when a budget is short."""

    FINAL = 0
    PERSON = 1  # what somebody just asked for, the first words of an answer among it
    FRAME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A token bucket: `rate` calls a second in `scope`, at most `burst` at once."""

    scope: str
    rate: float
    burst: int = 1


class Slots(Protocol):
    """The right to call a platform, shared by everybody who draws on the same budgets."""

    async def slot(self, budgets: Sequence[Budget], rank: Rank, *, who: str = "") -> None:
        """Return when one call may be made. `who` is the answer it is for; turns go round."""
        ...

    def give_back(self, budgets: Sequence[Budget]) -> None:
        """Return a slot that was not used."""
        ...

    def pause(self, budgets: Sequence[Budget], seconds: float) -> None:
        """The platform said 429: nobody gets a slot of these scopes until then."""
        ...

    def book(self, budgets: Sequence[Budget], *, who: str) -> bool:
        """Book the ending of a growing message before it begins.

        False when as many are open as a scarce scope can end at once: until one of them is over,
        no other may begin, and what comes to its end meanwhile is posted whole. Frames leave to the
        endings what is booked.
        """
        ...

    def unbook(self, *, who: str) -> None:
        """The message has ended, or will not be ended; nothing happens when none was booked."""
        ...


Act = Literal[
    "stop", "regenerate", "like", "dislike", "speak", "inputs", "suggest", "choose", "cancel"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`name` is one of `Act`; pressed, it comes back as an Action with the same name and value.

    `value` is at most 40 bytes of ASCII (Telegram: 64 bytes for name and value and more).
    `chosen` marks the one that is in force, such as the rating given.
    """

    label: str
    name: Act
    value: str = field(default="", repr=False)
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is said: CommonMark, and buttons under it.

    `mine` marks text in the bot's own words; all other text is a model's and must do no harm, but
    for its last `own` characters, which begin a paragraph: what the bot says under it.
    With `asks` the person is to reply to this very message: a platform that can opens the reply
    for them, with these words as the hint in its empty field (at most 64 characters).
    """

    text: str = field(repr=False)
    buttons: tuple[Button, ...] = ()
    mine: bool = False
    own: int = 0
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text file to keep; `name` ends in what it is, such as ".md"."""

    name: str
    data: bytes = field(repr=False)
    media_type: str = "text/markdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Audio to play; `seconds` is its length, 0 where unknown."""

    data: bytes = field(repr=False)
    media_type: str
    seconds: float = 0.0
    title: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One control of a form; `max_length` in characters, 0 for none."""

    name: str
    label: str
    kind: Literal["text", "paragraph", "select", "number", "checkbox"]
    required: bool = False
    value: str = field(default="", repr=False)
    options: tuple[str, ...] = ()
    max_length: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Something to fill in at once; comes back as a Submission with the same id.

    `check` gives a sentence per field at fault, nothing when all is well; it is pure and quick, so
    that a platform can answer faults in the form itself.
    """

    id: str
    title: str
    fields: tuple[FormField, ...]
    submit: str
    check: Callable[[Mapping[str, str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one place can show, as data: the core asks before it acts.

    `upload_limit` is in bytes. A message may grow for `grow_for` seconds; unchanged text is shown
    again after `fades_after` seconds, since it would vanish. `voice_types` goes by preference.
    `one_command`: the only one there is, such as "/ask"; the others are words behind it.
    `opens_threads`: what is asked by a command is shown as a message, and answered in its thread.
    `appends`: a growing message is only added to as long as each frame goes on from the last.
    `private_replies`: whether `Place.only_user` is kept. `opens_replies`: whether `Outgoing.asks`
    is. `documents`: whether `post_document` is done. A status is shown again after
    `status_fades_after` seconds; it `status_stays` beside words that grow where the platform's own
    stop is in it.
    """

    edits: bool = True
    deletes: bool = True
    buttons: bool = True
    forms: bool = False
    reactions: bool = True
    private_replies: bool = False
    opens_replies: bool = False
    documents: bool = False
    voice_types: tuple[str, ...] = ()
    upload_limit: int = 0
    appends: bool = False
    grow_for: float = inf
    fades_after: float = inf
    status_fades_after: float = inf
    opens_threads: bool = False
    one_command: str = ""
    status_stays: bool = False


Intend = Callable[[], Awaitable[None]]
"""Awaited right before a call that may create a message, when its slot has been waited for: from
then on the message may be there though its reply is never heard. It may be awaited repeatedly."""


async def nothing() -> None:
    """What is intended by who keeps no account of it."""


Activity = Literal["thinking", "waiting", "rewriting", "speaking"]
"""What a status is about: the first words are on their way, something else comes before them and
the words say what, an old message is about to be written over, a voice message is made."""


Standing = Literal["member", "administrator", "hidden"]
"""What somebody is in a chat; "hidden" is an administrator who speaks there as the chat itself."""


class Growing(Protocol):
    """One message while it grows. One call at a time; leaving its block ends what it began."""

    @property
    def ref(self) -> MessageRef | None:
        """The message, once it is one; a draft is none."""
        ...

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        """What showing `message` draws on, in the state this is in; () when it is shown already."""
        ...

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef | None:
        """One frame, by the calls that `cost` named; its slot has been taken."""
        ...

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        """The last word. Takes its own slots, repairs what expired, raises what it cannot."""
        ...


class Surface(Protocol):
    """Everything that can be done on one platform. Every verb raises SurfaceError and only that.

    All but `Growing.show` take their slots themselves.
    """

    @property
    def name(self) -> str:
        """The platform, as in `Chat.platform`."""
        ...

    def capabilities(self, place: Place) -> Capabilities: ...

    def fits(self, place: Place, text: str) -> int:
        """How many characters of `text` one message holds at most; pure, at least 1."""
        ...

    def endings(self, place: Place) -> Sequence[Budget]:
        """What ending one growing message draws on, so that it can be booked before it begins."""
        ...

    def grow(
        self, place: Place, old: MessageRef | None = None
    ) -> AbstractAsyncContextManager[Growing]:
        """A message that grows: a new one, or `old` written over."""
        ...

    async def post(
        self, place: Place, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef: ...

    async def edit(self, place: Place, ref: MessageRef, message: Outgoing) -> MessageRef:
        """Needs nothing remembered: works after a restart."""
        ...

    async def delete(self, place: Place, ref: MessageRef) -> None: ...

    async def post_voice(self, place: Place, speech: Speech) -> MessageRef | None: ...

    async def post_document(
        self, place: Place, document: Document, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        """A file with `message` as its caption and with its buttons."""
        ...

    async def show_status(self, place: Place, words: str, *, doing: Activity = "waiting") -> None:
        """Something that passes ("typing", "12 before you"), never a message; "" ends it."""
        ...

    async def open_form(self, place: Place, form: Form) -> None:
        """Raises Expired where `place.interaction` no longer allows it."""
        ...

    async def standing(self, place: Place) -> Standing:
        """What the person there is in the chat, for those who act in its name (`events.itself`)."""
        ...

    async def read_file(self, file: File, *, limit: int) -> bytes:
        """The file's bytes; raises TooLarge beyond `limit` bytes, Gone when it is not there."""
        ...


class TooLarge(SurfaceError):
    """A file has more bytes than may be read."""

"""What goes wrong on the way to Telegram, and what it means for a message.

SurfaceError
├── RateLimited       429; `scope` names the budget
├── Gone              the message, or the file, is not there or can no longer be changed
├── Forbidden         blocked, removed, without the right to speak
├── Expired           a button's press is too long ago
├── TooLarge          a file beyond what Telegram hands out or takes
├── Unreachable       no answer, or none that can be read
└── Refused           any other no; `text` holds the server's words
    ├── VoiceForbidden    no voice messages for this person or in this group
    ├── NoThread          the topic is closed or deleted
    ├── Unsupported       this server does not know the method or the field
    ├── Unauthorized        401, or 404 before the account was ever heard of
    └── Conflict          somebody else polls, or a webhook is set
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from telegram.error import NetworkError, TelegramError, TimedOut

from bot.surface import (
    Expired,
    Forbidden,
    Gone,
    RateLimited,
    SurfaceError,
    TooLarge,
    Unreachable,
)

WORDS: Final = 200  # characters of the server's words that are kept

_DEFAULT_WAIT: Final = 3.0
"""Seconds of quiet after a 429 that names none: the shortest that people report."""

_LONGEST: Final = 86_400.0
"""Seconds of quiet that are believed; people report hours for bots that did not obey."""

_DID_NOTHING: Final = (500, 503)
"""With these the Bot API itself says that it failed, or that it is not there yet; 502 and 504 come
from what stands before it, which knows only that no answer came back."""

_RETRY = re.compile(r"retry after (\d{1,6})")
_DATA = re.compile(r"\"[^\"]*\"|-?\d{5,}|https?://\S+")


class Refused(SurfaceError):
    """Telegram does not do this. `text`: its words, lower-cased, without ids and what it quotes."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class VoiceForbidden(Refused):
    """No voice messages for this person or in this group."""


class NoThread(Refused):
    """The topic is closed or deleted."""


class Unsupported(Refused):
    """This server does not know the method or the field; the latch is off now."""


class Unauthorized(Refused):
    """The server does not know this bot."""


class Conflict(Refused):
    """Somebody else asks for this bot's updates, or they go to a webhook."""


class NotSent(NetworkError):
    """No connection: not one byte of the request left."""


class Broken(NetworkError):
    """The connection broke, or brought what cannot be read: the call may have been heard."""


class Refusal(TelegramError):
    """The server's no, as it said it: PTB's own errors lose words and warn about intervals."""

    __slots__ = ("migrated_to", "retry_after", "status")

    def __init__(
        self, status: int, words: str, *, retry_after: float = 0.0, migrated_to: int = 0
    ) -> None:
        super().__init__(words)
        self.status = status
        self.retry_after = retry_after
        self.migrated_to = migrated_to


class _Parameters(msgspec.Struct):
    retry_after: float = 0.0
    migrate_to_chat_id: int = 0


class _Body(msgspec.Struct):
    description: str = ""
    parameters: _Parameters | None = None


def refusal(status: int, payload: bytes) -> Refusal:
    """What an answer other than 2xx says; a proxy's page says nothing but its status."""
    try:
        body = msgspec.json.decode(payload, type=_Body, strict=False)
    except (msgspec.DecodeError, RecursionError):
        body = _Body()
    parameters = body.parameters or _Parameters()
    return Refusal(
        status,
        cleaned(body.description),
        retry_after=min(max(0.0, parameters.retry_after), _LONGEST),
        migrated_to=parameters.migrate_to_chat_id,
    )


def cleaned(words: str) -> str:
    """The server's words for comparing and for logs: what they quote may be a person's."""
    words = words.removeprefix("Bad Request: ").removeprefix("Forbidden: ")
    return _DATA.sub("…", words).lower()[:WORDS]


def reason(error: TelegramError) -> str:
    """Why no answer came, for logs: no address and nobody's words."""
    if isinstance(error, Refusal):
        return f"status {error.status}"
    return error.message if isinstance(error, NotSent | TimedOut | Broken) else type(error).__name__


def translated(error: TelegramError, *, scope: str, creates: bool) -> SurfaceError:
    """What `error` means.

    `scope` is the budget a 429 is about. A call that `creates` something may have been heard when
    its answer was not: it is not to be made again.
    """
    if isinstance(error, Refusal):
        return _refused(error, scope=scope, creates=creates)
    return Unreachable(sent=creates and not isinstance(error, NotSent))


def _refused(error: Refusal, *, scope: str, creates: bool) -> SurfaceError:
    words = error.message
    if error.status == 429 or error.retry_after:
        named = _RETRY.search(words)
        wait = error.retry_after or (float(named[1]) if named else _DEFAULT_WAIT)
        return RateLimited(wait, scope=scope)
    if error.status == 413:
        return TooLarge("more than the server takes")
    if "immediately deleted" in words:  # by an anti-spam bot of the group; it says so with 500
        return Gone(words)
    if not words or not 400 <= error.status < 500:
        # Without words it is no answer of the Bot API, but the page of a proxy on the way.
        acted = not words or error.status not in _DID_NOTHING
        return Unreachable(sent=creates and acted)
    known = _BY_STATUS.get(error.status)
    if known is not None:
        return known(words)
    return next((kind(words) for part, kind in _BY_WORDS.items() if part in words), Refused(words))


_BY_STATUS: Mapping[int, type[SurfaceError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: Unsupported,
    409: Conflict,
}

# Read from the top, since some words are part of others.
_BY_WORDS: Mapping[str, type[SurfaceError]] = {
    "voice": VoiceForbidden,
    "thread not found": NoThread,
    "topic_closed": NoThread,
    "topic_deleted": NoThread,
    "topic_id_invalid": NoThread,
    "message to edit not found": Gone,
    "message can't be edited": Gone,
    "message to delete not found": Gone,
    "message_id_invalid": Gone,
    "message not found": Gone,
    "query is too old": Expired,
    "query_id_invalid": Expired,
    "file is too big": TooLarge,
    "wrong file": Gone,
    "invalid file": Gone,
    "file_reference_expired": Gone,
    "file is temporarily unavailable": Gone,
    "chat not found": Forbidden,
    "user not found": Forbidden,
    "user_deactivated": Forbidden,
    "group chat was deactivated": Forbidden,
    "peer_id_invalid": Forbidden,
    "not a member": Forbidden,
    "not enough rights": Forbidden,
    "have no rights": Forbidden,
    "need administrator rights": Forbidden,
    "write_forbidden": Forbidden,
    "chat_restricted": Forbidden,
    "_forbidden": Forbidden,
}

ENDED: Final = "the bot may not speak in this chat"
"""What calls in a chat that has ended say without asking Telegram."""

_DEAD = (
    ENDED,
    "blocked by the user",
    "was kicked",
    "deactivated",
    "not a member",
    "chat not found",
    "user not found",
    "can't initiate",
    "was deleted",
)


def ends_the_chat(error: SurfaceError) -> bool:
    """Whether nothing can be said in this chat until something is heard from it."""
    return isinstance(error, Forbidden) and any(words in str(error) for words in _DEAD)

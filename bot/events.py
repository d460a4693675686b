"""The normal form: what happened on a platform, in words every platform shares.

An event's `id` names the happening, not its delivery: the same happening delivered twice, or by two
routes, has the same id. Message text is kept out of `repr`, since `repr` ends up in logs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Where people talk. `workspace` is the bot's own id on Telegram, the team on Slack."""

    platform: str
    workspace: str
    id: str
    thread: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """A message on a screen. It has no thread, since reactions carry none."""

    platform: str
    workspace: str
    chat: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `workspace` is their own team; `language` an IETF tag as the platform tells it."""

    id: str
    workspace: str = ""
    name: str = field(default="", repr=False)
    language: str = ""


_ITSELF = "chat:"


def itself(chat: str) -> str:
    """The id of a `User` who is a chat: somebody speaks in its name, and does not show who."""
    return f"{_ITSELF}{chat}"


def chat_behind(user: str) -> str:
    """The chat that the `User` with this id is; "" for a person."""
    return user.removeprefix(_ITSELF) if user.startswith(_ITSELF) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and to whom something is said.

    `interaction` is an opaque, short-lived permission of the platform to answer a click or a
    command. With `only_user` nobody else may see what is said.
    """

    chat: Chat
    user: User
    reply_to: MessageRef | None = None
    interaction: str = field(default="", repr=False)
    only_user: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that is still on the platform; only its adapter can read the `handle`.

    `size` is in bytes as the platform tells it, 0 where it does not.
    """

    handle: str = field(repr=False)
    media_type: str
    name: str = field(default="", repr=False)
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message an event replies to or is about; a bot cannot fetch an old one by its id."""

    ref: MessageRef
    text: str = field(default="", repr=False)
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    id: str
    place: Place
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(_Event):
    """Somebody spoke to the bot. Parts of an album share `album` and are events of their own."""

    ref: MessageRef
    text: str = field(default="", repr=False)
    files: tuple[File, ...] = ()
    quoted: Quote | None = None
    album: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(_Event):
    """A message got another text or other files, given whole."""

    ref: MessageRef
    text: str = field(default="", repr=False)
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(_Event):
    ref: MessageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(_Event):
    """A command by its bare name, such as "stop"; `ref` is the message that carried it, if any."""

    name: str
    text: str = field(default="", repr=False)
    files: tuple[File, ...] = ()
    quoted: Quote | None = None
    ref: MessageRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction(_Event):
    """Emoji put on or taken off a message by one person.

    Emoji are Unicode without skin tone or variation selector, or `:name:` for a workspace's own.
    """

    ref: MessageRef
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(_Event):
    """A button of ours was pressed; `name` and `value` are those of the button."""

    ref: MessageRef
    name: str
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(_Event):
    """A form was filled in; `form` is its id, `values` goes by field name."""

    form: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(_Event):
    """A chat has another id from now on, that of `place`; `old` is the one it had.

    Its messages of before stay behind: nothing can be done to them any more.
    """

    old: str


Event: TypeAlias = Message | Edited | Deleted | Command | Reaction | Action | Submission | Moved

_KINDS: Mapping[str, type[Event]] = {
    "message": Message,
    "edited": Edited,
    "deleted": Deleted,
    "command": Command,
    "reaction": Reaction,
    "action": Action,
    "submission": Submission,
    "moved": Moved,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_ENCODER = msgspec.json.Encoder()
# Made here, not at the first use: msgspec learns a class then, and a thread that reads the same
# class while another one is at it ends the whole process (0.22: a segmentation fault).
_READERS: Mapping[str, Callable[[bytes], Event]] = {
    name: msgspec.json.Decoder(kind).decode for name, kind in _KINDS.items()
}


def encode(event: Event) -> tuple[str, bytes]:
    """The kind of the event and its body, for keeping; `decode` is the way back.

    Half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes "?".
    """
    try:
        body = _ENCODER.encode(event)
    except UnicodeEncodeError:
        plain = json.dumps(msgspec.to_builtins(event), ensure_ascii=False)
        body = plain.encode(errors="replace")
    return _NAMES[type(event)], body


def decode(kind: str, body: bytes) -> Event | None:
    """The event kept as `body`; None for one that this version does not know or cannot read."""
    read = _READERS.get(kind)
    if read is None:
        return None
    try:
        return read(body)
    except msgspec.MsgspecError:
        return None

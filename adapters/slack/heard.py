"""What a payload of Slack's says: the event it is, and what else it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, TypeVar

import msgspec

from adapters.slack import handles, payloads
from adapters.slack.handles import Source
from bot import events
from bot.events import Chat, Event, MessageRef, Place

PLATFORM: Final = "slack"

_T = TypeVar("_T")


class Unreadable(Exception):
    """A payload, or the part of it that matters, has another shape than Slack's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot in one workspace: the installed team, its user there, and the organisation."""

    team: str
    user: str = ""
    enterprise: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Slack's own Stop was pressed: the session's thread, and the messages that were growing."""

    channel: str
    thread: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a payload says.

    `event`: its person's `workspace` is "" where Slack did not name it. `otherwise` happened where
    `event` is known already: Slack tells of some edits as if the message were new. `directly`: it
    was not said in a chat, so that its chat, without an id, is the person's own with the bot.
    `external`: the channel is shared with other organisations. `home`: whose home page was opened.
    `submitted`: a view was filled in, and the payload says what with. `gone`: when the app was
    taken from the workspace, or its token was.
    """

    event: Event | None = None
    otherwise: Event | None = None
    directly: bool = False
    external: bool = False
    home: Place | None = None
    stopped: Stopped | None = None
    submitted: bool = False
    gone: datetime | None = None


NOTHING: Final = Heard()


def without_nulls(value: object) -> object:
    """Slack writes null for what is not there now and then, and leaves it out elsewhere."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value if one is not None]
    return value


def convert(value: object, kind: type[_T]) -> _T:
    """`value`, without nulls, as `kind`. Raises Unreadable."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None


def chat(me: Me, channel: str, thread: str = "", *, private: bool | None = None) -> Chat:
    """`private` where it is not told: of direct chats the bot hears in its own ones only."""
    return Chat(
        platform=PLATFORM,
        workspace=me.team,
        id=channel,
        thread=thread,
        private=channel.startswith("D") if private is None else private,
    )


def ref(me: Me, channel: str, ts: str) -> MessageRef:
    return MessageRef(platform=PLATFORM, workspace=me.team, chat=channel, id=ts)


def own_team(me: Me, *told: str) -> str:
    """A person's own team by what a payload tells; "" where it tells nothing.

    In large organisations it may name the organisation, which for one's own means the team.
    """
    for team in told:
        if team.startswith("E") and team == me.enterprise:
            return me.team
        if team:
            return team
    return ""


def user(id: str, team: str = "", name: str = "") -> events.User:
    return events.User(id=id, workspace=team, name=name)


def time(ts: str, now: datetime) -> datetime:
    """When the message `ts` was written; `now` for what is none."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return now


def happening(me: Me, kind: str, trigger: str, now: datetime) -> str:
    """The id of what somebody did; each deed has a trigger of its own.

    That opens windows for a moment, and ids stand in logs.
    """
    deed = blake2b(trigger.encode(errors="replace"), digest_size=12).hexdigest() if trigger else ""
    return f"{PLATFORM}:{me.team}:{kind}:{deed or now.timestamp()}"


def files(me: Me, sent: tuple[payloads.File, ...]) -> tuple[events.File, ...]:
    """Those that are still there; what can never be read is told by its type."""
    return tuple(_file(me, one) for one in sent if one.mode != "tombstone")


def _file(me: Me, sent: payloads.File) -> events.File:
    name = sent.name[:255]
    if sent.is_external or sent.mode in ("external", "hidden_by_limit"):
        mode = "hidden" if sent.mode == "hidden_by_limit" else "external"
        return events.File(handle="", media_type=f"application/x-slack-{mode}", name=name)
    url = sent.url_private_download or sent.url_private
    unknown = sent.file_access == "check_file_info" or not url
    source = Source(team=me.team, id=sent.id, url="" if unknown else url)
    return events.File(
        handle=handles.pack(source), media_type=_media_type(sent), name=name, size=sent.size
    )


def _media_type(sent: payloads.File) -> str:
    """What is not told is told by its bytes; recordings are sound, though some are called films."""
    kind = sent.mimetype.lower()
    if sent.subtype == "slack_audio":
        return kind if kind.startswith("audio/") else "audio/mp4"
    return kind or "application/octet-stream"


def mapping(value: object) -> Mapping[str, object]:
    """The payload as an object of JSON. Raises Unreadable."""
    try:
        cleaned = without_nulls(value)
    except RecursionError:
        raise Unreadable("too deep") from None
    if not isinstance(cleaned, dict):
        raise Unreadable("not an object")
    return cleaned

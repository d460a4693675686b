"""The calls that show nothing in a channel: views, people, files, who the app is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from adapters.slack import limits
from adapters.slack.calling import ASK, EDIT, OPEN, Caller
from adapters.slack.errors import Json, MissingScope, Refused, Unsupported
from adapters.slack.features import Feature, Features
from adapters.slack.files import Files
from adapters.slack.transport import json_bytes
from bot.surface import Forbidden, Gone, TooLarge, Unreachable

Block: TypeAlias = Mapping[str, object]

_KINDS: Final[Mapping[str, Feature]] = {
    "context_actions": "feedback_buttons",
    "feedback_buttons": "feedback_buttons",
    "markdown": "markdown_block",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose token it is.

    `org`: a whole organisation has installed the app, so that calls must name the team; `team` is
    then none of its workspaces.
    """

    team: str
    enterprise: str
    bot_user: str
    bot_id: str
    app: str = ""
    name: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    org: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person, or a bot. `team` is their own; `locale` such as "en-US", `tz` "Europe/Berlin"."""

    id: str
    team: str
    name: str = field(default="", repr=False)
    locale: str = ""
    tz: str = ""
    is_bot: bool = False
    is_deleted: bool = False


class Asking:
    """What a workspace is asked for. Raises SurfaceError and only that."""

    def __init__(self, caller: Caller, features: Features, files: Files) -> None:
        self._caller = caller
        self._features = features
        self._files = files
        self._team = caller.team

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._team})"

    async def auth_test(self) -> Identity:
        """Raises Unauthorized."""
        found = await self._caller.call("auth.test", {}, ASK)
        return Identity(
            team=_text(found, "team_id"),
            enterprise=_text(found, "enterprise_id"),
            bot_user=_text(found, "user_id"),
            bot_id=_text(found, "bot_id"),
            app=_text(found, "app_id"),
            name=_text(found, "team"),
            url=_text(found, "url"),
            org=found.get("is_enterprise_install") is True,
        )

    async def user(self, user: str) -> Person:
        """Raises Forbidden for one that cannot be seen."""
        found = await self._ask("users.info", {"user": user, "include_locale": True})
        about = _object(found, "user")
        profile = _object(about, "profile")
        names = (_text(profile, "display_name"), _text(about, "real_name"), _text(about, "name"))
        return Person(
            id=_text(about, "id") or user,
            team=_text(about, "team_id"),
            name=next((name for name in names if name), ""),
            locale=_text(about, "locale"),
            tz=_text(about, "tz"),
            is_bot=about.get("is_bot") is True,
            is_deleted=about.get("deleted") is True,
        )

    async def permalink(self, channel: str, ts: str) -> str:
        found = await self._ask("chat.getPermalink", {"channel": channel, "message_ts": ts})
        return _text(found, "permalink")

    async def open_dm(self, user: str) -> str:
        """The channel of the conversation with this person."""
        found = await self._ask("conversations.open", {"users": user})
        channel = _text(_object(found, "channel"), "id")
        if not channel:
            raise Unreachable(sent=False)
        return channel

    # Views

    async def open_view(self, trigger: str, view: Mapping[str, object]) -> str:
        """The view's id. Raises BadTrigger."""
        return await self._view("views.open", {"trigger_id": trigger, "view": view})

    async def update_view(self, id: str, view: Mapping[str, object], hash: str = "") -> str:
        """Raises Conflict where it is not the one with this `hash` any more, Gone once closed."""
        return await self._view("views.update", {"view_id": id, "view": view, "hash": hash or None})

    async def publish_home(self, user: str, view: Mapping[str, object], hash: str = "") -> str:
        """Raises Conflict where it is not the one with this `hash` any more."""
        return await self._view(
            "views.publish", {"user_id": user, "view": view, "hash": hash or None}
        )

    # Files

    async def file_info(self, id: str) -> Json:
        """Slack's File object. Raises Gone, Forbidden, MissingScope."""
        return _object(await self._ask("files.info", {"file": id}), "file")

    async def read_file(self, id: str, url: str, *, limit: int) -> bytes:
        """A person's file; `url` as the event tells it, "" where Slack is to be asked for it.

        Raises TooLarge beyond `limit` bytes; Gone; Forbidden for what is kept outside of Slack, or
        where the app lacks the right.
        """
        if not url:
            try:
                url = _readable(await self.file_info(id), limit)
            except MissingScope as error:
                raise Forbidden(error.code) from None
        return await self.download(url, limit=limit)

    async def download(self, url: str, *, limit: int) -> bytes:
        """Raises TooLarge beyond `limit` bytes, Gone, Forbidden for what is outside of Slack."""
        return await self._files.read(url, self._caller.token, limit=limit, team=self._team)

    # Answers to a click or a command

    async def respond(self, response_url: str, payload: Mapping[str, object]) -> None:
        """Raises Expired when it was used five times, or is older than 30 minutes."""
        await self._files.respond(response_url, json_bytes(payload))

    async def _ask(self, method: str, args: Mapping[str, object]) -> Json:
        return await self._caller.call(method, args, ASK, scope=limits.scope(self._team, "ask"))

    async def _view(self, method: str, args: Mapping[str, object]) -> str:
        manner = OPEN if method == "views.open" else EDIT
        scope = limits.scope(self._team, "view")
        answer = await self._caller.call(method, args, manner, scope=scope)
        return _text(_object(answer, "view"), "id")

    @contextmanager
    def _latch(self, feature: Feature) -> Iterator[None]:
        """Off when the workspace does not know the method."""
        try:
            yield
        except Unsupported as error:
            self._features.switch_off(feature, error.code)
            raise

    @contextmanager
    def _blocks(self, blocks: Sequence[Block]) -> Iterator[None]:
        """Off with what the workspace does not know, when its no names that."""
        try:
            yield
        except Refused as error:
            kinds = {*error.types, *_pointed_at(blocks, error.pointers)}
            features = {_KINDS[kind] for kind in kinds if kind in _KINDS}
            if not error.code.startswith("invalid_blocks") or not features:
                raise
            for feature in features:
                self._features.switch_off(feature, error.code)
            raise Unsupported(error.code, pointers=error.pointers, types=error.types) from None


def _pointed_at(blocks: Sequence[Block], pointers: Sequence[str]) -> Iterator[str]:
    """Thumbs that Slack's no points at. Text may be refused for what is in it, thumbs are not."""
    for pointer in pointers:
        place = pointer.removeprefix("/blocks/").partition("/")[0]
        if place.isdigit() and int(place) < len(blocks):
            kind = str(blocks[int(place)].get("type"))
            if kind == "context_actions":
                yield kind


def _readable(file: Mapping[str, object], limit: int) -> str:
    """Where the bytes are."""
    mode = _text(file, "mode")
    if mode == "external" or file.get("is_external") is True:
        raise Forbidden("a file outside of Slack")
    if _text(file, "file_access") == "access_denied":
        raise Forbidden("the app may not read this file")
    url = _text(file, "url_private_download") or _text(file, "url_private")
    if not url or mode in _EMPTY or _text(file, "file_access") == "file_not_found":
        raise Gone("the file is not there any more")
    size = file.get("size")
    if isinstance(size, int) and size > limit:
        raise TooLarge(f"the file has more than {limit} bytes")
    return url


_EMPTY: Final = frozenset({"tombstone", "hidden_by_limit"})
"""Deleted, or beyond what a free workspace shows."""


def _text(answer: Mapping[str, object], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _object(answer: Mapping[str, object], name: str) -> Json:
    value = answer.get(name)
    return value if isinstance(value, dict) else {}

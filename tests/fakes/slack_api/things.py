"""What is in Slack: workspaces, people, channels, messages, streams, files, views. Plain data."""

from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.slack_api import words

Json = dict[str, object]
Kind = Literal["im", "channel", "private", "mpim"]
State = Literal["live", "done", "stopped", "broken"]
STREAM_LASTS = 300.0  # seconds from start, appended to or not


@dataclass(kw_only=True)
class Install:
    """An app that is in a workspace, or in all of an organisation (`team` is empty)."""

    token: str = field(repr=False)
    team: str
    enterprise: str = ""
    bot_user: str
    bot_id: str
    scopes: frozenset[str]
    revoked: str = ""  # the error that calls are answered with since
    refresh: str = field(default="", repr=False)
    expires_at: float = 0.0


@dataclass(kw_only=True)
class Team:
    """A workspace. `refuses` names methods (or block types) and the error they meet there."""

    id: str
    name: str
    domain: str
    enterprise: str = ""
    agent: bool = True  # sessions: setStatus works, with its native stop
    refuses: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Person:
    """Somebody with Slack; `team` is their own workspace."""

    id: str
    name: str
    team: str
    locale: str = "en-US"
    timezone: str = "Europe/London"
    is_bot: bool = False
    home: "View | None" = None
    modals: "list[View]" = field(default_factory=list)  # the one on top is last

    def user(self) -> Json:
        """As a user object."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name.lower().replace(" ", "."),
            "real_name": self.name,
            "deleted": False,
            "tz": self.timezone,
            "profile": {"display_name": self.name, "real_name": self.name, "team": self.team},
            "is_bot": self.is_bot,
            "updated": 1700000000,
        }


@dataclass(kw_only=True, eq=False)
class File:
    """A file; `mode` and `access` as in the file object. `shares` by channel, once shared."""

    id: str
    team: str
    owner: str
    name: str
    data: bytes = field(repr=False)
    media_type: str
    url: str = ""
    title: str = ""
    mode: str = "hosted"
    access: str = "visible"
    subtype: str = ""
    claimed: int = 0  # the size the file object tells; 0 for the true one
    shares: dict[str, list[Json]] = field(default_factory=dict)
    complete: bool = True

    def described(self, *, whole: bool = True) -> Json:
        """As a file object; `whole=False` is all that a shared channel's event tells."""
        if not whole:
            return {"id": self.id, "mode": self.mode, "file_access": self.access}
        kind = self.name.rpartition(".")[2]
        described: Json = {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.media_type,
            "filetype": kind,
            "pretty_type": kind.upper(),
            "user": self.owner,
            "user_team": self.team,
            "size": self.claimed or len(self.data),
            "mode": self.mode,
            "is_external": self.mode == "external",
            "file_access": self.access,
            "url_private": self.url,
            "url_private_download": self.url,
        }
        if self.subtype:
            described["subtype"] = self.subtype
        return described


@dataclass(kw_only=True)
class Stream:
    """A message that is being streamed; `size` is what came so far, in UTF-8 bytes."""

    since: float
    recipient: str = ""
    size: int = 0
    full: bool = False
    ended: State | None = None

    def state(self, now: float) -> State:
        if self.ended is None and now - self.since > STREAM_LASTS:
            self.ended = "broken"
        return self.ended or "live"


@dataclass(kw_only=True, eq=False)
class Post:
    """A message on the screen; `only` is who alone sees it (an ephemeral one)."""

    ts: str
    channel: "Channel"
    author: str
    text: str = ""  # as on the wire, with Slack's escapes
    markdown: str = ""
    blocks: list[Json] = field(default_factory=list)
    thread: str = ""  # ts of the root; empty for a root
    only: str = ""
    stream: Stream | None = None
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edits: int = 0
    at: float = 0.0  # by the clock: when it came, or was last changed
    gone: bool = False
    via: str = ""  # the method, "response_url" or "" for a person
    metadata: object = None

    @property
    def readable(self) -> str:
        """What a person reads: markdown as it was sent, else the blocks, else the text."""
        body = "\n".join(part for part in (self.markdown, words.readable(self.blocks)) if part)
        return (words.shown(body) or words.shown(self.text)).strip()

    @property
    def root(self) -> str:
        return self.thread or self.ts

    @property
    def elements(self) -> list[Json]:
        """The interactive elements, each with its `block_id`."""
        found: list[Json] = []
        for block in self.blocks:
            elements = block.get("elements", [])
            assert isinstance(elements, list)
            own = [element for element in elements if "action_id" in element]
            if isinstance(accessory := block.get("accessory"), dict):
                own.append(accessory)
            found += [{"block_id": block.get("block_id", ""), **element} for element in own]
        return found

    @property
    def buttons(self) -> list[str]:
        """The labels of its buttons; feedback buttons are two."""
        return [label for element in self.elements for label, _ in labels(element)]


def labels(element: Json) -> list[tuple[str, Json]]:
    """What can be pressed of an element, by label: the action that is sent then."""
    kind = element.get("type")
    base: Json = {"type": kind, "action_id": element["action_id"]}
    base["block_id"] = element.get("block_id", "")
    if kind == "feedback_buttons":
        return [_pressable(base, element[side]) for side in ("positive_button", "negative_button")]
    if kind in {"button", "icon_button"}:
        return [_pressable(base, element)]
    return []


def _pressable(base: Json, about: object) -> tuple[str, Json]:
    assert isinstance(about, dict)
    text = about["text"]
    return str(text["text"]), base | {"text": text, "value": about.get("value", "")}


@dataclass(kw_only=True, eq=False)
class View:
    """A modal or a home; `body` is what the app sent."""

    id: str
    hash: str
    team: str
    body: Json
    root: str = ""
    previous: str = ""
    errors: dict[str, str] = field(default_factory=dict)  # by block_id, as shown
    trouble: str = ""  # what Slack itself says when a submission failed

    @property
    def kind(self) -> str:
        return str(self.body["type"])

    @property
    def title(self) -> str:
        title = self.body.get("title", {})
        return str(title.get("text", "")) if isinstance(title, dict) else ""

    @property
    def blocks(self) -> list[Json]:
        blocks = self.body["blocks"]
        assert isinstance(blocks, list)
        return blocks

    @property
    def readable(self) -> str:
        return words.readable(self.blocks)

    @property
    def inputs(self) -> dict[str, Json]:
        """The input blocks by their label."""
        return {
            str(block["label"]["text"]): block  # type: ignore[index]  # a checked view
            for block in self.blocks
            if block["type"] == "input"
        }

    def described(self, state: Json | None = None) -> Json:
        """As a view object; `state` is what people have typed."""
        return self.body | {
            "id": self.id,
            "hash": self.hash,
            "team_id": self.team,
            "root_view_id": self.root or self.id,
            "previous_view_id": self.previous or None,
            "state": {"values": state or {}},
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that came onto the screen of a channel."""

    at: float
    kind: str  # "post", "stream", "append", "stop", "update", "delete", "ephemeral", "status"
    ts: str
    text: str


@dataclass(kw_only=True)
class Status:
    """What is shown below a thread while an answer is made."""

    words: str = ""
    loading: tuple[str, ...] = ()
    until: float = 0.0


@dataclass(kw_only=True)
class Session:
    """An agent's session in a thread; people can stop it while it is "processing"."""

    status: str
    title: str = ""
    initiator: str = ""


@dataclass(kw_only=True, eq=False)
class Channel:
    """A conversation; `team` is where it lives, `shared` with other workspaces' people."""

    id: str
    team: str
    kind: Kind
    name: str = ""
    shared: bool = False
    archived: bool = False
    members: set[str] = field(default_factory=set)
    posts: dict[str, Post] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)  # roots that are gone, with replies left
    ephemerals: list[Post] = field(default_factory=list)
    history: list[Shown] = field(default_factory=list)
    statuses: dict[str, Status] = field(default_factory=dict)  # by thread
    sessions: dict[str, Session] = field(default_factory=dict)  # by thread
    prompts: dict[str, tuple[str, list[Json]]] = field(default_factory=dict)  # by thread: title

    @property
    def private(self) -> bool:
        return self.kind == "im"


@dataclass(frozen=True, slots=True)
class Ping:
    """A token of the bot's that went live, or an address of its that may unfurl."""

    channel: str
    ts: str
    words: str
    via: str

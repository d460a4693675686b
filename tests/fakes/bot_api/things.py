"""What is in Telegram: people, chats, messages, drafts, bots. Plain data."""

from dataclasses import dataclass, field

from tests.fakes.bot_api.entities import Entity, readable

DRAFT_LASTS = 30.0  # seconds an untouched draft stays on screen
Update = dict[str, object]


@dataclass(kw_only=True)
class Person:
    """Somebody with Telegram. `blocks_voice`: voice messages from strangers are refused."""

    id: int
    name: str
    username: str = ""
    language: str = "en"
    is_bot: bool = False
    blocks_voice: bool = False

    def user(self) -> dict[str, object]:
        """As a User object."""
        first, _, last = self.name.partition(" ")
        user: dict[str, object] = {"id": self.id, "is_bot": self.is_bot, "first_name": first}
        more = {"last_name": last, "username": self.username, "language_code": self.language}
        return user | {name: value for name, value in more.items() if value}


@dataclass(kw_only=True)
class Medium:
    """A file in a message. `kind` is the message's field: "photo", "voice", "document" …"""

    kind: str
    data: bytes = field(repr=False)
    name: str = ""
    media_type: str = ""
    seconds: int = 0
    has_wave: bool = False
    described: object = None  # the field's value, in messages

    def __len__(self) -> int:
        return len(self.data)


@dataclass(kw_only=True)
class Post:
    """A message on the screen. `text` is the caption where there is a `medium`."""

    id: int
    chat: "Chat"
    author: int
    date: int
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    html: str = ""  # of a rich message
    medium: Medium | None = None
    markup: dict[str, object] = field(default_factory=dict)
    reply_to: int = 0
    thread: int = 0
    edits: int = 0
    at: float = 0.0  # by the clock: when it came, or was last changed
    album: str = ""
    reactions: dict[int, list[str]] = field(default_factory=dict)
    previewed: bool = False
    service: bool = False
    extra: dict[str, object] = field(default_factory=dict)  # more fields of the Message object

    @property
    def readable(self) -> str:
        """The text with its formatting written out, close to Markdown; rich text as its HTML."""
        return self.html or readable(self.text, self.entities)

    @property
    def rows(self) -> list[list[dict[str, object]]]:
        """The inline buttons."""
        rows = self.markup.get("inline_keyboard", [])
        assert isinstance(rows, list)
        return rows

    @property
    def buttons(self) -> list[str]:
        """The labels of the inline buttons, in reading order."""
        return [str(button["text"]) for row in self.rows for button in row]

    @property
    def asks(self) -> bool:
        """Whether the person's client opens a reply to it."""
        return bool(self.markup.get("force_reply"))


@dataclass(kw_only=True)
class Draft:
    """A message of the bot in the making; `since` when first shown, `at` when last refreshed."""

    id: int
    text: str
    entities: list[Entity]
    html: str
    can_stop: bool
    since: float
    at: float
    thread: int = 0
    stopped: bool = False
    keeps: bool = False

    @property
    def readable(self) -> str:
        return self.html or readable(self.text, self.entities) or "Thinking…"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Something came onto the screen: `kind` is "post", "edit", "draft", "delete" or "action"."""

    at: float
    kind: str
    id: int
    text: str


@dataclass(kw_only=True)
class Chat:
    """Where people and bots talk; a private one belongs to one bot."""

    id: int
    kind: str  # "private", "group", "supergroup"
    title: str = ""
    bot: int = 0  # of a private chat
    person: Person | None = None  # of a private chat
    is_forum: bool = False
    topics: set[int] = field(default_factory=set)
    closed_topics: set[int] = field(default_factory=set)
    members: set[int] = field(default_factory=set)
    admins: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)  # administrators who speak as the chat
    posts: dict[int, Post] = field(default_factory=dict)
    drafts: dict[int, Draft] = field(default_factory=dict)  # by thread: a new one replaces
    history: list[Shown] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)  # ids of deleted messages
    last_id: int = 0
    blocked: str = ""  # why the bot may not write, as in "bot was blocked by the user"
    migrated_to: int = 0
    refuses: dict[str, str] = field(default_factory=dict)  # method → description of its 400

    @property
    def private(self) -> bool:
        return self.kind == "private"

    def described(self) -> dict[str, object]:
        """As a Chat object."""
        chat: dict[str, object] = {"id": self.id, "type": self.kind}
        if self.person:
            user = self.person.user()
            names = ("first_name", "last_name", "username")
            return chat | {name: user[name] for name in names if name in user}
        forum = {"is_forum": True} if self.is_forum and not self.private else {}
        return chat | {"title": self.title} | forum


@dataclass(kw_only=True)
class Webhook:
    url: str
    secret: str
    most: int  # connections at once
    last_error: str = ""
    last_error_at: int = 0


@dataclass(kw_only=True)
class Queued:
    """An update on its way to the bot. Those of one `queue` are pushed one after the other."""

    id: int
    queue: str
    at: float
    update: Update


@dataclass(kw_only=True)
class Bot:
    """A bot as the server knows it."""

    token: str = field(repr=False)
    id: int
    username: str
    name: str
    reads_groups: bool = False
    topics_in_private: bool = False
    allowed: frozenset[str] = frozenset()
    webhook: Webhook | None = None
    queue: list[Queued] = field(default_factory=list)
    next_update: int = 1
    polls: int = 0  # the number of the newest getUpdates
    commands: dict[tuple[str, str], list[dict[str, object]]] = field(default_factory=dict)
    words: dict[tuple[str, str], str] = field(default_factory=dict)  # descriptions by language
    open_queries: dict[str, float] = field(default_factory=dict)  # callback queries → when
    answered: list[str] = field(default_factory=list)
    windows: dict[str, str] = field(default_factory=dict)  # what presses were answered with
    hooked_at: float = -10.0

    def user(self) -> dict[str, object]:
        return {
            "id": self.id,
            "is_bot": True,
            "first_name": self.name,
            "username": self.username,
        }

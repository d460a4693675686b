"""A strict Bot API server without sockets: a state machine that is told what time it is."""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from tests.fakes.bot_api import account, editing, sending
from tests.fakes.bot_api.calling import Faults
from tests.fakes.bot_api.flood import Flood
from tests.fakes.bot_api.people import Group, Seat
from tests.fakes.bot_api.refused import Refusal, Refused, bad_request, forbidden
from tests.fakes.bot_api.spec import Spec, level
from tests.fakes.bot_api.things import DRAFT_LASTS, Bot, Chat, Medium, Person, Post, Queued, Shown
from tests.fakes.bot_api.updates import DEFAULT_TYPES, EXPIRY

Clock = Callable[[], float]
Upload = tuple[str, bytes, str]  # file name, content, media type
NAMED_BOT = 42


class Telegram:
    """Bots, people and chats; `call` is what a bot may do, the seats what people do.

    `clock` measures spans (a loop's `time` in virtual time), `wall` tells Unix time for dates.
    `latency` is how many seconds each call takes through a face.
    """

    def __init__(
        self,
        clock: Clock = time.monotonic,
        *,
        wall: Clock = time.time,
        api: str = "10.3",
        jitter: float = 0.0,
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.spec = Spec(level(api))
        self.level = level(api)
        self.flood = Flood(jitter=jitter)
        self.latency = 0.0
        self.faults = Faults()
        self.refusals: list[Refusal] = []
        self.calls: list[tuple[float, str, dict[str, object]]] = []  # what was asked, in order
        self.counted: defaultdict[str, int] = defaultdict(int)  # calls by method
        self.bots: dict[str, Bot] = {}
        self.people: dict[int, Person] = {}
        self.chats: dict[tuple[int, int], Chat] = {}  # bot (0 for groups), chat id
        self.files: dict[str, Medium] = {}
        self._ids = itertools.count(1001)
        self._listeners: list[Callable[[], None]] = []

    # --- who and where -------------------------------------------------------------------------

    def bot(
        self, token: str = f"{NAMED_BOT}:secret-of-the-bot", username: str = "parley_bot"
    ) -> Bot:
        """A bot that exists from now on."""
        made = Bot(
            token=token,
            id=int(token.partition(":")[0]),
            username=username,
            name=username.removesuffix("_bot").title(),
            allowed=DEFAULT_TYPES,
        )
        self.bots[token] = made
        return made

    def person(self, name: str = "Ada Lovelace", *, id: int = 0, **about: object) -> Person:
        """Somebody new; `about` are fields of Person."""
        number = id or next(self._ids)
        person = Person(id=number, name=name, **about)  # type: ignore[arg-type]  # its own fields
        self.people[number] = person
        return person

    def private(self, person: Person, bot: Bot) -> Seat:
        """The person's private chat with the bot, opened if it was not."""
        chat = self.chats.get((bot.id, person.id))
        if chat is None:
            chat = Chat(id=person.id, kind="private", bot=bot.id, person=person)
            chat.members = {person.id, bot.id}
            self.chats[bot.id, person.id] = chat
        return Seat(self, chat, person)

    def group(
        self,
        *bots: Bot,
        title: str = "Friends",
        forum: bool = False,
        admin: bool = False,
        kind: str = "supergroup",
    ) -> Group:
        """A group with these bots in it, as administrators with `admin`."""
        number = -(10**12) - next(self._ids) if kind == "supergroup" else -next(self._ids)
        chat = Chat(id=number, kind=kind, title=title, is_forum=forum)
        chat.last_id = int(forum)  # a forum begins with its General topic, which is 1
        chat.members = {bot.id for bot in bots}
        chat.admins = set(chat.members) if admin else set()
        self.chats[0, number] = chat
        return Group(self, chat)

    def member(self, number: int) -> Person | Bot:
        found = self.people.get(number) or next(
            (bot for bot in self.bots.values() if bot.id == number), None
        )
        assert found is not None
        return found

    def bots_in(self, chat: Chat) -> list[Bot]:
        return [bot for bot in self.bots.values() if bot.id in chat.members]

    # --- what a bot asks -----------------------------------------------------------------------

    def call(
        self,
        token: str,
        method: str,
        given: Mapping[str, object] | None = None,
        files: Mapping[str, Upload] | None = None,
    ) -> tuple[int, dict[str, object]]:
        """One Bot API call: its HTTP status and body."""
        given, files = given or {}, files or {}
        self.counted[method] += 1
        self.calls.append((self.clock(), method, dict(given)))
        try:
            bot = self.bots.get(token)
            if bot is None:
                raise Refused(401, "Unauthorized")
            kept = self.spec.checked(method, given, files)
            result = _METHODS[method](self, bot, kept, files)
        except Refused as no:
            self.refused(method, no, given)
            return no.code, no.body()
        self.changed()
        return 200, {"ok": True, "result": result}

    def refused(self, method: str, no: Refused, given: Mapping[str, object]) -> None:
        """Remember a refusal for tests to read."""
        self.refusals.append(
            Refusal(
                method=method,
                code=no.code,
                description=no.description,
                at=self.clock(),
                parameters=dict(given),
            )
        )

    def floods(self) -> list[Refusal]:
        """The calls answered with 429."""
        return [refusal for refusal in self.refusals if refusal.code == 429]

    def violations(self) -> list[Refusal]:
        """The refusals that a bot without fault never gets, all but "message is not modified"."""
        return [no for no in self.refusals if "message is not modified" not in no.description]

    def chat_of(self, bot: Bot, given: object, method: str = "") -> Chat:
        """The chat a call names, if the bot may act there."""
        try:
            number = int(str(given))
        except ValueError:
            raise bad_request("chat not found") from None
        chat = self.chats.get((0, number)) or self.chats.get((bot.id, number))
        if chat is None:
            if number in self.people:
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")
        if chat.migrated_to:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        if chat.blocked:
            raise forbidden(chat.blocked)
        if bot.id not in chat.members:
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        if method in chat.refuses:
            raise bad_request(chat.refuses[method])
        return chat

    # --- what happens --------------------------------------------------------------------------

    def emit(self, bot: Bot, kind: str, body: object, queue: str) -> None:
        """Queue an update for the bot if it wants that kind."""
        if kind in bot.allowed:
            number = bot.next_update
            bot.next_update += 1
            update: dict[str, object] = {"update_id": number, kind: body}
            bot.queue.append(Queued(id=number, queue=queue, at=self.clock(), update=update))
            self.changed()

    def pending(self, bot: Bot) -> list[Queued]:
        """The updates not yet taken; those too old are forgotten."""
        now = self.clock()
        bot.queue[:] = [
            queued
            for queued in bot.queue
            if now - queued.at
            < EXPIRY["callback_query" if "callback_query" in queued.update else ""]
        ]
        return bot.queue

    def show(self, chat: Chat, kind: str, number: int, text: str) -> None:
        """Write down what came onto the screen."""
        chat.history.append(Shown(at=self.clock(), kind=kind, id=number, text=text))

    def expire(self, chat: Chat) -> None:
        """Take away the drafts that faded."""
        for thread, draft in list(chat.drafts.items()):
            if self.clock() - draft.at >= DRAFT_LASTS:
                del chat.drafts[thread]

    def post(self, chat: Chat, author: int, **fields: object) -> Post:
        """Put a message on the screen of a chat."""
        chat.last_id += 1
        post = Post(
            id=chat.last_id,
            chat=chat,
            author=author,
            date=int(self.wall()),
            at=self.clock(),
            **fields,  # type: ignore[arg-type]  # fields of Post
        )
        chat.posts[post.id] = post
        self.show(chat, "post", post.id, post.readable)
        return post

    def remove(self, post: Post) -> None:
        """Take a message off the screen; no update tells of it."""
        post.chat.posts.pop(post.id, None)
        post.chat.gone.add(post.id)
        self.show(post.chat, "delete", post.id, "")
        self.changed()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` at every change; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def changed(self) -> None:
        for listener in list(self._listeners):
            listener()


Method = Callable[[Telegram, Bot, dict[str, object], Mapping[str, Upload]], object]
_METHODS: dict[str, Method] = {**account.METHODS, **sending.METHODS, **editing.METHODS}

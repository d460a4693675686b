"""What people do: a seat is somebody in a chat."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.fakes.bot_api import media, updates
from tests.fakes.bot_api.entities import Entity
from tests.fakes.bot_api.things import Bot, Chat, Draft, Medium, Person, Post

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram

_QUERIES = itertools.count(7001)
_ALBUMS = itertools.count(9001)
PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(1500) + b"\xff\xd9"


class Seat:
    """A person in a chat: what they do there and what they see."""

    def __init__(self, telegram: "Telegram", chat: Chat, person: Person) -> None:
        self.telegram = telegram
        self.chat = chat
        self.person = person

    # --- speaking ------------------------------------------------------------------------------

    def say(
        self,
        text: str,
        *,
        reply_to: Post | None = None,
        thread: int = 0,
        entities: Sequence[Entity] = (),
        **extra: object,
    ) -> Post:
        """Write a message; commands, mentions and links in it are found as the server finds them.

        `extra` are more fields of the Message object, such as `quote` or `forward_origin`.
        """
        return self._post(
            text=text, entities=list(entities), reply_to=reply_to, thread=thread, extra=extra
        )

    def photo(
        self,
        caption: str = "",
        data: bytes = PICTURE,
        *,
        reply_to: Post | None = None,
        thread: int = 0,
    ) -> Post:
        return self.send(
            "photo", data, caption=caption, media_type="", reply_to=reply_to, thread=thread
        )

    def send(
        self,
        kind: str,
        data: bytes = b"\0" * 64,
        *,
        caption: str = "",
        name: str = "",
        media_type: str = "",
        seconds: int = 3,
        claimed: int = 0,
        album: str = "",
        reply_to: Post | None = None,
        thread: int = 0,
    ) -> Post:
        """Send a file; `kind` is the field of the message: "document", "voice", "sticker" …"""
        medium = media.stored(
            self.telegram,
            Medium(kind=kind, data=data, name=name, media_type=media_type, seconds=seconds),
            claimed=claimed,
        )
        # a GIF is described twice, for the sake of old bots
        extra = {"document": medium.described} if kind == "animation" else {}
        return self._post(
            text=caption, medium=medium, album=album, reply_to=reply_to, thread=thread, extra=extra
        )

    def album(
        self, pictures: Sequence[bytes], caption: str = "", *, kind: str = "photo"
    ) -> list[Post]:
        """Several at once: messages of their own that share a group; the first has the caption."""
        number = str(next(_ALBUMS))
        return [
            self.send(
                kind,
                data,
                caption="" if at else caption,
                media_type="image/jpeg" if kind == "document" else "",
                album=number,
            )
            for at, data in enumerate(pictures)
        ]

    def special(self, **fields: object) -> Post:
        """A message of another kind, such as `location={…}`."""
        return self._post(extra=fields)

    def service(self, **fields: object) -> Post:
        """A service message, such as `new_chat_members=[…]` or `pinned_message={…}`."""
        return self._post(extra=fields, service=True)

    def _post(self, *, reply_to: Post | None = None, **fields: object) -> Post:
        post = self.telegram.post(
            self.chat, self.person.id, reply_to=reply_to.id if reply_to else 0, **fields
        )
        updates.announce(self.telegram, post)
        return post

    def edit(self, post: Post, text: str) -> None:
        """Change the words of an own message; the same words are a change nobody sees."""
        post.text, post.edits = text, post.edits + 1
        post.entities = []
        self.telegram.show(self.chat, "edit", post.id, text)
        updates.announce(self.telegram, post, "edited_message")

    # --- reacting ------------------------------------------------------------------------------

    def press(self, post: Post, label: str, *, data: str = "") -> str:
        """Press the button whose label contains `label`; the id of the callback query.

        `data` is sent instead of the button's own, as a forging client can. A press names whoever
        presses, hidden as they may be otherwise.
        """
        if not data:
            buttons = [
                button for row in post.rows for button in row if label in str(button["text"])
            ]
            assert buttons, f"no button {label!r} among {post.buttons}"
            data = str(buttons[0]["callback_data"])
        number = str(next(_QUERIES))
        for bot in self._bots():
            if bot.id == post.author:
                bot.open_queries[number] = self.telegram.clock()
                query = {
                    "id": number,
                    "from": self.person.user(),
                    "chat_instance": "1",
                    "message": updates.message(self.telegram, post),
                    "data": data,
                }
                self.telegram.emit(bot, "callback_query", query, f"user:{self.person.id}")
        return number

    def react(self, post: Post, *emoji: str, anonymous: bool = False) -> None:
        """Set one's reactions to a message; none takes them away."""
        old = post.reactions.get(self.person.id, [])
        post.reactions[self.person.id] = list(emoji)
        hidden = anonymous or self.person.id in self.chat.hidden
        who = {"actor_chat": self.chat.described()} if hidden else {"user": self.person.user()}
        body = {
            "chat": self.chat.described(),
            "message_id": post.id,
            "date": int(self.telegram.wall()),
            "old_reaction": [_reaction(one) for one in old],
            "new_reaction": [_reaction(one) for one in emoji],
            **who,
        }
        for bot in self._bots():
            if self.chat.private or bot.id in self.chat.admins:
                self.telegram.emit(bot, "message_reaction", body, f"reaction:{self.chat.id}")

    def stop_generation(self, thread: int = 0) -> Draft:
        """Press the stop of the draft that is on the screen."""
        draft = self.draft(thread)
        assert draft is not None, "no draft is on the screen"
        assert draft.can_stop, "the draft has no stop"
        draft.stopped = True
        if not draft.keeps:
            self.chat.drafts.pop(thread)
        body: dict[str, object] = {
            "chat": self.chat.described(),
            "draft_id": str(draft.id),  # the server writes it as a string
        }
        if thread:
            body["message_thread_id"] = thread
        for bot in self._bots():
            self.telegram.emit(bot, "stopped_message_generation", body, f"stop:{self.chat.id}")
        return draft

    def delete(self, post: Post) -> None:
        """Take a message away; bots are not told."""
        self.telegram.remove(post)

    def block(self) -> None:
        """Block the bot; in private."""
        self.chat.blocked = "bot was blocked by the user"
        self.chat.drafts.clear()
        self._membership("member", "kicked")

    def unblock(self) -> None:
        self.chat.blocked = ""
        self._membership("kicked", "member")

    def _membership(self, old: str, new: str) -> None:
        for bot in self._bots():
            _tell_membership(self.telegram, self.chat, bot, self.person, old, new)

    def _bots(self) -> list[Bot]:
        return self.telegram.bots_in(self.chat)

    # --- seeing --------------------------------------------------------------------------------

    @property
    def posts(self) -> list[Post]:
        """All messages on the screen, oldest first."""
        return list(self.chat.posts.values())

    @property
    def answers(self) -> list[Post]:
        """The messages of bots on the screen, oldest first."""
        bots = {bot.id for bot in self._bots()}
        return [post for post in self.posts if post.author in bots]

    def shown(self) -> list[str]:
        """The readable texts of the bots' messages, oldest first."""
        return [post.readable for post in self.answers]

    def draft(self, thread: int = 0) -> Draft | None:
        """The draft on the screen now."""
        self.telegram.expire(self.chat)
        return self.chat.drafts.get(thread)


class Group:
    """A chat of several people and bots."""

    def __init__(self, telegram: "Telegram", chat: Chat) -> None:
        self.telegram = telegram
        self.chat = chat

    def seat(self, person: Person) -> Seat:
        """The person's seat in it; they join when they were not there."""
        self.chat.members.add(person.id)
        return Seat(self.telegram, self.chat, person)

    def topic(self) -> int:
        """A new topic of a forum: its thread id."""
        self.chat.last_id += 1
        self.chat.topics.add(self.chat.last_id)
        return self.chat.last_id

    def appoint(self, person: Person, *, hidden: bool = False) -> Seat:
        """Make a person an administrator; one who is `hidden` speaks as the group."""
        self.chat.admins.add(person.id)
        if hidden:
            self.chat.hidden.add(person.id)
        return self.seat(person)

    def promote(self, bot: Bot, by: Person) -> None:
        """Make the bot an administrator."""
        self.chat.admins.add(bot.id)
        _tell_membership(self.telegram, self.chat, bot, by, "member", "administrator")

    def demote(self, bot: Bot, by: Person) -> None:
        self.chat.admins.discard(bot.id)
        _tell_membership(self.telegram, self.chat, bot, by, "administrator", "member")

    def kick(self, bot: Bot, by: Person) -> None:
        self.chat.blocked = f"bot was kicked from the {self.chat.kind} chat"
        _tell_membership(self.telegram, self.chat, bot, by, "member", "kicked")

    def migrate(self) -> "Group":
        """Become a supergroup with another id; bots are told in both chats."""
        bots = self.telegram.bots_in(self.chat)
        new = self.telegram.group(*bots, title=self.chat.title)
        for kind in ("members", "admins", "hidden"):
            getattr(new.chat, kind).update(getattr(self.chat, kind))
        someone = next(n for n in self.chat.members if n in self.telegram.people)
        person = self.telegram.people[someone]
        Seat(self.telegram, self.chat, person).service(migrate_to_chat_id=new.chat.id)
        self.chat.migrated_to = new.chat.id
        new.seat(person).service(migrate_from_chat_id=self.chat.id)
        return new


def _reaction(emoji: str) -> dict[str, object]:
    if emoji.isdecimal():
        return {"type": "custom_emoji", "custom_emoji_id": emoji}
    return {"type": "paid"} if emoji == "paid" else {"type": "emoji", "emoji": emoji}


def _tell_membership(
    telegram: "Telegram", chat: Chat, bot: Bot, by: Person, old: str, new: str
) -> None:
    def described(status: str) -> dict[str, object]:
        member: dict[str, object] = {"status": status, "user": bot.user()}
        if status == "administrator":
            member |= dict.fromkeys(_RIGHTS, False)
        return member | ({"until_date": 0} if status == "kicked" else {})

    body = {
        "chat": chat.described(),
        "from": by.user(),
        "date": int(telegram.wall()),
        "old_chat_member": described(old),
        "new_chat_member": described(new),
    }
    telegram.emit(bot, "my_chat_member", body, f"member:{chat.id}")


_RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages"),
    *("can_manage_video_chats", "can_restrict_members", "can_promote_members", "can_change_info"),
    *("can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories"),
)

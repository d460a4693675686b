"""Telegram's updates → events in the normal form, and what else an update tells. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import msgspec

from adapters.telegram import addressing, content, keyboard
from adapters.telegram.addressing import Me, Words
from adapters.telegram.updates import (
    CallbackQuery,
    Chat,
    ChatMemberUpdated,
    Message,
    MessageGenerationStopped,
    MessageReactionUpdated,
    ReactionType,
    Update,
    User,
)
from bot import events
from bot.events import Event, MessageRef, Place, Quote

PLATFORM = "telegram"

_PAYLOAD = 64  # characters behind `/start`, of those below; others cannot come from a link
_PAYLOAD_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
# Skin tones, and what asks for the colourful or the plain form of a sign.
_SHADES = {
    ord(sign): None for sign in "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0e\ufe0f"
}

Standing = Literal["", "gone", "member", "administrator"]


class Unreadable(Exception):
    """An update, or the part of it that matters, has another shape than the Bot API's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an update says.

    `chat` is where it comes from, 0 for nowhere. `standing`: what the bot is there, where that is
    told. `callback`: a button's press that waits to be acknowledged. `moved`: the old and the new
    id of a group. `stopped`: the draft whose Stop was pressed, 0 for none.
    """

    event: Event | None = None
    chat: int = 0
    standing: Standing = ""
    callback: str = ""
    moved: tuple[int, int] | None = None
    stopped: int = 0


def parse(update: object, me: Me, *, albums: Container[str] = (), now: datetime) -> Heard:
    """Read one update. Raises Unreadable.

    `albums` are those that were spoken to the bot: in a group only one part of an album names it.
    `now` is the time of what Telegram gives no time for.
    """
    try:
        read = msgspec.convert(update, Update)
    except (msgspec.ValidationError, UnicodeError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    return _Reader(me, read.update_id, albums, now).heard(read)


def bare(emoji: str) -> str:
    """The emoji without skin tone or variation selector."""
    return emoji.translate(_SHADES)


class _Reader:
    def __init__(self, me: Me, update: int, albums: Container[str], now: datetime) -> None:
        self._me = me
        self._bot = str(me.id)
        self._id = f"{PLATFORM}:{me.id}:{update}"
        self._albums = albums
        self._now = now

    def heard(self, update: Update) -> Heard:
        if update.message:
            return self._message(update.message)
        if update.edited_message:
            return self._edited(update.edited_message)
        if update.callback_query:
            return self._pressed(update.callback_query)
        if update.message_reaction:
            return self._reacted(update.message_reaction)
        if update.my_chat_member:
            return _standing(update.my_chat_member)
        if update.stopped_message_generation:
            return self._stopped(update.stopped_message_generation)
        return Heard()

    # Messages

    def _message(self, message: Message) -> Heard:
        chat = message.chat.id
        if message.migrate_to_chat_id:
            return self._moved(message, chat, message.migrate_to_chat_id)
        if message.migrate_from_chat_id:
            return self._moved(message, message.migrate_from_chat_id, chat)
        words = self._words(message)
        event = self._said(message, words) if self._is_for_us(message, words) else None
        return Heard(chat=chat, event=event)

    def _moved(self, message: Message, old: int, new: int) -> Heard:
        """Told in both chats, and one happening."""
        there = Chat(id=new, type="supergroup", title=message.chat.title)
        event = events.Moved(
            id=f"{PLATFORM}:{self._bot}:moved:{old}",
            place=Place(chat=self._chat(there), user=_speaker(message)),
            at=_time(message.date),
            old=str(old),
        )
        return Heard(chat=message.chat.id, event=event, moved=(old, new))

    def _said(self, message: Message, words: Words) -> Event | None:
        files, quoted = content.files(self._bot, message), self._quote(message)
        name = words.command
        if words.named and not (name or words.text or files or quoted):
            name = "ask"  # who only calls the bot hears how to ask
        # A command is one message; an album is a question in several, whatever stands before it.
        if name and not (name == "ask" and message.media_group_id):
            return events.Command(
                id=self._id,
                place=self._place(message, reply_to=message.message_id),
                at=_time(message.date),
                name=name,
                text=_payload(words.text) if name == "start" else words.text,
                files=files,
                quoted=quoted,
                ref=self._ref(message.chat, message.message_id),
            )
        if not (words.text or files or words.named):
            return None
        return events.Message(
            id=self._id,
            place=self._place(message, reply_to=message.message_id),
            at=_time(message.date),
            ref=self._ref(message.chat, message.message_id),
            text=words.text,
            files=files,
            quoted=quoted,
            album=message.media_group_id,
        )

    def _edited(self, message: Message) -> Heard:
        """The words of an `/ask` are its question; no edit makes a message another command.

        What cannot be read is no question, and comes again and again: a place that moves, a vote.
        """
        words, files = self._words(message), content.files(self._bot, message)
        fits = words.command in ("", "ask") and content.pictures_only(files)
        if not fits or not (words.text or files) or not self._is_for_us(message, words):
            return Heard(chat=message.chat.id)
        event = events.Edited(
            id=self._id,
            place=self._place(message, reply_to=message.message_id),
            at=_time(message.edit_date or message.date),
            ref=self._ref(message.chat, message.message_id),
            text=words.text,
            files=files,
        )
        return Heard(chat=message.chat.id, event=event)

    def _words(self, message: Message) -> Words:
        entities = message.entities if message.text else message.caption_entities
        return addressing.read(self._me, content.words(message), entities)

    def _is_for_us(self, message: Message, words: Words) -> bool:
        if not self._is_from_somebody(message) or words.to_other:
            return False
        if message.chat.type == "private":
            return True
        if message.chat.type not in ("group", "supergroup"):
            return False
        return (
            words.named
            or words.command in addressing.COMMANDS
            or self._replies_to_us(message)
            or bool(message.media_group_id and message.media_group_id in self._albums)
        )

    def _is_from_somebody(self, message: Message) -> bool:
        """Whether a person speaks, or a chat for them: never a bot, this one among them."""
        if message.is_automatic_forward:  # a channel's post, put into its discussion group
            return False
        if message.via_bot and message.via_bot.id == self._me.id:
            return False
        if message.sender_chat:  # its `from` is a bot of Telegram's that stands for nobody
            return True
        return message.sender is not None and not message.sender.is_bot

    def _replies_to_us(self, message: Message) -> bool:
        replied = _replied(message)
        return (
            replied is not None and replied.sender is not None and replied.sender.id == self._me.id
        )

    def _quote(self, message: Message) -> Quote | None:
        picked = message.quote.text if message.quote else ""
        if replied := _replied(message):
            return Quote(
                ref=self._ref(replied.chat, replied.message_id),
                text=picked or content.words(replied),
                files=content.files(self._bot, replied),
            )
        if other := message.external_reply:
            chat = other.chat or Chat(id=0)
            return Quote(
                ref=self._ref(chat, other.message_id),
                text=picked,
                files=content.files(self._bot, other),
            )
        return None

    # What else people do

    def _pressed(self, query: CallbackQuery) -> Heard:
        message = query.message
        if message is None:
            return Heard(callback=query.id)
        button = keyboard.parse(query.data)
        event = None
        if button is not None and not query.sender.is_bot:
            event = events.Action(
                id=self._id,
                place=self._pressed_at(query, message),
                at=self._now,
                ref=self._ref(message.chat, message.message_id),
                name=button[0],
                value=button[1],
            )
        return Heard(chat=message.chat.id, callback=query.id, event=event)

    def _pressed_at(self, query: CallbackQuery, message: Message) -> Place:
        """Where a press is answered: whose question it is hears of it, whoever else presses alone.

        An answer to somebody else's press that everybody sees belongs to what was pressed.
        """
        user, replied = _user(query.sender), _replied(message)
        asker = replied.sender.id if replied and replied.sender else 0
        if message.chat.type == "private" or query.sender.id == asker:
            asked = replied.message_id if replied else 0
            return self._place(message, user=user, reply_to=asked)
        # Who asked in the name of the group or of a channel is not shown; they may be who presses.
        hidden = replied and replied.sender_chat and not replied.is_automatic_forward
        to = replied.message_id if replied and hidden else message.message_id
        return replace(self._place(message, user=user, reply_to=to), interaction=query.id)

    def _reacted(self, update: MessageReactionUpdated) -> Heard:
        # In groups only administrators are told of reactions.
        standing: Standing = "" if update.chat.type == "private" else "administrator"
        old, new = _emoji(update.old_reaction), _emoji(update.new_reaction)
        added = tuple(one for one in new if one not in old)
        removed = tuple(one for one in old if one not in new)
        event, user = None, _reacting(update)
        if user and (added or removed):
            event = events.Reaction(
                id=self._id,
                place=Place(chat=self._chat(update.chat), user=user),
                at=_time(update.date),
                ref=self._ref(update.chat, update.message_id),
                added=added,
                removed=removed,
            )
        return Heard(chat=update.chat.id, standing=standing, event=event)

    def _stopped(self, update: MessageGenerationStopped) -> Heard:
        """The Stop of a draft. It names no person; the private chat is the person."""
        draft = str(update.draft_id)
        if update.chat.type != "private" or not draft.removeprefix("-").isdecimal():
            return Heard(chat=update.chat.id)
        chat = update.chat
        person = User(id=chat.id, first_name=chat.first_name, last_name=chat.last_name)
        # A button that is pressed as the answer ends is not told that there is nothing to stop.
        event = events.Action(
            id=self._id,
            place=Place(chat=self._chat(chat, update.message_thread_id), user=_user(person)),
            at=self._now,
            ref=self._ref(chat, f"draft {draft}"),
            name="stop",
        )
        return Heard(chat=chat.id, event=event, stopped=int(draft))

    # Where and who

    def _place(
        self, message: Message, *, user: events.User | None = None, reply_to: int = 0
    ) -> Place:
        # In ordinary groups the number of a thread is that of a chain of replies.
        thread = message.message_thread_id if message.is_topic_message else 0
        return Place(
            chat=self._chat(message.chat, thread),
            user=user or _speaker(message),
            reply_to=self._ref(message.chat, reply_to) if reply_to else None,
        )

    def _chat(self, chat: Chat, thread: int = 0) -> events.Chat:
        return events.Chat(
            platform=PLATFORM,
            workspace=self._bot,
            id=str(chat.id),
            thread=str(thread) if thread else "",
            private=chat.type == "private",
        )

    def _ref(self, chat: Chat, message: int | str) -> MessageRef:
        return MessageRef(
            platform=PLATFORM, workspace=self._bot, chat=str(chat.id), id=str(message)
        )


def _replied(message: Message) -> Message | None:
    """What is replied to; everything in a topic replies, formally, to the note that opened it."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created is not None else replied


def _speaker(message: Message) -> events.User:
    """Anonymous administrators and channels speak as their chat."""
    chat = message.sender_chat
    return _chat_itself(chat) if chat else _user(message.sender or User(id=0))


def _reacting(update: MessageReactionUpdated) -> events.User | None:
    """They react as their chat, too; bots never do."""
    if update.actor_chat:
        return _chat_itself(update.actor_chat)
    return _user(update.user) if update.user and not update.user.is_bot else None


def _chat_itself(chat: Chat) -> events.User:
    return events.User(id=events.itself(str(chat.id)), name=chat.title)


def _user(user: User) -> events.User:
    name = f"{user.first_name} {user.last_name}".strip()
    return events.User(id=str(user.id), name=name, language=user.language_code)


def _standing(update: ChatMemberUpdated) -> Heard:
    member = update.new_chat_member
    if member.status in ("left", "kicked") or (
        member.status == "restricted" and not member.is_member
    ):
        return Heard(chat=update.chat.id, standing="gone")
    administers = member.status in ("administrator", "creator")
    return Heard(chat=update.chat.id, standing="administrator" if administers else "member")


def _payload(text: str) -> str:
    """What a link to the bot carried, if it can have been one."""
    return text if len(text) <= _PAYLOAD and _PAYLOAD_SIGNS.issuperset(text) else ""


def _emoji(reactions: Sequence[ReactionType]) -> tuple[str, ...]:
    """Custom and paid reactions say nothing that could be told from their kind."""
    found = (bare(one.emoji) for one in reactions if one.type == "emoji")
    return tuple(dict.fromkeys(emoji for emoji in found if emoji))


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

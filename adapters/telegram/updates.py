"""What Telegram sends, as far as it is read: each class shows the fields of ours that it needs.

Everything else in an update is passed over unseen, so that a field of a newer Bot API, or one that
changed its shape where nobody looks, costs no message. Names are those of the Bot API.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

# Up to the year 9999, behind which there are no dates.
_Date = Annotated[int, Meta(ge=0, lt=253_402_300_800)]
_Count = Annotated[int, Meta(ge=0)]


class User(Struct, frozen=True, kw_only=True):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""


class Chat(Struct, frozen=True, kw_only=True):
    id: int
    type: str = ""
    title: str = ""
    first_name: str = ""
    last_name: str = ""


class MessageEntity(Struct, frozen=True, kw_only=True):
    """`offset` and `length` count UTF-16 code units."""

    type: str
    offset: _Count
    length: _Count
    user: User | None = None


class PhotoSize(Struct, frozen=True, kw_only=True):
    file_id: str
    width: int = 0
    height: int = 0
    file_size: _Count = 0


class Media(Struct, frozen=True, kw_only=True):
    """A document, an animation, a video, a voice message or music."""

    file_id: str
    file_name: str = ""
    mime_type: str = ""
    file_size: _Count = 0


class Sticker(Struct, frozen=True, kw_only=True):
    file_id: str
    is_animated: bool = False
    is_video: bool = False
    file_size: _Count = 0


class Content(Struct, frozen=True, kw_only=True):
    """What a message holds besides text; of those that are `object` only their being there."""

    photo: tuple[PhotoSize, ...] = ()
    animation: Media | None = None
    document: Media | None = None
    sticker: Sticker | None = None
    voice: Media | None = None
    audio: Media | None = None
    video: Media | None = None
    video_note: Media | None = None
    venue: object = None
    location: object = None
    contact: object = None
    poll: object = None
    checklist: object = None
    dice: object = None
    game: object = None
    story: object = None
    paid_media: object = None
    giveaway: object = None
    invoice: object = None


class TextQuote(Struct, frozen=True, kw_only=True):
    text: str = ""


class ExternalReplyInfo(Content, frozen=True, kw_only=True):
    """A message of another chat that is replied to."""

    chat: Chat | None = None
    message_id: int = 0


class Message(Content, frozen=True, kw_only=True):
    message_id: int
    chat: Chat
    date: _Date = 0
    edit_date: _Date = 0
    message_thread_id: int = 0
    is_topic_message: bool = False
    sender: User | None = field(name="from", default=None)
    sender_chat: Chat | None = None
    via_bot: User | None = None
    is_automatic_forward: bool = False
    text: str = ""
    entities: tuple[MessageEntity, ...] = ()
    caption: str = ""
    caption_entities: tuple[MessageEntity, ...] = ()
    rich_message: object = None
    media_group_id: str = ""
    reply_to_message: "Message | None" = None
    external_reply: ExternalReplyInfo | None = None
    quote: TextQuote | None = None
    forum_topic_created: object = None
    migrate_to_chat_id: int = 0
    migrate_from_chat_id: int = 0


class CallbackQuery(Struct, frozen=True, kw_only=True):
    id: str
    sender: User = field(name="from")
    message: Message | None = None
    data: str = ""


class ReactionType(Struct, frozen=True, kw_only=True):
    """`emoji` is empty for custom and paid ones."""

    type: str = ""
    emoji: str = ""


class MessageReactionUpdated(Struct, frozen=True, kw_only=True):
    chat: Chat
    message_id: int
    date: _Date = 0
    user: User | None = None
    actor_chat: Chat | None = None
    old_reaction: tuple[ReactionType, ...] = ()
    new_reaction: tuple[ReactionType, ...] = ()


class ChatMember(Struct, frozen=True, kw_only=True):
    status: str
    is_member: bool = False


class ChatMemberUpdated(Struct, frozen=True, kw_only=True):
    chat: Chat
    new_chat_member: ChatMember


class MessageGenerationStopped(Struct, frozen=True, kw_only=True):
    """`draft_id` has 64 bits, and comes as a string where JSON's numbers are thought too small."""

    chat: Chat
    draft_id: int | str
    message_thread_id: int = 0


class Update(Struct, frozen=True, kw_only=True):
    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    message_reaction: MessageReactionUpdated | None = None
    my_chat_member: ChatMemberUpdated | None = None
    stopped_message_generation: MessageGenerationStopped | None = None


ALLOWED = (
    "message",
    "edited_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
    "stopped_message_generation",
)
"""Every kind of update that is read; a server passes over names that it does not know."""

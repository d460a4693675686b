"""What Slack sends, as far as it is read: each class shows the fields of its that are needed.

Everything else is passed over unseen, so that a new field, or one that changed its shape where
nobody looks, costs no message. Names are Slack's. Fields that are null are taken away before.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

_Count = Annotated[int, Meta(ge=0)]
# Up to the year 9999, behind which there are no dates.
_Date = Annotated[int, Meta(ge=0, lt=253_402_300_800)]
# Seconds since 1970 and a number that makes it unique in its channel. Up to the year 2286.
Ts = Annotated[str, Meta(pattern=r"^[0-9]{1,10}\.[0-9]{1,6}$")]
# Ids become parts of others of ours, so they hold nothing that parts those.
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$")]


class Authorization(Struct, frozen=True, kw_only=True):
    """An installation that may see the event; `user_id` is the bot's user where `is_bot`."""

    enterprise_id: Id = ""
    team_id: Id = ""
    user_id: Id = ""
    is_bot: bool = False
    is_enterprise_install: bool = False


class Named(Struct, frozen=True, kw_only=True):
    """A team, an organisation or a channel in an interaction."""

    id: Id = ""
    name: str = ""
    enterprise_id: Id = ""


class Person(Struct, frozen=True, kw_only=True):
    """Who interacts; `team_id` is their own."""

    id: Id = ""
    name: str = ""
    team_id: Id = ""


class File(Struct, frozen=True, kw_only=True):
    id: Id = ""
    name: str = ""
    mimetype: str = ""
    size: _Count = 0
    mode: str = ""
    subtype: str = ""
    file_access: str = ""
    is_external: bool = False
    url_private: str = ""
    url_private_download: str = ""


class Attachment(Struct, frozen=True, kw_only=True):
    """A message that was forwarded, a preview, or a card of another app's."""

    is_msg_unfurl: bool = False
    is_share: bool = False
    channel_id: Id = ""
    ts: str = ""
    pretext: str = ""
    title: str = ""
    text: str = ""
    fallback: str = ""
    blocks: object = None
    message_blocks: object = None
    files: tuple[File, ...] = ()


class Edit(Struct, frozen=True, kw_only=True):
    user: Id = ""
    ts: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """A message, as an event of its own or inside another. `team` and `user_team` are the
    author's."""

    ts: str = ""
    subtype: str = ""
    user: Id = ""
    team: Id = ""
    user_team: Id = ""
    bot_id: str = ""
    hidden: bool = False
    text: str = ""
    blocks: object = None
    files: tuple[File, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    thread_ts: str = ""
    edited: Edit | None = None


class MessageEvent(Message, frozen=True, kw_only=True):
    """`message` and `app_mention`; what changed is in `message`, and as it was before."""

    channel: Id = ""
    channel_type: str = ""
    event_ts: str = ""
    message: Message | None = None
    previous_message: Message | None = None
    deleted_ts: str = ""


class Item(Struct, frozen=True, kw_only=True):
    type: str = ""
    channel: Id = ""
    ts: str = ""


class ReactionEvent(Struct, frozen=True, kw_only=True):
    user: Id
    reaction: str
    item: Item
    item_user: Id = ""
    event_ts: str = ""


class HomeOpened(Struct, frozen=True, kw_only=True):
    user: Id
    channel: Id = ""
    tab: str = ""


class AssistantThread(Struct, frozen=True, kw_only=True):
    user_id: Id
    channel_id: Id
    thread_ts: Ts


class AssistantThreadStarted(Struct, frozen=True, kw_only=True):
    assistant_thread: AssistantThread


class SessionStopped(Struct, frozen=True, kw_only=True):
    channel: Id
    user: Id
    thread_ts: str = ""
    streaming_message_ts: tuple[Ts, ...] = ()
    event_ts: str = ""


class Tokens(Struct, frozen=True, kw_only=True):
    bot: tuple[str, ...] = ()


class TokensRevoked(Struct, frozen=True, kw_only=True):
    tokens: Tokens


class Event(Struct, frozen=True, kw_only=True):
    """The kind of what happened; the rest is read by that."""

    type: str


class Callback(Struct, frozen=True, kw_only=True):
    """The envelope of an event. `authorizations` names one installation that may see it."""

    event: dict[str, object]
    event_id: Id = ""
    event_time: _Date = 0
    is_ext_shared_channel: bool = False


class Command(Struct, frozen=True, kw_only=True):
    """A slash command; every field is a form's. `user_team_id` is the person's own team, where
    that is not the channel's."""

    command: str
    channel_id: Id
    user_id: Id
    user_team_id: Id = ""
    trigger_id: str = ""
    user_name: str = ""
    text: str = ""
    response_url: str = ""


class Container(Struct, frozen=True, kw_only=True):
    """What was pressed in: a message, seen by all or by one, or a view."""

    type: str = ""
    message_ts: str = ""
    thread_ts: str = ""
    channel_id: Id = ""
    view_id: Id = ""
    is_ephemeral: bool = False


class View(Struct, frozen=True, kw_only=True):
    id: Id = ""
    type: str = ""
    callback_id: str = ""
    app_installed_team_id: Id = ""


class Interaction(Struct, frozen=True, kw_only=True):
    """A press, a shortcut, or a view that was filled in."""

    type: str
    user: Person
    trigger_id: str = ""
    response_url: str = ""
    callback_id: str = ""
    channel: Named | None = None
    container: Container | None = None
    message: Message | None = None
    view: View | None = None
    actions: tuple[dict[str, object], ...] = ()


class Routed(Struct, frozen=True, kw_only=True):
    """Where anything belongs: which of these are there depends on its kind."""

    type: str = ""
    authorizations: tuple[Authorization, ...] = ()
    team_id: Id = ""
    enterprise_id: Id = ""
    context_team_id: Id = ""
    context_enterprise_id: Id = ""
    team: Named | None = None
    enterprise: Named | None = None
    user: Person | None = field(default=None)
    view: View | None = None

"""Updates: which kinds there are, what is delivered by default, how messages are written down."""

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.fakes.bot_api.entities import cut, detected, span
from tests.fakes.bot_api.things import Bot, Chat, Person, Post

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram

KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "my_chat_member",
        "chat_member",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "poll",
        "poll_answer",
        "chat_join_request",
        "stopped_message_generation",
    }
)
# "all but chat_member, message_reaction and message_reaction_count" (getUpdates)
DEFAULT_TYPES = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
# who stands for hidden administrators, for old bots (Message.from)
GROUP_BOT = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
# seconds an update is kept; callback queries are answered soon or never
EXPIRY = defaultdict(lambda: 86400.0, {"callback_query": 150.0})


def allowed(known: frozenset[str], wanted: object) -> frozenset[str]:
    """What a list of names means: unknown ones are ignored, none known means the default."""
    assert isinstance(wanted, list)
    return frozenset(wanted) & known or DEFAULT_TYPES & known


def message(telegram: "Telegram", post: Post, *, nested: bool = True) -> dict[str, object]:
    """The post as a Message object."""
    chat = post.chat
    body: dict[str, object] = {
        "message_id": post.id,
        "date": post.date,
        "chat": chat.described(),
        **_sender(telegram, post),
    }
    if post.medium:
        body[post.medium.kind] = post.medium.described
        if post.text:
            body |= {"caption": post.text, "caption_entities": _entities(post)}
    elif post.html:
        body["rich_message"] = {"blocks": []}
    else:
        body |= {"text": post.text, "entities": _entities(post)}
    if post.rows:
        body["reply_markup"] = post.markup
    if post.album:
        body["media_group_id"] = post.album
    if post.edits:
        body["edit_date"] = int(telegram.wall())
    body |= _threading(post)
    quoted = chat.posts.get(post.reply_to)
    if quoted and nested:
        body["reply_to_message"] = message(telegram, quoted, nested=False)
    return {**body, **post.extra}


def _entities(post: Post) -> list[dict[str, object]]:
    found = [*post.entities, *detected(post.text, post.entities)]
    return sorted(found, key=lambda entity: span(entity)[0])


def _sender(telegram: "Telegram", post: Post) -> dict[str, object]:
    if post.author in post.chat.hidden:
        return {"from": GROUP_BOT, "sender_chat": post.chat.described()}
    return {"from": telegram.member(post.author).user()}


def _threading(post: Post) -> dict[str, object]:
    chat = post.chat
    if post.thread:
        return {"message_thread_id": post.thread, "is_topic_message": True}
    if chat.kind == "supergroup" and post.reply_to:
        # an ordinary group numbers its reply threads by their first message
        root = post
        while root.reply_to in chat.posts:
            root = chat.posts[root.reply_to]
        return {"message_thread_id": root.id}
    return {}


def concerns(bot: Bot, chat: Chat, post: Post) -> bool:
    """Whether a bot in privacy mode gets to see somebody's message in a group."""
    if chat.private or bot.reads_groups or bot.id in chat.admins or post.service:
        return True
    quoted = chat.posts.get(post.reply_to)
    if quoted and quoted.author == bot.id:
        return True
    return any(_addresses(bot, post, entity) for entity in _entities(post))


def _addresses(bot: Bot, post: Post, entity: dict[str, object]) -> bool:
    start, end = span(entity)
    _, _, named = cut(post.text, start, end - start).lower().partition("@")
    user = entity.get("user")
    return {
        "bot_command": named in {"", bot.username.lower()},
        "mention": named == bot.username.lower(),
        "text_mention": isinstance(user, dict) and user.get("id") == bot.id,
    }.get(str(entity["type"]), False)


def announce(telegram: "Telegram", post: Post, kind: str = "message") -> None:
    """Tell every bot in the chat about somebody's message."""
    chat = post.chat
    telegram.changed()
    author = telegram.member(post.author)
    if isinstance(author, Bot):
        return
    for bot in telegram.bots_in(chat):
        if concerns(bot, chat, post):
            telegram.emit(bot, kind, message(telegram, post), f"chat:{chat.id}")


def queue_of(kind: str, chat: Chat, person: Person) -> str:
    """Updates of one queue are delivered one after the other."""
    return f"user:{person.id}" if kind == "callback_query" else f"{kind}:{chat.id}"

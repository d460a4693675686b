"""What a bot changes and takes away."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.fakes.bot_api.markup import check_markup
from tests.fakes.bot_api.refused import bad_request
from tests.fakes.bot_api.sending import (
    MAX_CAPTION,
    MAX_TEXT,
    Given,
    Method,
    content,
    rich_content,
)
from tests.fakes.bot_api.things import Bot, Chat, Post
from tests.fakes.bot_api.updates import message

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram

DELETABLE_FOR = 48 * 3600  # seconds (deleteMessage)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def _target(telegram: "Telegram", bot: Bot, given: Given, method: str) -> tuple[Chat, Post]:
    if "chat_id" not in given or "message_id" not in given:
        raise bad_request("message identifier is not specified")
    chat = telegram.chat_of(bot, given["chat_id"], method)
    post = chat.posts.get(int(str(given["message_id"])))
    if post is None:
        raise bad_request("message to edit not found")
    inline = not post.markup or "inline_keyboard" in post.markup
    if post.author != bot.id or not inline:
        raise bad_request("message can't be edited")
    return chat, post


def _change(
    telegram: "Telegram", bot: Bot, chat: Chat, post: Post, fields: Mapping[str, object]
) -> object:
    telegram.flood.message(telegram.clock(), bot.id, chat.id, group=not chat.private)
    if all(getattr(post, name) == value for name, value in fields.items()):
        raise bad_request(NOT_MODIFIED)
    for name, value in fields.items():
        setattr(post, name, value)
    post.edits += 1
    post.at = telegram.clock()
    telegram.show(chat, "edit", post.id, post.readable)
    return message(telegram, post)


def _keyboard(given: Given) -> dict[str, object]:
    markup = given.get("reply_markup", {})
    assert isinstance(markup, dict)
    check_markup(markup)
    return markup if markup.get("inline_keyboard") else {}


def edit_text(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat, post = _target(telegram, bot, given, "editMessageText")
    if post.medium:
        raise bad_request("there is no text in the message to edit")
    fields: dict[str, object]
    if "rich_message" in given:
        if "text" in given:
            raise bad_request("text and rich_message exclude each other")
        fields = {"html": rich_content(given), "text": "", "entities": []}
    else:
        text, marks = content(given, "text", most=MAX_TEXT)
        if post.html:
            raise bad_request("a rich message cannot become a text")
        options = given.get("link_preview_options", {})
        assert isinstance(options, dict)
        post.previewed |= not options.get("is_disabled", False)
        fields = {"html": "", "text": text, "entities": marks}
    return _change(telegram, bot, chat, post, fields | {"markup": _keyboard(given)})


def edit_caption(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat, post = _target(telegram, bot, given, "editMessageCaption")
    if not post.medium:
        raise bad_request("there is no caption in the message to edit")
    text, marks = content(given, "caption", most=MAX_CAPTION, least=0)
    fields = {"text": text, "entities": marks, "markup": _keyboard(given)}
    return _change(telegram, bot, chat, post, fields)


def edit_markup(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat, post = _target(telegram, bot, given, "editMessageReplyMarkup")
    return _change(telegram, bot, chat, post, {"markup": _keyboard(given)})


def delete(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat = telegram.chat_of(bot, given["chat_id"], "deleteMessage")
    post = chat.posts.get(int(str(given["message_id"])))
    if post is None:
        raise bad_request("message to delete not found")
    foreign = post.author != bot.id and not (chat.private or bot.id in chat.admins)
    if foreign or telegram.wall() - post.date > DELETABLE_FOR:
        raise bad_request("message can't be deleted for everyone")
    telegram.remove(post)
    return True


def delete_many(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat = telegram.chat_of(bot, given["chat_id"], "deleteMessages")
    numbers = given["message_ids"]
    assert isinstance(numbers, list)
    if not 1 <= len(numbers) <= 100:
        raise bad_request("1 to 100 messages can be deleted at once")
    for number in numbers:
        post = chat.posts.get(number)
        if post and (post.author == bot.id or chat.private):
            telegram.remove(post)
    return True


METHODS: dict[str, Method] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete,
    "deleteMessages": delete_many,
}

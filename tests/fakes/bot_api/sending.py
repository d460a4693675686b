"""What a bot says: messages, rich ones, files, drafts, chat actions."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.fakes.bot_api import entities as formatting
from tests.fakes.bot_api import media, rich
from tests.fakes.bot_api.markup import check_markup
from tests.fakes.bot_api.refused import bad_request
from tests.fakes.bot_api.things import Bot, Chat, Draft, Medium, Post
from tests.fakes.bot_api.updates import message

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram, Upload

Given = dict[str, object]
MAX_TEXT = 4096  # UTF-16 units after entities parsing (sendMessage)
MAX_CAPTION = 1024  # (sendVoice, sendDocument)
GENERAL = 1  # the topic of a forum that messages belong to without naming one
ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}


def content(
    given: Given, name: str, *, most: int, least: int = 1
) -> tuple[str, list[formatting.Entity]]:
    """The text (or caption) of a call with its entities, trimmed; raises Refused."""
    if given.get("parse_mode"):
        raise bad_request("this server takes entities, no parse modes")
    text = str(given.get(name, ""))
    marks = given.get("entities" if name == "text" else "caption_entities", [])
    assert isinstance(marks, list)
    formatting.checked(text, marks)
    text, marks = formatting.trimmed(text, marks)
    length = formatting.units(text)
    if length < least:
        raise bad_request("message text is empty")
    if length > most:
        raise bad_request(
            "message is too long" if name == "text" else "message caption is too long"
        )
    return text, marks


def rich_content(given: Given, *, draft: bool = False) -> str:
    """The HTML of a rich message; raises Refused."""
    body = given["rich_message"]
    assert isinstance(body, dict)
    if body.get("markdown") is not None or not body.get("html"):
        raise bad_request("rich messages are taken as html here")
    rich.check(str(body["html"]), draft=draft)
    if not body.get("skip_entity_detection"):
        raise bad_request("skip_entity_detection is expected, so that a model mentions nobody")
    return str(body["html"])


def destination(telegram: "Telegram", bot: Bot, given: Given, method: str) -> tuple[Chat, int, int]:
    """The chat, its thread (0 for none) and the message replied to (0); raises Refused."""
    chat = telegram.chat_of(bot, given["chat_id"], method)
    return chat, _thread(chat, bot, given, method), _reply(chat, given)


def _thread(chat: Chat, bot: Bot, given: Given, method: str) -> int:
    thread = given.get("message_thread_id", 0)
    assert isinstance(thread, int)
    if not thread or (thread == GENERAL and chat.is_forum and method == "sendChatAction"):
        return 0
    threaded = bot.topics_in_private if chat.private else chat.is_forum
    if not threaded or thread not in chat.topics:
        raise bad_request("message thread not found")
    if thread in chat.closed_topics:
        raise bad_request("TOPIC_CLOSED")
    return thread


def _reply(chat: Chat, given: Given) -> int:
    reply = given.get("reply_parameters", {})
    assert isinstance(reply, dict)
    wanted = reply.get("message_id", 0)
    assert isinstance(wanted, int)
    if not wanted or wanted in chat.posts:
        return wanted
    if reply.get("allow_sending_without_reply"):
        return 0
    raise bad_request("message to be replied not found")


def put(
    telegram: "Telegram",
    bot: Bot,
    given: Given,
    method: str,
    make: Callable[[Chat], dict[str, object]],
) -> dict[str, object]:
    """Post what `make` gives; the drafts of that thread make way for it."""
    chat, thread, reply = destination(telegram, bot, given, method)
    markup = given.get("reply_markup", {})
    assert isinstance(markup, dict)
    check_markup(markup)
    fields = make(chat)
    telegram.flood.message(telegram.clock(), bot.id, chat.id, group=not chat.private)
    chat.drafts.pop(thread, None)
    post: Post = telegram.post(chat, bot.id, markup=markup, reply_to=reply, thread=thread, **fields)
    return message(telegram, post)


def _previewed(given: Given) -> bool:
    """Whether links in it are fetched for a preview."""
    options = given.get("link_preview_options", {})
    assert isinstance(options, dict)
    return not options.get("is_disabled", False)


def send_message(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    def made(chat: Chat) -> dict[str, object]:
        text, marks = content(given, "text", most=MAX_TEXT)
        return {"text": text, "entities": marks, "previewed": _previewed(given)}

    return put(telegram, bot, given, "sendMessage", made)


def send_rich_message(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    def made(chat: Chat) -> dict[str, object]:
        return {"html": rich_content(given)}

    return put(telegram, bot, given, "sendRichMessage", made)


def send_file(kind: str) -> "Method":
    """sendVoice, sendAudio, sendDocument or sendPhoto."""
    method = "send" + kind.capitalize()

    def send(telegram: "Telegram", bot: Bot, given: Given, files: "Mapping[str, Upload]") -> object:
        def made(chat: Chat) -> dict[str, object]:
            if kind == "voice" and chat.person and chat.person.blocks_voice:
                raise bad_request("VOICE_MESSAGES_FORBIDDEN")
            caption, marks = content(given, "caption", most=MAX_CAPTION, least=0)
            medium: Medium = media.received(telegram, kind, given, files)
            return {"text": caption, "entities": marks, "medium": medium}

        return put(telegram, bot, given, method, made)

    return send


def send_draft(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    # an empty draft is "Thinking…" since 10.0
    text, marks = content(given, "text", most=MAX_TEXT, least=0 if telegram.level >= (10, 0) else 1)
    return _draw(telegram, bot, given, "sendMessageDraft", text, marks, "")


def send_rich_draft(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    html = rich_content(given, draft=True)
    return _draw(telegram, bot, given, "sendRichMessageDraft", "", [], html)


def _draw(
    telegram: "Telegram",
    bot: Bot,
    given: Given,
    method: str,
    text: str,
    marks: list[formatting.Entity],
    html: str,
) -> bool:
    chat, thread, _ = destination(telegram, bot, given, method)
    number = given["draft_id"]
    assert isinstance(number, int)
    if not number:
        raise bad_request("draft_id must be non-zero")
    if not chat.private:
        raise bad_request("drafts are for private chats")
    now = telegram.clock()
    telegram.flood.passing(now, bot.id, chat.id)
    telegram.expire(chat)
    before = chat.drafts.get(thread)
    same = before is not None and before.id == number
    if same and before and before.stopped:
        return True  # the person has seen its end; what comes late changes nothing
    chat.drafts[thread] = Draft(
        id=number,
        text=text,
        entities=marks,
        html=html,
        can_stop=bool(given.get("can_stop")),
        keeps=bool(given.get("keep_on_stop")),
        since=before.since if same and before else now,
        at=now,
        thread=thread,
    )
    telegram.show(chat, "draft", number, chat.drafts[thread].readable)
    return True


def send_action(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat, _, _ = destination(telegram, bot, given, "sendChatAction")
    action = str(given["action"])
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    telegram.flood.passing(telegram.clock(), bot.id, chat.id)
    telegram.show(chat, "action", 0, action)
    return True


Method = Callable[["Telegram", Bot, Given, "Mapping[str, Upload]"], object]

METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendRichMessage": send_rich_message,
    "sendMessageDraft": send_draft,
    "sendRichMessageDraft": send_rich_draft,
    "sendChatAction": send_action,
    **{"send" + kind.capitalize(): send_file(kind) for kind in media.SENT},
}

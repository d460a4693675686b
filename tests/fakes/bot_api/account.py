"""What a bot is and how it hears: identity, updates, webhook, menus, callback queries, members."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.fakes.bot_api import media, updates
from tests.fakes.bot_api.entities import units
from tests.fakes.bot_api.refused import Refused, bad_request, too_many
from tests.fakes.bot_api.spec import LISTED
from tests.fakes.bot_api.things import Bot, Chat, Person, Webhook

if TYPE_CHECKING:
    from tests.fakes.bot_api.server import Telegram

Given = dict[str, object]
QUERY_LASTS = 60.0  # seconds; ours: "too old" comes somewhere between seconds and minutes
EMOJI = LISTED["reactions"]


def get_me(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    return bot.user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": bot.reads_groups,
        "supports_inline_queries": False,
        "has_topics_enabled": bot.topics_in_private,
    }


def known_kinds(telegram: "Telegram") -> frozenset[str]:
    newer = set() if telegram.level >= (10, 3) else {"stopped_message_generation"}
    return updates.KINDS - newer


def get_updates(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    if bot.webhook:
        raise Refused(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    if "allowed_updates" in given:
        bot.allowed = updates.allowed(known_kinds(telegram), given["allowed_updates"])
    offset, limit = int(str(given.get("offset", 0))), int(str(given.get("limit", 100)))
    queue = telegram.pending(bot)
    if offset > 0:
        queue[:] = [queued for queued in queue if queued.id >= offset]
    elif offset < 0:
        queue[:] = queue[offset:]
    return [queued.update for queued in queue[: min(max(limit, 1), 100)]]


def set_webhook(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    new = _webhook(given)
    if given.get("drop_pending_updates"):
        bot.queue.clear()
    if new is None:
        bot.webhook = None
        return True
    wanted = bot.allowed
    if "allowed_updates" in given:
        wanted = updates.allowed(known_kinds(telegram), given["allowed_updates"])
    old = bot.webhook
    same = old and (old.url, old.secret, old.most) == (new.url, new.secret, new.most)
    if not (same and wanted == bot.allowed):
        if telegram.clock() - bot.hooked_at < 1:
            raise too_many(1)
        bot.hooked_at = telegram.clock()
        bot.webhook, bot.allowed = new, wanted
    return True


def _webhook(given: Given) -> Webhook | None:
    """What is asked for; None for no webhook."""
    url, secret = str(given["url"]), str(given.get("secret_token", ""))
    most = int(str(given.get("max_connections", 40)))
    if not url:
        return None
    if not re.match(r"https?://[^/\s]+(/\S*)?$", url):
        raise bad_request("bad webhook: invalid webhook URL specified")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    if not 1 <= most <= 100:
        raise bad_request("max_connections must be between 1 and 100")
    return Webhook(url=url, secret=secret, most=most)


def delete_webhook(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    bot.webhook = None
    if given.get("drop_pending_updates"):
        bot.queue.clear()
    return True


def webhook_info(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    hook = bot.webhook
    info: dict[str, object] = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(telegram.pending(bot)),
    }
    if bot.allowed != updates.DEFAULT_TYPES & known_kinds(telegram):
        info["allowed_updates"] = sorted(bot.allowed)
    if hook:
        info["max_connections"] = hook.most
        if hook.last_error:
            info["last_error_date"] = hook.last_error_at
            info["last_error_message"] = hook.last_error
    return info


def answer_query(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    number = str(given["callback_query_id"])
    if units(str(given.get("text", ""))) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    at = bot.open_queries.pop(number, None)
    if at is None or telegram.clock() - at > QUERY_LASTS:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    bot.answered.append(number)
    if words := str(given.get("text", "")):
        bot.windows[number] = words
    return True


def get_chat(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat = telegram.chat_of(bot, given["chat_id"], "getChat")
    more: dict[str, object] = {"accent_color_id": 0, "max_reaction_count": 11}
    if chat.person and chat.person.blocks_voice:
        more["has_restricted_voice_and_video_messages"] = True
    return chat.described() | more


def get_member(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat = telegram.chat_of(bot, given["chat_id"], "getChatMember")
    number = int(str(given["user_id"]))
    if number not in chat.members:
        raise bad_request("member not found")
    return member(telegram.member(number), chat)


def get_admins(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat = telegram.chat_of(bot, given["chat_id"], "getChatAdministrators")
    return [member(telegram.member(number), chat) for number in chat.admins]


def member(who: Bot | Person, chat: Chat) -> dict[str, object]:
    """As a ChatMember object."""
    if who.id not in chat.admins:
        return {"status": "member", "user": who.user()}
    hidden = who.id in chat.hidden
    return {"status": "administrator", "user": who.user(), "is_anonymous": hidden}


def _menu_of(given: Given) -> tuple[str, str]:
    scope = given.get("scope", {"type": "default"})
    assert isinstance(scope, dict)
    named = ":".join(str(scope[name]) for name in ("type", "chat_id", "user_id") if name in scope)
    return named, str(given.get("language_code", ""))


def set_commands(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    commands = given["commands"]
    assert isinstance(commands, list)
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= units(command["description"]) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    language = str(given.get("language_code", ""))
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("BOT_COMMAND_LANGUAGE_INVALID")
    scope = given.get("scope", {})
    if isinstance(scope, dict) and "chat_id" in scope:
        telegram.chat_of(bot, scope["chat_id"])
    bot.commands[_menu_of(given)] = commands
    return True


def get_commands(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    return bot.commands.get(_menu_of(given), [])


def delete_commands(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    bot.commands.pop(_menu_of(given), None)
    return True


def _words(name: str, most: int) -> tuple["Method", "Method"]:
    """Getter and setter of a description."""

    def get(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
        language = str(given.get("language_code", ""))
        return {name: bot.words.get((name, language), bot.words.get((name, ""), ""))}

    def set_(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
        text = str(given.get(name, ""))
        if units(text) > most:
            raise bad_request("description is too long")
        bot.words[name, str(given.get("language_code", ""))] = text
        return True

    return get, set_


def set_reaction(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    chat = telegram.chat_of(bot, given["chat_id"], "setMessageReaction")
    post = chat.posts.get(int(str(given["message_id"])))
    if post is None:
        raise bad_request("message to react not found")
    wanted = given.get("reaction", [])
    assert isinstance(wanted, list)
    emoji = [str(reaction.get("emoji")) for reaction in wanted]
    if len(emoji) > 1 or any(one not in EMOJI for one in emoji):
        raise bad_request("REACTION_INVALID")
    post.reactions[bot.id] = emoji
    return True


def get_button(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    return {"type": "default"}


def set_button(telegram: "Telegram", bot: Bot, given: Given, _: object) -> object:
    return True


Method = Callable[["Telegram", Bot, Given, object], object]
_get_description, _set_description = _words("description", 512)
_get_short, _set_short = _words("short_description", 120)

METHODS: dict[str, Method] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "answerCallbackQuery": answer_query,
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatAdministrators": get_admins,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "getMyDescription": _get_description,
    "setMyDescription": _set_description,
    "getMyShortDescription": _get_short,
    "setMyShortDescription": _set_short,
    "setMessageReaction": set_reaction,
    "getChatMenuButton": get_button,
    "setChatMenuButton": set_button,
    "getFile": media.get_file,
}

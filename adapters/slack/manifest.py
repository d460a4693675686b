"""What the app is, as Slack reads it: rights, events, addresses and names, and nothing unused."""

from collections.abc import Mapping
from typing import Final

PATH: Final = "/slack/events"
"""Where events, commands and everything pressed come in."""
INSTALL_PATH: Final = "/slack/install"
REDIRECT_PATH: Final = "/slack/oauth_redirect"

ASK_MESSAGE: Final = "ask_message"
"""The callback id of the shortcut in a message's menu."""
ASK_GLOBAL: Final = "ask_global"
"""The callback id of the shortcut that belongs to no message."""

NAME_LIMIT: Final = 35
"""Characters of an app's name (manifest schema 2.0.0)."""

SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "hears when it is mentioned",
    "assistant:write": "suggests questions",
    "chat:write": "answers",
    "chat:write.public": "answers a command in a public channel it is no member of",
    "commands": "has a slash command and shortcuts",
    "files:read": "reads the pictures it is asked about",
    "files:write": "posts voice notes and long answers",
    "im:history": "hears what people write to it",
    "im:write": "writes to people",
    "reactions:read": "takes reactions for ratings",
    "users:read": "speaks people's language",
}
"""The rights of the bot's token, and what each is for."""

EDIT_SCOPES: Final[Mapping[str, str]] = {
    "channels:history": "hears edits and deletions in public channels",
    "groups:history": "hears edits and deletions in private channels",
    "mpim:history": "hears edits and deletions in group messages",
}
"""Rights to hear what is said in channels, for which Slack has no smaller one than all of it."""

EVENTS: Final = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.im",
    "reaction_added",
    "reaction_removed",
    "tokens_revoked",
)
EDIT_EVENTS: Final = ("message.channels", "message.groups", "message.mpim")

DESCRIPTION: Final = "Answers that grow while they are written: ask in a chat, a channel or a form."
AGENT: Final = (
    "Ask anything, with pictures if you like. Every question is answered by itself, in its thread. "
    "You can stop an answer, rate it, have it written anew or read to you."
)
USAGE: Final = "[question] | stop | retry | voice | inputs | feedback | private | help"


def manifest(
    *,
    address: str | None,
    socket: bool,
    command: str,
    name: str,
    many: bool = False,
    edits: bool = False,
) -> dict[str, object]:
    """The manifest, for Slack's page “From a manifest”.

    `address` is where Slack and people reach this server; it is needed unless all comes by
    `socket`, and for `many`: then any workspace can install the app. With `edits` it follows
    questions that are edited or deleted in channels.
    """
    base = (address or "").rstrip("/")
    request = {} if socket else {"request_url": base + PATH}
    scopes = {"bot": list(SCOPES), **({"bot_optional": list(EDIT_SCOPES)} if edits else {})}
    back = {"redirect_urls": [base + REDIRECT_PATH]} if many else {}
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {"name": name, "description": DESCRIPTION},
        "features": _features({} if socket else {"url": base + PATH}, command, name),
        "oauth_config": {**back, "scopes": scopes},
        "settings": {
            "event_subscriptions": {
                **request,
                "bot_events": sorted((*EVENTS, *(EDIT_EVENTS if edits else ()))),
            },
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": many,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _features(where: Mapping[str, str], command: str, name: str) -> dict[str, object]:
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "agent_view": {"agent_description": AGENT},
        "bot_user": {"display_name": name, "always_online": True},
        "slash_commands": [
            {
                "command": command,
                **where,
                "description": "Ask, or say what is to happen with the answer",
                "usage_hint": USAGE,
                # Mentions come as ids then, not as names that anybody may have.
                "should_escape": True,
            }
        ],
        "shortcuts": [
            {
                "name": "Ask…",
                "type": "global",
                "callback_id": ASK_GLOBAL,
                "description": "Ask a question, with its details, in a form",
            },
            {
                "name": "Ask about this message",
                "type": "message",
                "callback_id": ASK_MESSAGE,
                "description": "Ask about this message and the pictures in it",
            },
        ],
    }

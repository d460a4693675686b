"""The one app that is there, as its maker configured it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCOPES = frozenset(
    {
        *("app_mentions:read", "assistant:write", "chat:write", "chat:write.public", "commands"),
        *("files:read", "files:write", "im:history", "im:write", "reactions:read", "users:read"),
        *("channels:history", "groups:history", "mpim:history"),
    }
)
EVENTS = frozenset(
    {
        *("agent_session_stopped", "app_home_opened", "app_mention", "app_uninstalled"),
        *("message.im", "message.channels", "message.groups", "message.mpim", "tokens_revoked"),
        *("reaction_added", "reaction_removed", "assistant_thread_started"),
    }
)


@dataclass(kw_only=True)
class App:
    """What can be set on an app's pages; `request_url` is empty with Socket Mode."""

    id: str = "A0PARLEY"
    client_id: str = "1234567890.0987654321"
    client_secret: str = field(default="client-secret-of-the-app", repr=False)
    signing_secret: str = field(default="5" * 32, repr=False)
    token: str = field(default="xapp-1-A0PARLEY-42-sesame" + "x" * 12, repr=False)
    verification: str = field(default="verification-token", repr=False)
    scopes: frozenset[str] = SCOPES
    events: frozenset[str] = EVENTS
    commands: frozenset[str] = frozenset({"/ask"})
    ask_message: str = "ask_message"  # callback ids of its shortcuts
    ask_global: str = "ask_global"
    messages_tab: bool = True
    request_url: str = ""
    redirect_urls: tuple[str, ...] = ()
    rotates: bool = False  # tokens expire

    def configure(self, manifest: Mapping[str, Any]) -> None:
        """Become what a manifest says."""
        features, settings = manifest["features"], manifest["settings"]
        config = manifest["oauth_config"]
        wanted = config["scopes"]
        self.scopes = frozenset([*wanted["bot"], *wanted.get("bot_optional", [])])
        self.events = frozenset(settings["event_subscriptions"]["bot_events"])
        self.commands = frozenset(each["command"] for each in features["slash_commands"])
        callbacks = {each["type"]: each["callback_id"] for each in features["shortcuts"]}
        self.ask_message, self.ask_global = callbacks["message"], callbacks["global"]
        self.messages_tab = features["app_home"]["messages_tab_enabled"]
        self.redirect_urls = tuple(config.get("redirect_urls", ()))
        self.rotates = settings["token_rotation_enabled"]
        self.request_url = ""
        if not settings["socket_mode_enabled"]:
            (self.request_url,) = {
                settings["event_subscriptions"]["request_url"],
                settings["interactivity"]["request_url"],
                *(each["url"] for each in features["slash_commands"]),
            }

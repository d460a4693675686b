"""What is brought to the app: events, commands, interactions, each as Slack words it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from tests.fakes.slack_api import words
from tests.fakes.slack_api.things import Channel, Install, Json, Person, Post, Team

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

_MESSAGES = {"im": "im", "channel": "channels", "private": "groups", "mpim": "mpim"}
Kind = Literal["events", "commands", "interactive"]
Reply = Callable[[int, bytes], None]


@dataclass(kw_only=True, eq=False)
class Delivery:
    """Something for the app. `answered` is told the status (0 for none) and body of the answer."""

    kind: Kind
    payload: Json
    at: float
    answered: Reply | None = None
    tries: list[int] = field(default_factory=list)  # the status of each, 0 for no answer in time
    done: bool = False

    @property
    def event(self) -> Json:
        """The event itself; empty for what is none."""
        event = self.payload.get("event", {})
        assert isinstance(event, dict)
        return event

    def body(self) -> tuple[str, bytes]:
        """Media type and bytes of the request that brings it."""
        form = "application/x-www-form-urlencoded"
        if self.kind == "events":
            return "application/json", json.dumps(self.payload).encode()
        if self.kind == "commands":
            return form, urlencode(self.payload).encode()
        return form, urlencode({"payload": json.dumps(self.payload)}).encode()


def tell(slack: "Slack", install: Install, team: str, event: Json, name: str = "") -> None:
    """Bring an event if the app has subscribed to it; `name` is that of the subscription."""
    if (name or str(event["type"])) not in slack.app.events:
        return
    item = event.get("item", event)
    assert isinstance(item, dict)
    channel = slack.channels.get(str(item.get("channel", "")))
    stamp = event.setdefault("event_ts", slack.new_ts())
    payload: Json = {
        "token": slack.app.verification,
        "team_id": team,
        "api_app_id": slack.app.id,
        "event": event,
        "type": "event_callback",
        "event_id": slack.new_id("Ev"),
        "event_time": int(float(str(stamp))),
        "authorizations": [
            {
                "enterprise_id": install.enterprise or None,
                "team_id": install.team or None,
                "user_id": install.bot_user,
                "is_bot": True,
                "is_enterprise_install": not install.team,
            }
        ],
        "is_ext_shared_channel": bool(channel and channel.shared),
        "event_context": f"4-{slack.new_id('x')}",
    }
    if install.enterprise:
        payload["enterprise_id"] = install.enterprise
    slack.deliver(Delivery(kind="events", payload=payload, at=slack.clock()))


def tell_message(slack: "Slack", channel: Channel, event: Json) -> None:
    """Bring a message event where the app is in the channel."""
    install = slack.found_install(channel.team)
    if install and install.bot_user in channel.members:
        event |= {"channel": channel.id, "channel_type": _channel_type(channel)}
        tell(slack, install, channel.team, event, f"message.{_MESSAGES[channel.kind]}")


def _channel_type(channel: Channel) -> str:
    return "group" if channel.kind == "private" else channel.kind


def message(slack: "Slack", post: Post) -> Json:
    """A message object as events have it."""
    team = slack.people[post.author].team if post.author in slack.people else post.channel.team
    body: Json = {
        "type": "message",
        "user": post.author,
        "ts": post.ts,
        "text": post.text or post.markdown,
        "team": team,
        "blocks": post.blocks or _rich(post.text),
    }
    if install := _of_bot(slack, post):
        body |= {"bot_id": install.bot_id, "app_id": slack.app.id}
    elif slack.people[post.author].is_bot:
        body |= {"bot_id": "B" + post.author[1:], "app_id": "A0OTHER"}
    else:
        body["client_msg_id"] = f"{post.ts.replace('.', '')[:8]}-0000-4000-8000-{post.ts[-6:]:0>12}"
    if post.channel.shared:
        body |= {"user_team": team, "source_team": team}
    if post.thread:
        root = post.channel.posts.get(post.thread)
        body |= {"thread_ts": post.thread, "parent_user_id": root.author if root else ""}
    if post.files:
        whole = not post.channel.shared
        body |= {
            "subtype": "file_share",
            "upload": False,
            "files": [
                file.described(whole=whole or file.access == "visible") for file in post.files
            ],
        }
    return body


def _of_bot(slack: "Slack", post: Post) -> Install | None:
    found = (each for each in slack.installs.values() if each.bot_user == post.author)
    return next(found, None)


def _rich(text: str) -> list[Json]:
    element = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": "b1", "elements": [element]}]


def announce(slack: "Slack", post: Post) -> None:
    """Tell the app of a new message, twice where it is mentioned in a channel."""
    channel = post.channel
    body = message(slack, post) | {"event_ts": post.ts}
    tell_message(slack, channel, dict(body))
    install = slack.found_install(channel.team)
    if install is None or channel.private or install.bot_user not in channel.members:
        return
    if f"<@{install.bot_user}>" in post.text and post.author != install.bot_user:
        mention = body | {"type": "app_mention", "channel": channel.id}
        mention.pop("subtype", None)
        tell(slack, install, channel.team, mention)


def changed(slack: "Slack", post: Post, before: Json) -> None:
    """Tell the app that a message was edited."""
    now = message(slack, post)
    now["edited"] = {"user": post.author, "ts": slack.new_ts()}
    event: Json = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": now,
        "previous_message": before,
        "ts": slack.new_ts(),
    }
    tell_message(slack, post.channel, event)


def deleted(slack: "Slack", post: Post, before: Json) -> None:
    event: Json = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": post.ts,
        "previous_message": before,
        "ts": slack.new_ts(),
    }
    tell_message(slack, post.channel, event)


def about(slack: "Slack", person: Person, team: Team, trigger: str) -> Json:
    """What every interaction tells: who, where, and a permission."""
    house = {"id": team.enterprise, "name": "House"} if team.enterprise else None
    install = slack.installed(team.id)
    return {
        "token": slack.app.verification,
        "api_app_id": slack.app.id,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": house,
        "is_enterprise_install": not install.team,
        "user": {
            "id": person.id,
            "username": person.name.lower(),
            "name": person.name.lower(),
            "team_id": person.team,
        },
        "trigger_id": trigger,
    }


def told(answer: bytes) -> Json:
    """The answer to a command: JSON, or plain words."""
    if not answer.strip():
        return {}
    try:
        found = json.loads(answer)
    except ValueError:
        return {"text": answer.decode(errors="replace")}
    return found if isinstance(found, dict) else {"text": words.shown(str(found))}

"""The samples of what Slack sends, and what is read in them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from adapters.slack import commands, deeds, inbound, routing
from adapters.slack.heard import Heard, Me, mapping
from bot.events import Event, MessageRef

PAYLOADS = Path(__file__).parent.parent / "payloads" / "slack"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json") if "schema" not in path.name)
TEAM, BOT, ADA, BEN = "T024BE7LD", "U0PARLEYBOT", "U061F7AUR", "U0BEN00BEN"
DM, ROOM = "D024BE91L", "C2147483705"
ME = Me(team=TEAM, user=BOT)
NOW = datetime(2026, 11, 22, tzinfo=UTC)

E = TypeVar("E")


def payload(name: str) -> dict[str, object]:
    loaded = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def read(told: object, *, names: dict[str, str] | None = None) -> Heard:
    """What a payload says, by the way in which its kind is read."""
    cleaned = mapping(told)
    route = routing.route(cleaned)
    me = Me(team=route.team, user=BOT, enterprise=route.enterprise)
    if "command" in cleaned:
        return commands.parse(cleaned, me, names=names or {}, now=NOW)
    parse = inbound.parse if cleaned.get("type") == "event_callback" else deeds.parse
    return parse(cleaned, me, names=names or {}, now=NOW)


def heard(name: str, **names: str) -> Heard:
    return read(payload(name), names=names)


def event(name: str) -> Event | None:
    return heard(name).event


def found(kind: type[E], name: str) -> E:
    event = heard(name).event
    assert isinstance(event, kind), event
    return event


def ref(ts: str, chat: str = DM) -> MessageRef:
    return MessageRef(platform="slack", workspace=TEAM, chat=chat, id=ts)

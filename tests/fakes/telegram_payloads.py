"""The samples of what Telegram sends, and what is read in them."""

import json
from datetime import UTC, datetime
from pathlib import Path

from adapters.telegram.addressing import Me
from adapters.telegram.inbound import Heard, parse
from bot.events import Command, Event, File, Message, MessageRef

PAYLOADS = Path(__file__).parent.parent / "payloads" / "telegram"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))
ME = Me(id=42, username="parley_bot")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
GROUP = "-1001234567890"
LARGE = File(handle="42:large", media_type="image/jpeg", size=150_000)


def payload(name: str) -> dict[str, object]:
    loaded = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def heard(name: str, *, albums: tuple[str, ...] = ()) -> Heard:
    return parse(payload(name), ME, albums=albums, now=NOW)


def part(update: dict[str, object], name: str) -> dict[str, object]:
    inner = update[name]
    assert isinstance(inner, dict)
    return inner


def event(name: str) -> Event | None:
    return heard(name).event


def message(name: str) -> Message:
    found = event(name)
    assert isinstance(found, Message)
    return found


def command(name: str) -> Command:
    found = event(name)
    assert isinstance(found, Command)
    return found


def ref(id: int, chat: str = "1001") -> MessageRef:
    return MessageRef(platform="telegram", workspace="42", chat=chat, id=str(id))

"""What calls are given, and how it is written in the Bot API's JSON.

Lists go out as strings of JSON, which is how the Bot API takes them everywhere: PTB would make an
object of its own of every entity and every button, and that costs more than the call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from adapters.telegram.features import Features

PLACEHOLDER = 64  # characters in an input field's hint, says the Bot API
FORUM_GENERAL = 1  # the topic every forum has; messages go there by naming no topic


class Entity(Protocol):
    """Formatting of a stretch of text: `kind` as Telegram's `type`, bounds in UTF-16 units.

    `url` belongs to a text_link; a text_mention's is "tg://user?id=<id>". `language` is code's.
    """

    @property
    def kind(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def language(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class To:
    """Where a message goes. `thread`: a topic's id; None outside topics."""

    chat: int
    thread: int | None = None

    @property
    def topic(self) -> int | None:
        """The topic as messages name it: a forum's General is named by nothing."""
        return None if self.chat < 0 and self.thread == FORUM_GENERAL else self.thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An inline button; `style` is "", "primary", "success" or "danger"."""

    label: str
    data: str = field(repr=False)
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """Inline buttons, an opened reply, or both.

    `force_reply` opens a reply to the message; `placeholder` is the hint in its empty field, for
    which the Bot API has no place where there are buttons; `selective` opens it only for who is
    replied to or mentioned.
    """

    rows: tuple[tuple[Key, ...], ...] = ()
    force_reply: bool = False
    placeholder: str = ""
    selective: bool = False


def whole(text: str) -> str:
    """`text` with U+FFFD for half a surrogate pair, which cannot be sent; as long in UTF-16."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def entities_json(entities: Sequence[Entity]) -> str | None:
    """None for no entities: the call then names none."""
    if not entities:
        return None
    return msgspec.json.encode([_entity(entity) for entity in entities]).decode()


def markup_json(markup: Markup | None, features: Features) -> str | None:
    """Without what the server refused before; None for no markup."""
    if markup is None:
        return None
    if markup.rows:
        return _keyboard(markup, features)
    if not markup.force_reply:
        return None
    fields: dict[str, object] = {"force_reply": True, "selective": markup.selective}
    if markup.placeholder:
        fields["input_field_placeholder"] = whole(markup.placeholder[:PLACEHOLDER])
    return msgspec.json.encode(fields).decode()


def _entity(entity: Entity) -> dict[str, object]:
    fields: dict[str, object] = {
        "type": entity.kind,
        "offset": entity.offset,
        "length": entity.length,
    }
    if entity.kind == "text_mention":
        # Telegram looks at the id alone, but a User has the others.
        user = int(entity.url.rpartition("=")[2])
        fields["user"] = {"id": user, "is_bot": False, "first_name": ""}
    elif entity.url:
        fields["url"] = whole(entity.url)
    if entity.language:
        fields["language"] = whole(entity.language)
    return fields


def _keyboard(markup: Markup, features: Features) -> str:
    rows = [[_key(key, styles=features.button_style) for key in row] for row in markup.rows]
    fields: dict[str, object] = {"inline_keyboard": rows}
    if markup.force_reply and features.force_reply_keyboard:
        fields["force_reply"] = True
    return msgspec.json.encode(fields).decode()


def _key(key: Key, *, styles: bool) -> dict[str, str]:
    fields = {"text": whole(key.label), "callback_data": key.data}
    if styles and key.style:
        fields["style"] = key.style
    return fields

"""How values that are more than a word or a number lie in a column, the same on both databases."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bot.events import MessageRef

T = TypeVar("T")


class Moment(TypeDecorator[datetime]):
    """A point in time, aware and in UTC; a naive one is refused, since nobody knows its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Decimal]):
    """A number of money, digit for digit: SQLite has only floats beside text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Prose(TypeDecorator[str]):
    """Text of people and models. What no database can hold is left out or becomes "?".

    PostgreSQL refuses NUL in a text, and UTF-8 half a surrogate pair.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode(errors="replace").decode()


class Json(TypeDecorator[T], Generic[T]):
    """Data of a type that msgspec knows, as JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: object) -> None:
        super().__init__()
        self.kind = kind
        self._decode: Callable[[str], Any] = msgspec.json.Decoder(kind).decode

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        return None if value is None else self._decode(value)


class Ref(TypeDecorator[MessageRef]):
    """A message as one text, so that one index finds it; unambiguous whatever its ids hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: MessageRef | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return to_json((value.platform, value.workspace, value.chat, value.id))

    def process_result_value(self, value: str | None, dialect: Dialect) -> MessageRef | None:
        if value is None:
            return None
        platform, workspace, chat, id = msgspec.json.decode(value, type=tuple[str, str, str, str])
        return MessageRef(platform=platform, workspace=workspace, chat=chat, id=id)


def to_json(value: object) -> str:
    """JSON of `value`; half a surrogate pair, which UTF-8 cannot hold, becomes "?"."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        plain = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return plain.encode(errors="replace").decode()

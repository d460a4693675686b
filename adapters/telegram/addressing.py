"""Whom words are meant for: the bot's name and its commands, by the marks Telegram puts on them."""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapters.telegram.updates import MessageEntity

COMMANDS = frozenset(
    {"start", "ask", "stop", "voice", "inputs", "feedback", "retry", "about", "help", "forget"}
    | {"stats"}
)
"""Ours: in a group every bot there hears a command that names none."""

_MARKS = 100
"""Entities that are looked at: as many as Telegram keeps for one message."""
_AFTER_NAME = string.whitespace + ",:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot as people call it; `username` is without the @."""

    id: int
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was said: `text` is without the bot's name at its head or end, and without the command.

    `command` is lower-cased. `named`: whether the bot was called by its name. `to_other`: whether
    the command was for another bot.
    """

    text: str = field(repr=False)
    command: str = ""
    named: bool = False
    to_other: bool = False


def read(me: Me, text: str, entities: Sequence[MessageEntity]) -> Words:
    units = text.encode("utf-16-le", "surrogatepass")
    marks = [_Mark.of(units, one) for one in entities[:_MARKS]]
    names = sorted((mark.start, mark.end) for mark in marks if mark.names(me))
    start, end = _without_names(text, names)
    for mark in marks:
        if mark.entity.type == "bot_command" and mark.start == start:
            return _command(me, mark, text[mark.end : end].strip(), named=bool(names))
    return Words(text=text[start:end], named=bool(names))


def _command(me: Me, mark: "_Mark", rest: str, *, named: bool) -> Words:
    name, _, bot = mark.text.removeprefix("/").partition("@")
    mine = bot.casefold() == me.username.casefold()
    return Words(
        text=rest,
        command=name.lower(),
        named=named or (bool(bot) and mine),
        to_other=bool(bot) and not mine,
    )


def _without_names(text: str, names: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Where the words begin and end; a name between them belongs to the sentence and stays."""
    start, end = 0, len(text)
    inner = []
    for first, last in names:
        if text[start:first].strip():
            inner.append((first, last))
        else:
            start = len(text) - len(text[last:].lstrip(_AFTER_NAME))
    for first, last in reversed(inner):
        if not text[last:end].strip():
            end = len(text[:first].rstrip())
    return start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """An entity and the characters it covers."""

    entity: MessageEntity
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, units: bytes, entity: MessageEntity) -> "_Mark":
        first, last = 2 * entity.offset, 2 * (entity.offset + entity.length)
        before, covered = _decoded(units[:first]), _decoded(units[first:last])
        start = len(before)
        return cls(entity=entity, start=start, end=start + len(covered), text=covered)

    def names(self, me: Me) -> bool:
        if self.entity.type == "text_mention":
            return self.entity.user is not None and self.entity.user.id == me.id
        if self.entity.type != "mention" or not me.username:
            return False
        return self.text.casefold() == f"@{me.username}".casefold()


def _decoded(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")

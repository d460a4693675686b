"""What people wrote, as they wrote it: Slack's marks undone, and the bot's own name taken off.

Slack sends `&`, `<` and `>` as entities and puts people, channels, links and dates in angle
brackets, so everything else in a text is the person's own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MARK = re.compile(r"<([^<>\n]+)>")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,30})>")
_AROUND_NAME = " \t\r\n,:\u00a0"
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # "&amp;" last: it makes others
_NAMED: Final = 10  # people looked up by name in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`text` without the bot's name at its head or end; `named`: whether the bot was mentioned."""

    text: str = field(repr=False)
    named: bool = False


def read(text: str, bot: str, names: Mapping[str, str]) -> Words:
    """`text` of an event; `bot` is its own user's id, `names` those of people by id."""
    rest, named = _without_name(text, bot)
    return Words(text=plain(rest, names).strip(), named=named)


def plain(text: str, names: Mapping[str, str]) -> str:
    """`text` as the person sees it; whoever is not in `names` stays an id."""
    shown = _MARK.sub(lambda mark: _shown(mark[1], names), text)
    for entity, sign in _ENTITIES:
        shown = shown.replace(entity, sign)
    return shown


def people(text: str, bot: str) -> tuple[str, ...]:
    """The ids of those whose names are needed to read it, the first few of them."""
    rest, _ = _without_name(text, bot)
    return tuple(dict.fromkeys(match[1] for match in _PERSON.finditer(rest)))[:_NAMED]


def _without_name(text: str, bot: str) -> tuple[str, bool]:
    """The text without the bot's name around it, and whether it was there at all."""
    mine = re.compile(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>")
    found = [match.span() for match in mine.finditer(text)] if bot else []
    if not found:
        return text, False
    start, end = _inner(text, found)
    return text[start:end], True


def _inner(text: str, names: list[tuple[int, int]]) -> tuple[int, int]:
    """Where the words begin and end; a name between them belongs to the sentence and stays."""
    start, end = 0, len(text)
    inner = []
    for first, last in names:
        if text[start:first].strip():
            inner.append((first, last))
        else:
            start = len(text) - len(text[last:].lstrip(_AROUND_NAME))
    for first, last in reversed(inner):
        if not text[last:end].strip():
            end = len(text[:first].rstrip(_AROUND_NAME))
    return start, end


def _shown(mark: str, names: Mapping[str, str]) -> str:
    target, _, label = mark.partition("|")
    if target.startswith("@"):
        return f"@{label.removeprefix('@') or names.get(target[1:], target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return _called(target[1:], label)
    return _link(target, label)


def _called(target: str, label: str) -> str:
    """`@here` and its like, a group of people, or a date with its words."""
    kind, _, id = target.partition("^")
    if kind == "date":
        return label
    if kind == "subteam":
        return f"@{label.removeprefix('@') or id}"
    return f"@{label.removeprefix('@') or kind}"


def _link(address: str, label: str) -> str:
    """The address alone where the label is what was typed: Slack completes `example.com`."""
    for added in ("", "http://", "https://", "mailto:", "tel:"):
        if label and address.rstrip("/") == added + label.rstrip("/"):
            return label
    if not label:
        return address.removeprefix("mailto:").removeprefix("tel:")
    return f"{label} ({address.removeprefix('mailto:')})"

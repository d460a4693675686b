"""The words of a message that somebody points at: its text, or what its blocks and cards say.

People's own messages have a text; those of other apps often have everything in blocks instead.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from adapters.slack import payloads

DEEP: Final = 12
"""Levels of blocks that are read: lists in quotes in rich text have some eight."""
LINES: Final = 200
"""Lines that are read; a message has 50 blocks."""

_SPOKEN: Final = ("pretext", "title", "text")
"""What a card says, from top to bottom."""
_PARTS: Final = ("title", "text", "fields", "elements", "rows", "message", "blocks")
"""Where blocks keep their words, in the order in which they are read."""
_RUNS: Final = frozenset({"rich_text_section", "rich_text_quote", "rich_text_preformatted"})
_SILENT: Final = frozenset({"actions", "context_actions"})
"""Blocks of buttons, whose labels nobody says."""


def text(message: payloads.Message) -> str:
    """In Slack's marks."""
    return message.text.strip() or "\n".join(_whole(message.blocks, message.attachments))


def forwarded(card: payloads.Attachment) -> str:
    """What a message that was forwarded says, in Slack's marks."""
    return card.text.strip() or "\n".join(_lines(card.message_blocks, DEEP))


def _whole(blocks: object, cards: tuple[payloads.Attachment, ...]) -> Iterator[str]:
    yield from _lines(blocks, DEEP)
    for card in cards:
        said = [line for name in _SPOKEN if (line := getattr(card, name).strip())]
        yield from said or [card.fallback.strip()]
        yield from _lines(card.blocks, DEEP)


def _lines(part: object, deep: int) -> list[str]:
    """A line for each block and each of its lines; at most LINES."""
    if isinstance(part, list) and deep > 0:
        found = [line for one in part for line in _lines(one, deep - 1)]
    elif isinstance(part, Mapping) and deep > 0:
        found = _block(part, deep)
    else:
        found = []
    return [line for line in found if line.strip()][:LINES]


def _block(part: Mapping[str, object], deep: int) -> list[str]:
    kind, said = part.get("type"), part.get("text")
    if kind in _SILENT:
        return []
    if kind in _RUNS:
        return [_run(part.get("elements"))]
    if isinstance(said, str):
        return [said]
    return [line for name in _PARTS for line in _lines(part.get(name), deep - 1)]


def _run(elements: object) -> str:
    """A line of rich text."""
    return "".join(_piece(one) for one in (elements if isinstance(elements, list) else []))


def _piece(element: object) -> str:
    if not isinstance(element, Mapping):
        return ""
    kind, said = element.get("type"), element.get("text")
    if kind == "link" and isinstance(url := element.get("url"), str):
        return f"<{url}|{said}>" if isinstance(said, str) else f"<{url}>"
    if kind == "user" and isinstance(who := element.get("user_id"), str):
        return f"<@{who}>"
    if kind == "emoji":
        return f":{element.get('name')}:"
    return _escaped(said) if isinstance(said, str) else ""


def _escaped(text: str) -> str:
    """Rich text has people's words as they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Buttons as rows for a phone, what a pressed one carries, and the reply opened for a person."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import get_args

from adapters.telegram.shapes import Key, Markup
from bot.surface import Act, Button, Outgoing

MOST = 100
"""Buttons that one inline keyboard holds."""
_DATA = 64  # bytes of `callback_data`
_LABEL = 60  # characters; a phone shows half of them in a row of its own

_RATED = ("like", "dislike", "regenerate", "speak")  # what is done with an answer, in one row
_STYLES: Mapping[Act, str] = {"like": "success", "dislike": "danger"}
_ROOM = {1: 32, 2: 15, 3: 11, 4: 8}
"""Columns that a label has on a phone of 360 dp, by buttons in its row."""

_VALUE = re.compile(r"[!-~]{0,40}")


def markup(message: Outgoing, *, asks: bool = False, selective: bool = False) -> Markup | None:
    """The keyboard of `message`; `asks` where a reply can be opened for it at all."""
    asks = asks and bool(message.asks)
    rows = tuple(tuple(map(_key, row)) for row in _rows(_shown(message.buttons)))
    if not rows and not asks:
        return None
    hint = message.asks if asks else ""
    return Markup(rows=rows, force_reply=asks, placeholder=hint, selective=asks and selective)


def parse(data: str) -> tuple[str, str] | None:
    """The name and the value of the button that sent `data`; None when it was none of ours.

    Clients can send whatever they like, so the core still looks who may do what.
    """
    name, separator, value = data.partition(":")
    if not separator or name not in get_args(Act) or not _VALUE.fullmatch(value):
        return None
    return name, value


def _shown(buttons: Sequence[Button]) -> Sequence[Button]:
    """The last one is kept whatever their number: it is the way out."""
    return buttons if len(buttons) <= MOST else (*buttons[: MOST - 1], buttons[-1])


def _rows(buttons: Sequence[Button]) -> Iterable[Sequence[Button]]:
    for kind, group in groupby(buttons, key=_kind):
        if kind == "rated":
            yield from _chunks(_short([*group]), 4)
        else:
            yield from _pairs([*group])


def _kind(button: Button) -> str:
    """Buttons of one kind share rows: numbered ones are choices of one list."""
    if button.name in _RATED:
        return "rated"
    return f"{button.name} {button.value[-1:].isdigit()}"


def _chunks(buttons: Sequence[Button], size: int) -> Iterable[Sequence[Button]]:
    return (buttons[at : at + size] for at in range(0, len(buttons), size))


def _pairs(buttons: Sequence[Button]) -> Iterable[Sequence[Button]]:
    """Two in a row where both are short enough to be read there."""
    row: list[Button] = []
    for button in buttons:
        if row and not (len(row) == 1 and all(_fits(one, 2) for one in (*row, button))):
            yield row
            row = []
        row.append(button)
    if row:
        yield row


def _short(buttons: Sequence[Button]) -> Sequence[Button]:
    """Where words would be cut off, signs alone say it: "🔊" for "🔊 Listen"."""
    size = min(len(buttons), 4)
    if all(_fits(button, size) for button in buttons):
        return buttons
    return [_only_sign(button) for button in buttons]


def _only_sign(button: Button) -> Button:
    sign, space, _ = button.label.partition(" ")
    if not space or any(character.isalnum() for character in sign):
        return button
    return Button(label=sign, name=button.name, value=button.value, chosen=button.chosen)


def _key(button: Button) -> Key:
    data = f"{button.name}:{button.value}"
    if len(data.encode()) > _DATA:
        raise ValueError(f"a {button.name} button carries more than {_DATA} bytes")
    style = _STYLES.get(button.name, "") if button.chosen else ""
    return Key(label=_label(button), data=data, style=style)


def _label(button: Button) -> str:
    words = " ".join(button.label.split()) or "…"
    words = words if len(words) <= _LABEL else words[: _LABEL - 1] + "…"
    return f"✓ {words}" if button.chosen else words


def _fits(button: Button, size: int) -> bool:
    return _columns(_label(button)) <= _ROOM[size]


def _columns(text: str) -> int:
    """How wide it is shown, in letters: ideographs and emoji take two."""
    return sum(
        0 if unicodedata.combining(one) or one == "\ufe0f" else 1 + _is_wide(one) for one in text
    )


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"

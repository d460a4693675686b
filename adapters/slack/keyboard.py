"""Buttons as blocks under a message, and what a pressed one carries.

Both thumbs together are Slack's own feedback buttons, everything else is a plain button.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, get_args

from bot.surface import Act, Button

Block: TypeAlias = dict[str, object]

MOST: Final = 25
"""Buttons under one message; an `actions` block holds as many."""
_ROW: Final = 5  # more of them wrap anyhow, and one that is long hides the rest
_LABEL: Final = 75  # characters of a button's text

_FEEDBACK: Final = "feedback"
_STYLES: Final[Mapping[Act, str]] = {"like": "primary", "dislike": "danger"}
_VALUE = re.compile(r"[!-~]{0,40}")


def blocks(buttons: Sequence[Button], *, feedback: bool = True) -> list[Block]:
    """`feedback`: whether the workspace knows feedback buttons."""
    rest = list(buttons if len(buttons) <= MOST else (*buttons[: MOST - 1], buttons[-1]))
    thumbs = _thumbs(rest) if feedback else None
    shown: list[Block] = []
    if thumbs is not None:
        shown.append({"type": "context_actions", "elements": [_feedback(*thumbs)]})
        rest = [button for button in rest if button not in thumbs]
    shown.extend(
        {"type": "actions", "elements": [button(one, at + n) for n, one in enumerate(row)]}
        for at, row in _rows(rest)
    )
    return shown


def parse(action: Mapping[str, object]) -> tuple[str, str] | None:
    """The name and the value of the button pressed; None when it was none of ours.

    `action` is one of a payload's `actions`. Whoever may do what is looked at by the core.
    """
    id, value = action.get("action_id"), action.get("value", "")
    if not isinstance(id, str) or not isinstance(value, str):
        return None
    name = id.partition(":")[0]
    if action.get("type") == "feedback_buttons" or name == _FEEDBACK:
        name, _, value = value.partition(":")
        if name not in ("like", "dislike"):
            return None
    if name not in get_args(Act) or not _VALUE.fullmatch(value):
        return None
    return name, value


def _thumbs(buttons: Iterable[Button]) -> tuple[Button, Button] | None:
    named = {button.name: button for button in buttons}
    like, dislike = named.get("like"), named.get("dislike")
    return (like, dislike) if like is not None and dislike is not None else None


def _feedback(like: Button, dislike: Button) -> Block:
    return {
        "type": "feedback_buttons",
        "action_id": _FEEDBACK,
        "positive_button": _thumb(like),
        "negative_button": _thumb(dislike),
    }


def _thumb(button: Button) -> Block:
    return {"text": _text(button), "value": f"{button.name}:{_checked(button)}"}


def button(button: Button, number: int) -> Block:
    """One button; `number` is another one for each of its name in a message."""
    shown: Block = {
        "type": "button",
        "action_id": f"{button.name}:{number}",  # one message has each id once
        "text": _text(button),
    }
    if value := _checked(button):
        shown["value"] = value
    if button.chosen and button.name in _STYLES:
        shown["style"] = _STYLES[button.name]
    return shown


def _rows(buttons: Sequence[Button]) -> Iterable[tuple[int, Sequence[Button]]]:
    return ((at, buttons[at : at + _ROW]) for at in range(0, len(buttons), _ROW))


def _text(button: Button) -> Block:
    words = " ".join(button.label.split()) or "…"
    words = f"✓ {words}" if button.chosen else words
    words = words if len(words) <= _LABEL else words[: _LABEL - 1] + "…"
    return {"type": "plain_text", "text": words, "emoji": True}


def _checked(button: Button) -> str:
    if not _VALUE.fullmatch(button.value):
        raise ValueError(f"a {button.name} button carries 40 bytes of ASCII at most")
    return button.value

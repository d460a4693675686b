"""Blocks and views held against Block Kit's limits (docs.slack.dev/reference/block-kit)."""

import json
import re
from collections.abc import Callable, Mapping
from typing import cast

from tests.fakes.slack_api.refused import Refused

Json = dict[str, object]
MARKDOWN = 12_000  # characters of all markdown blocks together
BLOCK_TEXT = 13_200  # characters of a message's blocks; more is msg_blocks_too_long
EXPANSION = 50  # headings and dividers of a message's markdown together
MESSAGE_BLOCKS, VIEW_BLOCKS, VIEW_BYTES = 50, 100, 250_000
_EXPANDS = re.compile(
    r"^ {0,3}(?:#{1,6}\s|(?:-[ \t]*){3,}$|(?:\*[ \t]*){3,}$|(?:_[ \t]*){3,}$)", re.M
)


def check_message(blocks: object, unknown: frozenset[str] = frozenset()) -> list[Json]:
    """The blocks of a message; raises Refused, for `unknown` types as well."""
    checked = _blocks(blocks, MESSAGE_BLOCKS, _IN_MESSAGES, unknown)
    told = [str(block["text"]) for block in checked if block["type"] == "markdown"]
    if sum(map(len, told)) > MARKDOWN:
        raise Refused("msg_too_long", "markdown blocks hold 12,000 characters together")
    if sum(expansion_items(text) for text in told) > EXPANSION:
        raise _no("more than 50 headings and dividers")
    if sum(len(text) for text in _strings(checked)) > BLOCK_TEXT:
        raise Refused("msg_blocks_too_long")
    return checked


def expansion_items(text: str) -> int:
    """How many blocks Slack would make of what cannot be part of a paragraph."""
    outside, fenced = [], False
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            outside.append(line)
    return len(_EXPANDS.findall("\n".join(outside)))


def check_view(view: object, kinds: tuple[str, ...]) -> Json:
    """A view of one of these types; raises Refused."""
    if not isinstance(view, dict):
        raise _no("a view must be an object")
    kind = view.get("type")
    if kind not in kinds:
        raise _no(f"a view of type {kind!r} cannot be here")
    fields = _VIEW if kind == "modal" else {key: _VIEW[key] for key in _HOME}
    _fields("view", view, fields)
    if kind == "modal" and "title" not in view:
        raise _no("a modal needs a title")
    allowed = _IN_MODALS if kind == "modal" else _IN_HOME
    blocks = _blocks(view.get("blocks"), VIEW_BLOCKS, allowed, frozenset())
    asks = any(block["type"] == "input" for block in blocks)
    if kind == "modal" and asks and "submit" not in view:
        raise _no("a modal with inputs needs a submit")
    if len(json.dumps(view)) > VIEW_BYTES:
        raise Refused("view_too_large")
    return view


def _no(why: str) -> Refused:
    return Refused("invalid_blocks", why)


def _blocks(
    given: object, most: int, allowed: frozenset[str], unknown: frozenset[str]
) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(block, dict) for block in given):
        raise Refused("invalid_blocks_format")
    if len(given) > most:
        raise _no(f"no more than {most} items allowed")
    for block in given:
        kind = str(block.get("type"))
        if kind not in allowed or kind in unknown:
            raise _no(f"unsupported type: {kind}")
        _fields(kind, block, _BLOCKS[kind], unknown)
    names = [block["block_id"] for block in given if "block_id" in block]
    if len(names) != len(set(names)):
        raise _no("block_id occurs twice")
    actions = [str(e["action_id"]) for block in given for e in _elements(block)]
    for block in given:
        own = [e["action_id"] for e in _elements(block)]
        if len(own) != len(set(own)):
            raise _no(f"action_id occurs twice among {actions}")
    return cast("list[Json]", given)


def _elements(block: Mapping[str, object]) -> list[Json]:
    elements = block.get("elements", [])
    found = list(elements) if isinstance(elements, list) else []
    found += [block[name] for name in ("accessory", "element") if name in block]
    return [each for each in found if isinstance(each, dict) and "action_id" in each]


def _fields(
    owner: str,
    given: Mapping[str, object],
    fields: "Fields",
    unknown: frozenset[str] = frozenset(),
) -> None:
    """Hold an object's fields against their checks; a name that ends in ! is required."""
    known = {name.rstrip("!"): check for name, check in fields.items()}
    for name, value in given.items():
        if name not in known and name != "type":
            raise _no(f"unknown field {name!r} of {owner}")
        if name in known and isinstance(value, dict) and value.get("type") in unknown:
            raise _no(f"unsupported type: {value.get('type')}")
        if name in known:
            known[name](f"{owner}.{name}", value)
    for name in fields:
        if name.endswith("!") and name[:-1] not in given:
            raise _no(f"missing required field: {owner}.{name[:-1]}")


Check = Callable[[str, object], None]
Fields = Mapping[str, Check]


def _text(most: int, *, least: int = 1) -> Check:
    def check(where: str, value: object) -> None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise _no(f"{where} must be {least} to {most} characters")

    return check


def _composed(most: int, *kinds: str) -> Check:
    """A text object of one of these types."""

    def check(where: str, value: object) -> None:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            raise _no(f"{where} must be a text object of {kinds}")
        fields = {"text!": _text(most), "emoji": _flag, "verbatim": _flag}
        if value["type"] == "mrkdwn":
            del fields["emoji"]
        else:
            del fields["verbatim"]
        _fields(where, value, fields)

    return check


def _flag(where: str, value: object) -> None:
    if not isinstance(value, bool):
        raise _no(f"{where} must be true or false")


def _whole(where: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _no(f"{where} must be a whole number")


def _one_of(*values: str) -> Check:
    def check(where: str, value: object) -> None:
        if value not in values:
            raise _no(f"{where} must be one of {values}")

    return check


def _some(most: int, check: Check, *, least: int = 1) -> Check:
    def check_all(where: str, value: object) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise _no(f"{where} must hold {least} to {most} items")
        for each in value:
            check(where, each)

    return check_all


def _object(fields: Fields) -> Check:
    def check(where: str, value: object) -> None:
        if not isinstance(value, dict):
            raise _no(f"{where} must be an object")
        _fields(where, value, fields)

    return check


def _element(*kinds: str) -> Check:
    def check(where: str, value: object) -> None:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            raise _no(
                f"{where} cannot be {value.get('type') if isinstance(value, dict) else value}"
            )
        kind = str(value["type"])
        _fields(kind, value, _ELEMENTS[kind])

    return check


def _anything(where: str, value: object) -> None:
    """What is not ours to check."""


_plain = _composed(75, "plain_text")
_either = ("mrkdwn", "plain_text")
_OPTION = _object({"text!": _composed(75, *_either), "value!": _text(150), "description": _plain})
_OPTION_GROUP = _object({"label!": _plain, "options!": _some(100, _OPTION)})
_CONFIRM = _object(
    {
        "title!": _composed(100, "plain_text"),
        "text!": _composed(300, *_either),
        "confirm!": _composed(30, "plain_text"),
        "deny!": _composed(30, "plain_text"),
        "style": _one_of("primary", "danger"),
    }
)
_FEEDBACK = _object({"text!": _plain, "value!": _text(2000), "accessibility_label": _text(75)})
_ACTION: Fields = {"action_id!": _text(255)}
_INPUT: Fields = {
    **_ACTION,
    "placeholder": _composed(150, "plain_text"),
    "focus_on_load": _flag,
}
_OPTIONS: Fields = {
    **_INPUT,
    "options": _some(100, _OPTION),
    "option_groups": _some(100, _OPTION_GROUP),
    "initial_option": _OPTION,
    "confirm": _CONFIRM,
}
_TEXT_INPUT: Fields = {**_INPUT, "initial_value": _text(3000), "dispatch_action_config": _anything}
_ELEMENTS: Mapping[str, Fields] = {
    "button": {
        **_ACTION,
        "text!": _plain,
        "value": _text(2000),
        "url": _text(3000),
        "style": _one_of("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": _text(75),
    },
    "icon_button": {
        **_ACTION,
        "icon!": _one_of("trash"),
        "text!": _plain,
        "value": _text(2000),
        "confirm": _CONFIRM,
        "accessibility_label": _text(75),
        "visible_to_user_ids": _anything,
    },
    "feedback_buttons": {
        **_ACTION,
        "positive_button!": _FEEDBACK,
        "negative_button!": _FEEDBACK,
    },
    "static_select": _OPTIONS,
    "radio_buttons": {**_ACTION, "options!": _some(10, _OPTION), "initial_option": _OPTION},
    "checkboxes": {
        **_ACTION,
        "options!": _some(10, _OPTION),
        "initial_options": _some(10, _OPTION),
        "focus_on_load": _flag,
        "confirm": _CONFIRM,
    },
    "overflow": {**_ACTION, "options!": _some(5, _OPTION), "confirm": _CONFIRM},
    "plain_text_input": {
        **_TEXT_INPUT,
        "multiline": _flag,
        "min_length": _whole,
        "max_length": _whole,
    },
    "number_input": {
        **_TEXT_INPUT,
        "is_decimal_allowed!": _flag,
        "min_value": _text(40),
        "max_value": _text(40),
    },
    "file_input": {**_ACTION, "filetypes": _some(50, _text(20)), "max_files": _whole},
}
_ID: Fields = {"block_id": _text(255)}
_INPUTS = (
    *("plain_text_input", "number_input", "static_select", "checkboxes", "radio_buttons"),
    "file_input",
)
_PRESSED = ("button", "static_select", "overflow", "radio_buttons", "checkboxes")
_IMAGE: Fields = {"image_url!": _text(3000), "alt_text!": _text(2000)}


def _context_item(where: str, value: object) -> None:
    if isinstance(value, dict) and value.get("type") == "image":
        return _fields(where, value, _IMAGE)
    return _composed(3000, *_either)(where, value)


_BLOCKS: Mapping[str, Fields] = {
    "markdown": {**_ID, "text!": _text(MARKDOWN)},
    "section": {
        **_ID,
        "text": _composed(3000, *_either),
        "fields": _some(10, _composed(2000, *_either)),
        "accessory": _element(*_PRESSED),
        "expand": _flag,
    },
    "header": {**_ID, "text!": _composed(150, "plain_text")},
    "divider": _ID,
    "context": {**_ID, "elements!": _some(10, _context_item)},
    "actions": {**_ID, "elements!": _some(25, _element(*_PRESSED))},
    "context_actions": {
        **_ID,
        "elements!": _some(5, _element("feedback_buttons", "icon_button")),
    },
    "image": {**_ID, **_IMAGE, "title": _composed(2000, "plain_text")},
    "input": {
        **_ID,
        "label!": _composed(2000, "plain_text"),
        "element!": _element(*_INPUTS),
        "hint": _composed(2000, "plain_text"),
        "optional": _flag,
        "dispatch_action": _flag,
    },
}
_IN_MESSAGES = frozenset(_BLOCKS) - {"input"}
_IN_MODALS = frozenset({"section", "header", "divider", "context", "actions", "image", "input"})
_IN_HOME = _IN_MODALS
_short = _composed(24, "plain_text")
_VIEW: Fields = {
    "title": _short,
    "submit": _short,
    "close": _short,
    "blocks!": _anything,
    "private_metadata": _text(3000, least=0),
    "callback_id": _text(255),
    "external_id": _text(255),
    "clear_on_close": _flag,
    "notify_on_close": _flag,
}
_HOME = ("blocks!", "private_metadata", "callback_id", "external_id")


def _strings(value: object) -> list[str]:
    """Every text in blocks that people read."""
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for each in value.values() for text in _strings(each)]
    return []

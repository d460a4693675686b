"""A form as Slack's modal, and what comes back from it as values.

All limits are those of Block Kit.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from adapters.slack.page import Words
from bot.surface import Form, FormField

Json = dict[str, object]

CALLBACK: Final = "form"
"""The callback id of every modal with a form; one that only says something has another."""
SAYING: Final = "saying"
TITLE: Final = 24
"""Characters of a modal's title and of its two buttons."""
LABEL: Final = 150
"""Characters of a label: Slack takes 2,000, and nobody reads them over a field."""
HINT, TEXT = 2000, 3000
"""Characters of a hint, and of what a text field or a section holds."""
OPTION, VALUE = 75, 150
"""Characters of an option as it is read and as it comes back."""
OPTIONS, GROUPS = 100, 100
"""Options in a menu or in one of its groups, and groups in a menu."""
MENU: Final = 60_000
"""Bytes of one menu's options: a whole view has 250,000."""
FIELDS: Final = 100
"""Blocks of a view."""
FAULT: Final = 300
"""Characters said about one fault; under a field there is room for a sentence or two."""

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_YES, _NO = "true", "false"


def view(form: Form, words: Words, metadata: str) -> Json:
    """The modal for `form`; what a view cannot hold is left out, and asked for again after it."""
    fields = list(enumerate(form.fields[:FIELDS]))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": metadata,
        "title": plain_text(form.title, TITLE),
        "submit": plain_text(form.submit, TITLE),
        "close": plain_text(words.close, TITLE),
        "blocks": [_block(index, one, words) for index, one in fields],
    }


def saying(words: Words, told: str) -> Json:
    """A modal without a form, that only says something."""
    return {
        "type": "modal",
        "callback_id": SAYING,
        "title": plain_text(words.title, TITLE),
        "close": plain_text(words.close, TITLE),
        "blocks": [{"type": "section", "text": plain_text(told, TEXT)}],
    }


def values(view: Mapping[str, object], form: Form | None = None) -> dict[str, str]:
    """What was filled in, by field name; `form`, where it is known, undoes what was shortened."""
    fields = {_block_id(index, one): one for index, one in enumerate(form.fields)} if form else {}
    found: dict[str, str] = {}
    for block, elements in _at(view, "state", "values").items():
        name = block.partition(".")[2]
        for element in elements.values() if isinstance(elements, Mapping) else ():
            if name and isinstance(element, Mapping):
                found[name] = _whole(fields.get(block), _given(element))
    return found


def errors(form: Form, faults: Mapping[str, str]) -> dict[str, str]:
    """The faults by the block each is shown under; those of no block stand under the first."""
    blocks = {one.name: _block_id(index, one) for index, one in enumerate(form.fields[:FIELDS])}
    first = next(iter(blocks.values()), "")
    told: dict[str, str] = {}
    for name, fault in faults.items():
        block = blocks.get(name, first)
        told[block] = shorten(f"{told[block]} {fault}" if block in told else fault, FAULT)
    return told


def plain_text(text: str, limit: int) -> Json:
    """A text object without markup; Slack refuses an empty one."""
    return {"type": "plain_text", "text": shorten(text, limit) or "–", "emoji": True}


def shorten(text: str, limit: int) -> str:
    """`text` on one line and within `limit`, ended between two words where that loses little."""
    text = " ".join(text.split())
    if _length(text) <= limit:
        return text
    head = _head(text, limit - 1)
    words = head.rpartition(" ")[0]
    return (words if len(words) * 2 > len(head) else head).rstrip() + "…"


# What is shown


def _block(index: int, field: FormField, words: Words) -> Json:
    shown: Json = {
        "type": "input",
        "block_id": _block_id(index, field),
        "label": plain_text(field.label or field.name, LABEL),
        "optional": not field.required,
        "element": {**_element(field, words, first=index == 0), "action_id": "value"},
    }
    return {**shown, "hint": plain_text(field.hint, HINT)} if field.hint.strip() else shown


def _block_id(index: int, field: FormField) -> str:
    return f"{index}.{field.name}"[:255]


def _element(field: FormField, words: Words, *, first: bool) -> Json:
    match field.kind:
        case "select" if groups := _menu(field):
            return _select(field, groups, words)
        case "checkbox":
            return _switch(field, words)
        case "number":
            shown: Json = {"type": "number_input", "is_decimal_allowed": True}
            known = _NUMBER.fullmatch(field.value.strip())
            return {**shown, "initial_value": field.value.strip()} if known else shown
        case _:
            return _text(field, first=first)


def _text(field: FormField, *, first: bool) -> Json:
    shown: Json = {"type": "plain_text_input", "multiline": field.kind == "paragraph"}
    if field.max_length and field.kind != "select":
        shown["max_length"] = min(field.max_length, TEXT)
    if first:
        shown["focus_on_load"] = True
    value = _shown(field)
    return {**shown, "initial_value": value} if value else shown


def _shown(field: FormField) -> str:
    """What stands in a text field: as much as it holds, and nothing the app would not take."""
    if field.max_length and _length(field.value) > field.max_length:
        return ""
    return _head(field.value, TEXT)


def _switch(field: FormField, words: Words) -> Json:
    """A box to tick; where there has to be an answer, a yes and a no that somebody must choose."""
    yes = {"text": plain_text(words.yes, OPTION), "value": _YES}
    no = {"text": plain_text(words.no, OPTION), "value": _NO}
    now = {_YES: yes, _NO: no}.get(field.value.strip().lower())
    if field.required:
        shown: Json = {"type": "radio_buttons", "options": [yes, no]}
        return {**shown, "initial_option": now} if now else shown
    shown = {"type": "checkboxes", "options": [yes]}
    return {**shown, "initial_options": [yes]} if now is yes else shown


def _menu(field: FormField) -> list[list[Json]]:
    """The options in groups of what one takes; none when they are too many for a menu.

    Then they are typed, and checked like any text.
    """
    options = [_option(option) for option in dict.fromkeys(field.options) if option.strip()]
    size = len(json.dumps(options))
    if len(options) > OPTIONS * GROUPS or size > MENU:
        return []
    return [options[start : start + OPTIONS] for start in range(0, len(options), OPTIONS)]


def _select(field: FormField, groups: Sequence[Sequence[Json]], words: Words) -> Json:
    shown: Json = {"type": "static_select", "placeholder": plain_text(words.choose, LABEL)}
    if len(groups) == 1:
        shown["options"] = groups[0]
    else:
        shown["option_groups"] = [
            {"label": plain_text(_span(group), OPTION), "options": group} for group in groups
        ]
    known = field.value in field.options and field.value.strip()
    return {**shown, "initial_option": _option(field.value)} if known else shown


def _span(group: Sequence[Json]) -> str:
    """From where to where a group goes."""
    first, last = (shorten(str(_at(one, "text").get("text")), 30) for one in (group[0], group[-1]))
    return f"{first} – {last}"


def _option(option: str) -> Json:
    return {"text": plain_text(option, OPTION), "value": _value(option)}


def _value(option: str) -> str:
    """What stands for an option on its way; a longer one is told from others by its checksum."""
    if _length(option) <= VALUE:
        return option
    return f"{_head(option, VALUE - 9)}:{crc32(option.encode(errors='replace')):08x}"


# What comes back


def _given(element: Mapping[str, object]) -> str:
    """The value of one control, whichever kind it is."""
    if element.get("type") == "checkboxes":
        return _YES if element.get("selected_options") else _NO
    chosen = element.get("selected_option")
    value = chosen.get("value") if isinstance(chosen, Mapping) else element.get("value")
    return value if isinstance(value, str) else ""


def _whole(field: FormField | None, value: str) -> str:
    """`value` before it was made to fit a modal; of an option whichever way it is written."""
    if field is None:
        return value
    if field.kind == "select":
        wanted = value.strip().casefold()
        exact = (option for option in field.options if _value(option) == value)
        alike = (option for option in field.options if option.strip().casefold() == wanted)
        return next(exact, next(alike, value))
    return field.value if value and value == _shown(field) else value


def _at(payload: Mapping[str, object], *path: str) -> Mapping[str, object]:
    found: object = payload
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _length(text: str) -> int:
    """In UTF-16 units, as a browser counts: never less than Slack may count."""
    return len(text) + sum(character > "\uffff" for character in text)


def _head(text: str, limit: int) -> str:
    head = text[:limit]
    while _length(head) > limit:
        head = head[:-1]
    return head

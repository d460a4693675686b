"""Turn what a person gave into the inputs an app takes, and find every fault before a billed call.

Completion apps do not fill in defaults: an optional text that is left out stands in the prompt as
the word None, so defaults and empty strings are sent.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.completion.errors import Fault, FaultKind, InputFaults
from bot.completion.models import Field, Parameters
from bot.completion.reading import mend_text

Value = str | int | float | bool

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_NUMBER_LIMIT = 64  # characters; more digits than any prompt means
_YES = frozenset({"yes", "true", "1", "on"})
_NO = frozenset({"no", "false", "0", "off"})
_QUERY = Field(kind="paragraph", variable="query", label="query", required=True)
_UNASKED = replace(_QUERY, required=False)


def message_variable(parameters: Parameters) -> str:
    """The variable that takes what a person writes.

    `query`; else the first required paragraph, the first required text-input, the first paragraph
    or text-input. A form without any of these still goes with a `query`, which servers that do not
    ask for it pass over.
    """
    form = parameters.form
    return (
        _first(form, lambda field: field.variable == "query")
        or _first(form, lambda field: field.required and field.kind == "paragraph")
        or _first(form, lambda field: field.required and field.kind == "text-input")
        or _first(form, lambda field: field.kind in ("paragraph", "text-input"))
        or "query"
    )


def build_inputs(parameters: Parameters, values: Mapping[str, object]) -> dict[str, Value]:
    """The inputs of a question, ready to send; raises `InputFaults` with every fault there is."""
    form = _whole_form(parameters)
    inputs: dict[str, Value] = {}
    faults = _strangers(form, values)
    for field in form:
        try:
            value = _READERS[field.kind](field, _clean(values.get(field.variable)))
        except _Faulty as faulty:
            faults[field.variable] = faulty.fault
        else:
            if value is not None:
                inputs[field.variable] = value
    if faults:
        raise InputFaults(faults)
    return inputs


def _whole_form(parameters: Parameters) -> tuple[Field, ...]:
    """The form and, where nothing in it takes a person's words, the `query` that does."""
    form = parameters.form
    if not form:
        return (_QUERY,)
    taker = message_variable(parameters)
    return form if any(field.variable == taker for field in form) else (*form, _UNASKED)


class _Faulty(Exception):
    def __init__(
        self,
        field: Field,
        kind: FaultKind,
        *,
        limit: int | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self.fault = Fault(kind=kind, label=field.label, limit=limit, options=options)


def _read_text(field: Field, value: object) -> str:
    if value is None:
        value = _default_text(field)
    if not isinstance(value, str):
        raise _Faulty(field, "not_text")
    if field.required and not value.strip():
        raise _Faulty(field, "missing")
    if field.max_length and len(value) > field.max_length:
        raise _Faulty(field, "too_long", limit=field.max_length)
    return value


def _read_select(field: Field, value: object) -> str | None:
    if value is None or value == "":
        # The API refuses "" here, so a choice nobody made stays out.
        value = field.default if field.default in field.options else None
    if value is None:
        if field.required:
            raise _Faulty(field, "missing", options=field.options)
        return None
    if not isinstance(value, str) or value not in field.options:
        raise _Faulty(field, "not_an_option", options=field.options)
    return value


def _read_number(field: Field, value: object) -> int | float | None:
    if _blank(value):
        default = _number(field.default)
        if default is None and field.required:
            raise _Faulty(field, "missing")
        return default
    number = _number(value)
    if number is None:
        raise _Faulty(field, "not_a_number")
    return number


def _read_checkbox(field: Field, value: object) -> bool:
    if _blank(value):
        default = _yes_or_no(field.default)
        if default is None and field.required:
            raise _Faulty(field, "missing")
        return bool(default)
    answer = _yes_or_no(value)
    if answer is None:
        raise _Faulty(field, "not_yes_or_no")
    return answer


_READERS: Mapping[str, Callable[[Field, object], Value | None]] = {
    "text-input": _read_text,
    "paragraph": _read_text,
    "select": _read_select,
    "number": _read_number,
    "checkbox": _read_checkbox,
}


def _default_text(field: Field) -> str:
    """What is sent for a text nobody gave; a default that breaks the form is none."""
    text = "" if field.default is None else mend_text(str(field.default).replace("\0", ""))
    return "" if field.max_length and len(text) > field.max_length else text


def _yes_or_no(value: object) -> bool | None:
    word = str(value).strip().lower()
    return word in _YES if word in _YES | _NO else None


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        word = value.strip()
        if len(word) > _NUMBER_LIMIT or not _NUMBER.fullmatch(word):
            return None
        value = int(word) if word.lstrip("+-").isdigit() else float(word)
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    return None


def _strangers(form: Sequence[Field], values: Mapping[str, object]) -> dict[str, Fault]:
    known = tuple(field.variable for field in form)
    return {
        name: Fault(kind="unknown", label=name, options=known)
        for name in values
        if name not in known
    }


def _clean(value: object) -> object:
    """The API strips NUL itself; lone surrogates cannot be sent at all."""
    return mend_text(value.replace("\0", "")) if isinstance(value, str) else value


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _first(form: Sequence[Field], fits: Callable[[Field], bool]) -> str | None:
    return next((field.variable for field in form if fits(field)), None)

"""An app's form as data: what it asks for, in which words, and what people's answers to it mean."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.completion import Fault, Field, InputFaults, Parameters, build_inputs, message_variable
from bot.phrases import Phrases, input_faults
from bot.service.words import literal
from bot.store.records import Value
from bot.surface import Form, FormField

_ASSIGNMENT = re.compile(
    r"\s*(?P<name>\w[\w.-]*)[=\uff1d]"
    r"(?:[\"\u201c\u201e](?P<double>[^\"\u201c\u201d]*)[\"\u201c\u201d]"
    r"|['\u2018\u201a](?P<single>[^'\u2018\u2019]*)['\u2018\u2019]"
    r"|\u300c(?P<corner>[^\u300c\u300d]*)\u300d"
    r"|(?P<word>\S+))"
    r"(?=\s|$)"
)


def details(parameters: Parameters) -> tuple[Field, ...]:
    """What the app asks for besides the words of the question."""
    taker = message_variable(parameters)
    return tuple(field for field in parameters.form if field.variable != taker)


def find_faults(
    parameters: Parameters, values: Mapping[str, object], names: Iterable[str]
) -> dict[str, Fault]:
    """What is wrong with the variables `names` when `values` are given."""
    known = {field.variable for field in parameters.form} | {message_variable(parameters)}
    try:
        build_inputs(parameters, {name: value for name, value in values.items() if name in known})
    except InputFaults as error:
        return {name: error.faults[name] for name in names if name in error.faults}
    return {}


def sound(parameters: Parameters, remembered: Mapping[str, Value]) -> dict[str, Value]:
    """Of what is remembered, what the form still takes: apps change."""
    known = [field.variable for field in details(parameters) if field.variable in remembered]
    faults = find_faults(parameters, remembered, known)
    return {name: remembered[name] for name in known if name not in faults}


def typed(parameters: Parameters, values: Mapping[str, object]) -> dict[str, Value]:
    """Values without fault as they are sent; an empty text is an answer, an empty choice none."""
    given = tuple(
        field
        for field in details(parameters)
        if field.variable in values
        and (field.kind in ("text-input", "paragraph") or str(values[field.variable]).strip())
    )
    if not given:
        return {}
    names = [field.variable for field in given]
    inputs = build_inputs(replace(parameters, form=given), {name: values[name] for name in names})
    return {name: inputs[name] for name in names}


def read(phrases: Phrases, field: Field, text: str) -> object:
    """What somebody means who writes `text` where a button could be pressed."""
    word = text.strip().casefold()
    if field.kind == "select":
        return next((option for option in field.options if option.casefold() == word), text.strip())
    if field.kind == "checkbox" and word in (
        phrases.button_yes.casefold(),
        phrases.button_no.casefold(),
    ):
        return word == phrases.button_yes.casefold()
    return text.strip()


def assignments(parameters: Parameters, text: str) -> tuple[dict[str, str], str]:
    """What `name=value` in front of a question sets, by variable, and the question itself.

    A name is a variable or its label; whatever else has an equals sign belongs to the question.
    """
    names = {field.label.casefold(): field.variable for field in details(parameters)}
    names |= {field.variable.casefold(): field.variable for field in details(parameters)}
    given: dict[str, str] = {}
    while (found := _ASSIGNMENT.match(text)) and found["name"].casefold() in names:
        values = (found["double"], found["single"], found["corner"], found["word"])
        given[names[found["name"].casefold()]] = next(v for v in values if v is not None)
        text = text[found.end() :]
    return given, text.strip()


def label(field: Field) -> str:
    return field.label.strip() or field.variable


def shown(phrases: Phrases, field: Field, value: object) -> str:
    """A value as CommonMark; a switch in words."""
    if value is None or value == "":
        return phrases.inputs_empty
    if field.kind == "checkbox":
        on = value is True or str(value).strip().lower() in ("true", "yes", "on", "1")
        return phrases.button_yes if on else phrases.button_no
    return literal(str(value))


def current(field: Field, remembered: Mapping[str, Value]) -> object:
    """What goes out for `field` when nothing else is said."""
    return remembered.get(field.variable, field.default)


def make_form(
    form_id: str,
    phrases: Phrases,
    parameters: Parameters,
    fields: Sequence[Field],
    remembered: Mapping[str, Value],
    words: tuple[str, str],
) -> Form:
    """`fields` to fill in at once, with what is remembered or the default filled in.

    `words` are those of the title and of the button that sends it.
    """
    names = [field.variable for field in fields]

    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        return input_faults(phrases, find_faults(parameters, values, names))

    return Form(
        id=form_id,
        title=words[0],
        fields=tuple(_control(field, current(field, remembered)) for field in fields),
        submit=words[1],
        check=check,
    )


def _control(field: Field, value: object) -> FormField:
    text = "" if value is None else str(value)
    return FormField(
        name=field.variable,
        label=label(field),
        kind="text" if field.kind == "text-input" else field.kind,
        required=field.required,
        value=text.lower() if field.kind == "checkbox" else text,
        options=field.options,
        max_length=field.max_length or 0,
        hint=field.hint,
    )

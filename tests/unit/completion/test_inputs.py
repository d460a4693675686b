"""Inputs are completed and checked before a call that costs money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.completion.errors import Fault, InputFaults
from bot.completion.inputs import build_inputs, message_variable
from bot.completion.models import Control, Field, Parameters

QUERY = Field(kind="paragraph", variable="query", label="Query", required=True, default="")
TITLE = Field(kind="text-input", variable="title", label="Title", default="dflt", max_length=10)
TONE = Field(kind="select", variable="tone", label="Tone", options=("formal", "casual"))
NUMBER = Field(kind="number", variable="n", label="N")
FLAG = Field(kind="checkbox", variable="flag", label="Flag")
FORM = Parameters(form=(QUERY, TITLE, TONE, NUMBER, FLAG))


def faults(parameters: Parameters, values: dict[str, object]) -> dict[str, Fault]:
    with pytest.raises(InputFaults) as caught:
        build_inputs(parameters, values)
    return caught.value.faults


def one(field: Field, value: object) -> object:
    return build_inputs(Parameters(form=(field,)), {field.variable: value}).get(field.variable)


def fault(field: Field, value: object) -> Fault:
    return faults(Parameters(form=(field,)), {field.variable: value})[field.variable]


@pytest.mark.parametrize(
    ("form", "variable"),
    [
        ((TITLE, QUERY), "query"),
        ((TITLE, Field(kind="paragraph", variable="p", required=True)), "p"),
        ((TITLE, Field(kind="text-input", variable="t", required=True)), "t"),
        ((TONE, TITLE, Field(kind="paragraph", variable="p")), "title"),
        ((TONE, NUMBER), "query"),
        ((), "query"),
    ],
)
def test_the_variable_that_takes_the_message(form: tuple[Field, ...], variable: str) -> None:
    assert message_variable(Parameters(form=form)) == variable


def test_defaults_and_empty_strings_are_sent_because_the_server_would_write_none() -> None:
    optional = Field(kind="paragraph", variable="note", label="Note")
    form = Parameters(form=(*FORM.form, optional))
    assert build_inputs(form, {"query": "hi"}) == {
        "query": "hi",
        "title": "dflt",
        "note": "",
        "flag": False,
    }


def test_an_app_without_a_form_takes_a_query() -> None:
    assert build_inputs(Parameters(), {"query": "hi"}) == {"query": "hi"}
    assert faults(Parameters(), {})["query"].kind == "missing"


@pytest.mark.parametrize("fields", [(TONE,), (NUMBER, FLAG)])
def test_a_form_that_asks_for_no_text_takes_the_message_all_the_same(
    fields: tuple[Field, ...],
) -> None:
    form = Parameters(form=fields)
    assert build_inputs(form, {message_variable(form): "hi"})["query"] == "hi"
    assert build_inputs(form, {})["query"] == ""
    assert faults(form, {"text": "hi"})["text"].kind == "unknown"


@pytest.mark.parametrize(
    ("kind", "default", "sent"),
    [
        ("text-input", "far too long", ""),
        ("paragraph", "a\0\ud83d", "a\ufffd"),
        ("select", "c", None),
        ("number", "many", None),
        ("number", True, None),
        ("checkbox", "maybe", False),
        ("number", " 7 ", 7),
        ("checkbox", "yes", True),
    ],
)
def test_a_default_that_breaks_the_form_is_no_default_and_nobodys_fault(
    kind: Control, default: str, sent: object
) -> None:
    field = Field(kind=kind, variable="v", default=default, max_length=5, options=("a",))
    assert one(field, None) == sent


@pytest.mark.parametrize("kind", ["text-input", "select", "number", "checkbox"])
def test_a_required_value_whose_default_breaks_the_form_is_missing(kind: Control) -> None:
    field = Field(kind=kind, variable="v", default="unfitting", max_length=5, required=True)
    assert fault(field, None).kind == "missing"


def test_every_fault_is_told_at_once() -> None:
    found = faults(FORM, {"title": "x" * 11, "tone": "rude", "n": "many", "flag": "maybe", "x": 1})
    assert found == {
        "x": Fault(kind="unknown", label="x", options=("query", "title", "tone", "n", "flag")),
        "query": Fault(kind="missing", label="Query"),
        "title": Fault(kind="too_long", label="Title", limit=10),
        "tone": Fault(kind="not_an_option", label="Tone", options=("formal", "casual")),
        "n": Fault(kind="not_a_number", label="N"),
        "flag": Fault(kind="not_yes_or_no", label="Flag"),
    }


def test_length_is_counted_in_code_points_and_the_limit_itself_is_fine() -> None:
    assert one(TITLE, "😀" * 10) == "😀" * 10
    assert fault(TITLE, "😀" * 11).limit == 10


@pytest.mark.parametrize("value", [None, "", "   ", "\n"])
def test_a_required_text_may_not_be_blank(value: object) -> None:
    assert fault(QUERY, value).kind == "missing"


def test_a_text_is_text_without_nul_and_without_halves_of_characters() -> None:
    assert fault(QUERY, 5).kind == "not_text"
    assert one(QUERY, "a\0b\ud83d") == "ab\ufffd"
    assert one(QUERY, "\ud83d\ude00") == "😀"


def test_a_number_as_default_of_a_text_is_written_out() -> None:
    assert one(Field(kind="text-input", variable="v", default=3), None) == "3"


@pytest.mark.parametrize("value", [None, ""])
def test_a_choice_nobody_made_stays_out(value: object) -> None:
    assert "tone" not in build_inputs(Parameters(form=(TONE,)), {"tone": value})


def test_a_choice_falls_back_to_its_default_if_that_is_an_option() -> None:
    options = ("a", "b")
    assert one(Field(kind="select", variable="v", options=options, default="b"), "") == "b"
    assert one(Field(kind="select", variable="v", options=options, default="c"), "") is None
    required = Field(kind="select", variable="v", options=options, required=True)
    assert fault(required, "") == Fault(kind="missing", options=options)
    assert fault(required, 1).kind == "not_an_option"
    assert one(required, "a") == "a"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (3, 3),
        (2.5, 2.5),
        ("3", 3),
        (" -3.5 ", -3.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("1e3", 1000.0),
        ("", None),
        (None, None),
        ("  ", None),
    ],
)
def test_numbers_in_every_spelling(value: object, sent: object) -> None:
    assert one(NUMBER, value) == sent


@pytest.mark.parametrize(
    "value",
    ["abc", "nan", "inf", "1e999", "1_000", "3,5", "٣", True, [1], float("nan"), "9" * 5000],
)
def test_what_is_no_number(value: object) -> None:
    assert fault(NUMBER, value).kind == "not_a_number"


def test_a_required_number_and_its_default() -> None:
    assert fault(Field(kind="number", variable="v", required=True), "").kind == "missing"
    assert one(Field(kind="number", variable="v", required=True, default="7"), "") == 7


@pytest.mark.parametrize("value", [True, "yes", "TRUE", 1, "1", "on"])
def test_yes_in_every_spelling(value: object) -> None:
    assert one(FLAG, value) is True


@pytest.mark.parametrize("value", [False, "no", "False", 0, "0", "off", None, ""])
def test_no_in_every_spelling(value: object) -> None:
    assert one(FLAG, value) is False


def test_a_required_checkbox_wants_an_answer_unless_it_has_a_default() -> None:
    assert fault(Field(kind="checkbox", variable="v", required=True), None).kind == "missing"
    assert one(Field(kind="checkbox", variable="v", required=True, default=True), None) is True


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@given(st.dictionaries(st.sampled_from(["query", "title", "tone", "n", "flag"]), junk))
def test_whatever_is_given_either_fits_the_form_or_is_faulted(values: dict[str, object]) -> None:
    try:
        inputs = build_inputs(FORM, values)
    except InputFaults as error:
        assert error.faults
        return
    assert isinstance(inputs["query"], str)
    assert inputs["query"].strip()
    assert len(str(inputs["title"])) <= 10
    assert inputs.get("tone") in (None, "formal", "casual")
    assert isinstance(inputs["flag"], bool)
    assert None not in inputs.values()

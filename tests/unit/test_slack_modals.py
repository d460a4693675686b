"""Forms as modals that Slack takes, and what people fill in as the app takes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import modals
from bot.surface import Form, FormField
from tests.fakes.slack_api.blocks import check_view
from tests.fakes.slack_forms import WORDS, Desk, a_field


def made(*fields: FormField, title: str = "Details") -> modals.Json:
    form = Form(id="f", title=title, fields=fields, submit="Save", check=lambda _: {})
    return check_view(modals.view(form, WORDS, "{}"), ("modal",))


async def test_every_kind_of_field_is_filled_in_and_comes_back() -> None:
    desk = Desk()
    await desk.open(
        a_field("city", max_length=20, hint="Where it is"),
        a_field("story", "paragraph"),
        a_field("tone", "select", options=("formal", "casual")),
        a_field("count", "number"),
        a_field("short", "checkbox"),
        a_field("sure", "checkbox", required=True),
    )
    filled = {
        "City": "Köln <&>",
        "Story": "Once\nmore",
        "Tone": "casual",
        "Count": "2.5",
        "Short": True,
        "Sure": "No",
    }
    submitted = desk.submit(filled)
    assert submitted.values == {
        "city": "Köln <&>",
        "story": "Once\nmore",
        "tone": "casual",
        "count": "2.5",
        "short": "true",
        "sure": "false",
    }
    assert desk.modal is None


async def test_what_is_known_already_is_filled_in() -> None:
    desk = Desk()
    known = {
        "city": a_field("city", value="Bonn"),
        "tone": a_field("tone", "select", options=("formal", "casual"), value="formal"),
        "count": a_field("count", "number", value="3"),
        "short": a_field("short", "checkbox", value="true"),
        "sure": a_field("sure", "checkbox", required=True, value="true"),
    }
    await desk.open(*known.values())
    assert desk.submit().values == {name: one.value for name, one in known.items()}


async def test_what_is_left_empty_is_empty() -> None:
    desk = Desk()
    kinds = ("text", "paragraph", "number")
    choice = a_field("select", "select", options=("a",))
    await desk.open(*(a_field(kind, kind) for kind in kinds), choice, a_field("box", "checkbox"))
    assert desk.submit().values == {**dict.fromkeys((*kinds, "select"), ""), "box": "false"}


async def test_an_answer_that_is_needed_is_neither_yes_nor_no_before_it_is_given() -> None:
    desk = Desk()
    await desk.open(a_field("sure", "checkbox", required=True))
    with pytest.raises(AssertionError, match="required"):
        desk.submit()


@pytest.mark.parametrize("count", [100, 101, 250])
async def test_a_menu_of_many_options_is_grouped(count: int) -> None:
    desk = Desk()
    options = tuple(f"Option {number}" for number in range(count))
    await desk.open(a_field("one", "select", options=options, value=options[-1]))
    assert desk.submit().values == {"one": options[-1]}
    await desk.open(a_field("one", "select", options=options))
    assert desk.submit({"One": options[count // 2]}).values == {"one": options[count // 2]}


@pytest.mark.unmeasured
async def test_options_too_many_for_a_menu_are_typed_in_whatever_letters() -> None:
    desk = Desk()
    options = tuple(f"The {number}. option" for number in range(5000))
    view = await desk.open(a_field("one", "select", options=options, value=options[7]))
    assert "plain_text_input" in str(view.inputs["One"])
    assert desk.submit().values == {"one": options[7]}
    await desk.open(a_field("one", "select", options=options))
    assert desk.submit({"One": " the 4999. OPTION"}).values == {"one": options[4999]}
    await desk.open(a_field("one", "select", options=options))
    assert desk.submit({"One": "another"}).values == {"one": "another"}


async def test_long_options_that_begin_alike_are_told_apart() -> None:
    desk = Desk()
    options = ("x" * 200 + "a", "x" * 200 + "b", "  spaced ", "", "same", "same")
    view = await desk.open(a_field("one", "select", options=options, value=options[1]))
    element = view.inputs["One"]["element"]
    assert isinstance(element, dict) and len(element["options"]) == 4
    assert desk.submit().values == {"one": options[1]}
    await desk.open(a_field("one", "select", options=options))
    assert desk.submit({"One": "spaced"}).values == {"one": "  spaced "}


@pytest.mark.unmeasured
async def test_a_text_longer_than_a_field_holds_is_kept_whole_unless_it_is_changed() -> None:
    desk = Desk()
    story = "Once upon a time 🧭 " * 400
    await desk.open(a_field("story", "paragraph", value=story))
    assert desk.submit().values == {"story": story}
    await desk.open(a_field("story", "paragraph", value=story, max_length=9000))
    assert desk.submit({"Story": "The end"}).values == {"story": "The end"}


async def test_a_default_that_the_field_would_not_take_is_left_out() -> None:
    desk = Desk()
    await desk.open(
        a_field("topic", max_length=4, value="🧭🧭🧭"),
        a_field("count", "number", value="many"),
        a_field("tone", "select", options=("a", "b"), value="c"),
    )
    assert desk.submit().values == {"topic": "", "count": "", "tone": ""}


def test_titles_and_buttons_are_shortened_between_words() -> None:
    view = made(a_field("a"), title="Please fill in all of these details at once")
    assert view["title"] == modals.plain_text("Please fill in all of…", 24)
    assert modals.shorten("Donaudampfschifffahrtsgesellschaft", 10) == "Donaudamp…"
    assert modals.shorten("🧭" * 9, 10) == "🧭" * 4 + "…"
    assert modals.shorten(" two\nlines ", 10) == "two lines"


def test_somebody_may_begin_to_write_at_once() -> None:
    for first, focused in ((a_field("a", "paragraph"), True), (a_field("a", "number"), False)):
        assert ("focus_on_load" in str(made(first, a_field("b"))["blocks"])) is focused


def test_a_field_without_a_label_is_called_by_its_name() -> None:
    assert "topic" in str(made(a_field("topic", label=""))["blocks"])


async def test_fields_beyond_what_a_view_holds_are_left_for_the_next_form() -> None:
    desk = Desk()
    view = await desk.open(*(a_field(f"f{number}") for number in range(120)))
    assert len(view.blocks) == 100
    assert len(desk.submit().values or ()) == 100


def test_fields_whose_names_begin_alike_and_never_end_stay_apart() -> None:
    blocks = made(a_field("n" * 300), a_field("n" * 301))["blocks"]
    assert isinstance(blocks, list)
    assert len({block["block_id"] for block in blocks}) == 2


async def test_faults_stand_under_their_fields() -> None:
    desk = Desk(faults={"b": "B is needed.", "gone": "Gone is needed.", "lost": "So is Lost."})
    view = await desk.open(a_field("a"), a_field("b"))
    submitted = desk.submit({"A": "1"})
    assert submitted.values is None
    assert view.errors == {"0.a": "Gone is needed. So is Lost.", "1.b": "B is needed."}
    desk.faults = {"a": "Too long: " + "word " * 200}
    desk.submit()
    assert len(view.errors["0.a"]) <= modals.FAULT and view.errors["0.a"].endswith("…")
    desk.faults = {}
    assert desk.submit({"B": "2"}).values == {"a": "", "b": "2"}
    assert desk.modal is None and not desk.world.slack.refusals


KINDS = st.sampled_from(["text", "paragraph", "select", "number", "checkbox"])
FIELDS = st.builds(
    FormField,
    name=st.text(min_size=1, max_size=40),
    label=st.text(max_size=200),
    kind=KINDS,
    required=st.booleans(),
    value=st.text(max_size=40) | st.sampled_from(["true", "3", "-1.5"]),
    options=st.lists(st.text(max_size=100), max_size=5).map(tuple),
    max_length=st.integers(0, 4000),
    hint=st.text(max_size=50),
)


@settings(max_examples=60)
@given(fields=st.lists(FIELDS, min_size=1, max_size=4), title=st.text(max_size=40))
def test_slack_takes_the_modal_of_any_form(fields: list[FormField], title: str) -> None:
    made(*fields, title=title)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(values=st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_whatever_comes_back_is_read_as_texts(values: dict[str, object]) -> None:
    read = modals.values({"state": {"values": values}})
    assert all(isinstance(value, str) for value in read.values())
    modals.values({"state": values})

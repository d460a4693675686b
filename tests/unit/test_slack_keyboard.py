"""Buttons under a message in Slack, and what comes back when one is pressed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.keyboard import MOST, Block, blocks, parse
from bot.surface import Act, Button
from tests.fakes.slack_answers import AGAIN, DISLIKE, LIKE, STOP
from tests.fakes.slack_api.blocks import check_message
from tests.fakes.slack_api.things import Channel, Post, labels


def button(label: str, name: Act = "choose", value: str = "", *, chosen: bool = False) -> Button:
    return Button(label=label, name=name, value=value, chosen=chosen)


def sent(shown: list[Block]) -> list[dict[str, object]]:
    """What Slack sends for each button that can be pressed."""
    channel = Channel(id="C1", team="T1", kind="channel")
    post = Post(ts="1.1", channel=channel, author="U1", blocks=shown)
    return [action for element in post.elements for _, action in labels(element)]


def kinds(shown: list[Block]) -> list[object]:
    return [block["type"] for block in shown]


def rows(shown: list[Block]) -> list[int]:
    return [len(block["elements"]) for block in shown]  # type: ignore[arg-type]  # lists


def words(shown: list[Block]) -> list[object]:
    return [action["text"]["text"] for action in sent(shown)]  # type: ignore[index]  # an object


def test_both_thumbs_are_feedback_buttons_and_the_rest_stands_below() -> None:
    shown = blocks([LIKE, DISLIKE, AGAIN])
    assert kinds(shown) == ["context_actions", "actions"]
    assert words(shown) == ["👍", "👎", "↻ Again"]
    check_message(shown)


def test_one_thumb_alone_is_a_plain_button() -> None:
    assert kinds(blocks([LIKE])) == ["actions"]


def test_where_feedback_buttons_are_unknown_thumbs_are_plain_ones_in_their_order() -> None:
    shown = blocks([LIKE, DISLIKE, AGAIN], feedback=False)
    assert kinds(shown) == ["actions"] and words(shown) == ["👍", "👎", "↻ Again"]


def test_no_buttons_are_no_blocks() -> None:
    assert blocks([]) == []


@pytest.mark.parametrize("feedback", [True, False])
def test_a_pressed_button_brings_back_its_name_and_value(feedback: bool) -> None:
    buttons = [LIKE, DISLIKE, AGAIN, STOP, button("Berlin", value="o1"), button("Rom", value="o2")]
    told = [parse(action) for action in sent(blocks(buttons, feedback=feedback))]
    assert told == [(one.name, one.value) for one in buttons]


def test_a_button_without_a_value_has_none_on_the_wire() -> None:
    [shown] = blocks([button("Cancel", "cancel")])
    assert parse(sent([shown])[0]) == ("cancel", "")
    assert "value" not in str(shown)


def test_five_stand_in_a_row_and_the_way_out_is_kept() -> None:
    many = [button(f"{at}", value=f"o{at}") for at in range(40)]
    shown = blocks([*many, button("Cancel", "cancel")])
    assert rows(shown) == [5] * (MOST // 5)
    assert words(shown)[-1] == "Cancel"
    check_message(shown)


def test_the_one_in_force_is_marked() -> None:
    liked = Button(label="👍", name="like", value="a1", chosen=True)
    assert words(blocks([liked, DISLIKE])) == ["✓ 👍", "👎"]
    [row] = blocks([liked, DISLIKE], feedback=False)
    assert [one.get("style") for one in row["elements"]] == ["primary", None]  # type: ignore[attr-defined]


@pytest.mark.parametrize("label", ["a" * 200, " \n ", "a\nb", "😀" * 100])
def test_any_label_is_taken(label: str) -> None:
    shown = blocks([button(label), LIKE, DISLIKE])
    check_message(shown)
    assert all(0 < len(str(text)) <= 75 for text in words(shown))


@pytest.mark.parametrize("value", ["a" * 41, "é", "a b", "\n"])
def test_a_value_that_would_not_come_back_is_the_writers_mistake(value: str) -> None:
    with pytest.raises(ValueError, match="40 bytes"):
        blocks([button("x", value=value)])


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"action_id": 7, "value": "a"},
        {"action_id": "like:0", "value": ["a"]},
        {"action_id": "delete:0", "value": "a"},
        {"action_id": "like:0", "value": "a" * 41},
        {"action_id": "like:0", "value": "a\n"},
        {"action_id": "feedback", "type": "feedback_buttons", "value": "stop:a1"},
        {"action_id": "feedback", "type": "feedback_buttons", "value": "a1"},
        {"action_id": "feedback", "type": "feedback_buttons"},
    ],
)
def test_what_was_never_a_button_of_ours_is_none(action: dict[str, object]) -> None:
    assert parse(action) is None


@given(st.dictionaries(st.sampled_from(["type", "action_id", "value"]), st.text() | st.none()))
def test_no_press_breaks_the_reader(action: dict[str, object]) -> None:
    assert parse(action) is None or isinstance(parse(action), tuple)

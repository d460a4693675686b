"""Buttons on a phone, and what comes back when one is pressed."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.keyboard import MOST, markup, parse
from bot.surface import Act, Button, Outgoing

NAMES: Sequence[Act] = ("like", "dislike", "regenerate", "speak", "suggest", "choose", "cancel")


def button(label: str, name: Act = "choose", value: str = "", *, chosen: bool = False) -> Button:
    return Button(label=label, name=name, value=value, chosen=chosen)


def rows(*buttons: Button) -> list[list[str]]:
    made = markup(Outgoing(text="Well?", buttons=buttons))
    assert made is not None
    return [[key.label for key in row] for row in made.rows]


def options(*labels: str) -> list[Button]:
    return [button(label, value=f"o{at}") for at, label in enumerate(labels)]


def test_what_is_done_with_an_answer_is_one_row_of_signs() -> None:
    words = (button("👍", "like"), button("👎", "dislike"), button("↻ Again", "regenerate"))
    assert rows(*words) == [["👍", "👎", "↻ Again"]]
    assert rows(*words, button("🔊 Listen", "speak")) == [["👍", "👎", "↻", "🔊"]]


def test_words_that_have_room_stay() -> None:
    assert rows(button("↻ Try again", "regenerate")) == [["↻ Try again"]]
    assert rows(button("👍", "like"), button("👎", "dislike"), button("Sag es", "speak")) == [
        ["👍", "👎", "Sag es"]
    ]


def test_a_label_without_a_sign_keeps_its_words_however_narrow() -> None:
    [row] = rows(*(button("Once again please", "regenerate") for _ in range(4)))
    assert row == ["Once again please"] * 4


def test_what_is_chosen_is_marked_and_coloured() -> None:
    made = markup(
        Outgoing(
            text="Tea",
            buttons=(
                button("👍", "like", chosen=True),
                button("👎", "dislike"),
            ),
        )
    )
    assert made is not None
    [[like, dislike]] = made.rows
    assert (like.label, like.style) == ("✓ 👍", "success")
    assert (dislike.label, dislike.style) == ("👎", "")


def test_short_choices_stand_in_pairs_and_long_ones_alone() -> None:
    choices = options("English", "Deutsch", "Something that takes more room", "Français", "中文")
    assert rows(*choices) == [
        ["English", "Deutsch"],
        ["Something that takes more room"],
        ["Français", "中文"],
    ]


def test_the_way_out_stands_apart_from_the_choices() -> None:
    ways_out = (button("Keep", value="keep"), button("Use default", value="default"))
    assert rows(*options("A", "B", "C"), *ways_out, button("Cancel", "cancel")) == [
        ["A", "B"],
        ["C"],
        ["Keep", "Use default"],
        ["Cancel"],
    ]


def test_more_than_a_keyboard_holds_loses_choices_and_not_the_way_out() -> None:
    shown = [
        label
        for row in rows(*options(*("x" * 20,) * 150), button("Cancel", "cancel"))
        for label in row
    ]
    assert len(shown) == MOST and shown[-1] == "Cancel"


def test_a_label_is_one_line_that_is_never_empty_or_endless() -> None:
    assert rows(button("a\n b"), button(" "), button("x" * 200)) == [
        ["a b", "…"],
        ["x" * 59 + "…"],
    ]


def test_no_buttons_are_no_keyboard() -> None:
    assert markup(Outgoing(text="Tea")) is None
    assert markup(Outgoing(text="Tea?", asks="Which?")) is None


def test_what_asks_opens_a_reply_where_one_can_be_opened() -> None:
    made = markup(Outgoing(text="Tea?", asks="Which?"), asks=True, selective=True)
    assert made is not None
    assert (made.rows, made.force_reply, made.placeholder, made.selective) == (
        (),
        True,
        "Which?",
        True,
    )
    both = markup(Outgoing(text="Tea?", asks="Which?", buttons=(button("Any"),)), asks=True)
    assert both is not None and both.force_reply and both.rows and not both.selective


@pytest.mark.parametrize(
    "data",
    [
        "",
        "like",
        "drop:a1",
        "like:" + "x" * 41,
        "like:ä",
        "like:a b",
        "LIKE:a1",
        "like:a\n",
        "v1:like:a",
    ],
)
def test_what_no_button_of_ours_sends_is_nothing(data: str) -> None:
    assert parse(data) is None


@given(
    st.sampled_from(NAMES),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
)
@settings(max_examples=50)
def test_what_a_button_carries_comes_back(name: Act, value: str) -> None:
    made = markup(Outgoing(text="Tea", buttons=(button("x", name, value),)))
    assert made is not None
    assert parse(made.rows[0][0].data) == (name, value)


def test_a_value_that_telegram_would_refuse_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        markup(Outgoing(text="Tea", buttons=(button("x", "regenerate", "a" * 60),)))


@given(st.lists(st.tuples(st.text(max_size=50), st.sampled_from(NAMES)), max_size=130))
@settings(max_examples=60)
def test_any_buttons_make_a_keyboard_that_telegram_takes(buttons: list[tuple[str, Act]]) -> None:
    message = Outgoing(text="Tea", buttons=tuple(button(label, name) for label, name in buttons))
    made = markup(message)
    keys = [key for row in made.rows for key in row] if made else []
    assert len(keys) == min(len(buttons), MOST)
    assert all(key.label.strip() and len(key.data.encode()) <= 64 for key in keys)
    assert all(0 < len(row) <= 8 for row in (made.rows if made else ()))

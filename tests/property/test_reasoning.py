"""The visible text depends on what the model wrote, not on how it was cut."""

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from bot.completion.reasoning import HOLD_LIMIT, ReasoningFilter, without_reasoning

PARTS = (
    "<think>",
    "</think>",
    "<THINK x>",
    "</think >",
    "<details open>",
    "<details><summary>Thinking...</summary>",
    "<details>\n<summary>More</summary>",
    "</details>",
    "```",
    "```py",
    "~~~",
    "`",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "<",
    "a",
    "b.",
    "é😀",
    "<think" + " " * HOLD_LIMIT,
)
any_text = st.lists(st.sampled_from(PARTS), max_size=25).map("".join)
places = st.lists(st.integers(0, 10_000), max_size=30)


def cut(text: str, at: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in at), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def visible(reasoning: ReasoningFilter, deltas: list[str], seen: str = "") -> str:
    for text, replaces in [*(reasoning.feed(delta) for delta in deltas), reasoning.finish()]:
        seen = text if replaces else seen + text
    return seen


@given(any_text, places)
@example("hm</think>\n", [3, 5, 11])
def test_any_cut_shows_the_same(text: str, at: list[int]) -> None:
    expected = without_reasoning(text)
    assert visible(ReasoningFilter(), cut(text, at)) == expected
    assert visible(ReasoningFilter(), list(text)) == expected


@given(any_text, any_text, any_text, places)
def test_replacing_forgets_all_that_came_before(
    before: str, replacement: str, after: str, at: list[int]
) -> None:
    reasoning = ReasoningFilter()
    for delta in cut(before, at):
        reasoning.feed(delta)
    shown = reasoning.replace(replacement)
    assert shown.replaces
    seen = visible(reasoning, cut(after, at), shown.text)
    assert seen == without_reasoning(replacement + after)


@given(st.text(alphabet="ab<>/ \n`thinkdeals", max_size=600), places)
def test_text_without_tags_is_never_touched_nor_held_for_long(text: str, at: list[int]) -> None:
    text = text.replace("<think", "<thunk").replace("</think", "</thunk").replace("<det", "<dat")
    reasoning = ReasoningFilter()
    seen = fed = ""
    for delta in cut(text, at):
        shown = reasoning.feed(delta)
        assert not shown.replaces
        seen += shown.text
        fed += delta
        assert fed.startswith(seen)
        assert len(fed) - len(seen) < HOLD_LIMIT
    assert seen + reasoning.finish().text == text


content = st.text(alphabet="ab .,!é😀\n", max_size=30).filter(lambda text: bool(text.strip()))
hidden = st.sampled_from(["<think>{}</think>", "<details><summary>Thinking</summary>{}</details>"])
kept = st.sampled_from(
    ["{}", "```\n<think>{}</think>\n```", "so `<think>` is: {}", "<details>{}</details>"]
)


@given(
    st.lists(st.tuples(hidden, content, kept, content), min_size=1, max_size=5),
    places,
)
def test_blocks_vanish_and_all_between_them_stays(
    parts: list[tuple[str, str, str, str]], at: list[int]
) -> None:
    text = expected = ""
    for block, thought, frame, said in parts:
        text += block.format(thought) + frame.format(said.lstrip()) + "\n"
        expected += frame.format(said.lstrip()) + "\n"
    assert visible(ReasoningFilter(), cut(text, at)) == expected


@given(any_text, places)
def test_what_is_held_stays_within_the_limit(text: str, at: list[int]) -> None:
    """Followed by a word, all that is visible in the end has been shown."""
    reasoning = ReasoningFilter()
    seen = ""
    for delta in [*cut(text, at), "x" * (HOLD_LIMIT + 1)]:
        shown = reasoning.feed(delta)
        seen = shown.text if shown.replaces else seen + shown.text
    missing = reasoning.finish()
    if missing.text:  # only when a block was opened more often than closed
        assert text.lower().count("<think") + text.count("<details") > 1

"""What of a model's text people see."""

import time

import pytest

from bot.completion.reasoning import HOLD_LIMIT, ReasoningFilter, Shown, without_reasoning

DETAILS = (
    '<details style="color:gray;background-color: #f8f8f8;padding: 8px;border-radius: 4px;" open>'
    " <summary> Thinking... </summary>"
)


def visible(deltas: list[str]) -> str:
    reasoning = ReasoningFilter()
    seen = ""
    for text, replaces in [*(reasoning.feed(delta) for delta in deltas), reasoning.finish()]:
        seen = text if replaces else seen + text
    return seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        pytest.param("<think>hm</think>Yes.", "Yes.", id="at the start"),
        pytest.param("<think>\nhm\n</think>\n\nYes.", "Yes.", id="blank lines after it go too"),
        pytest.param("\n <think>hm</think> Yes.", "Yes.", id="after whitespace"),
        pytest.param("Well\n<think>hm</think>\nYes.", "Well\n\nYes.", id="after a line of text"),
        pytest.param("<think></think>Yes.", "Yes.", id="empty"),
        pytest.param("<THINK a='1'>hm</Think >Yes.", "Yes.", id="upper case and attributes"),
        pytest.param("<think>a</think><think>b</think>Yes.", "Yes.", id="two blocks"),
        pytest.param("<think>a</think>1\n<think>b</think>2", "1\n2", id="text between blocks"),
        pytest.param("<think>a <b> </i> < c</think>Yes.", "Yes.", id="other tags inside"),
        pytest.param("<think>hm", "", id="never closed"),
        pytest.param("<think>hm</thin", "", id="closing tag cut off"),
        pytest.param("<think", "<think", id="opening tag cut off"),
        pytest.param(DETAILS + "hm</details>Yes.", "Yes.", id="as Dify writes it"),
        pytest.param(
            "<details><SUMMARY>Thought for 5 s</SUMMARY>hm</DETAILS>Yes.", "Yes.", id="thought"
        ),
        pytest.param(
            "<details>\n<summary class='x'>My reasoning</summary >\nhm\n</details>\nYes.",
            "Yes.",
            id="reasoning, over lines",
        ),
        pytest.param(
            DETAILS + "a\n<details>b</details>c</details>Yes.", "Yes.", id="details in details"
        ),
        pytest.param(DETAILS + "<think>a</think>b</details>Yes.", "Yes.", id="think in details"),
        pytest.param("<think>a</details>b</think>Yes.", "Yes.", id="closed only by its own tag"),
        pytest.param("<think>a\n<think>b</think>c</think>Yes.", "Yes.", id="nested"),
        pytest.param(
            "<think>\n<think>a</think>Yes.", "Yes.", id="opened twice, closed once: not lost"
        ),
        pytest.param("<think>a <think> b</think>Yes.", "Yes.", id="mentioned in the reasoning"),
        pytest.param("<think>write `</think>` last</think>Yes.", "Yes.", id="quoted in reasoning"),
        pytest.param("<think>```\nx\n```</think>Yes.", "Yes.", id="reasoning ends in a fence"),
        pytest.param("<think>`x`</think>", "", id="nothing after the block"),
        pytest.param("<think>~~~\nx</think>~~~\n<think>", "~~~\n<think>", id="fence after it"),
        pytest.param("hm\nso\n</think>\n\nYes.", "Yes.", id="lone closing tag on its line"),
        pytest.param("hm\n</think>Yes.", "Yes.", id="lone closing tag begins the line"),
        pytest.param("hm, so be it.</think>\n\nYes.", "Yes.", id="lone closing tag ends the line"),
        pytest.param("</think>\n\nYes.", "Yes.", id="lone closing tag first"),
        pytest.param("hm\n</think>", "", id="lone closing tag last"),
        pytest.param("hm\n</think>Yes\n</think>.", "Yes\n</think>.", id="only one alone counts"),
    ],
)
def test_reasoning_is_hidden(text: str, seen: str) -> None:
    assert without_reasoning(text) == seen
    assert visible(list(text)) == seen


@pytest.mark.parametrize(
    "text",
    [
        "Models put it into a <think> tag.",
        "Models put it into a `<think>` tag, closed by `</think>`\nand go on.",
        "`<think>` opens it.",
        "Write <think>x</think>\nlike that.",
        "It ends with </think>\nand the answer follows.",
        "It ends with `</think>`\nand the answer follows.",
        "It is a</think>b mark.",
        "The mark is:</think>",
        "```\n<think>x</think>\n```\nfenced",
        "```html\n</think>\n```\nfenced",
        "~~~~\n```\n~~~\n<think>x</think>\n~~~~\nfenced",
        "> ```\n<think>x</think>\nunclosed quote fence",
        "````\n```\n<think>\n````\n",
        "<thinker>x</thinker>",
        "<think/>x",
        "<think a<b>x",
        "<details><summary>More</summary>x</details>\ny",
        "<details><summary>Unthinkable</summary>x</details>",
        "<details>no summary, though thinking</details>",
        "<details " + "x" * HOLD_LIMIT + "><summary>Thinking</summary>x</details>",
        "a < b, a <\n<\n<t\n</\n</t",
        "\n\n  indented after blank lines",
        "",
        "<",
        " ",
    ],
)
def test_text_that_is_no_reasoning_comes_through_unchanged(text: str) -> None:
    assert without_reasoning(text) == text
    assert visible(list(text)) == text


def test_inline_code_between_fence_marks_opens_no_fence() -> None:
    assert without_reasoning("```x``` y\n<think>hm</think>Yes.") == "```x``` y\nYes."


def test_tag_counts_again_after_a_fence() -> None:
    text = "```\n<think>\n```\n<think>hm</think>Yes."
    assert without_reasoning(text) == "```\n<think>\n```\nYes."


def test_text_is_shown_at_once_and_only_a_possible_tag_is_held() -> None:
    reasoning = ReasoningFilter()
    assert reasoning.feed("Yes, ") == Shown("Yes, ", False)
    assert reasoning.feed("a < b\n<th") == Shown("a < b\n", False)
    assert reasoning.feed("at is") == Shown("<that is", False)
    assert reasoning.feed("\n<thin") == Shown("\n", False)
    assert reasoning.finish() == Shown("<thin", False)


def test_reasoning_on_screen_is_taken_back_when_its_end_shows_what_it_was() -> None:
    reasoning = ReasoningFilter()
    assert reasoning.feed("hm, ") == Shown("hm, ", False)
    assert reasoning.feed("so\n</thi") == Shown("so\n", False)
    assert reasoning.feed("nk>\n") == Shown("", True)
    assert reasoning.feed("\nYes") == Shown("Yes", False)
    assert reasoning.feed(".") == Shown(".", False)


def test_nothing_is_taken_back_that_was_never_shown() -> None:
    assert ReasoningFilter().feed("hm\n</think>Yes") == Shown("Yes", False)
    assert ReasoningFilter().feed("\n<think>hm</think>Yes") == Shown("Yes", False)


def test_blank_lines_on_screen_go_when_a_block_follows_them() -> None:
    reasoning = ReasoningFilter()
    assert reasoning.feed("\n\n") == Shown("\n\n", False)
    assert reasoning.feed("<think>") == Shown("", True)
    assert reasoning.feed("hm</think>\n\nYes") == Shown("Yes", False)


def test_replaced_text_starts_afresh() -> None:
    reasoning = ReasoningFilter()
    reasoning.feed("some text\n<think>hm")
    assert reasoning.replace("<think>x</think>Blocked") == Shown("Blocked", True)
    assert reasoning.feed(".\n<thi") == Shown(".\n", False)
    assert reasoning.replace("") == Shown("", True)
    assert reasoning.feed("hm\n</think>Yes") == Shown("Yes", False)
    assert reasoning.finish() == Shown("", False)


def test_what_was_replaced_is_not_taken_back_again() -> None:
    reasoning = ReasoningFilter()
    reasoning.feed("text")
    reasoning.replace("")
    assert reasoning.feed("\n</think>Yes") == Shown("Yes", False)


@pytest.mark.parametrize("piece", ["<", "x</think>", "<think ", "`</think>`", "```\n<", "\n", " <"])
@pytest.mark.parametrize("start", ["", "<think>", "hm\n</think>", "<think>\n<think></think>"])
@pytest.mark.unmeasured
def test_time_is_linear_whatever_the_model_repeats(start: str, piece: str) -> None:
    def seconds(count: int) -> float:
        reasoning = ReasoningFilter()
        reasoning.feed(start)
        began = time.process_time()
        for _ in range(count):
            reasoning.feed(piece)
        reasoning.finish()
        return time.process_time() - began

    small = min(seconds(1_000) for _ in range(3))
    # Eight times the text: 8 if linear, 64 if quadratic.
    assert seconds(8_000) < 30 * small + 0.01

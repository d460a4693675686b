"""What a growing answer looks like at its end, in one frame."""

import pytest

from bot.markdown import Pages, Tail, close_open, seal
from bot.markdown.reader import DEPTH
from bot.markdown.signs import HEAD, HELD, LINK

HEAD_ROW = "| a | b |\n"
TABLE = HEAD_ROW + "|---|---|\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bo", "**bo**"),
        ("**bo ", "**bo**"),
        ("**bold *it", "**bold *it***"),
        ("***ab", "***ab***"),
        ("***a** b", "***a** b*"),
        ("~~str", "~~str~~"),
        ("~~a~ b", "~~a~ b~~"),
        ("__a", "__a__"),
        ("a `co", "a `co`"),
        ("``a`b", "``a`b``"),
        ("``a` ", "``a``"),
        ("**a `b", "**a `b`**"),
        ("> **q", "> **q**"),
        ("# **t", "# **t**"),
        ("- [x] **d", "- [x] **d**"),
        ("\\[ x+", "\\[ x+\\]"),
        ("\\(x \\in y", "\\(x \\in y\\)"),
        ("$$\nx $1", "$$\nx $1$$"),
        (TABLE + "| 1 | **2", TABLE + "| 1 | **2**"),
        ("a | b\n--- | ---\n1 | **2", "a | b\n--- | ---\n1 | **2**"),
    ],
)
def test_what_is_open_is_closed(text: str, shown: str) -> None:
    assert close_open(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a **", "a "),
        ("**", ""),
        ("**a *", "**a**"),
        ("**bold**", "**bold**"),
        ("snake_", "snake"),
        ("`", ""),
        ("` ", ""),
        ("a\\", "a"),
        ("$x+", ""),
        ("a $$", "a "),
        ("a \\(", "a "),
        ("x [1", "x "),
        ("x [^1]", "x "),
        ("a <de", "a "),
        ("a <https://exa", "a "),
        ("a <!-- no", "a "),
        ("wait !", "wait "),
        ("#", ""),
        ("## ", ""),
        ("a\n- ", "a\n"),
        ("12", ""),
        ("1. ", ""),
        ("- [ ] ", ""),
        ("- **", ""),
        ("> ", ""),
        ("Head\n==", "Head\n"),
        ("a\n--", "a\n"),
        ("a\n\n| a | b", "a\n\n"),
        (HEAD_ROW, ""),
        (TABLE + "| ", TABLE),
        (TABLE + "| $x", TABLE),
        ("a\n```", "a\n"),
        ("a\n```py", "a\n"),
        ("a\n```py\n", "a\n"),
    ],
)
def test_what_only_the_next_characters_tell_is_held_back(text: str, shown: str) -> None:
    assert close_open(text).rstrip() == shown.rstrip()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see [lab", "see lab"),
        ("see [label]", "see label"),
        ("see [label](htt", "see label"),
        ('see [label](<h> "ti', "see label"),
        ("see [label][re", "see label"),
        ("see [**la", "see **la**"),
        ("**see [la](ht", "**see la**"),
        ("![alt](htt", "alt"),
        ("[![alt](x.png)", "![alt](x.png)"),
    ],
)
def test_a_link_is_its_label_until_the_target_is_whole(text: str, shown: str) -> None:
    assert close_open(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "Hello! More",
        "it costs $5 a month, or $ACME shares",
        "a$x$b",
        "2 * 3 ** 4 _ 5",
        "snake_case_word",
        "x [1] y",
        "x [a] y",
        "a [b](c d e",
        "a < b and <b> and </b> and <https://x.y/a_b> and <!-- c -->.",
        "a \\* b \\\n c",
        "$$x$$ and \\(x\\) and $x_1$ and",
        "`a` ``b`c`` d",
        "`a $ \\ b`.",
        "$$ a ` b \\ c $$.",
        "\\( a $ \\b \\) c",
        "]",
        "a | b",
        "# Title\n\n***\n\n- a\n  - b\n\n2. c\n\n> d\n",
        "a ~~~~~ b",
        "[see](https://x.y/a_(b)_c) and ![i](j).",
        "[see][ref] and",
        "**a [b** c",
        "你好，世界。ภาษาไทย مرحبا؟ 👩‍👩‍👧",
        TABLE + "| 1 | 2 |\n\nafter",
        "```py\nx = 1\n```\nafter",
    ],
)
def test_what_stands_for_itself_is_shown_as_it_is(text: str) -> None:
    assert close_open(text) == text


@pytest.mark.parametrize("heading", ["# a *b\nc", TABLE + "| a *b | c |\n| d", "a *b\n\nc"])
def test_nothing_stays_open_beyond_its_heading_row_or_paragraph(heading: str) -> None:
    assert close_open(heading) == heading


@pytest.mark.parametrize("block", ["- c", "> c", "# c", "```\nc\n```", "---\nc"])
def test_a_block_that_interrupts_a_paragraph_ends_what_is_open_in_it(block: str) -> None:
    assert close_open(f"a **b\n{block}") == f"a **b\n{block}"


def test_bold_goes_on_over_the_end_of_a_line() -> None:
    assert close_open("**a\nb") == "**a\nb**"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("```py\nfo", "```py\nfo\n```"),
        ("```py\nfo\n", "```py\nfo\n```"),
        ("```py\nfo\n``", "```py\nfo\n```"),
        ("```py\nfo\n```", "```py\nfo\n```"),
        ("~~~~\n```\n~~~", "~~~~\n```\n~~~~"),
        ("````\n```\nx", "````\n```\nx\n````"),
        ("> ```\n> x", "> ```\n> x\n> ```"),
        ("1. a\n   ```\n   b", "1. a\n   ```\n   b\n   ```"),
        ("- ```\n  b", "- ```\n  b\n  ```"),
        ("```\r\nx\r\n```\r", "```\r\nx\r\n```"),
    ],
)
def test_code_is_closed_with_its_own_fence(text: str, shown: str) -> None:
    assert close_open(text) == shown


@pytest.mark.parametrize(
    "text",
    ["> ```\n> x\nafter **b", "1. a\n   ```\n   b\nafter **b", "```\r\nx\r\n```\r\nafter **b"],
)
def test_code_ends_with_its_fence_its_quote_or_its_item(text: str) -> None:
    assert close_open(text) == text + "**"


def test_blank_lines_and_marks_in_code_change_nothing() -> None:
    assert close_open("- a\n\n  ```\n  **b\n\n  c") == "- a\n\n  ```\n  **b\n\n  c\n  ```"


def test_a_table_appears_with_the_first_sign_of_its_delimiter_row() -> None:
    assert close_open(HEAD_ROW + "|-") == HEAD_ROW + "|---|---|"
    assert close_open("> " + HEAD_ROW + "> |-") == "> " + HEAD_ROW + "> |---|---|"


def test_a_row_whose_next_line_is_no_delimiter_row_is_text() -> None:
    text = HEAD_ROW + "|---|\n**c"
    assert close_open(text) == text + "**"


@pytest.mark.parametrize(
    "text",
    [
        "| " + "a " * HELD,
        "`" * (HELD + 5),
        "*" * (HELD + 5),
        "a <b " + "c " * HELD,
        "a $x + " + "y " * HELD,
        "# a [b](" + "c" * (LINK + 5),
        "> " * HELD + "a",
    ],
)
def test_what_is_held_back_too_long_is_shown_as_it_is(text: str) -> None:
    assert len(close_open(text)) >= len(text) - 6


def test_a_label_that_grows_too_long_is_a_bracket() -> None:
    label = "[" + "a" * HELD
    assert close_open(label) == label


@pytest.mark.parametrize("row", ["| " + "a " * HEAD, "| " + "a " * 100 + "|\n|" + "-" * HEAD])
def test_a_head_beyond_all_measure_is_text(row: str) -> None:
    assert close_open(row + " **b") == row + " **b**"


def test_the_oldest_of_too_many_marks_is_text() -> None:
    text = "".join("*_"[number % 2] + "a " for number in range(DEPTH + 1))
    tail = Tail()
    tail.feed(text + "b")
    assert len(tail.closing) == DEPTH


def test_the_marks_that_are_open_can_be_closed_and_opened_again() -> None:
    tail = Tail()
    tail.feed("a **b _c [d ``e f")
    assert (tail.closing, tail.opening) == ("``_**", "**_``")
    assert (tail.open_from, tail.torn_from) == (2, 9)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("42", "42"),
        ("**bo", "**bo**"),
        ("**bo **", "**bo **"),
        ("see [l](ht", "see [l](ht"),
        ("```py\nx\n", "```py\nx\n```"),
        ("```py\nx\n```", "```py\nx\n```"),
        ("> ```\n> x", "> ```\n> x\n> ```"),
        ("", ""),
    ],
)
def test_a_sealed_text_is_whole_and_nothing_in_it_is_open(text: str, whole: str) -> None:
    assert seal(text) == whole


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("so **bo", "so "),
        ("so **bold** ", "so **bold** "),
        ("so **" + "long " * 50, "so **" + "long " * 50),
        ("see [a label", "see "),
        ("see [a label](https://exa", "see "),
        ("see [a label](https://example.com).", "see [a label](https://example.com)."),
        ("so\n- **Item", "so\n"),
        ("so `code\nand", "so "),
        ("a\n```py\n", "a\n"),
        ("a\n```py\nx = **", "a\n```py\nx = **"),
        ("a\n```py\nx\n```\n", "a\n```py\nx\n```\n"),
        (HEAD_ROW + "|--", ""),
        (TABLE + "| 1 | **2", TABLE + "| 1 | "),
    ],
)
def test_what_lasts_has_nothing_put_in_and_nothing_half_open(text: str, lasting: str) -> None:
    tail = Tail()
    tail.feed(text)
    assert tail.lasting() == lasting


def test_a_page_that_is_only_added_to_still_fits() -> None:
    pages = Pages(lambda text: min(len(text), 12), lasting=True)
    pages.feed("**bold** or `code`")
    assert pages.growing().text == ""
    assert [page.text for page in pages.closed] == ["**bold** or"]

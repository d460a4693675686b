"""Where a long answer is cut into messages, and what each of them looks like."""

import itertools
from collections.abc import Callable

import pytest

from bot.markdown import Carry, Pages, Piece, cut, pieces


def at_most(size: int) -> Callable[[str], int]:
    return lambda text: min(len(text), size)


def texts(source: str, size: int) -> list[str]:
    parts = pieces(source, at_most(size))
    assert "".join(source[part.start : part.end] for part in parts) == source
    assert all(len(part.text) <= size for part in parts)
    return [part.text for part in parts]


def test_a_text_that_fits_is_one_piece_as_it_is() -> None:
    text = "\n  A **text \n"
    assert texts(text, len(text)) == [text]


def test_space_at_its_end_does_not_make_a_text_too_long() -> None:
    assert texts("four" + " \n" * 50, 4) == ["four"]
    assert texts("four\n\n\n\n", 8) == ["four\n\n\n\n"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One one. One\none one\n\ntwo two two two", "One one. One\none one"),
        ("One one. One\none one two two two two", "One one. One"),
        ("One one one one one. Two two two two", "One one one one one."),
        ("一一一一一一一一一一一一。二二二二二二二二二二二二", "一一一一一一一一一一一一。"),
        ("نص نص نص نص نص نص؟ نص نص نص نص", "نص نص نص نص نص نص؟"),
        ("one one one e.g. two two two two", "one one one e.g. two"),
        ("one one one one two two two two two", "one one one one two two"),
        ("a" * 40, "a" * 24),
        ("🇩🇪" * 15, "🇩🇪" * 12),
        ("👩‍👩‍👧" * 10, "👩‍👩‍👧" * 4),
        ("a" + "🇩🇪" * 15, "a" + "🇩🇪" * 11),
        ("ที่" * 10, "ที่" * 8),
    ],
)
def test_the_best_place_is_taken_that_leaves_a_piece_half_full(text: str, first: str) -> None:
    assert texts(text, 24)[0] == first


def test_a_paragraph_that_leaves_little_is_not_worth_a_message() -> None:
    assert texts("Hi.\n\n" + "word " * 20, 40)[0] == "Hi.\n\n" + "word " * 6 + "word"


def test_a_short_piece_is_better_than_one_torn() -> None:
    link = "[a label of many words](https://example.com/path)"
    assert texts(f"So it says in here: {link}.", 60) == ["So it says in here:", f"{link}."]


@pytest.mark.parametrize(
    "whole",
    [
        "**bold words here**",
        "*it words here*",
        "`code words here`",
        "[a b c](https://x.y/z)",
        "![a b c](https://x.y/z)",
        "<https://example.com/abc>",
        "https://example.com/abc?d=e.f",
        "$x + y + z + x + y$",
        "<b class='a b c'>",
        "**not closed yet at all",
        "[not closed yet at all",
    ],
)
def test_what_belongs_together_stays_in_one_message(whole: str) -> None:
    for before in range(20, 34):
        text = "word " * (before // 5) + "w" * (before % 5) + " " + whole
        assert any(whole in text for text in texts(text, 44))


def test_bold_words_longer_than_a_message_are_closed_and_opened_again() -> None:
    text = "**" + "bold " * 10 + "[a link here](x) end** and"
    assert texts(text, 30) == [
        "**bold bold bold bold bold**",
        "**bold bold bold bold bold**",
        "**[a link here](x) end** and",
    ]


def test_a_url_longer_than_a_message_is_cut_anywhere() -> None:
    url = "https://example.com/" + "a" * 10_000
    assert "".join(texts(url, 4096)) == url


def test_code_is_closed_and_opened_again_with_its_language() -> None:
    text = "```python\n" + "x = 1\n" * 8 + "```\nafter"
    first, second, third = texts(text, 40)
    assert first == "```python\n" + "x = 1\n" * 4 + "```"
    assert second == "```python\n" + "x = 1\n" * 4 + "```"
    assert third == "after"


def test_code_is_best_cut_at_a_blank_line() -> None:
    text = "```\ndef f():\n    pass\n\ndef g():\n    pass\n```"
    assert texts(text, 40) == [
        "```\ndef f():\n    pass\n```",
        "```\ndef g():\n    pass\n```",
    ]


def test_code_in_a_list_stays_code_over_many_messages() -> None:
    text = "1. So:\n   ```py\n" + "   x = 1\n" * 9 + "   ```\n2. Then"
    first, *others, last = texts(text, 50)
    assert first == "1. So:\n   ```py\n   x = 1\n   x = 1\n   x = 1\n   ```"
    assert others == ["```py\n" + "x = 1\n" * 6 + "```"]
    assert last == "2. Then"


def test_code_in_a_quote_stays_in_the_quote() -> None:
    text = "> ```\n" + "> x = 1\n" * 6 + "> ```"
    assert texts(text, 40) == ["> ```\n> x = 1\n> x = 1\n> x = 1\n> ```"] * 2


def test_a_line_of_code_longer_than_a_message_is_cut_anywhere() -> None:
    first, *others = texts("```\n" + "x" * 60 + "\n```", 40)
    assert first == "```\n" + "x" * 32 + "\n```"
    assert others == ["```\n" + "x" * 28 + "\n```"]


def test_code_by_indentation_goes_on_as_it_is() -> None:
    assert texts("So:\n\n" + "    x = 1\n" * 6, 40) == [
        "So:\n\n    x = 1\n    x = 1\n    x = 1",
        "x = 1\nx = 1\nx = 1\n",
    ]


def test_a_table_repeats_its_head() -> None:
    head = "| a | b |\n|---|---|\n"
    text = head + "| 1 | 2 |\n" * 6 + "\nafter"
    assert texts(text, 50) == [head + "| 1 | 2 |\n| 1 | 2 |\n| 1 | 2 |"] * 2 + ["after"]


def test_no_head_is_repeated_where_the_table_ended() -> None:
    head = "| a | b |\n|---|---|\n"
    assert texts(head + "| 1 | 2 |\n" + "| 3 | 4 |\n" + "\nafter all of it", 41) == [
        head + "| 1 | 2 |\n| 3 | 4 |",
        "after all of it",
    ]


def test_a_table_is_not_cut_from_its_head() -> None:
    text = "Some words before.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
    assert texts(text, 45)[0] == "Some words before."


def test_a_head_that_would_fill_the_message_is_not_repeated() -> None:
    head = "| a " * 12 + "|\n" + "|---" * 12 + "|\n"
    row = "| 1 " * 12 + "|\n"
    assert texts(head + row * 4, 160) == [(head + row).rstrip(), row * 3]


def test_a_heading_goes_with_what_follows_it() -> None:
    text = "word " * 6 + "\n\n## Title of it\n\nMore words here and more of them."
    assert texts(text, 50)[0] == ("word " * 6).rstrip()


def test_the_mark_of_an_item_is_not_left_alone() -> None:
    text = "aaaa aaaa aaaa aaaa\n12. " + "b" * 30
    assert texts(text, 26)[0] == "aaaa aaaa aaaa aaaa"


def test_a_quote_goes_on_as_one() -> None:
    assert texts("> One one one one. Two two two two two.", 30) == [
        "> One one one one.",
        "> Two two two two two.",
    ]


def test_nested_items_do_not_become_code() -> None:
    text = "1. one\n    - two two\n    - three\n        - four\n    - five\n2. six"
    assert texts(text, 30) == [
        "1. one\n    - two two",
        "- three\n    - four\n- five",
        "2. six",
    ]


def test_a_numbered_item_after_one_that_was_cut_is_still_an_item() -> None:
    text = "1. One one one one one. More of one.\n2. two\n3. three"
    assert texts(text, 34) == ["1. One one one one one.", "More of one.\n\n2. two\n3. three"]


def test_an_item_cut_twice_still_sets_the_next_apart() -> None:
    text = "1. " + "one " * 18 + "\n2. two"
    parts = texts(text, 30)
    assert len(parts) == 3
    assert parts[-1].endswith("one \n\n2. two")


def test_wide_indentation_at_a_cut_is_not_displayed() -> None:
    text = "word " * 5 + "\n" + " " * 500 + "end"
    assert texts(text, 100) == ["word word word word word", "end"]


@pytest.mark.parametrize("size", range(1, 12))
def test_every_size_makes_progress(size: int) -> None:
    text = "> - ```py\n>   x\n>   ```\n\n| a | b |\n|---|---|\n| **1** | [2](3) |\n👩‍👩‍👧\n"
    parts = pieces(text, at_most(size))
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(part.end > part.start for part in parts)


def test_what_does_not_go_by_length_is_obeyed() -> None:
    def at_most_three_stars(text: str) -> int:
        stars = [place for place, sign in enumerate(text) if sign == "*"]
        return stars[4] if len(stars) > 4 else len(text)

    parts = pieces("*a* b c *d* e *f* g *h*", at_most_three_stars)
    assert [part.text for part in parts] == ["*a* b c *d* e", "*f* g *h*"]


def test_a_limit_that_only_the_displayed_text_breaks_is_obeyed() -> None:
    def no_closing(text: str) -> int:
        return 20 if text.endswith("\n```") and len(text) > 40 else min(len(text), 60)

    parts = pieces("```\n" + "x y\n" * 40 + "```", no_closing)
    assert all(len(part.text) <= no_closing(part.text) for part in parts)


def test_bytes_and_utf16_units_can_be_the_measure() -> None:
    def units(text: str) -> int:
        size = itertools.accumulate(1 + (character > "\uffff") for character in text)
        return max(1, sum(total <= 10 for total in size))

    parts = pieces("😀" * 12, units)
    assert [part.text for part in parts] == ["😀" * 5, "😀" * 5, "😀" * 2]


def test_half_a_character_is_no_obstacle() -> None:
    assert texts("a\ud800 " * 10, 20)[0] == ("a\ud800 " * 6).rstrip()


def test_one_piece_can_be_had_by_itself() -> None:
    text = "```py\n" + "x = 1\n" * 8 + "```"
    first = cut(text, 0, at_most(34))
    second = cut(text, first.end, at_most(34), carry=first.carry)
    assert first.text == "```py\n" + "x = 1\n" * 4 + "```"
    assert first.carry == Carry(opening="```py\n", fence="```")
    assert second == Piece(
        start=first.end, end=len(text), text="```py\n" + "x = 1\n" * 4 + "```", carry=Carry()
    )


class TestGrowing:
    def test_shows_the_last_piece_closed(self) -> None:
        pages = Pages(at_most(100))
        pages.feed("One **tw")
        assert pages.growing().text == "One **tw**"
        assert pages.closed == []
        assert [piece.text for piece in pages.finished()] == ["One **tw"]

    def test_closes_a_piece_and_begins_the_next(self) -> None:
        pages = Pages(at_most(30))
        pages.feed("One one one one.\n\nTwo **two")
        pages.feed("One one one one.\n\nTwo **two two two")
        assert [piece.text for piece in pages.closed] == ["One one one one."]
        assert pages.growing().text == "Two **two two two**"

    def test_begins_anew_with_a_text_that_replaces_the_last(self) -> None:
        pages = Pages(at_most(30))
        pages.feed("One one one one.\n\nTwo two two two two")
        pages.feed("Other")
        assert pages.closed == []
        assert pages.growing().text == "Other"

    def test_waits_where_what_closes_it_does_not_fit(self) -> None:
        pages = Pages(at_most(20))
        pages.feed("```py\n" + "x" * 14)
        assert pages.closed == []
        assert pages.growing().text == "```py\n" + "x" * 10 + "\n```"

    def test_shows_nothing_of_code_that_ended_with_the_piece_before(self) -> None:
        code = "```\nlong_name = 12\n"
        pages = Pages(at_most(22))
        pages.feed(code + "``")
        assert pages.closed == []
        pages.feed(code + "x = 2")
        assert [piece.text for piece in pages.closed] == [code + "```"]
        pages.feed(code + "x = 2\n```")
        assert pages.growing().text == "```\nx = 2\n```"

    def test_a_fence_that_closes_right_behind_the_cut_is_not_opened_again(self) -> None:
        cut_before_the_end = Piece(
            start=0, end=10, text="```\nx = 1\n```", carry=Carry(opening="```\n", fence="```")
        )
        pages = Pages(at_most(22))
        pages.closed = [cut_before_the_end]
        pages.feed("```\nx = 1\n```")
        assert pages.growing().text == ""
        assert [piece.text for piece in pages.finished()] == ["```\nx = 1\n```"]
        pages.feed("```\nx = 1\n```\nafter")
        assert pages.growing().text == "after"


def test_a_table_goes_on_in_the_next_piece_though_only_the_mark_of_its_row_was_seen() -> None:
    head = "| a | b |\n|---|---|\n"
    rows = [f"| row {number} | so |" for number in range(9)]
    whole = head + "\n".join(rows)
    place = whole.index(rows[6])
    for size in range(place, place + 6):
        assert all(text.startswith(head) for text in texts(whole, size))

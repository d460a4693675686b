"""However an answer grows, it is shown and cut the same, loses nothing and shows no raw marks."""

import itertools
import time
from collections.abc import Callable

import pyromark
import pytest
import regex
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.markdown import Pages, Tail, close_open, pieces
from bot.markdown.signs import HEAD, HELD, LINK
from tests.fakes.examples import examples

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)

RUBBISH = [
    *["**", "*", "_", "__", "~~", "`", "``", "```", "[", "]", "(", ")", "](", "![", "<", "<a"],
    *["<https://", ">", "- ", "1. ", "|", "|---|---|", "$", "$$", "\\", "\\(", "\\[", "\\)", "#"],
    *[
        "!",
        "+",
        "a1",
        "a",
        "word ",
        "中文。",
        "👩‍👩‍👧",
        "e\u0301",
        "http://x.y/z_a",
        "ก็",
        "مرحبا؟ ",
    ],
    *["<!--", "-->", "\ud800", "\u2028", "\u00a0", "\r\n", "\t", " ", "  "],
]
LINES = ["\n", "\n\n", "\n```py\n", "\n> ", "\n- ", "\n1. ", "\n    ", "\n# ", "\n---\n", "\n==="]
rubbish = st.lists(st.sampled_from(RUBBISH + LINES * 2), max_size=40).map("".join)

WORDS = [
    *["the", "quick", "fox", "isn't", "3.5", "snake_case", "a-b", "C++", "你好", "世界。", "naïve"],
    *["100%", "(yes)", "x=1", '"so"', "end.", "#1", "a/b", "👩‍👩‍👧", "مرحبا", "Why?"],
]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
leaves = st.one_of(
    words,
    words,
    words,
    st.sampled_from(["`x_y`", "`f(**a)`", "`a*b`", "`[x]`", "<https://example.com/a_b>"]),
    st.sampled_from(["![alt text](https://example.com/x.png)", "$x_1 + y^2$"]),
    words.map(lambda label: f"[a {label}](https://example.com/a_b?c=*d*&e=(f))"),
)
# What is marked for longer than anything is held back is shown with its mark: see `HELD`.
marked = st.builds(
    lambda mark, inside: f"{mark}so {' '.join(inside)} on{mark}",
    st.sampled_from(["**", "*", "~~"]),
    st.lists(leaves, max_size=3),
).filter(lambda text: len(text) < HELD)
line = st.lists(st.one_of(leaves, marked), min_size=1, max_size=4).map(" ".join)
CODE = st.lists(st.sampled_from(["x = **1**", "  `y`", "", "| a |", "# no", "~~~"]), max_size=5)


def each_line(lead: str) -> SearchStrategy[str]:
    return st.lists(line, min_size=1, max_size=3).map(
        lambda lines: "\n".join(lead + line for line in lines)
    )


paragraphs = st.one_of(
    each_line("So "),
    each_line("> "),
    each_line("- "),
    each_line("- [x] "),
    st.builds("{}\n  {}".format, each_line("- "), each_line("- ")),
    st.lists(line, min_size=1, max_size=4).map(
        lambda lines: "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
    ),
    st.builds("{} {}".format, st.sampled_from(["#", "###"]), line),
    st.builds("```{}\n{}\nend\n```".format, st.sampled_from(["", "py"]), CODE.map("\n".join)),
    CODE.map(lambda lines: "- ```\n  " + "\n  ".join([*lines, "end"]) + "\n  ```"),
)
tables = st.lists(words, min_size=1, max_size=4).map(
    lambda cells: "| a | b |\n|---|:-:|\n" + "\n".join(f"| {cell} | **b** c |" for cell in cells)
)
plain_documents = st.lists(paragraphs, min_size=1, max_size=5).map("\n\n".join)
documents = st.lists(st.one_of(paragraphs, tables), min_size=1, max_size=5).map("\n\n".join)


def seen(markdown: str) -> str:
    """What a reader sees of it, without any space."""
    shown = []
    for event in pyromark.events(markdown, options=OPTIONS):
        if isinstance(event, dict):
            kind, value = next(iter(event.items()))
            if kind in ("Text", "Code", "InlineMath", "DisplayMath", "Html", "InlineHtml"):
                shown.append(str(value))
    return "".join("".join(shown).split())


def chunks(text: str, sizes: list[int]) -> list[str]:
    """The prefixes of a text as it arrives in chunks of these sizes, over and over."""
    places = itertools.accumulate(itertools.cycle(sizes))
    inner = itertools.takewhile(lambda place: place < len(text), places)
    return [text[:place] for place in inner] + [text]


def utf16(text: str) -> list[int]:
    return [1 + (character > "\uffff") for character in text]


def utf8(text: str) -> list[int]:
    return [len(character.encode("utf-8", "surrogatepass")) for character in text]


def letters(text: str) -> list[int]:
    return [1] * len(text)


def holding(size: int, widths: Callable[[str], list[int]]) -> Callable[[str], int]:
    def fits(text: str) -> int:
        return max(1, sum(total <= size for total in itertools.accumulate(widths(text))))

    return fits


sizes = st.lists(st.integers(1, 9), min_size=1, max_size=4)
measures = st.builds(
    holding, st.sampled_from([1, 2, 5, 10, 30, 80]), st.sampled_from([letters, utf16, utf8])
)


@examples(25)
@given(st.one_of(rubbish, documents), sizes)
def test_a_frame_does_not_depend_on_how_the_text_came(text: str, sizes: list[int]) -> None:
    tail = Tail()
    for prefix in chunks(text, sizes):
        tail.feed(prefix[len(tail.text) :])
        assert tail.shown() == close_open(prefix)


@examples(20)
@given(documents)
def test_what_was_seen_is_never_taken_back(text: str) -> None:
    whole = seen(text)
    tail = Tail()
    for character in text:
        tail.feed(character)
        assert whole.startswith(seen(tail.shown()))
        assert whole.startswith(seen(tail.lasting()))
    assert seen(tail.shown()) == whole


@examples(40)
@given(st.one_of(rubbish, documents), sizes)
def test_what_lasts_is_only_ever_added_to(text: str, sizes: list[int]) -> None:
    tail, before = Tail(), ""
    for prefix in chunks(text, sizes):
        tail.feed(prefix[len(tail.text) :])
        lasting = tail.lasting()
        assert lasting.startswith(before)
        before = lasting
    assert text.startswith(before)


@given(st.text(alphabet=st.sampled_from("aZ ,.;?é中ก👩\u200d'\"()%/\n"), max_size=300))
def test_frames_of_plain_text_are_the_text(text: str) -> None:
    assert close_open(text).rstrip() == text.rstrip()


@given(rubbish, st.sampled_from(RUBBISH), st.integers(0, 3000))
def test_little_is_held_back(text: str, again: str, times: int) -> None:
    text += again * times
    tail = Tail()
    tail.feed(text)
    for shown in (tail.shown(), tail.lasting()):
        assert len(text.rstrip()) - len(shown) <= LINK + HEAD + HELD


@examples(40)
@given(st.one_of(rubbish, documents), measures)
def test_no_character_is_lost_between_pieces_and_each_fits(
    text: str, fits: Callable[[str], int]
) -> None:
    parts = pieces(text, fits)
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == len(text)
    assert all(fits(part.text) >= len(part.text) for part in parts)


# Less than ten characters have no room for an item's mark and the blank line that sets it apart.
roomy = st.builds(holding, st.sampled_from([10, 30, 80]), st.sampled_from([letters, utf16, utf8]))


@examples(40)
@given(st.one_of(rubbish, documents), roomy, sizes)
def test_a_cut_does_not_move_while_the_text_grows(
    text: str, fits: Callable[[str], int], sizes: list[int]
) -> None:
    pages = Pages(fits)
    for prefix in chunks(text, sizes):
        before = [*pages.closed]
        pages.feed(prefix)
        assert pages.closed[: len(before)] == before
        shown = pages.growing().text
        assert fits(shown) >= len(shown)
    assert pages.finished() == pieces(text, fits)


@given(plain_documents, st.integers(150, 700))
def test_the_pieces_show_what_the_whole_shows(text: str, size: int) -> None:
    parts = pieces(text, holding(size, letters))
    assert "".join(seen(part.text) for part in parts) == seen(text)


# A piece may end right behind the mark of the next row.
@example("| a | b |\n|---|:-:|\n" + "| the | **b** c |\n" * 5 + "| the | **b** c |", 111)
@given(st.lists(tables, min_size=1, max_size=3).map("\n\n".join), st.integers(120, 300))
def test_every_piece_of_a_table_has_its_head(text: str, size: int) -> None:
    parts = pieces(text, holding(size, letters))
    assert all("<table>" in pyromark.html(part.text, options=OPTIONS) for part in parts)
    shown = "\n".join(part.text for part in parts).split("\n")
    assert [row for row in shown if "**b**" in row] == [
        row for row in text.split("\n") if "**b**" in row
    ]


@given(st.text(alphabet="👩\u200d🇩🇪e\u0301ที่한가 a", max_size=120), st.integers(12, 40))
def test_no_grapheme_is_torn(text: str, size: int) -> None:
    ends = {grapheme.end() for grapheme in regex.finditer(r"\X", text)}
    longest = max((len(grapheme) for grapheme in regex.findall(r"\X", text)), default=0)
    assume(text and longest < size)
    assert all(part.end in ends for part in pieces(text, holding(size, letters)))


@pytest.mark.real_time
@pytest.mark.parametrize(
    "again",
    [
        "The quick brown fox jumps over the **lazy dog**, then `code` [a](https://b.c).\n\n",
        *["*", "[", "`", "|", "<", "$", "\\", "]", "~", "_", "#", "!", "(", "=", "-"],
        *["![", "](", "[a](", "**a ", "*_", "<a b", "$a", "```\n", "| a |\n", "> ", "- ", "1. "],
    ],
)
def test_the_cost_grows_with_the_text(again: str) -> None:
    """Five times the text takes five times as long and not 25 times; the clock is not exact."""

    def seconds(length: int) -> float:
        text = (again * (length // len(again) + 1))[:length]
        began = time.process_time()
        tail = Tail()
        for start in range(0, length, 50):
            tail.feed(text[start : start + 50])
            tail.shown()
        pieces(text, lambda text: min(len(text), 1000))
        return time.process_time() - began

    short = min(seconds(5_000) for _ in range(3))
    assert seconds(25_000) <= 15 * short + 0.05

"""Whatever a model writes and however it is cut, Telegram takes it and it calls nobody."""

import itertools
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.telegram import markup
from adapters.telegram.links import bare
from adapters.telegram.markup import (
    LONGEST,
    MOST_ENTITIES,
    Entity,
    Frames,
    Rendered,
    fits,
    plain,
    render,
)
from adapters.telegram.rich import TAGS, to_rich
from bot.markdown import Pages, pieces
from tests.fakes.examples import examples

SIGNS = [
    *["**", "*", "_", "~~", "`", "```", "[", "]", "](", "![", "<", ">", "|", "||", "$", "$$", "\\"],
    *["\\(", "\\)", "\\[", "\\]", "#", "@", "/", ":", "&amp;", "<!--", "-->", "<b>", "</b>"],
    *[
        "<tg-button type='callback_data' data='x'>",
        "tg://user?id=1",
        "javascript:x",
        "x^2",
        "\\frac",
    ],
    *["[^1]", "[^1]: ", "[a]: ", "https://", "bank.com", "evil.example", "@evil.example", "<br>"],
    *[
        "durov",
        "start",
        "USD",
        "a",
        "1",
        " ",
        "  ",
        ".",
        "word ",
        "!",
        "👩‍👩‍👧",
        "👍🏽",
        "中文。",
        "e\u0301",
    ],
    *[
        "\ud800",
        "\0",
        "\u202e",
        "\u200b",
        "\u2060",
        "\u00a0",
        "\u3164",
        "\U000f0000",
        "мир",
        "bаnk.com",
    ],
    *["(http://a.co/@b/c)", "(https://u@h.io)", "(tg://x)", "www.", ".com/", "{", "}", "_{", "^"],
]
LINES = ["\n", "\n\n", "\n```py\n", "\n> ", "\n- ", "\n1. ", "\n- [x] ", "\n  - ", "\n    ", "\n# "]
TABLE = ["\n| a | b |\n|---|:-:|\n", "| x | y |\n", "|", "\n---\n", "\n***\n", "  \n", "\t"]
texts = st.lists(st.sampled_from(SIGNS + LINES * 2 + TABLE), max_size=40).map("".join)

WORDS = ["the", "quick", "**fox** and", "`x_y`", "*so*", "~~no~~", "[here](https://a.example/x)"]
WORDS += [
    "3.5",
    "你好世界",
    "👩‍👩‍👧",
    "||hidden||",
    "$x^2$",
    "\\(\\alpha\\)",
    "@you",
    "/etc/hosts",
    "ends.",
]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
blocks = st.one_of(
    words,
    words.map("# {}".format),
    words.map("> {}".format),
    st.lists(words, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {i}" for i in items)),
    st.lists(words, min_size=1, max_size=4).map(lambda items: "\n".join(f"1. {i}" for i in items)),
    words.map("```py\n{}\n\nend\n```".format),
    words.map("\\[ \\frac{{1}}{{2}} \\] {}".format),
)
documents = st.lists(blocks, min_size=1, max_size=8).map("\n\n".join)
tables = st.lists(words, min_size=1, max_size=5).map(
    lambda cells: "| a | b |\n|---|--:|\n" + "\n".join(f"| {cell} | 1 |" for cell in cells)
)
long_documents = st.builds(
    lambda document, table, times: "\n\n".join([document, table] * times),
    documents,
    tables,
    st.integers(4, 24),
)

MARKS = {"bold", "italic", "strikethrough", "spoiler"}
CODE = {"code", "pre"}
QUOTES = {"blockquote", "expandable_blockquote"}
SPACE = re.compile(r"[\s\u2060]+")

# What TDLib finds, by its own description of the rules.
CALLS = [
    re.compile(r"(?<!\w)@[a-zA-Z0-9_]{2,32}(?!\w)"),
    re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>])"),
    re.compile(r"(?<![^\W_])(?<!_)#(?=\w*[^\W\d_])[\w\u200c·]{1,256}(?!#)"),
    re.compile(r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8})(?![\w$])"),
    re.compile(r"(?:tg|ton)://[a-z0-9_-]", re.IGNORECASE),
]


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def words_of(rendered: Rendered, entity: Entity) -> str:
    """Fails where an entity cuts a character in halves."""
    units = utf16(rendered.text)
    return units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


def spans(rendered: Rendered, kinds: set[str]) -> list[tuple[int, int]]:
    return [(e.offset, e.offset + e.length) for e in rendered.entities if e.kind in kinds]


def check_entities(rendered: Rendered) -> None:
    total = len(utf16(rendered.text)) // 2
    for entity in rendered.entities:
        assert entity.offset >= 0 < entity.length and entity.offset + entity.length <= total
        words = words_of(rendered, entity)
        assert words.strip()
        assert words == words.strip() or entity.kind in CODE
        assert (urlsplit(entity.url).scheme in ("http", "https")) == (entity.kind == "text_link")
    for one, other in itertools.combinations(rendered.entities, 2):
        check_pair(one, other)


def check_pair(one: Entity, other: Entity) -> None:
    """`one` comes first, and is the longer one where both begin together."""
    assert (one.offset, -one.length) <= (other.offset, -other.length)
    if other.offset >= one.offset + one.length:
        return
    assert other.offset + other.length <= one.offset + one.length, "they cross"
    assert one.kind != other.kind
    assert one.kind not in CODE
    assert other.kind not in CODE or one.kind in QUOTES
    assert other.kind not in QUOTES or one.kind not in QUOTES
    assert one.kind in MARKS | QUOTES or other.kind in MARKS


def check_calls(rendered: Rendered) -> None:
    text = rendered.text
    places = [len(utf16(text[:place])) // 2 for place in range(len(text) + 1)]
    unseen = spans(rendered, CODE | {"text_link"})
    unseen += [(places[start], places[end]) for start, end in bare(text)]
    for pattern in CALLS:
        for found in pattern.finditer(text):
            start = places[found.start()]
            assert any(first <= start < last for first, last in unseen), found


@examples()
@given(texts)
@example("**@**durov and /**start**")
@example("||`x`|| **a `b` c** [`d`](https://e.example)")
@example("> ```\n> a\n> ```\n> b **c**")
@example("(https://a.co/b)/start")
def test_any_text_is_a_message_telegram_takes_and_calls_nobody(text: str) -> None:
    rendered = render(text)
    assert rendered.text == rendered.text.rstrip()
    assert rendered.text == rendered.text.lstrip() or rendered.entities[0].kind == "pre"
    assert len(rendered.entities) <= MOST_ENTITIES
    check_entities(rendered)
    check_calls(rendered)


@examples()
@given(texts)
def test_what_has_anything_to_be_seen_shows_something(text: str) -> None:
    if re.search(r"[a-z0-9]", text):
        assert render(text).text
    assert plain(text).replace("\u2060", "") == render(text, mine=True).text.replace("\u2060", "")


@examples(40)
@given(st.one_of(texts, documents), st.lists(st.integers(5, 60), min_size=1, max_size=5))
@example("\\[\n- a\n\\]\n\nb\n\nc", [5])
def test_a_growing_text_is_shown_as_the_whole_one(text: str, sizes: list[int]) -> None:
    frames = Frames()
    places = itertools.accumulate(itertools.cycle(sizes))
    for place in itertools.takewhile(lambda place: place < len(text), places):
        assert frames.render(text[:place]) == render(text[:place])
    assert frames.render(text) == render(text)


@examples(20)
@given(st.one_of(long_documents, texts.map(lambda text: text * 60)))
def test_what_fits_is_within_both_limits_and_what_does_not_is_not(text: str) -> None:
    size = fits(text)
    rendered = render(text[:size])
    assert len(utf16(rendered.text)) // 2 <= LONGEST or size == 1
    assert fits(text[:size]) == size
    if size < len(text):
        whole = render(text)
        assert len(utf16(whole.text)) // 2 > LONGEST or len(whole.entities) == MOST_ENTITIES


@examples()
@given(texts)
@example("- - - a\nb\nc\nd")
@example("> ===\n> a\n> ===")
def test_a_look_at_the_signs_alone_never_takes_a_text_for_shorter(text: str) -> None:
    rendered = render(text)
    units = len(utf16(rendered.text)) // 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markup, "LONGEST", units - 0.5)
        assert fits(text) < max(len(text), 2) or not units
        patch.setattr(markup, "LONGEST", LONGEST)
        patch.setattr(markup, "MOST_ENTITIES", len(rendered.entities) - 0.5)
        assert fits(text) < max(len(text), 2) or not rendered.entities


@examples(8)
@given(long_documents)
def test_every_page_of_a_long_answer_fits_and_nothing_is_lost(text: str) -> None:
    pages = [page.text for page in pieces(text, fits)]
    for page in pages:
        assert fits(page) == len(page)
        assert len(utf16(render(page).text)) // 2 <= LONGEST
    without_tables = re.sub(r"(?m)^\|.*\n?", "", text)
    shown = [plain(page.text) for page in pieces(without_tables, fits)]
    assert letters("\n".join(shown)) == letters(plain(without_tables))


@examples(6)
@given(long_documents, st.integers(50, 900))
def test_a_growing_page_fits_at_every_frame(text: str, size: int) -> None:
    pages = Pages(fits)
    for place in range(size, len(text) + size, size):
        pages.feed(text[:place])
        shown = pages.growing().text
        assert fits(shown) == len(shown)
        assert len(utf16(render(shown).text)) // 2 <= LONGEST


def letters(text: str) -> str:
    """What was written: numbers of lists begin anew on a page, and bullets are ours."""
    return re.sub(r"\W+|\d+\. |[²½]", "", text)


class Inspector(HTMLParser):
    """Fails at everything that is not allowed, at ends that do not fit, and at great depth."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attributes} <= TAGS[tag]
        for name, value in attributes:
            assert name != "href" or urlsplit(value or "").scheme in ("http", "https")
        if tag not in ("br", "hr", "input"):
            self.open.append(tag)
        assert len(self.open) <= 16
        assert self.open.count("a") <= 1

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag == "hr" and not attributes

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("an instruction")


@examples()
@given(st.one_of(texts, documents))
@example("> " * 40 + "- " * 40 + "| a |\n|---|\n| **[b](https://c.example)** |")
@example("<tg-button type='callback_data' data='x'>Pay</tg-button>")
@example("- " * 14 + "***||~~[`a`](https://b.example)~~||***")
def test_rich_html_is_well_formed_and_has_no_tag_but_the_allowed(text: str) -> None:
    inspector = Inspector()
    inspector.feed(to_rich(text))
    inspector.close()
    assert not inspector.open

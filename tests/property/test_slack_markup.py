"""Whatever a model writes and however it is cut, Slack's wire calls nobody and hides no goal."""

import itertools
import re

import pyromark
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.slack import links
from adapters.slack.markup import BYTES, ROWS, Wire, fits, mrkdwn, plain, sections, wire
from bot.markdown import Pages, pieces
from tests.fakes.examples import examples

SIGNS = [
    *["**", "*", "_", "~~", "`", "``", "```", "[", "]", "](", "![", "<", ">", "|", "$", "$$", "\\"],
    *["\\(", "\\)", "\\[", "\\]", "#", "@", ":", "!", "&lt;", "&", "(", ")", '"t"', "{", "user@"],
    *["<!channel>", "<!", "!here", "channel>", "<@U1>", "<@", "U123", "<#C1>", "^S1|x>"],
    *["<!date^1^x|y>", "https://", "http://evil.example/", "slack.com", "(https://evil.example)"],
    *["[slack.com](https://evil.example)", "<https://evil.example|slack.com>", "|slack.com>"],
    *[
        "[^1]: ",
        "[a]: ",
        "[a]",
        "[1]: https://evil.example",
        "]: https://evil.example",
        "[slack.com",
        "[slack.com login]",
        "<b>",
        "<br>",
        "<!-- ",
        "-->",
    ],
    *["a", "1", " ", "  ", "word ", "👩‍👩‍👧", "中文。", "重要", "です", "мир.com", "bаnk.com"],
    *["\u202e", "\u200b", ":smile:", "h", "ht", "tps://", "\ud800", "\0"],
]
LINES = [
    *["\n", "\n\n", "\n```py\n", "\n```\n", "\n> ", "\n- ", "\n1. ", "\n- [x] ", "\n  - ", "\n# "],
    *[
        "\n    ",
        "\n      ",
        "\n| a | b |\n|---|---|\n",
        "| x |",
        "\n---\n",
        "  \n",
        "\t",
        "\n~~~\n",
    ],
    *["\n$$\n", "\n\\[\n", "\n\\]\n", "\n  ```\n", "\n     ```\n", "- "],
]
texts = st.lists(st.sampled_from(SIGNS + LINES), max_size=16).map("".join)

WORDS = ["the", "quick", "**fox** and", "`x_y`", "[here](https://a.example/x)", "你好世界", "a<b"]
WORDS += [
    "[slack.com](https://evil.example)",
    "**重要**です",
    "$x^2$",
    "<!channel>",
    "ends.",
    "👩‍👩‍👧",
]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)
blocks = st.one_of(
    words,
    words.map("# {}".format),
    st.lists(words, min_size=1, max_size=8).map(lambda items: "\n".join(f"- {i}" for i in items)),
    st.lists(words, min_size=1, max_size=9).map(lambda rows: "```py\n" + "\n".join(rows) + "\n```"),
    st.lists(words, min_size=1, max_size=20).map(
        lambda rows: "| a | b |\n|---|--:|\n" + "\n".join(f"| {row} | 1 |" for row in rows)
    ),
)
documents = st.lists(blocks, min_size=1, max_size=8).map("\n\n".join)
long_documents = st.builds(
    lambda document, times: "\n\n".join([document] * times), documents, st.integers(2, 12)
)

LIVE = re.compile(
    r"<(?:!(?i:channel|here|everyone|subteam|date)|@\w|#[A-Z0-9]"
    r"|[A-Za-z][A-Za-z0-9+.-]*:(?!:)[^<>\n]*\|)"
)
OURS = re.compile(r"<https?://[^<>|\s]+\|[^<>]*>")
OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH


def check_links(written: str, *, hardened: bool) -> None:
    """Every link that a reader of CommonMark finds is honest, and there is no HTML and no image."""
    target, label = "", ""
    for event in pyromark.events(written, options=OPTIONS):
        match event:
            case {"Html": _} | {"InlineHtml": _} | {"Start": {"Image": _}}:
                raise AssertionError(event)
            case {"Start": {"Link": {"link_type": kind, "dest_url": str(url)}}} if kind != "Email":
                assert not hardened and links.safe(url) == url
                target, label = url * (kind == "Inline"), ""
            case {"Text": str(said)} | {"Code": str(said)}:
                label += said
            case {"End": "Link"}:
                hidden = links.other_host(label, target) if target else ""
                assert not hidden or f"]({target}) ({hidden})" in written


@examples(60)
@given(texts, st.booleans())
@example("[slack.com](https://evil.example)[a]: ", False)
@example("1. <br>a\n     ```\n[slack.com](https://evil.example)", False)
@example("!<https://evil.example|slack.com>", False)
@example("- a\n  ```\n<!-- ", False)
@example("```\n<https://<!date^1^x|y>\n```", True)
def test_no_token_and_no_lie_is_left_of_any_text(text: str, hardened: bool) -> None:
    written = wire(text, hardened=hardened)
    assert not LIVE.search(written)
    check_links(written, hardened=hardened)
    if hardened:
        assert not re.search(r"(?i)https?:|(?<!hxxp)(?<!hxxps)://", written)


@examples(60)
@given(texts, st.booleans(), st.lists(st.integers(1, 9), min_size=1, max_size=5))
@example("|<br>|x\n    <br>|", False, [1])
@example("> ```\n> a\n  b", False, [1])
@example("slack.cоm.com", False, [1])
@example("```\n\t](https://a", True, [1])
@example("![`]**``", False, [1])
def test_what_grows_is_only_ever_added_to(text: str, hardened: bool, sizes: list[int]) -> None:
    growing, shown = Wire(hardened=hardened), ""
    places = itertools.accumulate(itertools.cycle(sizes))
    for place in itertools.takewhile(lambda place: place < len(text), places):
        frame = growing.render(text[:place])
        assert not LIVE.search(frame)
        assert frame.startswith(shown) or "]:" in text
        shown = frame
    whole = growing.finish(text)
    assert whole == wire(text, hardened=hardened)
    assert whole.startswith(shown) or "]:" in text


@examples(60)
@given(texts)
def test_short_texts_hold_no_token_either(text: str) -> None:
    assert not LIVE.search(OURS.sub("", mrkdwn(text)))
    assert not re.search(r"(?i)https?:", mrkdwn(text, hardened=True))
    assert not LIVE.search(plain(text))
    parts = sections(mrkdwn(text), most=120)
    assert all(0 < len(part) <= 120 for part in parts)


@examples(20)
@given(st.one_of(long_documents, texts.map(lambda text: text * 60)), st.booleans())
def test_what_fits_is_what_slack_takes(text: str, hardened: bool) -> None:
    written = wire(text[: fits(text, hardened=hardened)], hardened=hardened)
    assert len(written.encode()) <= BYTES
    events = [str(event) for event in pyromark.events(written, options=OPTIONS)]
    assert sum("Start': {'Heading" in event or event == "Rule" for event in events) < 50
    assert sum("Start" in event and "TableRow" in event for event in events) <= ROWS


@examples(8)
@given(long_documents)
def test_every_page_fits_and_nothing_is_lost(text: str) -> None:
    pages = pieces(text, fits)
    for page in pages:
        assert fits(page.text) == len(page.text)
        assert len(wire(page.text).encode()) <= BYTES
    assert "".join(text[page.start : page.end] for page in pages) == text


@examples(6)
@given(long_documents, st.integers(100, 900))
def test_a_growing_page_fits_at_every_frame_and_ends_as_the_whole(text: str, size: int) -> None:
    pages = Pages(fits, lasting=True)
    for place in range(size, len(text) + size, size):
        pages.feed(text[:place])
        shown = pages.growing().text
        assert len(wire(shown).encode()) <= BYTES
    assert pages.finished() == pieces(text, fits)

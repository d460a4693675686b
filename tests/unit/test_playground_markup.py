"""Whatever a model writes, the page gets well-formed HTML that runs, loads and follows nothing."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.playground.markup import Frames, to_html, to_plain, typed_html

ALLOWED = {
    "p": {"class"},
    "h3": set(),
    "h4": set(),
    "h5": set(),
    "h6": set(),
    "ul": set(),
    "ol": {"start"},
    "li": set(),
    "strong": set(),
    "em": set(),
    "del": set(),
    "code": {"class"},
    "pre": set(),
    "blockquote": set(),
    "table": set(),
    "thead": set(),
    "tbody": set(),
    "tr": set(),
    "th": {"class"},
    "td": {"class"},
    "a": {"href", "rel", "target"},
    "span": {"class"},
    "input": {"type", "disabled", "checked"},
    "br": set(),
    "hr": set(),
}
VOID = {"br", "hr", "input"}


class Inspector(HTMLParser):
    """Fails at everything that is not allowed, and at ends that do not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert {name for name, _ in attributes} <= ALLOWED[tag]
        values = dict(attributes)
        if tag == "a":
            assert "a" not in self.open, "a link in a link"
            assert values["rel"] == "noopener noreferrer" and values["target"] == "_blank"
            assert urlsplit(values["href"] or "").scheme in ("http", "https", "mailto")
            self.links.append(values["href"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("an instruction")


def inspected(html: str) -> Inspector:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    assert inspector.open == []
    return inspector


SNIPPETS = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](java\tscript:alert(1))",
        "[a](<javascript:x>)",
        "[a](data:text/html,x)",
        '[a](http://x.y "t" onclick=x)',
        "![a](http://i/i.png)",
        "[![a](http://i/i.png)](http://x.y)",
        "[x [y](http://a.b) z](http://c.d)",
        "![x [y](http://a.b) ![z](http://c.d)](http://e.f)",
        '<https://a.b/?x="><b>',
        'https://a.b/"onmouseover=alert(1)',
        '```"><script>\ncode\n```',
        "~~~js\n</code></pre><script>",
        "| a | <b> |\n|:-:|--:|\n| `x|y` | ![](javascript:x) |\n",
        "|a|\n|-|\n|b|c|d|\n",
        "- [ ] <i>\n- [x] b\n",
        "> > > # h\n",
        "$x<y$ $$\na<b$$",
        "&lt;script&gt; &#60;b&#62; &colon;",
        "[r]\n\n[r]: javascript:alert(1)\n",
        "<!-- c --><!DOCTYPE x><?pi?><![CDATA[x]]>",
        "\n\n    indented <b>\n",
        "1. a\n   1. b\n",
        "\n---\n",
        "\\",
        "a  \nb",
        "\ud800\0\x1b",
        "[a](http://[::1)",
        "[a](http://\u202eb.c)",
        "[a](mailto:)",
    ]
)
TEXTS = st.lists(
    st.one_of(SNIPPETS, st.text(max_size=8), st.text("*_`[]()<>|#-> \n!$", max_size=12))
)


@given(TEXTS.map("".join))
@example(">" * 3000 + "deep")
@example("[" * 3000)
@example("| a |\n|-|\n" + "|" * 500)
def test_no_text_makes_html_that_is_not_allowed(text: str) -> None:
    inspected(to_html(text))
    to_plain(text)


@given(st.text())
def test_what_people_type_is_text(text: str) -> None:
    found = inspected(typed_html(text))
    assert set(found.links) <= {link for link in found.links if link.startswith("http")}


@given(TEXTS.map("".join), st.lists(st.integers(1, 40), max_size=12))
@example("words\n```fence` that is none", [11, 1, 1])
@example("[a]\n\ntwo\n\n[a]: https://b.c\n\nthree", [4, 8, 16])
def test_frames_show_what_the_whole_text_would(text: str, steps: list[int]) -> None:
    frames, at = Frames(), 0
    for step in steps:
        at += step
        assert frames.render(text[:at]) == to_html(text[:at])
    assert frames.render(text) == to_html(text)


def test_frames_begin_anew_with_a_text_that_does_not_go_on() -> None:
    frames = Frames()
    frames.render("# one\n\ntwo\n\nthree")
    assert frames.render("other") == "<p>other</p>"


def test_closed_blocks_of_a_growing_text_are_not_rendered_again() -> None:
    frames = Frames()
    text = "".join(f"Paragraph **{number}** of many.\n\n" for number in range(2000))
    frames.render(text)
    frames.render(text + "more")
    assert len(frames._closed) >= len(text) - 80


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("###### x", "<h6>x</h6>"),
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <del>c</del> <code>d</code></p>"),
        ("```py\nx < 1\n```", '<pre><code class="language-py">x &lt; 1\n</code></pre>'),
        ("```\nhttps://a.b\n```", "<pre><code>https://a.b\n</code></pre>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a", '<ol start="3"><li>a</li></ol>'),
        ("1. a", "<ol><li>a</li></ol>"),
        ("- [x] a", '<ul><li><input type="checkbox" disabled checked> a</li></ul>'),
        ("> a", "<blockquote><p>a</p></blockquote>"),
        ("a  \nb\nc", "<p>a<br>b\nc</p>"),
        ("---", "<hr>"),
        ("$x$ $$y$$", '<p><span class="math">x</span> <span class="math display">y</span></p>'),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("<div>\nx", '<p class="raw">&lt;div&gt;\nx</p>'),
        ("a<br/>b", "<p>a<br>b</p>"),
        (
            "|a|b|\n|-|:-:|\n|1|2|",
            '<table><thead><tr><th>a</th><th class="center">b</th></tr></thead>'
            '<tbody><tr><td>1</td><td class="center">2</td></tr></tbody></table>',
        ),
    ],
)
def test_markdown_looks_like_what_it_means(text: str, html: str) -> None:
    assert to_html(text) == html


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](https://b.c)", ["https://b.c"]),
        ("<me@b.c> [m](mailto:me@b.c)", ["mailto:me@b.c"]),
        ("see https://b.c/d_e?f=1&g=2.", ["https://b.c/d_e?f=1&g=2"]),
        ("`https://b.c`", []),
        ("![a](https://b.c/i.png)", ["https://b.c/i.png"]),
        ("[a](ftp://b.c) [a](/b) [a](b) [a](http:b)", []),
        ("[a](http://[b)", []),
        ("see https://.,; or https://", []),
    ],
)
def test_only_what_may_be_followed_is_a_link(text: str, links: list[str]) -> None:
    assert [link for link in inspected(to_html(text)).links if link != "mailto:me@b.c"] == [
        link for link in links if link != "mailto:me@b.c"
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[google.com](https://evil.example/a)", "google.com (evil.example)"),
        ("[https://bank.com/login](https://bank.com@evil.example)", "(evil.example)"),
        ("[bank.com](https://bаnk.com)", "(xn--bnk-6cd.com)"),
        ("[bаnk.com](https://bаnk.com)", "(xn--bnk-6cd.com)"),
        ("[a.com](https://" + "ü" * 64 + ".com)", "(" + "\\xfc" * 64 + ".com)"),
        ("[write to bank.com](mailto:x@evil.example)", "(evil.example)"),
    ],
)
def test_a_link_that_looks_like_another_host_says_where_it_goes(text: str, shown: str) -> None:
    assert shown in "".join(inspected(to_html(text)).words)


@pytest.mark.parametrize(
    "text",
    [
        "[bank.com](https://www.bank.com/x)",
        "[www.bank.com](https://bank.com)",
        "[here](https://b.c)",
    ],
)
def test_an_honest_link_says_no_more(text: str) -> None:
    assert "host" not in to_html(text)


def test_plain_words_have_no_marks_and_no_targets() -> None:
    text = "# T\n\n**a** [b](http://c.d)\n\n- x\n- y\n\n|a|b|\n|-|-|\n|1|2|"
    assert to_plain(text) == "T\na b\nx\ny\n\na\tb\t\n1\t2\t"

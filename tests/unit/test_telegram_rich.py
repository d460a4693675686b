"""What becomes a rich message, and that nothing of a model's own HTML gets into one."""

import pytest

from adapters.telegram.rich import MOST_COLUMNS, to_rich, wants_rich


@pytest.mark.parametrize(
    "text",
    [
        "| a |\n|---|\n| b |",
        "- [ ] a",
        "1. [x] a",
        "$x$",
        "so $$x$$",
        "\\(x^2\\)",
        "> \\[\n> x\n> \\]",
    ],
)
def test_tables_task_lists_and_formulas_are_worth_a_rich_message(text: str) -> None:
    assert wants_rich(text)


@pytest.mark.parametrize(
    "text",
    ["", "a **b**", "$5 and $10", "a | b", "`$x$`", "```\n| a |\n|---|\n```", "[ ] a", "||s||"],
)
def test_nothing_else_is(text: str) -> None:
    assert not wants_rich(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A *b*\nc", "<h1>A <i>b</i></h1><p>c</p>"),
        *((f"a\n\n{nothing}\n\nb", "<p>a</p><p>b</p>") for nothing in (">", "#", "```\n```")),
        ("a\n\n$$\n$$\n\n> # \n", "<p>a</p>"),
        ("a\nb  \nc", "<p>a<br>b<br>c</p>"),
        (
            "**a** ~~b~~ ||c|| `<d>`",
            "<p><b>a</b> <s>b</s> <tg-spoiler>c</tg-spoiler> <code>&lt;d&gt;</code></p>",
        ),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("3. a\n\n   b\n4. c", '<ol start="3"><li>a<p>b</p></li><li>c</li></ol>'),
        (
            "- [ ] a\n- [x] b",
            '<ul><li><input type="checkbox">a</li><li><input type="checkbox" checked>b</li></ul>',
        ),
        ("```py\na < b\n```", '<pre><code class="language-py">a &lt; b</code></pre>'),
        ("```\na\n```", "<pre>a</pre>"),
        ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        ("a\n\n---\n\nb", "<p>a</p><hr/><p>b</p>"),
        (
            "| a | b |\n|:-:|--:|\n| **1** | 2<br>3 |",
            '<table bordered><tr><th align="center">a</th><th align="right">b</th></tr>'
            '<tr><td align="center"><b>1</b></td><td align="right">2<br>3</td></tr></table>',
        ),
        ("$a<b$", "<p><tg-math>a&lt;b</tg-math></p>"),
        ("so\n\\[ x^2 \\]", "<p>so<br></p><tg-math-block>x^2</tg-math-block>"),
        (
            "$\\href{https://evil.example}{x}$",
            "<p><code>\\href{https://evil.example}{x}</code></p>",
        ),
        ("a[^1]\n\n[^1]: b\n\n    c", "<p>a¹</p><p>¹ b</p><p>c</p>"),
        ("&amp; &lt;b&gt;", "<p>&amp; &lt;b&gt;</p>"),
        ("<b>x</b><!-- y -->", "<p>&lt;b&gt;x&lt;/b&gt;&lt;!-- y --&gt;</p>"),
        (
            '<tg-button type="callback_data" data="x">Pay</tg-button>',
            '<p>&lt;tg-button type="callback_data" data="x"&gt;Pay&lt;/tg-button&gt;</p>',
        ),
        ("![cat](https://a.example/c.png)", '<p>🖼 <a href="https://a.example/c.png">cat</a></p>'),
        ("[](https://a.example)", '<p><a href="https://a.example">a.example</a></p>'),
        ("[x](tg://user?id=1) [y](javascript:a)", "<p>x y</p>"),
        ("[mail](mailto:a@b.example)", "<p>mail (a@b.example)</p>"),
        (
            "[bank.com](https://evil.example)",
            '<p><a href="https://evil.example">bank.com</a> (evil.example)</p>',
        ),
        (
            "see https://a.example/@b, @c /d",
            '<p>see <a href="https://a.example/@b">https://a.example/@b</a>, @c /d</p>',
        ),
        (
            "https://bank.com@evil.co",
            '<p><a href="https://evil.co">https://bank.com@evil.co</a> (evil.co)</p>',
        ),
        (
            "[https://b.example](https://b.example)",
            '<p><a href="https://b.example">https://b.example</a></p>',
        ),
        (
            "[![a](https://b.example)](https://c.example)",
            '<p><a href="https://c.example">🖼 a</a></p>',
        ),
        ("medium.com/x", "<p>medium.com/x</p>"),
        ("```\n```", ""),
        ("", ""),
        ("\u200b", ""),
    ],
)
def test_everything_has_its_tag_and_text_is_text(text: str, html: str) -> None:
    assert to_rich(text) == html


def test_a_table_of_too_many_columns_is_a_list_of_rows() -> None:
    count = MOST_COLUMNS + 1
    rows = ["|" + "|".join(cells) + "|" for cells in (["h"] * count, ["---"] * count, ["c", "d"])]
    assert to_rich("\n".join(rows)) == "<p><b>h</b>: c<br><b>h</b>: d</p>"
    assert to_rich("\n".join(rows[:2])).startswith("<p>h<br>h")


def test_what_is_beyond_one_rich_message_is_none() -> None:
    assert to_rich("- a\n" * 600) == ""
    assert to_rich("word " * 7000) == ""


def test_what_is_nested_too_deeply_is_shown_flat() -> None:
    html = to_rich("> " * 30 + "**deep**")
    assert html.count("<blockquote>") < 16 and "deep" in html

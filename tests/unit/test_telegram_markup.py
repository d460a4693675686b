"""What people see of a model's CommonMark in Telegram, and what its words cannot do there."""

import pytest

from adapters.telegram.layout import LONG_QUOTE
from adapters.telegram.markup import (
    LONGEST,
    MOST_ENTITIES,
    Frames,
    Rendered,
    fits,
    plain,
    render,
)

J = "\u2060"  # what nobody sees and what makes a sign only a sign


def marked(rendered: Rendered) -> list[tuple[str, ...]]:
    """Each entity as its kind, its words, and where it leads or what it is written in."""
    units = rendered.text.encode("utf-16-le")
    found = []
    for entity in rendered.entities:
        words = units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        found.append((entity.kind, words, *filter(None, [entity.url, entity.language])))
    return found


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("**a** *b* ~~c~~ `d`", "a b c d", ["bold", "italic", "strikethrough", "code"]),
        ("***both***", "both", ["bold", "italic"]),
        ("# A *b*", "A b", ["bold", "italic"]),
        ("# **A**", "A", ["bold"]),
        ("**a __b__ c**", "a b c", ["bold"]),
        ("||hidden **x**|| shown", "hidden x shown", ["spoiler", "bold"]),
        ("a || b || c, a||b||c and ||", "a || b || c, a||b||c and ||", []),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4", []),
        ("** a **", "** a **", []),
        ("one\ntwo  \nthree\\\nfour", "one\ntwo\nthree\nfour", []),
        ("a\n\n\n\nb", "a\n\nb", []),
        ("a\n\n---\n\nb", "a\n──────────\nb", []),
        ("**bold `code` bold**", "bold code bold", ["bold", "code", "bold"]),
        ("||`secret`||", "secret", ["spoiler"]),
        ("**half open", "**half open", []),
        ("👍 **b**", "👍 b", ["bold"]),
        ("&nbsp;**b**&nbsp;", "b", ["bold"]),
        ("> a\n\n```\nb\n```", "a\n\nb", ["blockquote", "pre"]),
        ("- a\n\n  ```\n  ```\n\n  b", "• a\n\n   b", []),
        ("| h | |\n|--|--|\n| | [x](https://a.example) |", "x", ["text_link"]),
        ("", "", []),
        (" \n\u200b\u3164\u2800", "", []),
        ("**", "**", []),
        ("```\n```", "```\n```", []),
        ("[]()", "[]()", []),
        ("[a]: https://a.example", "[a]: https://a.example", []),
    ],
)
def test_marks_become_entities_and_lines_stay_lines(
    source: str, text: str, entities: list[str]
) -> None:
    rendered = render(source)
    assert rendered.text == text
    assert [entity.kind for entity in rendered.entities] == entities


def test_offsets_count_in_utf16() -> None:
    rendered = render("👩‍👩‍👧 你好 **é👍**\n\n`x`")
    assert marked(rendered) == [("bold", "é👍"), ("code", "x")]
    assert rendered.entities[0].offset == 12


def test_lists_keep_their_depth_numbers_and_boxes() -> None:
    source = (
        "- a\n  - b\n    - c\n      more\n- [ ] open\n- [x] done\n\n"
        "3. three\n4. [ ] four\n   * five"
    )
    assert render(source).text == (
        "• a\n   ◦ b\n      ▪ c\n         more\n☐ open\n☑ done\n\n3. three\n4. ☐ four\n   ◦ five"
    )


def test_items_that_stand_apart_stay_apart() -> None:
    source = "1. **A**\n   - x\n   - y\n\n2. B\n\n   more"
    assert render(source).text == "1. A\n   ◦ x\n   ◦ y\n\n2. B\n\n   more"


def test_words_that_lead_to_a_list_stand_close_to_it() -> None:
    assert render("So:\n\n- a\n\nSo.\n\n- b").text == "So:\n• a\n\nSo.\n\n• b"


def test_what_stands_apart_in_an_item_begins_at_the_edge() -> None:
    source = "- ```\n  a\n  ```\n- > b\n- c\n  | d | e |\n  |---|---|\n  | f | g |\n- # h\n-"
    rendered = render(source)
    assert rendered.text == "•\na\n•\nb\n• c\nd │ e\n──┼──\nf │ g\n• h\n•"
    assert marked(rendered)[2] == ("pre", "d │ e\n──┼──\nf │ g")
    wide = render(f"- | a |\n  |---|\n  | {'long ' * 12}|")
    assert wide.text.startswith("•\n   a: long long")


def test_no_line_is_indented_off_the_screen() -> None:
    assert render("- " * 20 + "a\nb").text.endswith(" a\n" + " " * 15 + "b")


def test_code_keeps_its_language_and_layout_and_begins_its_own_line() -> None:
    rendered = render(
        "So:\n```python title=x\n\n  if a:\n    b  # **no**\n```\n- item\n  ```\n  c\n  ```"
    )
    assert rendered.text == "So:\n  if a:\n    b  # **no**\n• item\nc"
    assert marked(rendered) == [("pre", "  if a:\n    b  # **no**", "python"), ("pre", "c")]
    assert marked(render("    indented\n\ttoo")) == [("pre", "indented\ntoo")]
    assert marked(render('```"><b>\nx\n```')) == [("pre", "x")]
    assert marked(render("```make\r\na:\r\n\tb\r\n```")) == [("pre", "a:\n    b", "make")]
    assert marked(render("```sh\nnot closed")) == [("pre", "not closed", "sh")]


def test_code_at_the_start_keeps_its_indent() -> None:
    rendered = render("```\n  a\nb\n```")
    assert rendered.text == "  a\nb" and marked(rendered) == [("pre", "  a\nb")]


def test_quotes_are_quotes_and_long_ones_are_folded() -> None:
    rendered = render("> a **b**\n> > inner\n> - l\n\nafter")
    assert rendered.text == "a b\n› inner\n• l\nafter"
    assert marked(rendered) == [("blockquote", "a b\n› inner\n• l"), ("bold", "b")]
    assert marked(render("> " + "x" * (LONG_QUOTE + 1)))[0][0] == "expandable_blockquote"
    assert marked(render("> a\n" * 12))[0][0] == "expandable_blockquote"


def test_narrow_tables_are_aligned_by_what_letters_take_on_screen() -> None:
    rendered = render(
        "| Name | Nr |\n|:--|--:|\n| 你好 | 1 |\n| 👩‍👩‍👧 👍🏽 | `22` |\n| e\u0301 ❤\ufe0f | |"
    )
    assert rendered.text.split("\n") == [
        "Name  │ Nr",
        "──────┼───",
        "你好  │  1",
        "👩‍👩‍👧 👍🏽 │ 22",
        "e\u0301 ❤\ufe0f",
    ]
    assert [entity.kind for entity in rendered.entities] == ["pre"]


def test_wide_tables_and_those_with_links_are_a_list_of_rows() -> None:
    wide = f"| Who | What |\n|---|---|\n| Ada | {'long ' * 9}|\n| Bob | a<br>b |"
    assert (
        render(wide).text == f"Who: Ada\nWhat: {'long ' * 9}".rstrip() + "\n\nWho: Bob\nWhat: a\nb"
    )
    assert marked(render(wide))[:2] == [("bold", "Who"), ("bold", "What")]
    linked = render("| a |\n|---|\n| [b](https://b.example) |")
    assert marked(linked) == [("bold", "a"), ("text_link", "b", "https://b.example")]


def test_footnotes_are_found_at_their_sign() -> None:
    assert render("So[^1] it[^ab] is.\n\n[^1]: Why\n[^ab]: How").text == (
        "So¹ it[ab] is.\n\n¹ Why\n\n[ab] How"
    )
    assert render("So[^1] it is").text == "So¹ it is", "its words may come later"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<b>x</b> <!-- c --> <br> <i", "<b>x</b> <!-- c --> <br> <i"),
        ("<div>\n**x**\n</div>", "<div>\n**x**\n</div>"),
        ("&amp; &lt;b&gt; &copy; <a title='&amp;'>", "& <b> © <a title='&amp;'>"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("`&amp;`", "&amp;"),
    ],
)
def test_html_is_shown_as_text(source: str, text: str) -> None:
    assert render(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("@durov, (@durov) @a", f"@{J}durov, (@{J}durov) @{J}a"),
        ("a@b.example x.y+z@b.example", "a@b.example x.y+z@b.example"),
        ("/start and /start@bot", f"/{J}start and /{J}start@bot"),
        ("/etc/hosts and/or 1/2 </b> //x", "/etc/hosts and/or 1/2 </b> //x"),
        ("#tag C# #1 ## #1a", f"#{J}tag C# #1 ## #{J}1a"),
        ("$USD $5 US$ $usd", f"${J}USD $5 US$ $usd"),
        ("tg://resolve?domain=x TG://a ton://b", f"tg:{J}//resolve?domain=x TG:{J}//a ton:{J}//b"),
        ("@**durov**", f"@{J}durov"),
        ("/**start**", f"/{J}start"),
        ("`@durov /start`", "@durov /start"),
        ("```\n@durov\n```", "@durov"),
        ("https://x.example/@me#a?b=/c", "https://x.example/@me#a?b=/c"),
        ("medium.com/@me", "medium.com/@me"),
        ("(https://x.example/a)/start", f"(https://x.example/a)/{J}start"),
        ("<tg://user?id=1>", f"tg:{J}//user?id=1"),
    ],
)
def test_words_call_nobody_and_start_nothing(source: str, text: str) -> None:
    assert render(source).text == text


def test_the_bots_own_words_keep_their_commands() -> None:
    assert render("Press /help or ask @parley_bot", mine=True).text == (
        "Press /help or ask @parley_bot"
    )
    assert render("tg://x", mine=True).text == f"tg:{J}//x"


@pytest.mark.parametrize(
    ("source", "shown", "leads_to"),
    [
        ("[x](https://a.example/b?c=d)", "x", "https://a.example/b?c=d"),
        ("[bank.com](https://bank.com/login)", "bank.com", "https://bank.com/login"),
        ("[www.bank.com](https://bank.com)", "www.bank.com", "https://bank.com"),
        ("[guide.pdf](https://a.example/1)", "guide.pdf", "https://a.example/1"),
        ("[bank.com](https://evil.example)", "bank.com (evil.example)", "https://evil.example"),
        ("[https://bank.com](https://evil.example)", "https://bank.com (evil.example)", ""),
        ("[**bank**.com](https://evil.example)", "bank.com (evil.example)", ""),
        ("[bank。com](https://evil.example)", "bank。com (evil.example)", ""),
        ("[ｂａｎｋ．ｃｏｍ](https://evil.example)", "ｂａｎｋ．ｃｏｍ (evil.example)", ""),
        ("[ba\u200bnk.com](https://evil.example)", "ba\u200bnk.com (evil.example)", ""),
        ("[\u202emoc.knab](https://evil.example)", f"{J}moc.knab (evil.example)", ""),
        ("[\u2067bank.com](https://evil.example)", f"{J}bank.com (evil.example)", ""),
        ("[bank.com.](https://evil.example.)", "bank.com. (evil.example)", "https://evil.example"),
        ("[1.2.3.4](https://evil.example)", "1.2.3.4 (evil.example)", ""),
        ("[bаnk.com](https://bаnk.com)", "bаnk.com (xn--bnk-6cd.com)", "https://xn--bnk-6cd.com"),
        ("[bank.com](https://bаnk.com)", "bank.com (xn--bnk-6cd.com)", ""),
        (
            "[bank.com](https://bank.com@evil.example)",
            "bank.com (evil.example)",
            "https://evil.example",
        ),
        ("[bank.com](https://evil.example\\\\@bank.com)", "bank.com (evil.example)", ""),
        ("[](https://a.example/b)", "a.example", "https://a.example/b"),
        ("![a cat](https://a.example/c.png)", "🖼 a cat", "https://a.example/c.png"),
        ("![](https://a.example/c.png)", "🖼 a.example", "https://a.example/c.png"),
        ("[![a](https://b.example)](https://c.example)", "🖼 a", "https://c.example"),
        ("[`f()`](https://a.example)", "f()", "https://a.example"),
    ],
)
def test_a_link_says_where_it_leads(source: str, shown: str, leads_to: str) -> None:
    rendered = render(source)
    assert rendered.text == shown
    [link] = [entity for entity in rendered.entities if entity.kind == "text_link"]
    assert link.url.startswith(leads_to or "https://")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[x](javascript:alert(1))", "x"),
        ("[x](tg://user?id=1)", "x"),
        ("[x](java\nscript:a)", "[x](java\nscript:a)"),
        ("[x](https://[::1) [y](https://a..b)", "x (https://[::1) y (https://a..b)"),
        ("(see https://a.example/b_(c))", "(see https://a.example/b_(c))"),
        ("[x](data:text/html,a) [y](/etc/a.md) [z](#top)", "x y z"),
        ("[mail](mailto:a@b.example?subject=c)", "mail (a@b.example)"),
        ("<a@b.example>", "a@b.example"),
        ("[here](http://localhost:3000)", "here (http://localhost:3000)"),
        ("![alt](data:image/png;base64,AAAA)", "🖼 alt"),
        ("<https://a.example/b>", "https://a.example/b"),
        ("https://a.example", "https://a.example"),
        ("https://bank.com@evil.example/x.", "https://bank.com@evil.example/x (evil.example)."),
        ("see https://bаnk.com", "see https://bаnk.com (xn--bnk-6cd.com)"),
        ("https://a.co@b.io#tag", "https://a.co@b.io#tag (b.io)"),
        ("bаnk.com#tag", f"bаnk.com (xn--bnk-6cd.com)#{J}tag"),
        ("see bаnk.com", "see bаnk.com (xn--bnk-6cd.com)"),
    ],
)
def test_what_may_not_be_followed_is_text_and_bare_addresses_are_honest(
    source: str, shown: str
) -> None:
    rendered = render(source)
    assert rendered.text == shown
    assert not rendered.entities


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("$x^2$ and $a_1$", "x² and a₁"),
        ("\\(\\alpha \\le \\sqrt{2}\\)", "α ≤ √2"),
        ("so\n\\[\n\\frac{a+b}{2} = c\n\\]\nend", f"so\n(a+b)/{J}2 = c\nend"),
        ("$$E = mc^2$$", "E = mc²"),
        ("so $$x$$ is $$y$$", "so\nx\nis\ny"),
        ("it costs $5 and $10", "it costs $5 and $10"),
        ("$AAPL at 5$ now, $ABC$ is a triangle", f"${J}AAPL at 5$ now, ABC is a triangle"),
        ("between $5 or so and much$ more", "between $5 or so and much$ more"),
        ("\\(optional\\) \\[sic\\] \\\\(x\\\\)", "(optional) [sic] \\(x\\)"),
        ("`\\(x^2\\)`", "\\(x^2\\)"),
        ("```\n\\(x^2\\)\n```", "\\(x^2\\)"),
        ("[\\(x^2\\)](https://a.example)", "x²"),
        ("\U000f0000 \\(x^2\\)", "\U000f0000 (x^2)"),
    ],
)
def test_formulas_are_readable_and_money_is_money(source: str, text: str) -> None:
    assert render(source).text == text


def test_formulas_that_are_not_simple_are_code() -> None:
    matrix = "\\begin{pmatrix}1 & 2\\end{pmatrix}"
    assert marked(render(f"so ${matrix}$")) == [("code", matrix)]
    assert marked(render(f"so\n$${matrix}$$")) == [("pre", matrix, "latex")]
    assert marked(render(f"# $${matrix}$$")) == [("code", matrix)]


def test_the_most_important_of_too_many_entities_stay() -> None:
    rendered = render("*i* " * MOST_ENTITIES + "[l](https://a.example) **b**")
    assert len(rendered.entities) == MOST_ENTITIES
    assert {entity.kind for entity in rendered.entities} == {"italic", "bold", "text_link"}


def test_plain_is_what_a_reader_sees() -> None:
    assert plain("**a** [b](https://c.example) @d\n- e") == "a b @d\n\n• e"


def test_as_much_fits_as_is_shown() -> None:
    assert fits("x" * LONGEST) == LONGEST
    assert fits("x" * (LONGEST + 1)) == LONGEST
    assert fits("👍" * LONGEST) == LONGEST // 2
    link = f"[x](https://a.example/{'y' * 1000}) "
    assert fits(link * 9) == len(link * 9), "what is not shown takes no room"
    assert fits("@you " * 1000) == 682 * 5 + 3, "what nobody sees takes some"
    assert fits("") == 0


def test_as_many_entities_fit_as_are_counted() -> None:
    text = "**b** " * 60_000
    assert len(render(text[: fits(text)]).entities) == MOST_ENTITIES
    assert fits(text) < 700


def test_a_text_that_shows_nothing_of_itself_fits_as_it_is_written() -> None:
    text = f"[a]: https://a.example/{'x' * LONGEST}"
    assert fits(text) == LONGEST


def test_frames_go_on_from_the_last_and_begin_anew_with_another_text() -> None:
    frames = Frames()
    first = "# A\n\n- b\n- c\n\nd **e**\n\n"
    for end in range(len(first)):
        assert frames.render(first[:end]) == render(first[:end])
    formula = "a \\[\n- b\n\\]\n\nc\n\nd"
    for end in range(len(formula)):
        assert frames.render(formula[:end]) == render(formula[:end])
    for text in ("other", first + "f", "[a][b]\n\nc\n\n[b]: https://b.example", ""):
        assert frames.render(text) == render(text)


@pytest.mark.parametrize("nested", ["> ", "- ", "1. ", "**_", "[", "||a "])
@pytest.mark.unmeasured
def test_the_deepest_nesting_is_no_trouble(nested: str) -> None:
    text = nested * 3000 + "words"
    assert "words" in render(text).text
    assert fits(text) >= 1


def test_the_bots_words_under_a_models_work_and_the_models_do_not() -> None:
    own = "*Press ↻ or send /retry.*\n\nOr /help."
    shown = render(f"é😀 send /forget\n\n{own}", own=len(own))
    assert shown.text == f"é😀 send /{J}forget\n\nPress ↻ or send /retry.\n\nOr /help."
    assert marked(shown) == [("italic", "Press ↻ or send /retry.")]
    joined = render("/forget\n/retry", own=6)  # what begins with a model's words is a model's
    assert joined.text == f"/{J}forget\n/{J}retry"

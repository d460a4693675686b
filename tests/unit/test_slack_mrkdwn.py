"""What short texts look like in Slack's own markup, and without any."""

import pytest

from adapters.slack.markup import SECTION, mrkdwn, plain, sections

Z = "\u200b"  # a space that nobody sees
J = "\u2060"  # what nobody sees and what makes a dot only a dot

DOCUMENT = """# A *b*

So:

- one
  more
  1. two

     again
- [x] three
- [ ] four

> said
> > inside

```py
if a < b:
    "```"
```

***

end  
of `it`"""


def test_markdown_becomes_mrkdwn() -> None:
    assert mrkdwn(DOCUMENT) == (
        "*A _b_*\nSo:\n\n• one\n   more\n   1. two\n      again\n• ☑ three\n• ☐ four\n\n"
        f'> said\n\n> inside\n\n```\nif a &lt; b:\n    "``{Z}`"\n```\n\n──────────\nend\nof `it`'
    )


def test_plain_words_have_no_marks() -> None:
    assert plain(DOCUMENT) == (
        "A b\nSo:\n\n• one\n   more\n   1. two\n      again\n• ☑ three\n• ☐ four\n\n"
        'said\n\ninside\n\nif a < b:\n    "```"\n\n──────────\nend\nof it'
    )


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("**a** *b* ~~c~~ __d__", "*a* _b_ ~c~ *d*"),
        ("**a __b__ c** ***d***", "*a b c* _*d*_"),
        ("# **A**", "*A*"),
        ("wo**rd**s **a**, **b**c", f"wo{Z}*rd*{Z}s *a*, *b*{Z}c"),
        ("`a<b` ``c`d``", "`a&lt;b` `cˋd`"),
        ("a & b < c > d &amp; &lt;", "a &amp; b &lt; c &gt; d &amp; &lt;"),
        (
            "<b>x</b>\n\n<div>\ny\n</div>\n\nz",
            "&lt;b&gt;x&lt;/b&gt;\n\n&lt;div&gt;\ny\n&lt;/div&gt;\n\nz",
        ),
        ("<!channel> <@U1> `<!here>`", "&lt;!channel&gt; &lt;@U1&gt; `&lt;!here&gt;`"),
        ("&lt;!here&gt; \\<!here>", "&lt;!here&gt; &lt;!here&gt;"),
        ("| a | b |\n|--|:-:|\n| `c` | 你 | \n\nd", "```\na │ b\n──┼───\nc │ 你\n```\n\nd"),
        ("| a |\n|--|", "```\na\n```"),
        ("```\n```", ""),
        ("- ```\n  a\n  ```\n- b", "• \n```\na\n```\n• b"),
        ("5. a\n6. b", "5. a\n6. b"),
        ("\ud800\0\u202ea", f"\ufffd\ufffd{J}a"),
        ("", ""),
    ],
)
def test_marks_signs_and_blocks(source: str, written: str) -> None:
    assert mrkdwn(source) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("[a](https://e.example/x?a=1&b=2)", "<https://e.example/x?a=1&b=2|a>"),
        ("[slack.com](https://e.example)", "<https://e.example|slack.com> (e.example)"),
        ("[**a|b** > `c`](https://e.example)", "<https://e.example|a¦b &gt; c>"),
        ("[](https://e.example)", "<https://e.example|e.example>"),
        ("![](https://e.example/a)", "<https://e.example/a|🖼 e.example>"),
        ("[![b](https://i.example)](https://e.example)", "<https://e.example|🖼 b>"),
        ("[a](javascript:x) [b](src/b.py) [c](&lt;@U1>)", "a b (`src/b.py`) c"),
        ("https://e.example/a_b_c.", "<https://e.example/a_b_c>."),
        ("<https://e.example|slack.com>", "<https://e.example|slack.com> (e.example)"),
        ("[a][1]\n\n[1]: https://e.example", "<https://e.example|a>"),
        ("| [a](https://e.example) |\n|---|", "```\na\n```"),
        ("me@a.example", "me@a.example"),
        ("| ![a *b*](https://e.example) `c` **d** |\n|---|", "```\n🖼 a b c d\n```"),
        ("[a\nb](https://e.example)", "<https://e.example|a b>"),
    ],
)
def test_links_are_honest_in_mrkdwn_too(source: str, written: str) -> None:
    assert mrkdwn(source) == written


def test_no_line_is_indented_off_the_screen() -> None:
    assert mrkdwn("- " * 9 + "a").endswith("\n" + " " * 12 + "▪ a")


def test_hardened_nothing_can_be_followed_in_mrkdwn() -> None:
    source = "[a](https://e.example) https://e.example evil.example `https://e.example`"
    assert mrkdwn(source, hardened=True) == (
        f"a (`hxxps://e.example`) `hxxps://e.example` evil.{J}example `hxxps://e.example`"
    )
    assert mrkdwn(source, hardened=True, mine=True) == mrkdwn(source)


def test_only_the_asker_is_mentioned_in_mrkdwn() -> None:
    text = "<@U1> and <@U2>, `<@U1>`"
    shown = "<@U1> and &lt;@U2&gt;, `&lt;@U1&gt;`"
    assert mrkdwn(text, mine=True, asker="U1") == shown
    assert mrkdwn(text, asker="U1") == shown.replace("<@U1>", "&lt;@U1&gt;")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<!channel> <@U1> a < b", "‹!channel> ‹@U1> a < b"),
        (
            "&lt;!here&gt; &lt;https://e.example|slack.com&gt;",
            "‹!here> ‹https://e.example|slack.com>",
        ),
        ("[a](https://e.example) ![b](https://e.example) [](https://e.example)", "a 🖼 b e.example"),
        ("| a | b |\n|--|--|\n| c | d |", "a │ b\n──┼──\nc │ d"),
    ],
)
def test_plain_words_hold_no_token(source: str, words: str) -> None:
    assert plain(source) == words


def test_hardened_plain_words_hold_no_address() -> None:
    source = "See https://e.example/x, [a](https://e.example) or evil.example."
    assert plain(source, hardened=True) == f"See hxxps://e.{J}example/x, a or evil.{J}example."


def test_plain_words_are_cut_to_a_length() -> None:
    assert plain("word " * 2000) == plain("word " * 2000)[: SECTION - 1].rstrip("…").rstrip() + "…"
    assert len(plain("x" * 9000)) == SECTION
    assert plain("one two three", most=8) == "one two…"
    assert plain("one two", most=7) == "one two"


def test_sections_keep_lines_and_open_code_again() -> None:
    assert sections("a\n\nb") == ["a\n\nb"]
    assert sections(" \n") == []
    code = "```\n" + "word " * 4 + "\n" + "more\n" * 20 + "```\nend"
    parts = sections(code, most=60)
    assert all(len(part) <= 60 and part.count("```") % 2 == 0 for part in parts)
    words = "".join(parts).replace("```", "").split()
    assert words == code.replace("```", "").split()


def test_sections_cut_through_no_token() -> None:
    line = "<https://e.example|a> &amp; `code` " * 20
    parts = sections(line, most=50)
    assert "".join(parts).replace(" ", "") == line.replace(" ", "")
    assert all(len(part) <= 50 for part in parts)
    assert all(part.count("<") == part.count(">") and "&amp;" in f"{part}&amp;" for part in parts)
    assert all(part.count("`") % 2 == 0 and part.count("&") == part.count(";") for part in parts)
    assert [len(part) for part in sections("x" * 120, most=50)] == [42, 42, 36]


def test_sections_cut_between_words() -> None:
    words = [f"word{number}" for number in range(100)]
    parts = sections(" ".join(words), most=60)
    assert " ".join(parts).split() == words
    assert all(30 < len(part) <= 60 for part in parts[:-1])

"""What goes on Slack's wire for a model's CommonMark, and what its words cannot do there."""

import pyromark
import pytest

from adapters.slack.markup import Wire, wire

Z = "\u200b"  # a space that nobody sees
J = "\u2060"  # what nobody sees and what makes a dot only a dot


def followed(written: str) -> list[tuple[str, str]]:
    """The words and the target of each link that a reader of CommonMark finds."""
    found: list[tuple[str, str]] = []
    for event in pyromark.events(written, options=pyromark.Options.ENABLE_TABLES):
        match event:
            case {"Start": {"Link": {"dest_url": str(url)}}}:
                found.append(("", url))
            case {"Text": str(words)} | {"Code": str(words)} if found:
                found[-1] = (found[-1][0] + words, found[-1][1])
            case {"End": "Link"}:
                found.append(("", ""))
    return [(words, url) for words, url in found if url]


@pytest.mark.parametrize(
    "source",
    [
        "**a** *b* ~~c~~ `d` __e__ _f_ snake_case 2 * 3 * 4",
        "# A\n\n## B\n\n- one\n  - two\n\n1. three\n- [ ] open\n- [x] done\n\n> quoted\n\n---",
        "| a | b |\n|---|:-:|\n| 1 | `x` |\n",
        "```python\nif a < b and c > d:\n    print('[x](y)', \"&amp;\")\n```\n",
        "- item\n  ```sh\n  ls | wc\n  ```\n- next\n\n> ```\n> a\n> ```\n> b\n",
        "[the docs](https://docs.example.com/a?b=c&d=e) and [mail](mailto:me@a.example)",
        "costs $5 and $10, see [1] and a[0] and :smile: &amp; @here #general",
        "**half open ![ and [ and ]",
        "",
    ],
)
def test_markdown_that_does_no_harm_goes_as_it_is(source: str) -> None:
    assert wire(source) == source


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("<!channel> <!here> <!everyone>", "&lt;!channel> &lt;!here> &lt;!everyone>"),
        ("<!subteam^S1|@team>", "&lt;!subteam^S1|@team>"),
        ("<!date^1392734382^{date}|x>", "&lt;!date^1392734382^{date}|x>"),
        ("<@U123> <@W1|bob> <#C1|general>", "&lt;@U123> &lt;@W1|bob> &lt;#C1|general>"),
        ("`<!here>` ``<@U1>``", "`&lt;!here>` ``&lt;@U1>``"),
        ("```\n<!channel>\n```", "```\n&lt;!channel>\n```"),
        ("```<!here>\nx\n```", "```&lt;!here>\nx\n```"),
        (f"```\n<{Z}!channel> <@\\U1>\n```", f"```\n&lt;{Z}!channel> &lt;@\\U1>\n```"),
        ("    <!here>", "    &lt;!here>"),
        ("\\<!here>", "&lt;!here>"),
        ("<\\!here>", "&lt;\\!here>"),
        ("<&#33;here>", "&lt;&#33;here>"),
        ("&lt;!here&gt; &#60;!here&#62;", "&lt;!here&gt; &#60;!here&#62;"),
        ("**<**!here>", "**&lt;**!here>"),
        ("[<!here>](https://a.example)", "[&lt;!here>](https://a.example)"),
        ("[a](https://a.example/<!here>)", "[a]\\(<https://a.example/>&lt;!here>)"),
        ("| <!here> |\n|---|\n| <@U1> |", "| &lt;!here> |\n|---|\n| &lt;@U1> |"),
        ("<<!here>>", "&lt;&lt;!here>>"),
        ("＜!channel＞", "＜!channel＞"),
    ],
)
def test_no_token_of_slacks_is_left(source: str, written: str) -> None:
    assert wire(source) == written


def test_code_keeps_what_only_looks_like_a_token() -> None:
    source = "```html\n<!DOCTYPE html>\n<!-- x --><b><#if a><p>\n#include <a::b | c>\n```"
    assert wire(source) == source


def test_only_the_asker_is_mentioned_and_only_in_words_of_ours() -> None:
    text = "<@U1> asks, <@U2> and <!here> do not."
    kept = "<@U1> asks, &lt;@U2> and &lt;!here> do not."
    assert wire(text, mine=True, asker="U1") == kept
    assert wire(text, asker="U1") == kept.replace("<@", "&lt;@")
    assert wire(text, mine=True) == wire(text)
    assert wire("<@U12>", mine=True, asker="U1") == "&lt;@U12>"


def test_html_is_text_and_a_break_breaks_the_line() -> None:
    assert wire("<b>x</b> <!-- y --> <script>") == "&lt;b>x&lt;/b> &lt;!-- y --> &lt;script>"
    assert wire("a<br>b<BR/>c") == f"a\n{Z}b\n{Z}c"
    assert wire("| a<br>b |\n- c<br />d\n<br>e") == f"| a · b |\n- c · d\n{Z}e"


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("[slack.com](https://evil.example)", "[slack.com](https://evil.example) (evil.example)"),
        ("[slack.com](https://www.slack.com/x)", "[slack.com](https://www.slack.com/x)"),
        ("[sl**a**ck.com](https://e.example)", "[sl**a**ck.com](https://e.example) (e.example)"),
        (f"[slack{Z}.com](https://e.example)", f"[slack{Z}.com](https://e.example) (e.example)"),
        ("[slack&#46;com](https://e.example)", "[slack&#46;com](https://e.example) (e.example)"),
        ("[10.0.0.1](https://e.example)", "[10.0.0.1](https://e.example) (e.example)"),
        ("[guide.pdf](https://e.example/g)", "[guide.pdf](https://e.example/g)"),
        ("[x](https://bank.com@e.example/)", "[x](https://e.example/)"),
        ("[bank.com](https://bаnk.com/)", "[bank.com](https://xn--bnk-6cd.com/) (xn--bnk-6cd.com)"),
        ("[a](https://e.example/x_(y)|z)", "[a](https://e.example/x_%28y%29%7Cz)"),
        ("[a](<https://e.example/x y> 'title')", "[a](https://e.example/x%20y)"),
        ('[a](https://e.example\t"t") [b]( )', "[a](https://e.example) b"),
        ("[](https://e.example/x)", "[e.example](https://e.example/x)"),
        ("[https://e.example](https://e.example)", "<https://e.example>"),
        ("[a [b](https://b.example)](https://e.example)", "[a b](https://e.example)"),
        ("[a \\[b\\] [c]](https://e.example)", "[a \\[b\\] \\[c\\]](https://e.example)"),
        (
            "[a@b.example](mailto:x@y.example?cc=z)",
            "[a@b.example](mailto:x@y.example) (x@y.example)",
        ),
        ("[write](mailto:x@y.example)", "[write](mailto:x@y.example)"),
        ("![a cat](https://e.example/c.png)", "[🖼 a cat](https://e.example/c.png)"),
        ("![](https://e.example/c.png)", "[🖼 e.example](https://e.example/c.png)"),
        ("[![b](https://i.example)](https://e.example)", "[b](https://e.example)"),
        ("[run](javascript:x) [b](slack://x) ![c](data:x)", "run b 🖼 c"),
        ("[main](src/main.py) [top](#top) [src/a](src/a)", "main (`src/main.py`) top src/a"),
        ("<https://e.example|slack.com>", "[slack.com](https://e.example) (e.example)"),
        (
            "<https://e.example|click [here] `now` <b>>",
            "&lt;<https://e.example>|click [here] `now` &lt;b>>",
        ),
        ("<https://e.example|read [it]>!", "[read \\[it\\]](https://e.example)!"),
        ("!<https://e.example|x>", f"!{Z}[x](https://e.example)"),
        ("<https://u:p@e.example/a>", "<https://e.example/a>"),
        ("<slack://x|slack.com> <javascript:x>", "&lt;slack://x|slack.com> &lt;javascript:x>"),
        ("<me@a.example>", "&lt;me@a.example>"),
        ("[a](https://[::1/x) [b](https://а..b)", "a b"),
        ("[a <https://b.example|b>](https://e.example)", "[a b](https://e.example)"),
    ],
)
def test_links_show_where_they_lead_and_lead_only_to_the_web(source: str, written: str) -> None:
    assert wire(source) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("See https://e.example/a_b, or (https://f.example).", None),
        ("**https://e.example**", "**<https://e.example>**"),
        ("見て https://e.example/a。次", "見て <https://e.example/a>。次"),
        ("https://slack.com@e.example/x", "<https://e.example/x>"),
        ("https://bаnk.com/x", "<https://xn--bnk-6cd.com/x>"),
        ("see [1]: it, a]: b", "see [1]: it, a]\\: b"),
        ("https://e.example/a?b[]=c[x](https://f.example)", None),
        ("http://localhost:3000/x", "`http://localhost:3000/x`"),
        ("\\https://e.example \\Hm", "\\\\<https://e.example> \\\\Hm"),
        ("https://[::1/x https://a..b/", "https://[::1/x `https://a..b/`"),
        (f"{'а' * 63}.com", f"{'а' * 63}.com"),
        ("https:// and xhttps://e.example", "https:// and xhttps://e.example"),
        ("bаnk.com and мир.", "bаnk.com (xn--bnk-6cd.com) and мир."),
        ("bаnk.community, мир.txt", "bаnk.community, мир.txt"),
        ("`https://e.example`", "`https://e.example`"),
        ("```\nhttps://e.example\n```", "```\nhttps://e.example\n```"),
    ],
)
def test_bare_addresses_end_where_they_end(source: str, written: str | None) -> None:
    if written is None:
        written = source.replace("https://e.example/a_b", "<https://e.example/a_b>")
        written = written.replace("(https://f.example).", "(<https://f.example>).")
        written = written.replace(
            "https://e.example/a?b[]=c[x]", "<https://e.example/a?b%5B%5D=c>[x]"
        )
    assert wire(source) == written


def test_targets_named_apart_are_put_into_their_links() -> None:
    text = (
        "[slack.com] and [the Docs][1], [a][] and [b][none]\n\n"
        "[1]: https://docs.example 'title'\n[SLACK.com]: <https://evil.example>\n[a]: /x\n"
        "[a]: https://later.example\n[^2]: a note"
    )
    assert wire(text) == (
        "[slack.com](https://evil.example) (evil.example) and [the Docs](https://docs.example), "
        "a (`/x`) and [b][none]\n\n"
        "\\[1]: <https://docs.example> 'title'\n\\[SLACK.com]: <https://evil.example>\n"
        "\\[a]: /x\n\\[a]: <https://later.example>\n\\[^2]: a note"
    )


@pytest.mark.parametrize(
    "source",
    [
        "a ` b\nx ` [slack.com](https://evil.example) ` y",
        "| ` | [slack.com](https://evil.example) ` |",
        "```\n    ```\n```\n[slack.com](https://evil.example)\n```",
        "- a\n  ```\n  b\n[slack.com](https://evil.example)\n  ```",
        "x\n\n    ```\n[slack.com](https://evil.example)\n",
        "[slack.\ncom](https://evil.example)",
        "[slack.com](\nhttps://evil.example)",
        "[slack.com][\nx]\n\n[x]: https://evil.example",
        "\t```\n[slack.com](https://evil.example)",
        "[slack.com\nlogin]: https://evil.example\n\n[slack.com login]",
        "<br>[slack.com]: https://evil.example\n\n[slack.com]",
        "<div>\n[slack.com](https://evil.example)\n</div>",
        "[" * 600 + "slack.com](https://evil.example)",
        f"[slack.com {'x' * 600}](https://evil.example)",
    ],
)
def test_a_link_cannot_hide_in_what_only_looks_like_code(source: str) -> None:
    for words, url in followed(wire(source)):
        assert "slack.com" not in words or f"]({url}) (evil.example)" in wire(source)


def test_code_cannot_end_unseen_with_the_list_it_is_in() -> None:
    assert wire("1. a\n   ```\nb\n\n   c\n```\nd") == "1. a\n   ```\n   b\n\n   c\n   ```\nd"
    assert wire("1.\ta\n\t```\n\tb\n\t```") == "1.\ta\n\t```\n\tb\n    ```"
    assert wire("> ```\n> a\nb <x>") == "> ```\n> a\nb &lt;x>"
    assert wire("- > ```\n> <b>\n  > ```\n<b>") == "- > ```\n  > <b>\n  > ```\n&lt;b>"
    assert wire("~~~\n```\n<a\n~~~~\n<a") == "~~~\n```\n<a\n~~~~\n&lt;a"


def test_formulas_are_code() -> None:
    assert wire("$x^2$ and \\(a_1 + b\\), $E = mc^2$") == "`x^2` and `a_1 + b`, `E = mc^2`"
    assert wire("so\n\\[\n\\frac{1}{2}\n\\]\nthen $$\ny\n$$") == (
        "so\n```\n\\frac{1}{2}\n```\nthen $$\ny\n```\n```"
    )
    assert wire("$$\na\n\nb") == "$$\na\n\nb".replace("$$", "```").replace("\n\nb", "\n```\n\nb")
    assert wire("$$a^2$$ \\[b^2\\] $a^2$`c`") == f"`a^2` `b^2` `a^2`{Z}`c`"
    assert wire("| $|x|$ |") == "| `\\|x\\|` |"
    assert wire("$a_b$ $$speed * time$$") == "`a_b` `speed * time`"
    assert wire("$HOME/bin:$PATH and $my_var$") == "$HOME/bin:$PATH and $my_var$"
    assert wire("$word$ \\(word\\) $a $b") == "$word$ \\(word\\) $a $b"


def test_marks_between_letters_without_spaces_stand_apart() -> None:
    assert wire("これは**重要**です。") == f"これは{Z}**{Z}重要{Z}**{Z}です。"
    assert wire("**項目:**説明 ~~x~~ `コード`") == f"**項目:{Z}**{Z}説明 ~~x~~ `コード`"
    assert wire("これは`code`です") == f"これは{Z}`code`{Z}です"
    assert wire("これは $x^2$です") == f"これは `x^2`{Z}です"


def test_what_turns_or_breaks_letters_is_taken_out() -> None:
    assert wire("a\u202eb\0c\ud800d") == f"a{J}b\ufffdc\ufffdd"


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("[a](https://e.example/x)", "a (`hxxps://e.example/x`)"),
        (
            "[](https://e.example) ![](http://e.example)",
            "`hxxps://e.example` 🖼 e.example (`hxxp://e.example`)",
        ),
        ("https://e.example <https://e.example>", "`hxxps://e.example` `hxxps://e.example`"),
        (
            "<https://e.example|x> [m](mailto:a@b.example)",
            "x (`hxxps://e.example`) m (`a@b.example`)",
        ),
        ("evil.example and v1.2 and e.g. this", f"evil.{J}example and v1.2 and e.g. this"),
        ("xhttps://e.example ftp://e.example", f"xhxxps://e.{J}example ftp[:]//e.{J}example"),
        ("`curl https://e.example`", "`curl hxxps://e.example`"),
        ("```\ncurl HTTP://e.example\n```", "```\ncurl hxxP://e.example\n```"),
        ("[a`b|c](https://e.example/`|)", "[a\\`b|c]\\(`hxxps://e.example/`\\`|)"),
    ],
)
def test_hardened_a_models_links_can_neither_be_followed_nor_unfurl(
    source: str, written: str
) -> None:
    assert wire(source, hardened=True) == written
    assert wire(source, hardened=True, mine=True) == wire(source)


# While it grows


@pytest.mark.parametrize(
    "half",
    [
        *["<", "<a", "<https://e.example", "<https://e.example|sla", "<b"],
        *["[", "[sla", "[slack.com]", "[slack.com](", "[slack.com](https://e", "[a][b", "![", "!"],
        *["`", "`a", "``a`", "$x^", "\\", "\\(a", "&", "&l", "&#6", ":", ":smi", "*", "~~", "中**"],
        *["h", "https", "https://e.exam", "https://e.example/a[b", "bаnk.co", "]"],
        *["\n```", "\n```py", "\n~~~x", "\n$$", "\n\\["],
    ],
)
def test_half_a_token_is_held_back(half: str) -> None:
    shown = Wire().render(f"So {half}")
    assert shown.rstrip() in ("So", "So bаnk", "So 中")


def test_hardened_half_an_address_is_held_back() -> None:
    assert Wire(hardened=True).render("So evil.ex") == "So "
    assert (
        Wire(hardened=True).render("So [a](https://e.example) evil")
        == "So a (`hxxps://e.example`) "
    )


def test_what_is_too_long_for_a_token_is_text() -> None:
    assert Wire().render("[" + "x" * 600) == "[" + "x" * 600
    assert Wire().render("`" + "x" * 600) == "\\`" + "x" * 600
    assert Wire().render("[a](" + "x" * 3000).startswith("[a]\\(xxx")
    assert Wire().render("\\(" + "x" * 300) == "\\(" + "x" * 300


def test_half_a_token_in_code_is_held_back() -> None:
    assert Wire().render("```\nab <!ch") == "```\nab "
    assert Wire().render("```\nab\n``") == "```\nab\n"
    assert Wire().render("```\n<!ch") == "```\n"
    assert Wire().render("> ```\n> a\n>") == "> ```\n> a\n"
    assert Wire().render("> > ```\n> > a\n>") == "> > ```\n> > a\n"
    assert Wire(hardened=True).render("```\ncurl https://e") == "```\ncurl "
    assert Wire().render("\\[\nx") == "```\n"


def test_what_is_shown_once_is_only_ever_added_to() -> None:
    text = "# A\n\nSee [it](https://e.example) `x`, **b**.\n\n```py\na <b\n```\n- $x^2$ <!here>\n"
    growing, shown = Wire(), ""
    for end in range(len(text) + 1):
        frame = growing.render(text[:end])
        assert frame.startswith(shown)
        shown = frame
    assert growing.finish(text) == wire(text)
    assert wire(text).startswith(shown)


def test_another_text_and_a_late_target_begin_anew() -> None:
    growing = Wire()
    assert growing.render("See [a][1].\n\n") == "See [a][1].\n\n"
    late = "See [a][1].\n\n[1]: https://e.example\n"
    assert growing.render(late) == "See [a](https://e.example).\n\n\\[1]: <https://e.example>\n"
    assert growing.render("Else.\n") == "Else.\n"
    assert growing.finish("Else.\nOr not") == "Else.\nOr not"


def test_frames_of_a_long_text_cost_what_they_add() -> None:
    paragraph = "Some **words** with `code`, [a link](https://a.example/x) and a < b.\n"
    text, read = paragraph * 110, 0

    class Counted(Wire):
        def render(self, text: str) -> str:
            nonlocal read
            read += len(text) - len(self._source)
            return super().render(text)

    growing = Counted()
    for end in range(300, len(text), 300):
        growing.render(text[:end])
    assert read < 2 * len(text)


# How much a message holds

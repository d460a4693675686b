"""What of an answer is read out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.service.spoken import pieces, plain


@pytest.mark.parametrize(
    ("markdown", "heard"),
    [
        ("# Title\n\nA *word* and **more**.", "Title.\nA word and more."),
        ("Do:\n\n```py\nprint(1)\n```\n\nDone.", "Do:\nDone."),
        ("- one\n- two\n  - inner", "one.\ntwo.\ninner."),
        ("|a|b|\n|-|-|\n|1|2|", "a, b.\n1, 2."),
        ("See [the page](https://x.y) or https://x.y/z now.", "See the page or now."),
        ("![a cat](cat.png)", ""),
        ("<div>hidden</div>\n\nseen<br>here", "seenhere."),
        ("a  \nb\nc", "a b c."),
        ("Use `len` here", "Use len here."),
        ("Said[^1].\n\n[^1]: by whom", "Said."),
        ("你好\n\n# 标题", "你好。\n标题。"),
        ("done ☑ !", "done ☑!"),
        ("***\n\n---", ""),
        ("", ""),
    ],
)
def test_only_words_are_read_out(markdown: str, heard: str) -> None:
    assert plain(markdown) == heard


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("One two. Three four! Five?", 12, ["One two.", "Three four!", "Five?"]),
        ('He said "no." Then', 14, ['He said "no."', "Then"]),
        ("他说：“你好。”然后走了。再见！", 8, ["他说：“你好。”", "然后走了。", "再见！"]),
        ("one, two three", 9, ["one, two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("short", 400, ["short"]),
        ("", 400, []),
    ],
)
def test_a_long_text_is_cut_where_one_pauses(text: str, limit: int, cut: list[str]) -> None:
    assert pieces(text, limit) == cut


@given(st.text(alphabet="ab .,!?\n。，你好\"'", max_size=300), st.integers(1, 40))
def test_no_word_is_lost_and_no_piece_too_long(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert all(0 < len(piece) <= limit for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@given(st.text(max_size=200))
def test_any_text_can_be_read_out(text: str) -> None:
    assert all(any(map(str.isalnum, line)) for line in plain(text).splitlines())

"""What people wrote, as they wrote it, and the signs they put under messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import emoji, words

BOT = "U0BOT"


class TestMarks:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain *bold* _x_ `code`", "plain *bold* _x_ `code`"),
            ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
            ("&amp;lt;", "&lt;"),
            ("&quot; &copy;", "&quot; &copy;"),
            ("<https://example.com>", "https://example.com"),
            ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
            ("<http://example.com|example.com>", "example.com"),
            ("<https://example.com/|example.com>", "example.com"),
            ("<https://example.com|the page>", "the page (https://example.com)"),
            ("<mailto:a@b.de|a@b.de>", "a@b.de"),
            ("<mailto:a@b.de|write>", "write (a@b.de)"),
            ("<mailto:a@b.de>", "a@b.de"),
            ("<tel:+4930|+4930>", "+4930"),
            ("<@U1|ann>", "@ann"),
            ("<@U1|@ann>", "@ann"),
            ("<@U1>", "@Ann"),
            ("<@U2>", "@U2"),
            ("<#C1|general>", "#general"),
            ("<#C1>", "#C1"),
            ("<#C1|>", "#C1"),
            ("<!here> <!channel|channel> <!everyone>", "@here @channel @everyone"),
            ("<!subteam^S1|@team> <!subteam^S2>", "@team @S2"),
            ("<!date^1392734382^{date}^https://x|Feb 18>", "Feb 18"),
            ("2 < 3", "2 < 3"),
            ("<>", "<>"),
        ],
    )
    def test_each_is_undone(self, text: str, shown: str) -> None:
        assert words.plain(text, {"U1": "Ann"}) == shown

    @given(st.text(max_size=200))
    def test_what_slack_escapes_comes_back_as_it_was(self, text: str) -> None:
        wire = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert words.plain(wire, {}) == text


class TestNames:
    @pytest.mark.parametrize(
        ("text", "rest"),
        [
            (f"<@{BOT}> hi", "hi"),
            (f"<@{BOT}|parley>, hi", "hi"),
            (f"<@{BOT}>:\nhi", "hi"),
            (f"hi <@{BOT}>", "hi"),
            (f"<@{BOT}> <@{BOT}> hi, <@{BOT}> ", "hi"),
            (f"<@{BOT}>", ""),
            (f"ask <@{BOT}> about it", "ask @Parley about it"),
        ],
    )
    def test_around_the_words_the_bots_is_taken_off(self, text: str, rest: str) -> None:
        read = words.read(text, BOT, {BOT: "Parley"})
        assert (read.text, read.named) == (rest, True)

    def test_anybody_elses_stays(self) -> None:
        assert words.read("<@U1> hi", BOT, {}) == words.Words(text="@U1 hi")

    def test_without_knowing_the_bot_nobody_is_named(self) -> None:
        assert not words.read("<@U1> hi", "", {}).named

    def test_only_those_that_are_shown_are_asked_for(self) -> None:
        text = f"<@{BOT}> <@U1> and <@U1>, <@W2>, <@U3|known> and <@{BOT}>?"
        assert words.people(text, BOT) == ("U1", "W2", BOT)
        assert len(words.people(" ".join(f"<@U{n}>" for n in range(50)), BOT)) == 10


class TestEmoji:
    @pytest.mark.parametrize(
        ("name", "sign"),
        [
            ("+1", "👍"),
            ("thumbsup", "👍"),
            ("+1::skin-tone-6", "👍"),
            ("thumbsdown::skin-tone-2", "👎"),
            ("heart", "❤"),
            ("tada", "🎉"),
            ("sparkling_heart", "💖"),
            ("face_with_monocle", "🧐"),
            ("parley", ":parley:"),
            ("flag-de", ":flag-de:"),
            ("PARTY_PARROT", ":party_parrot:"),
            ("dagger", ":dagger:"),
            ("", ""),
            ("::skin-tone-2", ""),
            ("a" * 101, ""),
            ("x\ny", ""),
        ],
    )
    def test_names_become_signs(self, name: str, sign: str) -> None:
        assert emoji.unicode(name) == sign

    def test_no_sign_of_ours_has_a_tone_or_a_form(self) -> None:
        for name, sign in emoji.NAMES.items():
            assert emoji.unicode(name) == sign
            assert not set(sign) & set("\ufe0e\ufe0f\U0001f3fb\U0001f3ff"), name

"""What the bot says of the app, and who may use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from bot import phrases
from bot.events import User
from bot.service import allow
from bot.service.tools import Rules, end_user
from bot.service.words import literal, wait
from bot.surface import Capabilities
from tests.fakes.bench import DIRECT, EN, GROUP, Bench, wired
from tests.fakes.completion_wire import OK, Wire, end, message, refused, stream, told
from tests.fakes.rated import RATE

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
QUERY = {"paragraph": {"label": "Question", "variable": "query", "required": True}}
TONE = {
    "select": {"label": "Tone", "variable": "tone", "required": True, "options": ["a", "b"]},
}
APP: dict[str, object] = {
    "opening_statement": "Ask me about **verbs**.",
    "suggested_questions": ["What is a noun?", "", "Why " + "so " * 30 + "long?"],
    "user_input_form": [QUERY],
}
INFO = {"name": "grammar", "description": "All of it", "author_name": "A. *Writer*"}
SITE = {
    "title": "Grammar_Bot",
    "description": "Explains",
    "copyright": "© 2026 Us",
    "custom_disclaimer": "May be wrong.",
    "privacy_policy": "https://example.com/privacy",
    "default_language": "zh-Hans",
}


@asynccontextmanager
async def telling(
    folder: Path,
    *,
    parameters: object = APP,
    info: object = INFO,
    site: object = SITE,
    **options: object,
) -> AsyncIterator[tuple[Bench, Wire]]:
    wire = Wire()
    wire.on(ASK, *(stream(message("Because."), end()) for _ in range(9)))
    async with wired(folder, wire, parameters=parameters, **options) as bench:
        wire.on("GET /info", told(info))
        wire.on("GET /site", told(site))
        yield bench, wire


def questions(wire: Wire) -> list[object]:
    bodies = [given.body for given in wire.given if given.asked and given.asked.method == "POST"]
    return [body["inputs"]["query"] for body in bodies if isinstance(body, dict)]


async def test_the_greeting_opens_the_talk_and_suggests_questions(tmp_path: Path) -> None:
    async with telling(tmp_path) as (bench, wire):
        await bench.do(bench.command("start", "../../payload"))
        [bubble] = bench.screen.bubbles
        assert bubble.message.text == "\n\n".join(
            [
                "Hello, this is Grammar\\_Bot.",
                "Ask me about **verbs**.",
                EN.greeting_how,
                EN.suggestions,
            ]
        )
        assert not bubble.message.mine
        assert bubble.message.text[-bubble.message.own :].startswith(EN.greeting_how)
        labels = [button.label for button in bubble.message.buttons]
        assert labels[0] == "What is a noun?"
        assert len(labels[1]) == 60
        assert labels[1].endswith("…")
        await bench.do(bench.press("suggest", bubble, value="0"))
        answer = await bench.latest()
        assert answer.question == bench.screen.bubbles[1].ref
    assert bench.screen.texts[1:] == ["> What is a noun?", "Because."]
    assert questions(wire) == ["What is a noun?"]


async def test_among_others_the_suggested_question_is_quoted_with_who_asks_it(
    tmp_path: Path,
) -> None:
    async with telling(tmp_path) as (bench, _):
        pressed = bench.press("suggest", bench.ref("x", chat="group"), value="0", chat=GROUP)
        await bench.do(pressed)
        assert bench.screen.texts == ["Ann asks: What is a noun?", "Because."]
        await bench.do(pressed, attempts=1)
    assert len(bench.screen.texts) == 2


async def test_a_suggested_question_waits_for_its_details_and_is_quoted_once(
    tmp_path: Path,
) -> None:
    parameters = {**APP, "user_input_form": [QUERY, TONE]}
    async with telling(tmp_path, parameters=parameters) as (bench, wire):
        await bench.do(bench.press("suggest", bench.ref("x"), value="0"))
        note = bench.screen.bubbles[-1]
        await bench.do(bench.press("choose", note, value="o1"))
        assert bench.screen.texts == ["> What is a noun?", "**Tone**: b", "Because."]
    assert questions(wire) == ["What is a noun?"]


@pytest.mark.parametrize("value", ["7", "", "-1", "²"])
async def test_a_suggestion_that_is_gone_is_told_so(tmp_path: Path, value: str) -> None:
    async with telling(tmp_path) as (bench, wire):
        await bench.do(bench.press("suggest", bench.ref("x"), value=value))
        assert bench.screen.texts == [EN.suggestion_gone]
    assert questions(wire) == []


async def test_where_there_are_no_buttons_suggestions_are_listed(tmp_path: Path) -> None:
    async with telling(tmp_path, able=Capabilities(buttons=False)) as (bench, _):
        await bench.do(bench.command("start"))
    assert "- What is a noun?\n- Why so" in bench.screen.texts[0]


async def test_the_greeting_works_while_the_api_does_not(tmp_path: Path) -> None:
    async with telling(tmp_path) as (bench, wire):
        wire.on("GET /parameters", httpx.ConnectError("refused"))
        wire.on("GET /site", refused(403, "forbidden"))
        wire.on("GET /info", refused(403, "forbidden"))
        await bench.do(bench.command("start"))
        await bench.do(bench.command("about"))
        await bench.do(bench.command("help"))
    assert bench.screen.texts[0] == f"{EN.greeting_unnamed}\n\n{EN.greeting_how}"
    assert bench.screen.texts[1] == EN.about_nothing
    assert bench.screen.texts[2].startswith(EN.help_head)


async def test_help_lists_what_this_app_can_do(tmp_path: Path) -> None:
    speaking = {**APP, "text_to_speech": {"enabled": True}, "user_input_form": [QUERY, TONE]}
    async with telling(tmp_path) as (bench, _):
        await bench.do(bench.command("help"))
        [text] = bench.screen.texts
        assert f"- /stop – {EN.command_stop}" in text
        assert "/voice" not in text
        assert "/inputs" not in text
    (tmp_path / "other").mkdir()
    async with telling(tmp_path / "other", parameters=speaking) as (bench, _):
        await bench.do(bench.command("help"))
        [text] = bench.screen.texts
        assert f"- /voice – {EN.command_voice}" in text
        assert f"- /inputs – {EN.command_inputs}" in text


@pytest.mark.parametrize("name", ["help", "about"])
async def test_what_one_person_wants_to_know_bothers_no_others(tmp_path: Path, name: str) -> None:
    async with telling(tmp_path) as (bench, _):
        for chat in (GROUP, DIRECT):
            await bench.do(bench.command(name, place=bench.place(chat=chat)))
        assert [bubble.place.only_user for bubble in bench.screen.bubbles] == [True, False]


async def test_help_says_where_reactions_are_not_heard(tmp_path: Path) -> None:
    async with telling(tmp_path, able=Capabilities(reactions=False)) as (bench, _):
        await bench.do(bench.command("help"))
        assert EN.help_reactions_admin in bench.screen.texts[0]
        assert EN.help_reactions not in bench.screen.texts[0]


async def test_figures_are_told_to_operators_alone(tmp_path: Path) -> None:
    rules = Rules(operators=frozenset({"root"}))
    async with telling(tmp_path, rules=rules) as (bench, wire):
        wire.on(RATE, told(OK))
        await bench.do(bench.message("Why?"))
        await bench.do(bench.press("like", bench.screen.bubbles[-1]))
        await bench.do(bench.message("How?", user="bob"))
        await bench.do(bench.command("stats"))
        assert bench.screen.texts[-1] == EN.unknown_command.format(command="stats")
        await bench.do(bench.command("help"))
        assert "/stats" not in bench.screen.texts[-1]
        await bench.do(bench.command("help", user="root"))
        assert "/stats" in bench.screen.texts[-1]
        await bench.do(bench.command("stats", user="root"))
        told_ = bench.screen.texts[-1]
        assert EN.stats_asked.format(asked=2, people=2, open=0) in told_
        ended = EN.stats_outcomes.format(whole=2, stopped=0, interrupted=0, failed=0)
        assert ended in told_
        assert EN.stats_ratings.format(likes=1, dislikes=0) in told_
        assert EN.stats_used.format(tokens="88", spent=", 0.000385 USD") in told_
        bench.later += timedelta(days=3)
        await bench.do(bench.command("stats", user="root"))
        today, week = bench.screen.texts[-1].split("\n\n**")
        assert EN.stats_asked.format(asked=0, people=0, open=0) in today
        assert EN.stats_asked.format(asked=2, people=2, open=0) in week


async def test_about_names_everything_the_owner_wrote(tmp_path: Path) -> None:
    async with telling(tmp_path) as (bench, _):
        await bench.do(bench.command("about"))
        assert bench.screen.texts == [
            "**Grammar\\_Bot**\n\nExplains\n\nMade by A. \\*Writer\\*\n\n© 2026 Us\n\n"
            "May be wrong.\n\n[Privacy](<https://example.com/privacy>)"
        ]


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("We keep *nothing*.", "Privacy: We keep \\*nothing\\*."),
        ("javascript:alert(1)", "Privacy: javascript:alert(1)"),
        ("http://[", "Privacy: http://\\["),
    ],
)
async def test_a_privacy_policy_that_is_no_address_is_no_link(
    tmp_path: Path, policy: str, shown: str
) -> None:
    async with telling(tmp_path, site={"title": "App", "privacy_policy": policy}) as (bench, _):
        await bench.do(bench.command("about"))
    assert bench.screen.texts[0].split("\n\n")[-1] == shown


async def test_a_text_of_the_owner_that_is_too_long_is_cut_to_one_message(tmp_path: Path) -> None:
    parameters = {**APP, "opening_statement": "long " * 200}
    async with telling(tmp_path, parameters=parameters, size=300) as (bench, _):
        await bench.do(bench.command("start"))
    assert len(bench.screen.texts[0]) == 300


async def test_people_read_their_own_language_else_the_one_of_the_app(tmp_path: Path) -> None:
    async with telling(tmp_path) as (bench, _):
        for language, words in (("de", "en"), ("zh-CN", "zh"), ("", "zh")):
            place = replace(bench.place(), user=User(id="ann", language=language))
            await bench.do(replace(bench.command("stop"), place=place))
            assert bench.screen.texts[-1] == phrases.of(words).nothing_to_stop


# Who may ask, and how much


async def test_only_those_on_the_lists_are_answered(tmp_path: Path) -> None:
    rules = Rules(
        users=frozenset({"ann", "screen:bob"}),
        chats=frozenset({"direct"}),
        operators=frozenset({"screen:root"}),
    )
    async with telling(tmp_path, rules=rules) as (bench, wire):
        for user in ("ann", "bob", "eve", "root"):
            await bench.do(bench.message(user, user=user))
        assert bench.screen.texts.count(EN.not_allowed_you) == 1
        assert questions(wire) == ["ann", "bob", "root"]
        await bench.do(bench.message("Hi", chat=GROUP))
        assert bench.screen.texts[-1] == EN.not_allowed_here
        await bench.do(bench.message("Hi", user="root", chat=GROUP))
        assert len(questions(wire)) == 4


async def test_whoever_asks_too_much_is_told_when_it_works_again(tmp_path: Path) -> None:
    async with telling(tmp_path, rules=Rules(questions=2)) as (bench, wire):
        await bench.do(bench.message("one"))
        bench.later += timedelta(minutes=20)
        await bench.do(bench.message("two"))
        await bench.do(bench.message("three"))
        told_ = bench.screen.texts[-1]
        assert told_ == EN.too_many_questions.format(limit=2, wait="40 min")
        await bench.do(bench.message("Hi", user="bob"))
        assert len(questions(wire)) == 3
        bench.later += timedelta(minutes=41)
        await bench.do(bench.message("four"))
    assert questions(wire)[-1] == "four"


@pytest.mark.parametrize(
    "rules",
    [Rules(tokens=44), Rules(price=Decimal("0.0001925")), Rules(tokens=1, price=Decimal(9))],
)
async def test_a_used_up_allowance_is_renewed_at_midnight(tmp_path: Path, rules: Rules) -> None:
    async with telling(tmp_path, rules=rules) as (bench, wire):
        now = datetime.now(UTC)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        await bench.do(bench.message("one"))
        told_ = await allow.refusal(bench.tools, bench.place(), EN)
        assert told_.startswith("Your allowance for today is used up. It is renewed in ")
        await bench.do(bench.message("two"))
        assert questions(wire) == ["one"]
        bench.later = midnight - datetime.now(UTC) + timedelta(seconds=1)
        assert await allow.refusal(bench.tools, bench.place(), EN) == ""


async def test_an_allowance_that_is_not_used_up_lets_people_ask(tmp_path: Path) -> None:
    rules = Rules(tokens=1000, price=Decimal(1), questions=10)
    async with telling(tmp_path, rules=rules) as (bench, _):
        await bench.do(bench.message("one"))
        assert await allow.refusal(bench.tools, bench.place(), EN) == ""
        assert end_user(bench.tools, bench.place()) == "screen:ann"


@pytest.mark.parametrize(
    ("seconds", "told_"),
    [(1, "1 min"), (61, "2 min"), (5400, "90 min"), (5401, "2 h"), (86_400, "24 h")],
)
def test_a_wait_is_told_in_minutes_and_then_in_hours(seconds: float, told_: str) -> None:
    assert wait(EN, seconds) == told_


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* _c_ [d](e)", "a \\*b\\* \\_c\\_ \\[d\\](e)"),
        ("1. one\n# two", "1\\. one \\# two"),
        ("- dash", "\\- dash"),
        ("plain", "plain"),
    ],
)
def test_words_of_others_show_as_they_are(text: str, shown: str) -> None:
    assert literal(text) == shown


async def test_among_others_it_is_said_how_the_bot_is_spoken_to(tmp_path: Path) -> None:
    async with telling(tmp_path) as (bench, _):
        for name in ("start", "help", "ask"):
            await bench.do(replace(bench.command(name), place=bench.place(chat=GROUP)))
    greeting, help, how = bench.screen.texts
    assert EN.greeting_how_group in greeting
    assert help.startswith(EN.help_head_group)
    assert how == EN.ask_how_group

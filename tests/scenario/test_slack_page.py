"""What Slack's home page and prompts say: the app's words, the person's details and answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.slack.page import Home, Order, Page, Part
from bot.compose.slack_page import page
from bot.events import Place
from bot.settings import Settings
from bot.store.records import scope
from tests.fakes.bench import EN, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, refused, stream, told
from tests.fakes.details import ASK, QUERY, STYLE, TONE

pytestmark = pytest.mark.real_time

APP = {
    "opening_statement": "Ask me about **tea**.",
    "suggested_questions": ["What is tea?", " ", "Where does it grow?"],
    "user_input_form": [QUERY, TONE, STYLE],
    "text_to_speech": {"enabled": True},
}
SITE = {
    "title": "Tea",
    "description": "Knows tea.",
    "custom_disclaimer": "It may be wrong.",
    "privacy_policy": "https://tea.example/privacy",
    "default_language": "zh-Hans",
}


@asynccontextmanager
async def shown(
    folder: Path, *, answers: bool = True, **values: object
) -> AsyncIterator[tuple[Bench, Page]]:
    wire = Wire()
    wire.on(ASK, *(stream(message("It is a **drink**."), end()) for _ in range(7)))
    wire.on("GET /info", told({"name": "App", "author_name": "Ann"}))
    async with wired(folder, wire, parameters=APP) as bench:
        wire.on("GET /site", told(SITE))
        if not answers:
            wire.on("GET /parameters", refused(400, "app_unavailable"))
        settings = Settings(_env_file=None, **values)  # type: ignore[arg-type]
        yield bench, page(settings, bench.tools.completion, bench.store)


def part(home: Home, heading: str) -> Part:
    return next(part for part in home.parts if part.heading == heading)


def headings(home: Home) -> list[str]:
    return [part.heading for part in home.parts]


def spoken(place: Place, language: str) -> Place:
    return replace(place, user=replace(place.user, language=language))


async def test_a_page_says_what_the_app_says_of_itself(tmp_path: Path) -> None:
    async with shown(tmp_path, PARLEY_SLACK_COMMAND="/tea") as (bench, made):
        home = await made.home(bench.place())
    assert home.title == "Tea"
    assert headings(home) == [
        *("", EN.home_questions, EN.home_help, EN.home_settings, EN.home_about)
    ]
    assert home.parts[0].text == "Ask me about **tea**." and not home.parts[0].mine
    questions = part(home, EN.home_questions).rows
    assert [(row.text, row.button and row.button.value) for row in questions] == [
        ("What is tea?", "0"),
        ("Where does it grow?", "1"),
    ]
    assert "`/tea help`" in part(home, EN.home_help).text
    about = part(home, EN.home_about).text
    for words in ("Knows tea.", "Made by Ann", "It may be wrong.", "https://tea.example/privacy"):
        assert words in about


async def test_a_page_shows_what_is_settled_in_the_direct_chat(tmp_path: Path) -> None:
    async with shown(tmp_path) as (bench, made):
        place = bench.place()
        settings = part(await made.home(place), EN.home_settings)
        assert "**Tone**: nothing" in settings.text and EN.home_voice_off in settings.text
        _, loud = settings.buttons
        assert isinstance(loud, Order) and (loud.command, loud.text) == ("voice", "on")
        await bench.store.save_inputs(scope(place), {"tone": "formal", "style": "s" * 300})
        await bench.store.set_voice(scope(place), True)
        settings = part(await made.home(place), EN.home_settings)
        assert "**Tone**: formal" in settings.text and EN.home_voice_on in settings.text
        assert "s" * 101 not in settings.text and "s" * 100 in settings.text
        assert isinstance(settings.buttons[1], Order) and settings.buttons[1].text == "off"


async def test_where_every_answer_is_read_out_anyhow_nothing_is_to_be_settled(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path, PARLEY_VOICE="always") as (bench, made):
        settings = part(await made.home(bench.place()), EN.home_settings)
    assert EN.home_voice_on in settings.text and len(settings.buttons) == 1


async def test_a_page_shows_the_last_answers_of_its_owner_alone(tmp_path: Path) -> None:
    async with shown(tmp_path) as (bench, made):
        await bench.store.save_inputs(scope(bench.place()), {"tone": "formal"})
        await bench.store.save_inputs(scope(bench.place("bob")), {"tone": "formal"})
        for number in range(6):
            await bench.do(bench.message(f"Question {number}?"))
        await bench.do(bench.message("Bob's?", user="bob"))
        rows = part(await made.home(bench.place()), EN.home_answers).rows
        assert [row.text for row in rows] == [f"Question {number}?" for number in range(5, 0, -1)]
        assert rows[0].more == "It is a **drink**." and rows[0].at is not None
        assert rows[0].ref == bench.screen.bubbles[-2].ref
        assert "Question" not in repr(rows)


async def test_an_app_that_does_not_answer_has_a_page_all_the_same(tmp_path: Path) -> None:
    async with shown(tmp_path, answers=False) as (bench, made):
        home = await made.home(bench.place())
        prompts = await made.prompts(bench.place())
    assert headings(home) == [EN.home_help]
    assert prompts.questions == ()


async def test_everybody_is_spoken_to_in_their_language(tmp_path: Path) -> None:
    async with shown(tmp_path) as (bench, made):
        for language, title in (("en-US", "Try asking"), ("zh-CN", "试着问问"), ("", "试着问问")):
            prompts = await made.prompts(spoken(bench.place(), language))
            assert prompts.title == title
            assert prompts.questions == ("What is tea?", "Where does it grow?")
        assert made.words("zh-CN").yes == "是" and made.words("en").yes == "Yes"
    assert all(len(made.words(tag).title) <= 24 for tag in ("en", "zh"))

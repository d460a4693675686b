"""What the bot says around a rating goes when it asks for nothing any more."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.events import Quote, Submission
from bot.service.rounds import Round
from bot.store.records import Dialog, scope
from bot.surface import Capabilities
from tests.fakes.bench import EN
from tests.fakes.completion_wire import end, message, stream
from tests.fakes.rated import ASK, answered, disliked, press, ratings_sent, react

pytestmark = pytest.mark.real_time


@pytest.mark.parametrize("change", ["like", "dislike"])
async def test_the_sentence_that_asks_for_words_goes_with_the_dislike(
    tmp_path: Path, change: str
) -> None:
    async with answered(tmp_path) as (bench, _):
        await disliked(bench)
        await press(bench, change)
        assert bench.screen.texts == ["Because."]
        await press(bench, "dislike")
        assert bench.screen.texts == ["Because.", EN.rating_ask_words]


async def test_where_nothing_can_be_deleted_the_sentence_loses_its_words(tmp_path: Path) -> None:
    able = Capabilities(deletes=False)
    async with answered(tmp_path, able=able) as (bench, _):
        await disliked(bench)
        await press(bench, "like")
        assert bench.screen.texts == ["Because.", "…"]
        assert bench.screen.bubbles[-1].message.buttons == ()


async def test_words_are_asked_for_once_whatever_shows_the_dislike(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        await bench.do(react(bench, "👍"))
        await press(bench, "dislike")
        await bench.do(react(bench, "👎"))
        assert bench.screen.texts == ["Because.", EN.rating_ask_words]


async def test_a_sentence_that_was_answered_keeps_no_button(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        note = await disliked(bench)
        button = bench.screen.bubbles[-1].message.buttons[0]
        await bench.do(bench.press("choose", note, value=button.value))
        await bench.do(bench.message("too long"))
        assert bench.screen.texts == ["Because.", EN.rating_noted, EN.rating_thanks]
        assert bench.screen.bubbles[-2].message.buttons == ()


async def test_words_by_command_answer_the_sentence_that_asks(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        note = await disliked(bench)
        await bench.do(bench.command("feedback", "too long"))
        assert bench.screen.texts == ["Because.", EN.rating_noted, EN.rating_thanks]
        await bench.do(bench.message("And?", quoted=Quote(ref=note)))
    assert ratings_sent(wire) == [("dislike", None), ("dislike", "too long")]


async def test_words_of_a_form_are_thanked_for_where_they_were_asked_for(tmp_path: Path) -> None:
    async with answered(tmp_path, able=Capabilities(forms=True)) as (bench, _):
        note = await disliked(bench, EN.rating_ask_form)
        button = bench.screen.bubbles[-1].message.buttons[0]
        pressed = bench.press("choose", note, value=button.value)
        await bench.do(replace(pressed, place=replace(pressed.place, interaction="click")))
        filled = Submission(
            id="s1",
            place=bench.place(),
            at=bench.now(),
            form=bench.screen.forms[0].id,
            values={"words": "wrong"},
        )
        await bench.do(filled)
        assert bench.screen.texts == ["Because.", EN.rating_thanks]


async def test_a_rating_given_elsewhere_answers_the_sentence_that_asks_for_it(
    tmp_path: Path,
) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.do(bench.command("feedback", "well put"))
        assert bench.screen.texts[-1] == EN.rating_needed
        await press(bench, "like")
        assert bench.screen.texts == ["Because.", EN.rating_thanks]
        assert bench.screen.bubbles[-1].message.buttons == ()
    assert ratings_sent(wire) == [("like", "well put")]


async def test_another_persons_button_is_not_met_with_silence(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await press(bench, "like", user="bob")
        told = bench.screen.bubbles[-1]
        assert told.message.text == EN.rating_of_other
        assert told.place.only_user
        await bench.do(react(bench, "👎", user="bob"))
        assert len(bench.screen.bubbles) == 2
    assert ratings_sent(wire) == []


async def test_a_list_of_details_that_nobody_is_at_any_more_keeps_no_question_away(
    tmp_path: Path,
) -> None:
    async with answered(tmp_path) as (bench, _):
        tone = Round(note=bench.screen.bubbles[0].ref)
        listed = Dialog(kind="inputs", state=msgspec.to_builtins(tone), asked_at=bench.now())
        await bench.store.open_dialog(scope(bench.place()), listed)
        await bench.do(react(bench, "👎"))
        assert EN.rating_ask_words not in bench.screen.texts
        bench.later += timedelta(minutes=11)
        await bench.do(react(bench, off=("👎",)))
        await bench.do(react(bench, "👎"))
        assert bench.screen.texts[-1] == EN.rating_ask_words


async def test_a_new_answer_leaves_no_question_about_the_old(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        question = bench.message("How?")
        wire.on(ASK, stream(message("So."), end()), stream(message("Thus."), end()))
        await bench.do(question)
        await bench.do(bench.press("dislike", bench.screen.bubbles[-1]))
        assert bench.screen.texts[-1] == EN.rating_ask_words
        await bench.do(bench.edit(question, "How so?"))
        assert bench.screen.texts == ["Because.", "Thus."]

"""What asks for details stands once in the chat, and goes when nobody is asked any more."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Deleted, Event, Message
from bot.service import Service
from tests.fakes.bench import EN, Bench
from tests.fakes.details import COUNT, FORMS, QUERY, TONE, asking, labels, press, sent

pytestmark = pytest.mark.real_time


def deletion(bench: Bench, message: Message) -> Deleted:
    return Deleted(id=f"{message.id}:gone", place=message.place, at=bench.now(), ref=message.ref)


async def test_the_next_question_takes_the_place_of_what_asks(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, _):
        await bench.do(bench.message("Why?"))
        await bench.do(bench.message("How?"))
        assert bench.screen.texts == [EN.inputs_needed_form]


async def test_a_question_edited_meanwhile_is_not_asked_about_twice(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):
        question = bench.message("Why?")
        await bench.do(question)
        [note] = bench.screen.bubbles
        await bench.do(bench.edit(question, "How?"))
        assert [bubble.ref for bubble in bench.screen.bubbles] == [note.ref]
        await press(bench, "casual")
    assert sent(wire) == [{"query": "How?", "tone": "casual"}]


async def test_nobody_is_asked_for_a_question_that_was_deleted(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        first, second = bench.message("Why?"), bench.message("How?")
        await bench.do(first)
        await bench.do(second)
        await bench.do(deletion(bench, first))
        assert len(bench.screen.texts) == 1
        await bench.do(deletion(bench, second))
        assert bench.screen.texts == []
        await bench.do(bench.command("inputs", "tone=casual"))
    assert sent(wire) == []


async def test_of_two_questions_the_one_that_stays_is_answered(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        first = bench.message("Why?")
        await bench.do(first)
        await bench.do(bench.message("How?"))
        await bench.do(deletion(bench, first))
        await bench.do(bench.command("inputs", "tone=casual"))
    assert sent(wire) == [{"query": "How?", "tone": "casual"}]


async def test_stop_gives_up_what_waits_for_details(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, _):
        await bench.do(bench.message("Why?"))
        await bench.do(bench.command("stop"))
        assert bench.screen.texts == [EN.inputs_question_dropped]
        await bench.do(bench.command("stop"))
        assert bench.screen.texts[-1] == EN.nothing_to_stop


async def test_a_command_is_answered_below_it(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as (bench, wire):
        await bench.do(bench.message("Why?"))
        [note] = bench.screen.bubbles
        await bench.do(bench.command("inputs"))
        [listed] = bench.screen.bubbles
        assert listed.ref != note.ref
        assert listed.message.text.startswith(EN.inputs_list)
        assert labels(bench) == ["Tone", "How many", EN.button_cancel]
        await press(bench, "Tone")
        await press(bench, "casual")
        await bench.do(bench.message("3"))
        assert sent(wire) == [{"query": "Why?", "tone": "casual", "count": 3}]
        await bench.do(bench.command("inputs"))
        await bench.do(bench.command("inputs"))
        assert sum(text.startswith(EN.inputs_list) for text in bench.screen.texts) == 1


async def test_a_photo_that_was_deleted_waits_for_no_question(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, vision=True) as (bench, wire):
        photos = [
            bench.message("", files=(bench.picture(name, b"\x89PNG\r\n\x1a\n" + name.encode()),))
            for name in ("one", "two")
        ]
        for photo in photos:
            await bench.do(photo)
        assert bench.screen.texts == [EN.picture_what_to_do]
        await bench.do(deletion(bench, photos[0]))
        assert bench.screen.texts == [EN.picture_what_to_do]
        await bench.do(deletion(bench, photos[1]))
        assert bench.screen.texts == []
        await bench.do(bench.message("Why?"))
    assert wire.times("POST /files/upload") == 0
    assert sent(wire) == [{"query": "Why?"}]


async def test_a_kept_question_that_runs_at_once_is_no_answer_to_the_last_one(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):

        async def at_once(event: Event) -> bool:
            await quick.handle(bench.work(event))
            return True

        quick = Service(replace(bench.tools, accept=at_once))
        await bench.do(bench.message("Why?"))
        [note] = bench.screen.bubbles
        casual = note.message.buttons[1]
        await quick.handle(bench.work(bench.press("choose", note, value=casual.value)))
        assert bench.screen.texts == ["**Tone**: casual", "Because."]
    assert sent(wire) == [{"query": "Why?", "tone": "casual"}]


async def test_details_are_listed_in_the_punctuation_of_the_language(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, _):
        asked = bench.command("inputs")
        user = replace(asked.place.user, language="zh-hans")
        await bench.do(replace(asked, place=replace(asked.place, user=user)))
        assert bench.screen.texts[-1].endswith("- **Tone**：空")
        await bench.do(bench.command("inputs"))
        assert bench.screen.texts[-1].endswith("- **Tone**: nothing")

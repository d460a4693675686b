"""Answers again: repeated by a button or a command, and questions that are edited or deleted."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.events import Deleted
from bot.service import Service, answering
from bot.service.tools import Rules
from bot.store.records import Work
from bot.surface import Again, Busy, Forbidden
from tests.fakes.bench import EN, GROUP, wired
from tests.fakes.completion_wire import PNG, ZERO, Wire, end, message, refused, stream, told
from tests.scenario.test_answers_pictures import SEES

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 0.02)
    monkeypatch.setattr(answering, "STOP_WAIT", 0.2)


def queries(wire: Wire) -> list[object]:
    """What the API was asked, in order."""
    bodies = [given.body for given in wire.given if given.asked and given.asked.method == "POST"]
    return [
        body["inputs"]["query"] for body in bodies if isinstance(body, dict) and "inputs" in body
    ]


# Again


async def test_a_whole_answer_stays_and_gets_another_below(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0]))
    assert bench.screen.texts == ["one", "two"]
    assert queries(wire) == ["Hi", "Hi"]


async def test_a_command_to_try_again_counts_though_the_platforms_clock_is_slow(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), 0.05), stream(message("whole"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        retry = bench.command("retry")
        await bench.do(replace(retry, at=retry.at - timedelta(minutes=1)))
    assert bench.screen.texts == ["whole"]


async def test_a_broken_answer_is_written_over_by_the_next(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), 0.05), stream(message("whole"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        await bench.do(bench.command("retry"))
        answer = await bench.latest()
        [screen] = await bench.store.screens(answer.id)
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == "whole"
    assert screen.ref == bubble.ref
    assert answer.replaces != ""


async def test_a_button_pressed_twice_asks_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        presses = [bench.press("regenerate", bench.screen.bubbles[0]) for _ in range(2)]
        for press in presses:
            await bench.do(press)
    assert wire.times(ASK) == 2


async def test_a_press_done_once_more_after_a_crash_asks_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        press = bench.press("regenerate", bench.screen.bubbles[0])
        await bench.do(press)
        await bench.do(press, attempts=1)
    assert wire.times(ASK) == 2


async def test_a_long_answer_shrinks_in_place(tmp_path: Path) -> None:
    wire = Wire()
    long = "word " * 60
    wire.on(ASK, stream(message(long), 0.05), stream(message("short"), end()))
    async with wired(tmp_path, wire, size=100) as bench:
        await bench.do(bench.message("Hi"))
        assert len(bench.screen.bubbles) > 2
        first = bench.screen.bubbles[0]
        await bench.do(bench.press("regenerate", bench.screen.bubbles[-1]))
        assert bench.screen.bubbles == [first]
    assert bench.screen.texts == ["short"]


async def test_only_the_asker_may_ask_again(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi", chat=GROUP))
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0], user="bob", chat=GROUP))
    assert bench.screen.texts == ["one", EN.only_asker]
    assert wire.times(ASK) == 1


async def test_without_an_answer_there_is_nothing_to_repeat(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        await bench.do(bench.command("retry"))
    assert bench.screen.texts == [EN.nothing_to_retry]


async def test_a_question_whose_answer_nobody_could_see_is_repeated(tmp_path: Path) -> None:
    wire = Wire()
    cut = stream(message("Half of"), wire.stop_asked, end())
    wire.on(ASK, stream(message("one"), end()), cut, stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        bench.screen.fail_next(Forbidden())  # the bot was blocked, and later no more
        await bench.do(bench.message("Why?"))
        assert bench.screen.texts == ["one"]
        await bench.do(bench.command("voice"))
        await bench.do(bench.command("retry"))
    assert bench.screen.texts == ["one", EN.voice_none_in_app, "two"]
    assert queries(wire) == ["Hi", "Why?", "Why?"]


async def test_a_deleted_question_is_not_repeated(tmp_path: Path) -> None:
    wire = Wire()
    cut = stream(message("Half of"), wire.stop_asked, end())
    wire.on(ASK, stream(message("one"), end()), cut, stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        asked = bench.message("Why?")
        bench.screen.fail_next(Forbidden())
        await bench.do(asked)
        gone = Deleted(id="gone", place=asked.place, at=bench.now(), ref=asked.ref)
        await bench.do(gone)
        await bench.do(bench.command("retry"))
    assert queries(wire) == ["Hi", "Why?", "Hi"]


async def test_what_is_kept_no_longer_has_to_be_asked_anew(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        await bench.do(bench.command("forget"))
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0]))
    assert bench.screen.texts == ["one", EN.forgotten, EN.kept_no_longer]
    assert wire.times(ASK) == 1


async def test_again_counts_as_a_question(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire, rules=Rules(questions=1)) as bench:
        await bench.do(bench.message("Hi"))
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0]))
    assert wire.times(ASK) == 1
    assert len(bench.screen.texts) == 2


async def test_pictures_go_along_again_and_are_read_anew_where_the_api_lost_them(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "first"}, 201), told({"id": "second"}, 201))
    lost = refused(400, "invalid_param")
    again, fresh = stream(message("two"), end()), stream(message("three"), end())
    wire.on(ASK, stream(message("one"), end()), again, lost, fresh)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("What?", files=(bench.picture("cat", PNG),)))
        await bench.do(bench.command("retry"))
        assert uploads(again.body) == ["first"]
        await bench.do(bench.command("retry"))
    assert uploads(fresh.body) == ["second"]
    assert bench.screen.texts == ["one", "two", "three"]


def uploads(body: object) -> list[object]:
    assert isinstance(body, dict)
    return [file["upload_file_id"] for file in body["files"]]


# Edits


async def test_an_edited_question_is_answered_anew_in_place(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.do(asked)
        [bubble] = bench.screen.bubbles
        await bench.do(bench.edit(asked, "Hello"))
        assert bench.screen.bubbles == [bubble]
    assert bench.screen.texts == ["two"]
    assert queries(wire) == ["Hi", "Hello"]


async def test_an_edit_ends_the_answer_that_is_being_written(tmp_path: Path) -> None:
    wire = Wire()
    first = stream(message("one"), wire.stop_asked, end(usage=ZERO))
    wire.on(ASK, first, stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        talk = asyncio.create_task(bench.do(asked))
        await bench.until(lambda: bench.screen.texts == ["one"])
        await bench.take_in(bench.edit(asked, "Hello"))
        await talk  # the lane: the follow-up runs behind it
        assert bench.screen.texts == ["two"]
        assert len(bench.screen.messages) == 1


async def test_an_edit_that_changes_nothing_is_none(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi https://example.org")
        await bench.do(asked)
        await bench.do(bench.edit(asked, "Hi https://example.org"))
    assert wire.times(ASK) == 1


async def test_an_edit_before_the_question_was_begun_changes_what_is_asked(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.take_in(bench.edit(asked, "Hello"))
        await bench.do(asked)
    assert queries(wire) == ["Hello"]
    assert bench.screen.texts == ["one"]


async def test_an_edit_while_waiting_asks_only_the_new_words(tmp_path: Path) -> None:
    wire = Wire()
    leave = asyncio.Event()
    wire.on(ASK, stream(message("a"), leave, end()), stream(message("b"), end()))
    async with wired(tmp_path, wire, max_streams=1) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("first", user="bob")))
        await bench.until(lambda: bench.screen.texts == ["a"])
        asked = bench.message("Hi")
        group.create_task(bench.do(asked))
        await bench.until(lambda: EN.waiting.format(count=1) in bench.screen.statuses)
        await bench.take_in(bench.edit(asked, "Hello"))
        await bench.until(lambda: bench.screen.statuses.count(EN.waiting.format(count=1)) > 1)
        leave.set()
    assert queries(wire) == ["first", "Hello"]
    assert bench.screen.texts == ["a", "b"]


async def test_there_and_back_again_is_answered_whole(tmp_path: Path) -> None:
    wire = Wire()
    first = stream(message("one"), wire.stop_asked, end(usage=ZERO))
    wire.on(ASK, first, stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        talk = asyncio.create_task(bench.do(asked))
        await bench.until(lambda: bench.screen.texts == ["one"])
        await bench.take_in(bench.edit(asked, "Hello"))
        await bench.take_in(bench.edit(asked, "Hi"))
        await talk
    assert bench.screen.texts == ["two"]
    assert queries(wire) == ["Hi", "Hi"]


async def test_an_edit_taken_in_once_more_after_a_crash_asks_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.do(asked)
        edited = bench.edit(asked, "Hello")
        await bench.do(edited)
        await bench.do(edited, attempts=1)
    assert queries(wire) == ["Hi", "Hello"]


async def test_an_edit_taken_in_once_more_leaves_the_answer_to_its_words_at_work(
    tmp_path: Path,
) -> None:
    wire = Wire()
    go_on = asyncio.Event()
    second = stream(message("two"), go_on, message(" whole"), end())
    wire.on(ASK, stream(message("one"), end()), second)
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.do(asked)
        edited = bench.edit(asked, "Hello")
        await bench.take_in(edited)
        talk = asyncio.create_task(bench.do(bench.accepted.pop()))
        await bench.until(lambda: bench.screen.texts == ["two"])
        # A process died between what it did and the note of it; both events come again.
        await bench.service.handle(Work(event=edited, lane="", attempts=1))
        bench.accepted.clear()  # an inbox takes the same event once
        go_on.set()
        await talk
        answer = await bench.latest()
    assert answer.outcome == "whole"
    assert bench.screen.texts == ["two whole"]
    assert queries(wire) == ["Hi", "Hello"]


async def test_a_question_refused_at_first_is_answered_when_edited(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    short = {"paragraph": {"variable": "query", "required": True, "max_length": 5}}
    async with wired(tmp_path, wire, parameters={"user_input_form": [short]}) as bench:
        asked = bench.message("Much too long")
        await bench.do(asked)
        await bench.do(bench.edit(asked, "Short"))
    assert queries(wire) == ["Short"]
    assert bench.screen.texts[-1] == "one"


async def test_the_words_under_a_picture_change_and_the_picture_stays(tmp_path: Path) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "cat"}, 201))
    second = stream(message("two"), end())
    wire.on(ASK, stream(message("one"), end()), second)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        asked = bench.message("What?", files=(bench.picture("cat", PNG),))
        await bench.do(asked)
        await bench.do(bench.edit(asked, "Who?"))
    assert uploads(second.body) == ["cat"]
    assert bench.screen.texts == ["two"]


async def test_an_edit_of_what_runs_elsewhere_wants_it_stopped(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        left = await bench.streaming_answer(asked, "Half")
        await bench.take_in(bench.edit(asked, "Hello"))
        kept = await bench.store.answer(left.id)
        assert kept is not None
        assert kept.stop_wanted
        await bench.do(bench.accepted.pop())
    assert bench.screen.texts == ["one"]
    assert queries(wire) == ["Hello"]


async def test_an_inbox_that_is_full_gets_the_follow_up_later(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:

        async def busy(event: object) -> bool:
            raise Busy(7.0)

        service = Service(replace(bench.tools, accept=busy))
        with pytest.raises(Again) as again:
            await service.handle(bench.work(bench.edit(bench.message("Hi"), "Hello")))
    assert again.value.after == 7.0


async def test_an_edit_while_the_app_cannot_be_reached_keeps_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.app.FRESH", -1.0)
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.do(asked)
        wire.on("GET /parameters", refused(503, "s3_connection_failed"))
        await bench.do(bench.edit(asked, "Hello"))
    assert bench.screen.texts == ["two"]

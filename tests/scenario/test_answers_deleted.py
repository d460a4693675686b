"""Questions that are deleted, and pictures that join or leave theirs."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Deleted, Message
from bot.service import answering
from tests.fakes.bench import EN, Bench, wired
from tests.fakes.completion_wire import PNG, ZERO, Wire, end, message, stream, told
from tests.scenario.test_answers_changed import uploads
from tests.scenario.test_answers_pictures import SEES

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 0.02)
    monkeypatch.setattr(answering, "STOP_WAIT", 0.2)


def deleted(bench: Bench, asked: Message) -> Deleted:
    return Deleted(id=f"{asked.id}:gone", place=asked.place, at=bench.now(), ref=asked.ref)


async def test_a_deleted_question_ends_its_answer_with_what_was_written(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end(usage=ZERO)))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        asked = bench.message("Hi")
        group.create_task(bench.do(asked))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        await bench.do(deleted(bench, asked))
    assert bench.screen.texts == [f"Half of\n\n*{EN.stopped}*"]


async def test_of_a_deleted_question_without_a_word_nothing_is_said(tmp_path: Path) -> None:
    wire = Wire()
    never = asyncio.Event()
    wire.on(ASK, stream(never))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        asked = bench.message("Hi")
        group.create_task(bench.do(asked))
        await bench.until(lambda: wire.times(ASK))
        await bench.do(deleted(bench, asked))
    assert bench.screen.texts == []


async def test_a_question_deleted_before_it_was_begun_is_not_asked(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.do(deleted(bench, asked))
        await bench.do(asked)
        await bench.do(bench.edit(asked, "Hello"))
    assert wire.times(ASK) == 0


async def test_a_late_picture_of_an_album_joins_its_question(tmp_path: Path) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "a"}, 201), told({"id": "b"}, 201))
    second = stream(message("two"), end())
    wire.on(ASK, stream(message("one"), end()), second)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        first = bench.message("What?", files=(bench.picture("a", PNG),), album="7")
        late = bench.message("", files=(bench.picture("b", PNG + b"b"),), album="7")
        await bench.do(first, parts=(first,))
        await bench.do(late, parts=(late,))
        assert len(uploads(second.body)) == 2
        await bench.do(replace(late), attempts=1)
    assert bench.screen.texts == ["two"]
    assert wire.times(ASK) == 2


async def test_a_late_picture_joins_those_that_wait_for_their_question(tmp_path: Path) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "a"}, 201), told({"id": "b"}, 201))
    given = stream(message("one"), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        first = bench.message("", files=(bench.picture("a", PNG),), album="7")
        late = bench.message("", files=(bench.picture("b", PNG + b"b"),), album="7")
        await bench.do(first, parts=(first,))
        await bench.do(late, parts=(late,))
        await bench.do(bench.message("What?"))
    assert len(uploads(given.body)) == 2
    assert bench.screen.texts == [EN.picture_what_to_do, "one"]


async def test_deleting_one_picture_of_an_album_lets_its_answer_be_written_on(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "a"}, 201), told({"id": "b"}, 201))
    more = asyncio.Event()
    wire.on(ASK, stream(message("one"), more, message(" two"), end()))
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        head = bench.message("What?", files=(bench.picture("a", PNG),), album="7")
        tail = bench.message("", files=(bench.picture("b", PNG + b"b"),), album="7")
        async with asyncio.TaskGroup() as group:
            whole = replace(head, files=head.files + tail.files)
            group.create_task(bench.do(whole, parts=(head, tail)))
            await bench.until(lambda: bench.screen.texts == ["one"])
            await bench.do(deleted(bench, tail))
            more.set()
    assert bench.screen.texts == ["one two"]

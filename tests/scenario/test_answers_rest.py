"""What the API still says when an answer is shown: nobody's next question waits for it."""

import asyncio
import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import soundfile

from tests.fakes import bench as bench_room
from tests.fakes.bench import EN, wired
from tests.fakes.completion_wire import Given, Wire, end, message, stream
from tests.fakes.completion_wire import speech as spoken

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
SPEAK = "POST /text-to-audio"
SPEAKING = {
    "user_input_form": [{"paragraph": {"label": "Q", "variable": "query", "required": True}}],
    "text_to_speech": {"enabled": True},
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take a while to let the speech come."""
    monkeypatch.setattr(bench_room, "QUICK", replace(bench_room.QUICK, tail=5.0))


def sound() -> str:
    target = io.BytesIO()
    soundfile.write(target, numpy.full(9_600, 0.1, dtype="float32"), 24_000, format="WAV")
    return base64.b64encode(target.getvalue()).decode()


async def test_the_next_question_does_not_wait_for_speech(tmp_path: Path) -> None:
    wire, said = Wire(), asyncio.Event()
    slow = (message("Because."), end(), said, spoken(sound()), spoken(""))
    wire.on(ASK, stream(*slow), stream(message("So."), end()))
    async with wired(tmp_path, wire, parameters=SPEAKING) as bench:
        await bench.do(bench.message("Why?"))
        assert wire.open == 1
        await bench.do(bench.message("How?"))
        assert bench.screen.texts == ["Because.", "So."]
        said.set()


async def test_speech_still_on_the_way_is_waited_for_and_not_made_again(tmp_path: Path) -> None:
    wire, said = Wire(), asyncio.Event()
    slow = (message("Because."), end(), said, spoken(sound()), spoken(""))
    wire.on(ASK, stream(*slow))
    async with wired(tmp_path, wire, parameters=SPEAKING) as bench, asyncio.TaskGroup() as group:
        await bench.do(bench.message("Why?"))
        group.create_task(bench.do(bench.command("voice")))
        await bench.until(lambda: EN.preparing_voice in bench.screen.statuses)
        said.set()
        await bench.until(lambda: bench.screen.voices)
    assert wire.times(SPEAK) == 0


async def test_who_wants_every_answer_read_out_hears_it_before_the_next(tmp_path: Path) -> None:
    wire, said = Wire(), asyncio.Event()
    slow = (message("Because."), end(), said, spoken(sound()), spoken(""))
    wire.on(ASK, stream(*slow))
    async with wired(tmp_path, wire, parameters=SPEAKING) as bench, asyncio.TaskGroup() as group:
        await bench.do(bench.command("voice", "on"))
        talk = group.create_task(bench.do(bench.message("Why?")))
        await bench.until(lambda: "Because." in bench.screen.texts)
        assert not talk.done()
        said.set()
        await talk
        assert len(bench.screen.voices) == 1


async def test_the_next_question_does_not_wait_for_a_stream_that_is_slow_to_stop(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, Given(delay=3600.0), stream(message("So."), end()))
    async with wired(tmp_path, wire) as bench:
        async with asyncio.timeout(0.9):  # less than a start that is stopped is waited for
            stopped = asyncio.create_task(bench.do(bench.message("Why?")))
            await bench.until(lambda: wire.times(ASK))
            await bench.do(bench.command("stop"))
            await stopped
            await bench.do(bench.message("How?"))
        assert bench.screen.texts == [f"*{EN.stopped_unwritten}*", "So."]


async def test_an_edit_right_after_the_end_is_answered_though_speech_comes(tmp_path: Path) -> None:
    wire, said = Wire(), asyncio.Event()
    slow = (message("Because."), end(), said, spoken(sound()), spoken(""))
    wire.on(ASK, stream(*slow), stream(message("So."), end()))
    async with wired(tmp_path, wire, parameters=SPEAKING) as bench:
        question = bench.message("Why?")
        await bench.do(question)
        await bench.do(bench.edit(question, "How?"))
        assert bench.screen.texts == ["So."]
        said.set()

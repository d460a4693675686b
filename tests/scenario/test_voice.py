"""Answers read out: from the stream's speech or the API's, kept, in what the place can play."""

import base64
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy
import pytest
import soundfile

from bot import audio
from bot.events import Quote
from bot.service import speak
from bot.service.tools import Rules
from bot.surface import Capabilities, Forbidden, RateLimited
from tests.fakes.bench import ABLE, EN, Bench, sandboxed, wired
from tests.fakes.completion_wire import MESSAGE, Given, Wire, end, message, refused, stream, told
from tests.fakes.completion_wire import audio as heard
from tests.fakes.completion_wire import speech as spoken

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
SPEAK = "POST /text-to-audio"
QUERY = {"paragraph": {"label": "Question", "variable": "query", "required": True}}
SPEAKING = {"user_input_form": [QUERY], "text_to_speech": {"enabled": True}}


def tone(seconds: float, form: str = "WAV") -> bytes:
    target = io.BytesIO()
    samples = numpy.full(int(seconds * 24_000), 0.1, dtype="float32")
    soundfile.write(target, samples, 24_000, format=form)
    return target.getvalue()


@asynccontextmanager
async def answered(
    folder: Path,
    *sounds: Given,
    text: str = "Because. It is so.",
    parameters: object = SPEAKING,
    **options: object,
) -> AsyncIterator[tuple[Bench, Wire]]:
    wire = Wire()
    wire.on(ASK, *(stream(message(text), end()) for _ in range(5)))
    wire.on(SPEAK, *sounds)
    async with wired(folder, wire, parameters=parameters, **options) as bench:
        await bench.do(bench.message("Why?"))
        bench.screen.statuses.clear()
        yield bench, wire


def requests(wire: Wire) -> list[object]:
    return [
        given.body
        for given in wire.given
        if "text-to-audio" in str(given.asked and given.asked.url)
    ]


def wave(seconds: float = 0.3) -> Given:
    return heard(tone(seconds), media_type="audio/mpeg")  # the API labels WAV so


async def test_the_latest_answer_is_read_out_and_kept_for_the_next_time(tmp_path: Path) -> None:
    async with answered(tmp_path, wave()) as (bench, wire):
        await bench.do(bench.command("voice"))
        assert bench.screen.statuses == [EN.preparing_voice, ""]
        [(ref, note)] = bench.screen.voices
        assert audio.kind(note.data) == note.media_type == "audio/ogg"
        assert note.seconds == pytest.approx(0.3, abs=0.05)
        answer = await bench.latest()
        assert await bench.store.answer_on(ref) == answer
        await bench.do(bench.command("voice", user="bob", quoted=Quote(ref=ref)))
        _, again = bench.screen.voices[1]
    assert requests(wire) == [{"user": "screen:ann", "text": "Because. It is so."}]
    assert (again.data, again.media_type) == (note.data, note.media_type)
    assert again.seconds == pytest.approx(0.3, abs=0.05)


async def test_the_button_reads_out_the_answer_it_is_under(tmp_path: Path) -> None:
    async with answered(tmp_path, wave()) as (bench, _):
        [bubble] = bench.screen.bubbles
        names = [button.name for button in bubble.message.buttons]
        assert "speak" in names
        pressed = bench.press("speak", bubble)
        await bench.do(pressed)
        await bench.do(pressed, attempts=1)
    assert len(bench.screen.voices) == 1


async def test_a_long_answer_is_read_out_piece_by_piece_without_code_and_addresses(
    tmp_path: Path,
) -> None:
    sentence = "This is the sentence of number one that takes its time to be read. "
    text = f"# Head\n\n{sentence * 12}\n\n```py\nprint()\n```\n\n[here](https://x.y)"
    async with answered(tmp_path, wave(0.2), wave(0.3), wave(0.1), text=text) as (bench, wire):
        await bench.do(bench.command("voice"))
        [(_, note)] = bench.screen.voices
    said = [str(body["text"]) for body in requests(wire) if isinstance(body, dict)]
    assert len(said) == 3
    assert all(len(piece) <= 400 for piece in said)
    assert sum(piece.count("number one") for piece in said) == 12
    assert not any("print" in piece or "https" in piece for piece in said)
    assert note.seconds == pytest.approx(0.6, abs=0.1)


async def test_pieces_of_different_formats_are_joined(tmp_path: Path) -> None:
    text = "A sentence that is here to be long enough for two. " * 10
    mp3 = heard(tone(0.5, "MP3"))
    async with answered(tmp_path, wave(0.3), mp3, text=text) as (bench, _):
        await bench.do(bench.command("voice"))
        [(_, note)] = bench.screen.voices
    assert note.seconds == pytest.approx(0.8, abs=0.15)


async def test_speech_of_the_stream_is_used_before_any_other(tmp_path: Path) -> None:
    wire = Wire()
    sound = base64.b64encode(tone(0.4, "MP3")).decode()
    wire.on(ASK, stream(message("Because."), spoken(sound), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Why?"))
        await bench.do(bench.command("voice"))
        [(_, note)] = bench.screen.voices
    assert note.seconds == pytest.approx(0.4, abs=0.15)
    assert wire.times(SPEAK) == 0


@pytest.mark.parametrize(
    ("types", "made"),
    [
        (("audio/mp4", "audio/mpeg"), "audio/mpeg"),
        (("audio/wav", "audio/ogg"), "audio/wav"),
    ],
)
async def test_a_place_gets_what_it_can_play(
    tmp_path: Path, types: tuple[str, ...], made: str
) -> None:
    async with answered(tmp_path, wave(), able=Capabilities(voice_types=types)) as (bench, _):
        await bench.do(bench.command("voice"))
        await bench.do(bench.command("voice"))
    assert {note.media_type for _, note in bench.screen.voices} == {made}
    assert {audio.kind(note.data) for _, note in bench.screen.voices} == {made}


async def test_the_preference_reads_out_every_answer_until_it_is_taken_back(
    tmp_path: Path,
) -> None:
    async with answered(tmp_path, wave()) as (bench, _):
        await bench.do(bench.command("voice", "On "))
        assert bench.screen.texts[-1] == EN.voice_on
        assert bench.screen.voices == []
        await bench.do(bench.message("And now?"))
        assert len(bench.screen.voices) == 1
        await bench.do(bench.message("Hi", user="bob"))
        assert len(bench.screen.voices) == 1
        await bench.do(bench.command("voice", "off"))
        assert bench.screen.texts[-1] == EN.voice_off
        await bench.do(bench.message("And then?"))
    assert len(bench.screen.voices) == 1


async def test_an_app_without_a_voice_promises_none(tmp_path: Path) -> None:
    async with answered(tmp_path, parameters={"user_input_form": [QUERY]}) as (bench, _):
        await bench.do(bench.command("voice", "on"))
        assert bench.screen.texts[-1] == EN.voice_none_in_app
    async with answered(tmp_path, able=replace(ABLE, voice_types=())) as (bench, _):
        await bench.do(bench.command("voice", "on"))
        assert bench.screen.texts[-1] == EN.voice_none_here


async def test_the_operator_can_have_every_answer_read_out(tmp_path: Path) -> None:
    async with answered(tmp_path, wave(), rules=Rules(voice_always=True)) as (bench, _):
        assert len(bench.screen.voices) == 1
        await speak.after(bench.tools, await bench.latest())
    assert len(bench.screen.voices) == 1


async def test_what_nobody_asked_to_hear_fails_silently(tmp_path: Path) -> None:
    rules = Rules(voice_always=True)
    async with answered(tmp_path, refused(500, ""), rules=rules) as (bench, _):
        assert bench.screen.texts == ["Because. It is so."]
        bench.screen.fail_next(Forbidden(), verb="post_voice")
    assert bench.screen.voices == []


@pytest.mark.parametrize(
    "given", [told(None), refused(400, "provider_not_initialize"), heard(b"ID3 no audio at all")]
)
async def test_what_cannot_be_spoken_is_told(tmp_path: Path, given: Given) -> None:
    async with answered(tmp_path, given) as (bench, _):
        await bench.do(bench.command("voice"))
        assert bench.screen.texts[-1] in (EN.no_speech, EN.voice_failed)
        assert bench.screen.statuses == [EN.preparing_voice, ""]
        assert bench.screen.voices == []


async def test_one_piece_that_fails_fails_the_whole(tmp_path: Path) -> None:
    text = "A sentence that is here to be long enough for two. " * 10
    async with answered(tmp_path, wave(), refused(400, "x"), text=text) as (bench, _):
        await bench.do(bench.command("voice"))
    assert bench.screen.texts[-1] == EN.voice_failed


async def test_without_answer_voice_or_words_people_are_told_why(tmp_path: Path) -> None:
    async with answered(tmp_path, wave(), text="```\ncode\n```") as (bench, _):
        await bench.do(bench.command("voice", user="bob"))
        assert bench.screen.texts[-1] == EN.voice_nothing
        await bench.do(bench.command("voice"))
        assert bench.screen.texts[-1] == EN.voice_unwritten
        bench.screen.abilities = replace(ABLE, voice_types=("audio/mp4",))
        await bench.do(bench.command("voice"))
        assert bench.screen.texts[-1] == EN.voice_none_here


async def test_an_app_without_voice_says_so(tmp_path: Path) -> None:
    async with answered(tmp_path, wave(), parameters={"user_input_form": [QUERY]}) as (bench, wire):
        await bench.do(bench.command("voice"))
        assert bench.screen.texts[-1] == EN.voice_none_in_app
    assert requests(wire) == []


async def test_an_answer_too_long_to_listen_to_is_not_paid_for(tmp_path: Path) -> None:
    async with answered(tmp_path, wave(), text="So it goes. " * 1600) as (bench, wire):
        await bench.do(bench.command("voice"))
        assert bench.screen.texts[-1] == EN.voice_too_large
    assert requests(wire) == []


async def test_a_recording_larger_than_the_place_takes_is_told(tmp_path: Path) -> None:
    async with answered(tmp_path, wave(), able=replace(ABLE, upload_limit=100)) as (bench, _):
        await bench.do(bench.command("voice"))
    assert bench.screen.texts[-1] == EN.voice_too_large
    assert bench.screen.voices == []


async def test_whoever_takes_no_voice_messages_is_told_so_and_may_try_again(
    tmp_path: Path,
) -> None:
    async with answered(tmp_path, wave()) as (bench, wire):
        bench.screen.fail_next(Forbidden(), verb="post_voice")
        command = bench.command("voice")
        await bench.do(command)
        assert bench.screen.texts[-1] == EN.voice_none_here
        bench.screen.fail_next(RateLimited(3.0), verb="post_voice")
        with pytest.raises(RateLimited):
            await bench.do(command)
        assert [one.role for one in await bench.store.screens((await bench.latest()).id)] == [
            "text"
        ]
        await bench.do(command)
    assert len(bench.screen.voices) == 1
    assert wire.times(SPEAK) == 1


async def test_a_voice_message_that_may_be_there_is_not_posted_again(tmp_path: Path) -> None:
    async with answered(tmp_path, wave()) as (bench, _):
        command = bench.command("voice")
        answer = await bench.latest()
        await bench.store.intend_screen(answer.id, speak._part(command.id), "voice")
        await bench.do(command, attempts=1)
        assert bench.screen.voices == []
        await bench.do(bench.command("voice"))
    assert len(bench.screen.voices) == 1


async def test_by_its_id_only_when_the_words_are_gone(tmp_path: Path) -> None:
    async with answered(tmp_path, wave()) as (bench, wire):
        await bench.store.purge(bench.now() + timedelta(days=2), bench.now() - timedelta(days=9))
        await bench.do(bench.command("voice"))
    assert requests(wire) == [{"user": "screen:ann", "message_id": MESSAGE}]
    assert len(bench.screen.voices) == 1


async def test_an_answer_that_is_still_written_is_read_out_later(tmp_path: Path) -> None:
    async with answered(tmp_path, wave()) as (bench, wire):
        left = await bench.streaming_answer(bench.message("Why?"), "Be")
        await bench.store.shown_screen(left.id, 0, bench.ref("growing"))
        await bench.do(bench.command("voice", quoted=Quote(ref=bench.ref("growing"))))
        assert bench.screen.texts[-1] == EN.voice_unfinished
    assert requests(wire) == []


async def test_the_sandbox_speaks_real_sound(tmp_path: Path) -> None:
    async with sandboxed(tmp_path, app="app-vision") as bench:
        await bench.do(bench.message("n=2"))
        await bench.do(bench.command("voice"))
        [(_, note)] = bench.screen.voices
    assert note.media_type == "audio/ogg"
    assert note.seconds > 0.1


async def test_a_machine_that_makes_no_audio_says_that_none_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answered(tmp_path, wave()) as (bench, _):
        monkeypatch.setitem(sys.modules, "soundfile", None)  # importing it fails then
        await bench.do(bench.command("voice"))
        assert bench.screen.texts[-1] == EN.voice_none_here

"""Text to audio."""

import io
from collections.abc import AsyncIterator

import pytest
import soundfile

from bot.sandbox.speech import SpeechFault
from tests.fakes.sandbox_door import Door, open_door

pytestmark = pytest.mark.real_time


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as opened:
        opened.key = "app-vision"
        yield opened


async def test_the_audio_is_real_and_as_long_as_its_text(door: Door) -> None:
    short, long = [
        soundfile.info(io.BytesIO((await door.post("/text-to-audio", {"text": text})).body))
        for text in ("Hello.", "Hello. " * 100)
    ]
    assert short.format == "MP3"
    assert 0 < short.duration < long.duration


async def test_an_empty_text_is_spoken_too(door: Door) -> None:
    assert (await door.post("/text-to-audio", {"text": ""})).status == 200


async def test_the_message_wins_over_the_text_whoever_asked_for_it(door: Door) -> None:
    message = (await door.ask("n=9", user="bob")).events[0]["message_id"]
    by_text = await door.post("/text-to-audio", {"text": "a"})
    by_message = await door.post("/text-to-audio", {"text": "a", "message_id": message})
    assert len(by_message.body) > len(by_text.body)


@pytest.mark.parametrize("message", ["not-an-id", "00000000-0000-4000-8000-000000000000"])
async def test_a_message_nobody_knows_is_null(door: Door, message: str) -> None:
    reply = await door.post("/text-to-audio", {"message_id": message, "text": "hello"})
    assert (reply.status, reply.body) == (200, b"null\n")
    assert reply.headers["Content-Type"] == "application/json"


async def test_a_named_voice_speaks_even_where_speech_is_off(door: Door) -> None:
    off = await door.post("/text-to-audio", {"text": "x"}, key="app-plain")
    assert off.refusal == (400, "invalid_param", "TTS is not enabled")
    on = await door.post("/text-to-audio", {"text": "x", "voice": "alloy"}, key="app-plain")
    assert on.headers["Content-Type"] == "audio/mpeg"
    nothing = await door.post("/text-to-audio", {}, key="app-plain")
    assert nothing.json["message"] == "Text is required"


async def test_a_provider_that_fails_is_a_page_of_the_worker(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def speak(text: str, **_: str) -> bytes:
        raise SpeechFault("No voice for this language.")

    monkeypatch.setattr("bot.sandbox.speech.speak", speak)
    monkeypatch.setattr("bot.sandbox.speech.available", lambda: True)
    reply = await door.post("/text-to-audio", {"text": "x", "voice": "v"}, key="app-sandbox")
    assert reply.status == 500
    assert b"<h1><p>Internal Server Error</p></h1>" in reply.body


async def test_a_text_that_cannot_be_spoken_ends_the_speech_and_not_the_answer(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say(*_: object, **__: object) -> bytes:
        raise SpeechFault("No voice for this language.")

    monkeypatch.setattr("bot.sandbox.speaking.say", say)
    kinds = (await door.ask("n=3", key="app-autotts")).kinds
    assert kinds == ["message"] * 4 + ["message_end", "tts_message_end"]


async def test_an_answer_of_nothing_is_followed_by_the_end_of_its_speech(door: Door) -> None:
    kinds = (await door.ask("n=0", key="app-autotts")).kinds
    assert kinds == ["message", "message_end", "tts_message_end"]


async def test_the_sandbox_app_speaks_where_a_voice_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def speak(text: str, *, media_type: str) -> bytes:
        asked.append((text, media_type))
        return b"voice"

    monkeypatch.setattr("bot.sandbox.speech.speak", speak)
    monkeypatch.setattr("bot.sandbox.speech.available", lambda: True)
    async with open_door() as door:
        door.key = "app-sandbox"
        assert (await door.get("/parameters")).json["text_to_speech"]["enabled"] is True
        assert (await door.post("/text-to-audio", {"text": "Hello."})).body == b"voice"
        await door.post("/text-to-audio", {"text": "Hello."}, fault="wav-as-mp3")
    assert asked == [("Hello.", "audio/mpeg"), ("Hello.", "audio/wav")]


async def test_listening_is_not_enabled_in_any_app(door: Door) -> None:
    reply = await door.post("/audio-to-text", {})
    assert reply.refusal == (400, "invalid_param", "Speech to text is not enabled")

"""Every fault of the list does what the list says, whichever way it is asked for."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox import FAULTS, Config, UnknownFault, build
from tests.fakes.sandbox_door import Door, first, open_door

pytestmark = pytest.mark.real_time

REFUSALS = {
    "quota": (400, "provider_quota_exceeded"),
    "credentials": (400, "provider_not_initialize"),
    "unsupported": (400, "model_currently_not_support"),
    "unavailable": (400, "app_unavailable"),
    "busy": (429, "too_many_requests"),
    "busy400": (400, "invalid_param"),
    "unauthorized": (401, "unauthorized"),
    "forbidden": (403, "forbidden"),
    "413": (413, "file_too_large"),
    "415": (415, "unsupported_file_type"),
    "500": (500, "internal_server_error"),
    "crash": (500, "unknown"),
    "503": (503, "s3_connection_failed"),
}
PAGES = {
    "404": (404, b"<!doctype html>"),
    "502": (502, b"<html>"),
    "504": (504, b"<html>"),
    "cloudflare": (429, b"error code: 1015"),
    "html": (200, b"<!doctype html>"),
}
STREAMS = {
    "garbled", "replaced", "replaced-twice", "error-first", "error-after-text", "tts-after-end",
    "think", "details", "separators", "shredded", "buffered", "cut", "unfinished", "silence",
    "only-pings",
}  # fmt: skip
SOUNDS = {"no-audio", "empty-audio", "wav-as-mp3", "mute"}
ELSEWHERE = {"slow-stop", "deaf-stop"}  # test_sandbox_streams.py


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door(speed=100) as opened:
        opened.key = "app-vision"
        yield opened


def test_every_fault_of_the_list_is_tested() -> None:
    tested = REFUSALS.keys() | PAGES.keys() | STREAMS | SOUNDS | ELSEWHERE | {"slow"}
    assert {fault.name for fault in FAULTS} == tested
    assert all(fault.what for fault in FAULTS)


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_comes_by_header_everywhere_and_by_prompt(door: Door, name: str) -> None:
    for reply in (
        await door.get("/info", fault=name),
        await door.upload(fault=name),
        await door.ask(f"/{name} and more"),
    ):
        assert reply.refusal[:2] == REFUSALS[name]


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_comes_in_place_of_json(door: Door, name: str) -> None:
    for reply in (await door.get("/info", fault=name), await door.ask(f"/{name}")):
        status, beginning = PAGES[name]
        assert reply.status == status
        assert reply.body.startswith(beginning)
        assert "json" not in reply.headers["Content-Type"]


async def test_busy_says_when_to_come_back(door: Door) -> None:
    assert (await door.ask("x", fault="busy=7")).headers["Retry-After"] == "7"


async def test_a_fault_nobody_knows_is_refused_by_header_and_plain_text_in_a_prompt(
    door: Door,
) -> None:
    for wrong in ("nonsense", "busy=x", "busy=-1", "busy=nan"):
        status, code, message = (await door.get("/info", fault=wrong)).refusal
        assert (status, code) == (400, "invalid_param")
    assert "quota" in (await door.get("/info", fault="nonsense")).json["message"]
    assert "busy" in message
    for text in ("/nonsense", "/busy=x", "say /quota", "/quota.", "/ quota"):
        assert (await door.ask(text)).status == 200


def test_a_configured_fault_must_exist() -> None:
    with pytest.raises(UnknownFault, match="quota"):
        build(Config(fault="nonsense"))


async def test_a_configured_fault_spares_what_is_only_looked_at() -> None:
    async with open_door(fault="busy") as door:
        assert (await door.get("/info")).status == 200
        assert (await door.ask("x")).status == 429
        assert (await door.ask("n=1", fault="think")).status == 200
    async with open_door(fault="error-first") as door:
        assert (await door.ask("x")).kinds == ["error"]


async def test_slow_keeps_the_first_byte_back(door: Door) -> None:
    reply = await door.ask("/slow=20 n=1 d=0")
    assert reply.status == 200
    reply = await door.ask("n=1", fault="slow=20")
    assert reply.kinds == ["message", "message", "message_end"]


async def test_cut_drops_the_connection_amid_the_stream(door: Door) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await door.ask("/cut=2 n=5 d=1")


async def test_unfinished_ends_the_stream_without_its_end(door: Door) -> None:
    assert (await door.ask("/unfinished=2 n=5")).kinds == ["message", "message"]


async def test_silence_sends_not_even_pings(door: Door) -> None:
    seen = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.35):  # three pings were due
            async for event in door.follow("/silence=1 n=5"):
                seen.append(event["event"])
    assert seen == ["message"]


async def test_silence_ends_with_the_connection_some_day() -> None:
    async with open_door(speed=20_000) as door:
        with pytest.raises(aiohttp.ClientPayloadError):
            await door.ask("/silence=1 n=5")


async def test_only_pings_sends_nothing_else(door: Door) -> None:
    events = await first(door.follow("/only-pings n=5"), 4)
    assert events == [{"event": "ping"}] * 4


async def test_only_pings_end_some_day() -> None:
    async with open_door(speed=20_000) as door:
        assert set((await door.ask("/only-pings n=5")).kinds) == {"ping"}


async def test_shredded_sends_every_byte_alone(door: Door) -> None:
    reply = await door.ask("/shredded n=1")
    assert reply.kinds == ["message", "message", "message_end"]
    assert len(reply.chunks) == len(reply.body)


async def test_buffered_sends_all_at_the_end(door: Door) -> None:
    reply = await door.ask("/buffered n=3 d=1")
    assert len(reply.chunks) == 1
    assert reply.kinds == ["message"] * 4 + ["message_end"]


async def test_garbled_sends_half_an_event(door: Door) -> None:
    parts = (await door.ask("/garbled=1 n=2")).body.split(b"\n\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(parts[1].removeprefix(b"data: "))
    assert len(parts) == 6


async def test_replacements_come_at_the_end_or_amid_more_text(door: Door) -> None:
    assert (await door.ask("/replaced n=2")).kinds == [
        "message", "message", "message", "message_replace", "message_end"
    ]  # fmt: skip
    assert (await door.ask("/replaced-twice n=3")).kinds == [
        "message", "message", "message_replace", "message", "message", "message_replace",
        "message_end",
    ]  # fmt: skip
    whole = await door.ask("/replaced-twice n=3", streaming=False)
    assert whole.json["answer"] == ("This text took the place of the first words. chunk 2 é😀. ")


async def test_errors_come_first_or_after_text(door: Door) -> None:
    assert (await door.ask("/error-first n=2")).kinds == ["error"]
    assert (await door.ask("/error-after-text=1 n=5")).kinds == ["message", "error"]
    assert (await door.ask("/error-after-text=9 n=1")).kinds == ["message", "error"]
    whole = await door.ask("/error-after-text n=5", streaming=False)
    assert whole.refusal == (400, "completion_request_error", "boom from model")


async def test_speech_comes_after_the_end_even_where_it_is_off(door: Door) -> None:
    reply = await door.ask("/tts-after-end n=4", key="app-plain")
    assert reply.kinds == ["message"] * 5 + ["message_end"] + ["tts_message"] * 3 + [
        "tts_message_end"
    ]
    audio = b"".join(base64.b64decode(event["audio"]) for event in reply.events[6:])
    assert audio.startswith(b"\xff\xfb")


@pytest.mark.parametrize(
    ("name", "opening", "closing"),
    [("think", "<think>", "</think>"), ("details", "<details style=", "</details>")],
)
async def test_reasoning_comes_before_the_answer_with_its_tags_cut(
    door: Door, name: str, opening: str, closing: str
) -> None:
    reply = await door.ask(f"/{name} n=1")
    assert reply.text.startswith(opening)
    assert reply.text.endswith(f"{closing}\n\nchunk 0 é😀. ")
    assert all(closing not in event.get("answer", "") for event in reply.events)


async def test_separators_stand_raw_in_the_stream(door: Door) -> None:
    body = (await door.ask("/separators n=1")).body
    assert all(mark.encode() in body for mark in "\u2028\u2029\x85")


async def test_speech_faults_come_by_header(door: Door) -> None:
    async def speak(fault: str) -> tuple[int, str, bytes]:
        reply = await door.post("/text-to-audio", {"text": "Hi.", "user": "ann"}, fault=fault)
        return reply.status, reply.headers["Content-Type"], reply.body

    assert await speak("no-audio") == (200, "application/json", b"null\n")
    assert await speak("empty-audio") == (200, "audio/mpeg", b"")
    status, media_type, body = await speak("wav-as-mp3")
    assert (status, media_type, body[:4]) == (200, "audio/mpeg", b"RIFF")
    assert (await speak("mute"))[:2] == (500, "text/html; charset=utf-8")


async def test_a_speech_fault_of_a_prompt_waits_for_that_persons_next_speech(door: Door) -> None:
    assert (await door.ask("/no-audio n=1")).text == "chunk 0 é😀. "
    body = {"text": "Hi.", "user": "bob"}
    assert (await door.post("/text-to-audio", body)).body.startswith(b"\xff\xfb")
    body["user"] = "ann"
    assert (await door.post("/text-to-audio", body)).body == b"null\n"
    assert (await door.post("/text-to-audio", body)).body.startswith(b"\xff\xfb")

"""How streams end that do not end well, and which waits are broken off. On the virtual clock."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from bot.completion import (
    Finished,
    GenerationFailed,
    Interrupted,
    TextAdded,
    Unreachable,
    Unreadable,
)
from tests.fakes.answer_listener import (
    ASK,
    STOP,
    app,
    listen,
)
from tests.fakes.completion_wire import (
    PING,
    USAGE,
    Given,
    Step,
    Wire,
    end,
    error,
    event,
    message,
    speech,
    stream,
    told,
)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([message("half")], "eof"),
        ([message("half"), httpx.ReadError("reset")], "broken"),
        ([message("half"), message("x")[:-40]], "eof"),
        ([message("half"), b'data: {"event": "message", \n\n'], "malformed"),
        ([message("half"), b"data: {}]\n\n"], "malformed"),
    ],
)
async def test_a_stream_without_an_end_is_interrupted_and_stopped(
    wire: Wire, steps: list[Step], reason: str
) -> None:
    heard = await listen(wire, *steps)
    assert isinstance(heard.error, Interrupted)
    assert (heard.error.reason, heard.error.text) == (reason, "half")
    assert not heard.finished
    assert heard.stream is not None
    assert not heard.stream.stopped
    assert wire.times(STOP) == 1, "the model must not go on writing for nobody"


async def test_the_last_event_counts_without_its_blank_line(wire: Wire) -> None:
    heard = await listen(wire, message("done"), end()[:-2])
    assert heard.error is None
    assert heard.finished


async def test_an_event_without_end_is_cut_off(wire: Wire) -> None:
    piece = b"x" * (1024 * 1024)
    heard = await listen(wire, message("half"), b"data: ", *[piece] * 9)
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "too large"


async def test_broken_json_gets_a_second_try(wire: Wire) -> None:
    heard = await listen(
        wire,
        b'data: {"event": "message", "task_id": 5, "message_id": "m", "answer": "a\\ud83d"}\n\n',
        b'data: {"event": "message", "answer": "b\xff"}\n\n',
        b'data: {"event": "error", "status": 500, "code": 7, "message": {"x": 1}}\n\n',
    )
    assert heard.text == "a\ufffdb\ufffd"
    assert isinstance(heard.error, GenerationFailed)
    assert (heard.error.status, heard.error.code) == (500, "")


async def test_noise_is_ignored(wire: Wire) -> None:
    heard = await listen(
        wire,
        b": comment\n\n",
        b"data: [DONE]\n\n",
        b'data: "text"\n\n',
        b"event: ping\ndata: {}\n\n",
        b'data: {"event": "ping"}\n\n',
        event("message_file", id="f", type="image", url="http://x"),
        event("something_new", answer="no"),
        b'data: {"answer": "named by field only: no event"}\n\n',
        message("yes"),
        end("junk", "junk"),
    )
    assert heard.text == "named by field only: no eventyes"
    assert heard.stream is not None
    assert (heard.stream.usage, heard.stream.sources) == (None, ())


async def test_an_event_is_known_by_its_field_where_json_names_none(wire: Wire) -> None:
    heard = await listen(wire, b'event: message_end\ndata: {"metadata": null}\n\n')
    assert heard.finished


@pytest.mark.parametrize("usage", [USAGE, None])
async def test_an_answer_that_was_not_streamed_is_taken_whole(wire: Wire, usage: object) -> None:
    whole = {"answer": "<think>x</think>all", "message_id": "m", "metadata": {"usage": usage}}
    heard = await listen(wire, given=told(whole))
    assert heard.text == "all"
    assert [type(happened) for happened in heard.events] == [TextAdded, Finished]
    assert heard.stream is not None
    assert heard.stream.message_id == "m"
    assert heard.stream.task_id is None


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html; charset=utf-8", b"<html></html>"),
        ("text/plain", b"hi"),
        ("", b"hi"),
        ("application/json", b'{"result": "success"}'),
        ("application/json", b"[]"),
        ("application/json", b"{"),
        ("application/json", b"x" * 5_000_000),
    ],
)
async def test_an_answer_of_another_kind_is_unreadable(
    wire: Wire, media_type: str, body: bytes
) -> None:
    given = Given((body,), headers={"content-type": media_type} if media_type else {})
    heard = await listen(wire, given=given)
    assert isinstance(heard.error, Unreadable)
    assert "/v1" in str(heard.error)
    assert given.closed


async def test_a_whole_answer_that_breaks_off_is_interrupted(wire: Wire) -> None:
    given = Given((b'{"an', httpx.ReadError("x")), headers={"content-type": "application/json"})
    heard = await listen(wire, given=given)
    assert isinstance(heard.error, Interrupted)


async def test_an_empty_whole_answer_is_a_finished_one(wire: Wire) -> None:
    heard = await listen(wire, given=told({"answer": ""}))
    assert [type(happened) for happened in heard.events] == [Finished]


async def test_a_compressed_stream_is_unpacked() -> None:
    import gzip

    given = stream(gzip.compress(message("zip") + end()))
    given.headers["content-encoding"] = "gzip"
    assert (await listen(Wire(), given=given)).text == "zip"


# --- watches -------------------------------------------------------------------------------------


async def test_silence_is_broken_off_after_three_missed_pings(wire: Wire) -> None:
    heard = await listen(wire, message("half"), 20.0, PING, 3600.0, end())
    assert isinstance(heard.error, Interrupted)
    assert (heard.error.reason, heard.error.text) == ("silence", "half")
    assert heard.ended == 55.0
    assert wire.times(STOP) == 1


async def test_pings_keep_a_slow_model_alive(wire: Wire) -> None:
    heard = await listen(wire, *[10.0, PING] * 12, message("late"), end())
    assert heard.text == "late"
    assert heard.ended == 120.0


async def test_nothing_but_pings_is_broken_off_in_the_end(wire: Wire) -> None:
    heard = await listen(wire, message("half"), *[10.0, PING] * 100)
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "only pings"
    assert heard.ended == 300.0


async def test_every_answer_ends_some_time(wire: Wire) -> None:
    heard = await listen(wire, *[10.0, message("x")] * 1000)
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "too long"
    assert heard.ended == 1200.0
    assert heard.text == "x" * 119


async def test_the_consumers_own_slowness_costs_nothing(wire: Wire) -> None:
    wire.on(ASK, stream(message("a"), message("b"), 30.0, message("c"), end()))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        async for _ in answer:
            await asyncio.sleep(400)
    assert answer.text == "abc"


async def test_the_tail_for_speech_is_short_even_with_pings(wire: Wire) -> None:
    heard = await listen(wire, message("x"), end(), 8.0, speech("AQI="), 6.0, PING, 3600.0)
    assert heard.error is None
    assert heard.ended == 18.0
    assert heard.stream is not None
    assert heard.stream.speech == b"\x01\x02"


async def test_the_tail_of_a_failure_is_short_too(wire: Wire) -> None:
    heard = await listen(wire, error(), 3600.0)
    assert isinstance(heard.error, GenerationFailed)
    assert heard.ended == 10.0


async def test_a_server_that_does_not_begin_is_unreachable(wire: Wire) -> None:
    given = stream(message("x"), end())
    given.delay = 3600.0
    heard = await listen(wire, given=given)
    assert isinstance(heard.error, Unreachable)
    assert heard.error.sent
    assert heard.ended == 100.0


@pytest.mark.parametrize("headers_too", [False, True])
async def test_a_proxy_that_collects_the_whole_stream_first_is_waited_for(
    wire: Wire, headers_too: bool
) -> None:
    collected = PING * 9 + message("all") + end()
    given = stream(collected) if headers_too else stream(95.0, collected)
    given.delay = 95.0 if headers_too else 0.0
    heard = await listen(wire, given=given)
    assert heard.error is None
    assert (heard.text, heard.ended) == ("all", 95.0)


async def test_a_stream_that_never_sends_a_byte_is_silent(wire: Wire) -> None:
    heard = await listen(wire, 3600.0)
    assert isinstance(heard.error, Interrupted)
    assert (heard.error.reason, heard.ended) == ("silence", 100.0)


async def test_silence_is_noticed_by_a_reader_that_only_looks_in(wire: Wire) -> None:
    wire.on(ASK, stream(message("a"), 3600.0))
    async with app(wire) as api:
        with pytest.raises(Interrupted, match="silence"):
            async with api.stream({}, user="u") as answer:
                while True:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(anext(answer), 1.0)
        assert 35.0 <= asyncio.get_running_loop().time() <= 36.0


async def test_a_cancelled_reader_is_cancelled_and_not_silent(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), 3600.0))
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(34.999), api.stream({}, user="u") as answer:
                async for _ in answer:
                    pass
    assert wire.open == 0

"""The client over real connections: cuts, resets, reuse, and reading on after a cancellation."""

import asyncio

import pytest

from bot.completion import (
    CompletionClient,
    CompletionError,
    Finished,
    Interrupted,
    NoSpeech,
    Patience,
    ServiceFailed,
    TextAdded,
    Unreachable,
)
from tests.fakes.completion_wire import TASK, ZERO, end, error, message, speech
from tests.fakes.raw_http import (
    READ,
    STREAM_END,
    STREAM_HEAD,
    Do,
    RawServer,
    chunk,
    deaf_address,
    refusing_address,
    whole,
)

pytestmark = pytest.mark.real_time

QUICK = Patience(connect=0.2, begin=0.3, silence=0.3, stop=0.3, backoff=0.01, short=0.5)
JSON = b"Content-Type: application/json\r\n"


def app(url: str) -> CompletionClient:
    return CompletionClient(f"{url}/v1", "app-key", patience=QUICK)


async def answer(server: RawServer) -> tuple[str, CompletionError | None]:
    error: CompletionError | None = None
    async with app(server.url) as api:
        stream = api.stream({"query": "hi"}, user="u")
        try:
            async with stream:
                async for _ in stream:
                    pass
        except CompletionError as failure:
            error = failure
    await server.all_closed()
    return stream.text, error


async def test_an_answer_byte_by_byte() -> None:
    body = message("é\u2028😀") + b"event: ping\n\n" + end()
    pieces = [chunk(body[i : i + 1]) for i in range(len(body))]
    async with RawServer([STREAM_HEAD, *pieces, STREAM_END]) as server:
        assert await answer(server) == ("é\u2028😀", None)


async def test_an_answer_all_at_once() -> None:
    body = b"".join(message(f"{number} ") for number in range(2000)) + end()
    async with RawServer([STREAM_HEAD, chunk(body), STREAM_END]) as server:
        text, failure = await answer(server)
    assert text == "".join(f"{number} " for number in range(2000))
    assert failure is None


@pytest.mark.parametrize("fate", [Do.CLOSE, Do.RESET])
async def test_a_cut_stream_is_interrupted_and_its_model_stopped(fate: Do) -> None:
    script = [STREAM_HEAD, chunk(message("half")), 0.02, fate]
    async with RawServer(script, [whole(b"{}", headers=JSON)]) as server:
        text, failure = await answer(server)
    assert text == "half"
    assert isinstance(failure, Interrupted)
    assert failure.reason == "broken"
    assert f"POST /v1/completion-messages/{TASK}/stop".encode() in server.requests[1]


async def test_a_stream_that_ends_properly_but_too_early_is_interrupted() -> None:
    script = [STREAM_HEAD, chunk(message("half")), STREAM_END]
    async with RawServer(script, [whole(b"{}", headers=JSON)]) as server:
        _, failure = await answer(server)
    assert isinstance(failure, Interrupted)
    assert failure.reason == "eof"


async def test_a_reset_after_the_end_is_a_success() -> None:
    async with RawServer([STREAM_HEAD, chunk(message("all") + end()), 0.02, Do.RESET]) as server:
        assert await answer(server) == ("all", None)


async def test_silence_on_a_real_connection_is_broken_off() -> None:
    script = [STREAM_HEAD, chunk(message("half")), Do.HANG]
    async with RawServer(script, [whole(b"{}", headers=JSON)]) as server:
        text, failure = await answer(server)
    assert text == "half"
    assert isinstance(failure, Interrupted)
    assert failure.reason == "silence"


async def test_an_error_and_its_speech() -> None:
    body = chunk(message("a")) + chunk(error()) + chunk(speech("AQI="))
    async with RawServer([STREAM_HEAD, body, STREAM_END]) as server:
        text, failure = await answer(server)
    assert text == "a"
    assert failure is not None
    assert failure.text == "a"


@pytest.mark.parametrize("fate", [Do.CLOSE, Do.RESET])
async def test_a_question_the_server_took_and_dropped_is_not_asked_again(fate: Do) -> None:
    async with RawServer([*READ, fate]) as server:
        _, failure = await answer(server)
        assert isinstance(failure, Unreachable)
        assert failure.sent
        assert len(server.requests) == 1


async def test_a_closed_port_and_a_deaf_one_are_unreachable_unsent() -> None:
    for address in (refusing_address(), deaf_address()):
        with address as url:
            async with app(url) as api:
                with pytest.raises(Unreachable) as caught:
                    await api.complete({}, user="u")
        assert not caught.value.sent


async def test_a_proxy_page_is_a_failing_service() -> None:
    page = whole(b"<html>bad gateway</html>", "502 Bad Gateway", b"Content-Type: text/html\r\n")
    async with RawServer([page]) as server:
        _, failure = await answer(server)
    assert isinstance(failure, ServiceFailed)


async def test_one_connection_serves_stream_after_stream() -> None:
    script = [STREAM_HEAD, chunk(message("x") + end()), STREAM_END]
    async with RawServer(script) as server, app(server.url) as api:
        for _ in range(5):
            async with api.stream({}, user="u") as stream:
                assert [type(event) async for event in stream] == [TextAdded, Finished]
        assert server.connections == 1


async def test_a_cancelled_reader_stops_and_still_hears_the_end() -> None:
    asking = [
        STREAM_HEAD,
        chunk(message("a")),
        0.15,
        chunk(message("b")),
        chunk(end(ZERO)),
        STREAM_END,
    ]
    async with (
        RawServer(asking, [whole(b'{"result": "success"}', headers=JSON)]) as server,
        app(server.url) as api,
    ):
        stream = api.stream({}, user="u")
        began = asyncio.Event()

        async def read() -> None:
            async with stream:
                async for _ in stream:
                    began.set()

        reader = asyncio.create_task(read())
        await began.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert stream.text == "ab", "the API keeps an answer only when somebody reads its end"
        assert b"/stop" in server.requests[1]


async def test_a_stop_goes_out_while_the_stream_is_read() -> None:
    asking = [STREAM_HEAD, chunk(message("a")), 0.15, chunk(end(ZERO)), STREAM_END]
    async with (
        RawServer(asking, [whole(b'{"result": "success"}', headers=JSON)]) as server,
        app(server.url) as api,
        api.stream({}, user="u") as stream,
    ):
        assert await anext(stream) == TextAdded(delta="a")
        await stream.stop()
        finished = await anext(stream)
        assert isinstance(finished, Finished)
        assert finished.stopped
        assert server.connections == 2


@pytest.mark.parametrize(
    "script",
    [
        [whole(b"null\n", headers=JSON)],
        [whole(b"", headers=b"Content-Type: audio/mpeg\r\n")],
    ],
    ids=["null", "nothing"],
)
async def test_speech_that_is_none(script: list[bytes]) -> None:
    async with RawServer(script) as server, app(server.url) as api:
        with pytest.raises(NoSpeech):
            await api.speak(text="hi", user="u")


async def test_a_large_upload_arrives_whole() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8000
    async with RawServer([whole(b'{"id": "f"}', "201 Created", JSON)]) as server:
        async with app(server.url) as api:
            assert (await api.upload(picture, user="u", name="big.png")).id == "f"
        assert picture in server.requests[0]
        assert b"content-length:" in server.requests[0].lower()

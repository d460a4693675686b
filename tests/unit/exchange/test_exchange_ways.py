"""Small posts go our own way, all the rest aiohttp's; what goes wrong is told alike on both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from telegram import InputFile
from telegram.error import NetworkError, TimedOut
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from adapters.telegram import errors
from adapters.telegram.transport import BotRequest
from bot.completion.posted import PostedStream
from bot.completion.transport import BODY_PIECE, ResponseStream, Transport
from tests.fakes.certified import self_signed
from tests.fakes.raw_http import (
    READ,
    STREAM_END,
    STREAM_HEAD,
    Do,
    RawServer,
    Script,
    chunk,
    deaf_address,
    refusing_address,
    whole,
)
from tests.fakes.wire import KEY, all_that_an_error_tells, client

pytestmark = pytest.mark.real_time

OK = whole(b'{"ok":true}')
TOKEN = "123:AAsecret-of-the-bot"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


# Which way

TIMEOUTS = {"timeout": {"connect": 2.0, "read": 2.0, "write": 2.0, "pool": None}}


async def stream_of(transport: Transport, request: httpx.Request) -> object:
    request.extensions = TIMEOUTS
    response = await transport.handle_async_request(request)
    try:
        assert await response.extensions["read"]() == b'{"ok":true}'
        return response.stream
    finally:
        await response.aclose()


async def test_small_post_goes_our_way_and_the_rest_aiohttps() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece"

    transport = Transport()
    async with RawServer((OK,)) as server:
        small = [b"", b"{}", bytes(BODY_PIECE)]
        for body in small:
            request = httpx.Request("POST", server.url, content=body)
            assert isinstance(await stream_of(transport, request), PostedStream)
        for request in (
            httpx.Request("POST", server.url, content=bytes(BODY_PIECE + 1)),
            httpx.Request("POST", server.url, content=pieces()),
            httpx.Request("GET", server.url),
            httpx.Request("DELETE", server.url),
        ):
            assert isinstance(await stream_of(transport, request), ResponseStream)
        assert server.connections == 2
        await transport.aclose()
        await server.all_closed()


async def test_post_by_a_proxy_goes_aiohttps_way(environment: pytest.MonkeyPatch) -> None:
    async with RawServer((OK,)) as proxy:
        environment.setenv("http_proxy", proxy.url)
        transport = Transport()
        by_proxy = httpx.Request("POST", "http://dify.test/v1", content=b"{}")
        assert isinstance(await stream_of(transport, by_proxy), ResponseStream)
        straight = httpx.Request("POST", proxy.url, content=b"{}")
        assert isinstance(await stream_of(transport, straight), PostedStream)
        assert proxy.requests[0].startswith(b"POST http://dify.test/v1 ")
        assert proxy.requests[1].startswith(b"POST / ")
        await transport.aclose()


async def test_post_to_what_is_no_http_is_refused_as_ever() -> None:
    transport = Transport()
    with pytest.raises(httpx.TransportError):
        await stream_of(transport, httpx.Request("POST", "ftp://127.0.0.1:9/", content=b"{}"))
    await transport.aclose()


def parameters(*, file: bool = False) -> RequestData:
    given = [RequestParameter("chat_id", 5, None)]
    if file:
        document = InputFile(b"data", filename="a.txt")
        given.append(RequestParameter("document", document.attach_uri, [document]))
    return RequestData(given)


async def test_call_without_a_file_goes_our_way_and_the_rest_aiohttps(
    environment: pytest.MonkeyPatch,
) -> None:
    def by_aiohttp() -> bool:
        return b"Accept: */*" in server.requests[-1]

    request = BotRequest()
    async with RawServer((OK,)) as server:
        url = f"{server.url}/bot{TOKEN}/sendMessage?a=%C3%A9"
        await request.do_request(url, "POST", parameters())
        assert not by_aiohttp()
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert head.split(b"\r\n") == [
            b"POST /bot%b/sendMessage?a=%%C3%%A9 HTTP/1.1" % TOKEN.encode(),
            b"Host: " + server.url.removeprefix("http://").encode(),
            b"Accept-Encoding: identity",
            b"User-Agent: parley",
            b"Content-Type: application/json",
            b"Content-Length: 13",
        ]
        assert body == b'{"chat_id":5}'
        await request.do_request(url, "POST", parameters(file=True))
        assert by_aiohttp()
        await request.do_request(url, "GET", parameters())
        assert by_aiohttp()
        environment.setenv("http_proxy", server.url)
        other = BotRequest()
        await other.do_request("http://telegram.test/bot", "POST", parameters())
        assert by_aiohttp()
        await other.shutdown()
        await request.shutdown()
        await server.all_closed()


# The same faults on both ways

Fault = Callable[[str, str], Awaitable[object]]


async def completion(url: str, way: str) -> object:
    content = b"{}" if way == "ours" else bytes(BODY_PIECE + 1)
    async with client(connect=0.3, read=0.3) as session:
        return (await session.post(f"{url}/v1", content=content)).content


async def telegram(url: str, way: str) -> object:
    request = BotRequest()
    try:
        return await request.do_request(
            f"{url}/bot{TOKEN}/sendMessage",
            "POST",
            parameters(file=way != "ours"),
            connect_timeout=0.3,
            write_timeout=0.1,
            read_timeout=0.1,
        )
    finally:
        await request.shutdown()


async def end_of(call: Fault, url: str, way: str) -> type[Exception]:
    """The kind of failure, which tells no secret."""
    with pytest.raises((httpx.TransportError, NetworkError)) as caught:
        await call(url, way)
    told = all_that_an_error_tells(caught.value)
    for secret in (KEY, "AAsecret", *(("127.0.0.1",) if way == "ours" else ())):
        assert secret not in told
    assert caught.value.__cause__ is None
    return type(caught.value)


CUT = (STREAM_HEAD, chunk(b"data: 1\n\n"), b"5\r\nda", Do.CLOSE)
SCRIPTS: list[tuple[Script, type[Exception], type[Exception]]] = [
    ((*READ, Do.CLOSE), httpx.RemoteProtocolError, errors.Broken),
    ((*READ, Do.RESET), httpx.ReadError, errors.Broken),
    ((b"HTTP/1.1 200", Do.CLOSE), httpx.RemoteProtocolError, errors.Broken),
    ((b"HTTP/1.1 200 OK\r\nContent-Ty", Do.RESET), httpx.ReadError, errors.Broken),
    ((b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Do.HANG), httpx.RemoteProtocolError, errors.Broken),
    (CUT, httpx.RemoteProtocolError, errors.Broken),
    ((STREAM_HEAD, chunk(b"a"), Do.RESET), httpx.RemoteProtocolError, errors.Broken),
    ((whole(b"short")[:-1], Do.CLOSE), httpx.RemoteProtocolError, errors.Broken),
    ((STREAM_HEAD, b"no size\r\n", Do.HANG), httpx.RemoteProtocolError, errors.Broken),
    ((Do.HANG,), httpx.ReadTimeout, TimedOut),
    ((b"HTTP/1.1 200 OK\r\n", Do.HANG), httpx.ReadTimeout, TimedOut),
    ((STREAM_HEAD, chunk(b"a"), Do.HANG), httpx.ReadTimeout, TimedOut),
]


@pytest.mark.parametrize(("script", "for_completion", "for_telegram"), SCRIPTS)
@pytest.mark.parametrize("way", ["ours", "aiohttp"])
async def test_fault_is_of_the_same_kind_on_both_ways(
    script: Script,
    for_completion: type[Exception],
    for_telegram: type[Exception],
    way: str,
) -> None:
    for call, kind in ((completion, for_completion), (telegram, for_telegram)):
        async with RawServer(script) as server:
            assert await end_of(call, server.url, way) is kind
            assert len(server.requests) == 1
            await server.all_closed()


@pytest.mark.parametrize("way", ["ours", "aiohttp"])
@pytest.mark.parametrize("kind", ["deaf", "refusing", "secure"])
async def test_connection_that_does_not_come_was_never_used_on_both_ways(
    kind: str, way: str
) -> None:
    never = httpx.ConnectTimeout if kind == "deaf" else httpx.ConnectError
    with deaf_address() if kind == "deaf" else refusing_address() as url:
        if kind == "secure":
            url = url.replace("http:", "https:")
        assert await end_of(completion, url, way) is never
        assert await end_of(telegram, url, way) is errors.NotSent


@pytest.mark.parametrize("way", ["ours", "aiohttp"])
async def test_server_nobody_vouches_for_hears_nothing_on_both_ways(
    way: str, tmp_path: Path
) -> None:
    serving, _ = self_signed(tmp_path, "127.0.0.1")
    async with RawServer((OK,), tls=serving) as server:
        assert await end_of(completion, server.url, way) is httpx.ConnectError
        assert await end_of(telegram, server.url, way) is errors.NotSent
        assert server.requests == []


@pytest.mark.parametrize("way", ["ours", "aiohttp"])
async def test_given_trust_holds_on_both_ways(way: str, tmp_path: Path) -> None:
    serving, trusting = self_signed(tmp_path, "127.0.0.1")
    content = b"{}" if way == "ours" else bytes(BODY_PIECE + 1)
    transport = Transport(ssl_context=trusting)
    async with RawServer((OK,), tls=serving) as server, client(transport=transport) as session:
        assert (await session.post(server.url, content=content)).json() == {"ok": True}


# What only our way could get wrong


async def test_response_is_handed_over_unchanged() -> None:
    headers = b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nX-Name: k\xc3\xa4se\r\n"
    answer = whole(b"null\n", "201 Made Here", headers)
    async with RawServer((answer,)) as server, client() as session:
        response = await session.post(server.url, json={})
    assert (response.status_code, response.reason_phrase) == (201, "Made Here")
    assert response.http_version == "HTTP/1.1"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers["x-name"] == "käse"
    assert response.content == b"null\n"


async def test_silence_after_a_passing_word_is_a_read_timeout() -> None:
    async with RawServer((b"HTTP/1.1 100 Continue\r\n\r\n", Do.HANG)) as server:
        assert await end_of(completion, server.url, "ours") is httpx.ReadTimeout
        assert await end_of(telegram, server.url, "ours") is TimedOut


async def test_stream_is_read_by_pieces_and_rests() -> None:
    script = (STREAM_HEAD, chunk(b"a"), 0.02, chunk(b"b"), 0.01, chunk(b"c"), STREAM_END)
    async with RawServer(script) as server, client(read=None) as session:
        async with session.stream("POST", server.url, json={}) as response:
            read, rest, wake = (response.extensions[name] for name in ("read", "rest", "wake"))
            assert await read() == b"a"
            rest(5.0)
            waiting = asyncio.ensure_future(read())
            await asyncio.sleep(0.06)
            assert not waiting.done()
            wake()
            assert await waiting == b"bc"
            assert await read() == b""
            rest(5.0)
            wake()
        assert server.open == 1


async def test_rest_ends_by_itself() -> None:
    script = (STREAM_HEAD, chunk(b"a"), 0.01, chunk(b"b"), STREAM_END)
    async with (
        RawServer(script) as server,
        client(read=None) as session,
        session.stream("POST", server.url, json={}) as response,
    ):
        assert await response.extensions["read"]() == b"a"
        response.extensions["rest"](0.1)
        async with asyncio.timeout(2):
            assert await response.extensions["read"]() == b"b"


async def test_rest_that_outlasts_its_stream_does_not_touch_the_next() -> None:
    silent = (STREAM_HEAD, chunk(b"a"), Do.HANG)
    async with RawServer(silent, (OK,)) as server, client() as session:
        async with session.stream("POST", server.url, json={}) as response:
            await response.extensions["read"]()
            response.extensions["rest"](0.05)
        response.extensions["rest"](0.05)
        assert (await session.post(server.url, json={})).content == b'{"ok":true}'
        await asyncio.sleep(0.12)
        response.extensions["wake"]()
        assert (await session.post(server.url, json={})).content == b'{"ok":true}'
        with pytest.raises(httpx.StreamClosed):
            await response.extensions["read"]()


async def test_cancelled_post_closes_its_connection_wherever_it_was() -> None:
    async with RawServer((Do.HANG,)) as server, client() as session:
        for moment in range(25):
            request = asyncio.create_task(session.post(server.url, json={}))
            for _ in range(moment):
                await asyncio.sleep(0)
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
        await asyncio.sleep(0.02)
        assert server.open == 0


async def test_closing_the_transport_breaks_off_what_waits() -> None:
    transport = Transport()
    async with RawServer((Do.HANG,), (STREAM_HEAD, chunk(b"a"), Do.HANG)) as server:
        opening = asyncio.create_task(
            transport.handle_async_request(httpx.Request("POST", server.url, content=b"{}"))
        )
        await server.asked.wait()
        request = httpx.Request("POST", server.url, content=b"{}")
        response = await transport.handle_async_request(request)
        assert await response.extensions["read"]() == b"a"
        reading = asyncio.create_task(response.extensions["read"]())
        await asyncio.sleep(0)
        await transport.aclose()
        for waiting in (opening, reading):
            with pytest.raises(httpx.ReadError):
                await waiting
        await response.aclose()
        with pytest.raises(httpx.ConnectError):
            await transport.handle_async_request(request)
        await server.all_closed()


async def test_time_that_connecting_did_not_take_is_not_there_for_the_answer() -> None:
    """Else a draft that nobody answers would hold up the last word for as long."""
    request = BotRequest(connections=1)
    loop = asyncio.get_running_loop()

    async def call(connect: float) -> float:
        begun = loop.time()
        with pytest.raises(TimedOut):
            await request.do_request(
                server.url,
                "POST",
                parameters(),
                connect_timeout=connect,
                write_timeout=0.05,
                read_timeout=0.05,
            )
        return loop.time() - begun

    async with RawServer((Do.HANG,)) as server:
        first, second = await asyncio.gather(call(0.4), call(0.7))
    assert 0.1 <= first < 0.4
    assert first < second < 0.7
    await request.shutdown()

"""The wire, against real sockets that misbehave in every way we know of."""

import asyncio
import gc
import gzip
import socket

import httpx
import pytest

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
from tests.fakes.wire import KEY, NEVER_SENT, all_that_an_error_tells, client

pytestmark = pytest.mark.real_time


async def failure_of_a_post(script: Script, *, read: float = 2.0) -> httpx.TransportError:
    async with RawServer(script) as server, client(read=read) as session:
        with pytest.raises(httpx.TransportError) as caught:
            await session.post(server.url, json={"inputs": {}})
        assert len(server.requests) == 1
        assert KEY not in all_that_an_error_tells(caught.value)
        return caught.value


async def test_refused_connection_was_never_sent() -> None:
    with refusing_address() as url:
        async with client() as session:
            with pytest.raises(httpx.ConnectError) as caught:
                await session.post(url, json={})
    assert KEY not in all_that_an_error_tells(caught.value)


async def test_unknown_host_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    async with client() as session:
        with pytest.raises(httpx.ConnectError):
            await session.post("http://dify.invalid/v1", json={})


async def test_address_that_does_not_answer_is_a_connect_timeout() -> None:
    with deaf_address() as url:
        async with client(connect=0.1) as session:
            with pytest.raises(httpx.ConnectTimeout):
                await session.post(url, json={})


async def test_server_without_tls_was_never_sent() -> None:
    async with RawServer((b"HTTP/1.1 400 Bad Request\r\n\r\n", Do.CLOSE)) as server:
        async with client(connect=0.2) as session:
            with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
                await session.post(server.url.replace("http:", "https:"), json={})
        assert server.requests == []


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param((*READ, Do.CLOSE), httpx.RemoteProtocolError, id="closed after the request"),
        pytest.param((*READ, Do.RESET), httpx.ReadError, id="reset after the request"),
        pytest.param((Do.READ_HEAD, Do.RESET), httpx.ReadError, id="reset before the body"),
        pytest.param((b"HTTP/1.1 200", Do.CLOSE), httpx.RemoteProtocolError, id="cut status line"),
        pytest.param(
            (b"HTTP/1.1 200 OK\r\nContent-Ty", Do.CLOSE),
            httpx.RemoteProtocolError,
            id="closed in the headers",
        ),
        pytest.param(
            (b"HTTP/1.1 200 OK\r\nContent-Ty", Do.RESET), httpx.ReadError, id="reset in the headers"
        ),
        pytest.param(
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Do.HANG), httpx.RemoteProtocolError, id="not HTTP"
        ),
        pytest.param(
            (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", Do.HANG),
            httpx.RemoteProtocolError,
            id="endless header",
        ),
        pytest.param(
            (STREAM_HEAD, chunk(b"data: 1\n\n"), b"5\r\nda", Do.CLOSE),
            httpx.RemoteProtocolError,
            id="closed in a chunk",
        ),
        pytest.param(
            (STREAM_HEAD, chunk(b"data: 1\n\n"), Do.CLOSE),
            httpx.RemoteProtocolError,
            id="closed between chunks",
        ),
        pytest.param(
            (STREAM_HEAD, chunk(b"data: 1\n\n"), Do.RESET),
            httpx.RemoteProtocolError,
            id="reset in the body",
        ),
        pytest.param(
            (STREAM_HEAD, chunk(b"data: 1\n\n"), 0.01, b"not a size\r\n", Do.HANG),
            httpx.RemoteProtocolError,
            id="chunk without a size",
        ),
        pytest.param(
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", Do.CLOSE),
            httpx.RemoteProtocolError,
            id="shorter than its length",
        ),
    ],
)
async def test_request_that_may_have_arrived_never_looks_unsent(
    script: Script, error: type[httpx.TransportError]
) -> None:
    failure = await failure_of_a_post(script)
    assert not isinstance(failure, NEVER_SENT)
    assert type(failure) is error


@pytest.mark.parametrize(
    "script",
    [
        pytest.param((Do.HANG,), id="before the headers"),
        pytest.param((b"HTTP/1.1 200 OK\r\n", Do.HANG), id="in the headers"),
        pytest.param((STREAM_HEAD, chunk(b"data: 1\n\n"), Do.HANG), id="in the body"),
    ],
)
async def test_silence_is_a_read_timeout(script: Script) -> None:
    assert type(await failure_of_a_post(script, read=0.1)) is httpx.ReadTimeout


async def test_without_read_timeout_a_stream_may_be_silent() -> None:
    script = (STREAM_HEAD, 0.15, chunk(b"late"), STREAM_END)
    async with RawServer(script) as server, client(read=None) as session:
        assert (await session.post(server.url, json={})).text == "late"


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(b"app-very-secret\r\nX: y", id="line break"),
        pytest.param(b"app-very-secret\x00", id="NUL"),
        pytest.param(b"app-very-secret\xff", id="not UTF-8"),
    ],
)
async def test_header_that_cannot_be_sent_is_refused_and_not_told(hostile: bytes) -> None:
    async with RawServer((whole(b""),)) as server, client() as session:
        with pytest.raises(httpx.LocalProtocolError) as caught:
            await session.post(server.url, headers={b"Authorization": hostile})
        assert server.connections == 0
    assert KEY not in all_that_an_error_tells(caught.value)


async def test_request_arrives_as_httpx_made_it() -> None:
    async with RawServer((whole(b"{}"),)) as server, client() as session:
        url = f"{server.url}/v1/caf%C3%A9/%2F?user=a%20b%2Bc&q=1"
        await session.post(url, json={"a": "é"}, headers=[("X-Twice", "1"), ("X-Twice", "2")])
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    names = [line.split(b":")[0].lower() for line in lines[1:]]
    assert lines[0] == b"POST /v1/caf%C3%A9/%2F?user=a%20b%2Bc&q=1 HTTP/1.1"
    assert body == '{"a":"é"}'.encode()
    assert f"Authorization: Bearer {KEY}".encode() in lines
    assert b"Content-Length: 10" in lines
    assert [line for line in lines if line.lower().startswith(b"x-twice")] == [
        b"X-Twice: 1",
        b"X-Twice: 2",
    ]
    assert names.count(b"user-agent") == names.count(b"host") == names.count(b"accept") == 1
    assert b"python-httpx" in head


async def test_credentials_in_the_address_do_not_clash_with_the_key() -> None:
    async with RawServer((whole(b"{}"),)) as server, client() as session:
        await session.get(server.url.replace("://", "://name:word@"))
        assert server.requests[0].lower().count(b"authorization:") == 1


async def test_response_is_handed_over_unchanged() -> None:
    headers = b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nX-Version: 1.14.1\r\n"
    async with (
        RawServer((whole(b"null\n", "201 Made Here", headers),)) as server,
        client() as session,
    ):
        response = await session.get(server.url)
        await session.get(server.url)
        second = server.requests[1]
    assert (response.status_code, response.reason_phrase) == (201, "Made Here")
    assert response.http_version == "HTTP/1.1"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.content == b"null\n"
    assert b"\r\nCookie: a=1; b=2\r\n" in second  # httpx keeps cookies; aiohttp adds none


async def test_compressed_body_is_decoded_once_by_httpx() -> None:
    answer = whole(gzip.compress(b"hello"), headers=b"Content-Encoding: gzip\r\n")
    async with RawServer((answer,)) as server, client() as session:
        assert (await session.get(server.url)).text == "hello"


async def test_redirect_is_not_followed() -> None:
    answer = whole(b"", "302 Found", b"Location: http://127.0.0.1:1/\r\n")
    async with RawServer((answer,)) as server, client() as session:
        assert (await session.post(server.url, json={})).status_code == 302
        assert len(server.requests) == 1


async def test_informational_response_is_skipped() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with RawServer((early, whole(b"ok"))) as server, client() as session:
        assert (await session.post(server.url, json={})).text == "ok"


async def test_body_read_to_its_end_keeps_the_connection() -> None:
    stream = (STREAM_HEAD, chunk(b"data: 1\n\n"), STREAM_END)
    async with RawServer(stream, (whole(b"ok"),)) as server, client() as session:
        for _ in range(10):
            await session.post(server.url, json={})
        assert server.connections == 1


async def test_body_left_unread_closes_the_connection() -> None:
    script = (STREAM_HEAD, chunk(b"data: 1\n\n"), Do.HANG)
    async with RawServer(script) as server, client() as session:
        async with session.stream("POST", server.url, json={}) as response:
            assert await response.extensions["read"]() == b"data: 1\n\n"
        await server.all_closed()
        with pytest.raises(httpx.StreamClosed):
            await response.extensions["read"]()


async def test_post_on_a_connection_that_just_died_is_not_repeated() -> None:
    async with (
        RawServer((whole(b"ok"),), (*READ, Do.CLOSE), (whole(b"ok"),)) as server,
        client() as session,
    ):
        await session.post(server.url, json={})
        with pytest.raises(httpx.RemoteProtocolError):
            await session.post(server.url, json={})
        assert len(server.requests) == 2


async def test_kept_connection_that_is_reset_while_idle_is_replaced(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = (*READ, whole(b"ok"), 0.05, Do.RESET)
    async with RawServer(script) as server, client() as session:
        for _ in range(3):
            assert (await session.post(server.url, json={})).text == "ok"
            await server.all_closed()
            await asyncio.sleep(0.02)
        assert server.connections == 3
    gc.collect()
    assert caplog.records == []  # asyncio complains there of errors nobody looked at


async def test_get_on_a_connection_that_just_died_is_repeated() -> None:
    async with (
        RawServer((whole(b"ok"),), (*READ, Do.CLOSE), (whole(b"again"),)) as server,
        client() as session,
    ):
        await session.get(server.url)
        assert (await session.get(server.url)).text == "again"


async def test_cancelled_request_closes_its_connection() -> None:
    async with RawServer((Do.HANG,)) as server, client() as session:
        request = asyncio.create_task(session.post(server.url, json={}))
        await server.asked.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await server.all_closed()


async def test_cancelled_read_loses_nothing_and_leaks_nothing() -> None:
    script = (STREAM_HEAD, 0.1, chunk(b"late"), STREAM_END)
    async with RawServer(script) as server, client() as session:
        async with session.stream("POST", server.url, json={}) as response:
            read = response.extensions["read"]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await read()
            assert await read() == b"late"
            assert await read() == b""
        assert server.open == 1  # kept: the body was read to its end
    async with RawServer((STREAM_HEAD, Do.HANG)) as server, client() as session:
        async with session.stream("POST", server.url, json={}) as response:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await response.extensions["read"]()
        await server.all_closed()


async def test_closing_ends_a_read_that_waits() -> None:
    async with (
        RawServer((STREAM_HEAD, Do.HANG)) as server,
        client() as session,
        session.stream("POST", server.url, json={}) as response,
    ):
        waiting = asyncio.create_task(response.extensions["read"]())
        await asyncio.sleep(0.02)
        await response.aclose()
        with pytest.raises(httpx.ReadError):
            await waiting


async def test_every_way_of_reading_gives_the_same_bytes() -> None:
    script = (STREAM_HEAD, *(part for i in range(5) for part in (chunk(b"%d" % i), 0.001)))
    async with RawServer((*script, STREAM_END)) as server, client() as session:
        async with session.stream("POST", server.url, json={}) as response:
            raw = b"".join([piece async for piece in response.aiter_raw()])
        async with session.stream("POST", server.url, json={}) as response:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            streamed = b"".join([piece async for piece in response.stream])
        async with session.stream("POST", server.url, json={}) as response:
            pieces = []
            while piece := await response.extensions["read"]():
                pieces.append(piece)
    assert raw == streamed == b"".join(pieces) == b"01234"

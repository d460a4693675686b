"""What the transport does with bodies on their way out, and with proxies."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bot.completion.transport import BODY_PIECE, Transport
from tests.fakes.raw_http import (
    READ,
    STREAM_END,
    STREAM_HEAD,
    Do,
    RawServer,
    chunk,
    refusing_address,
    whole,
)
from tests.fakes.wire import KEY, NEVER_SENT, all_that_an_error_tells, client

pytestmark = pytest.mark.real_time


async def test_upload_keeps_its_length_and_every_byte() -> None:
    content = bytes(range(256)) * 4 * 1024 * 4
    async with RawServer((whole(b"{}", "201 Created"),)) as server, client() as session:
        response = await session.post(
            server.url, data={"user": "u"}, files={"file": ("cat.png", content, "image/png")}
        )
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert response.status_code == 201
    assert b"Content-Length: %d" % len(body) in head
    assert b"chunked" not in head.lower()
    assert content in body


async def test_large_plain_body_arrives_whole() -> None:
    content = b"x" * (BODY_PIECE * 20 + 1)
    async with RawServer((whole(b"ok"),)) as server, client() as session:
        await session.post(server.url, content=content)
        assert server.requests[0].endswith(b"\r\n\r\n" + content)


async def test_body_of_unknown_length_is_chunked() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async with RawServer((whole(b"ok"),)) as server, client() as session:
        await session.post(server.url, content=pieces())
        assert server.requests[0].lower().count(b"transfer-encoding: chunked") == 1
        assert server.requests[0].endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_server_that_stops_reading_is_a_write_timeout() -> None:
    async with RawServer((Do.READ_HEAD, 2.0)) as server, client(write=0.1) as session:
        with pytest.raises(httpx.WriteTimeout):
            await session.post(server.url, content=b"x" * 32 * 1024 * 1024)


async def test_slow_answer_to_an_upload_is_no_write_timeout() -> None:
    async with RawServer((*READ, 0.2, whole(b"ok"))) as server, client(write=0.1) as session:
        assert (await session.post(server.url, content=b"x" * 1024 * 1024)).text == "ok"


async def test_refusal_before_the_whole_upload_was_read_is_seen() -> None:
    refusal = whole(b"too large", "413 Request Entity Too Large")
    async with RawServer((Do.READ_HEAD, refusal, 0.3)) as server, client(write=0.1) as session:
        response = await session.post(server.url, content=b"x" * 32 * 1024 * 1024)
        assert (response.status_code, response.text) == (413, "too large")


async def test_answer_may_begin_before_the_upload_ends() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(0.1)
        yield b"two"

    script = (Do.READ_HEAD, STREAM_HEAD, chunk(b"a"), Do.READ_BODY, chunk(b"b"), STREAM_END)
    async with RawServer(script) as server, client(write=0.05) as session:
        assert (await session.post(server.url, content=pieces())).text == "ab"
        assert server.requests[0].endswith(b"3\r\ntwo\r\n0\r\n\r\n")


async def test_body_that_breaks_off_is_not_a_success() -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield b"x" * 10
        raise OSError("the disk is gone")

    async with RawServer((whole(b"ok"),)) as server, client() as session:
        with pytest.raises(httpx.TransportError) as caught:
            await session.post(server.url, content=breaks())
    assert not isinstance(caught.value, NEVER_SENT)


async def test_two_hundred_streams_at_once() -> None:
    script = (STREAM_HEAD, chunk(b"a"), 0.05, chunk(b"b"), STREAM_END)
    async with RawServer(script) as server, client(connect=10, read=10) as session:

        async def one() -> bytes:
            return (await session.post(server.url, json={})).content

        assert await asyncio.gather(*(one() for _ in range(200))) == [b"ab"] * 200
        assert server.connections == 200


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    yield monkeypatch


async def test_proxy_of_the_environment_carries_the_request(
    environment: pytest.MonkeyPatch,
) -> None:
    async with RawServer((whole(b"via proxy"),)) as proxy:
        environment.setenv("http_proxy", proxy.url.replace("://", "://me:word@"))
        async with client() as session:
            response = await session.post("http://dify.example/v1/info", json={})
        assert response.text == "via proxy"
        assert proxy.requests[0].startswith(b"POST http://dify.example/v1/info HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic bWU6d29yZA==" in proxy.requests[0]


async def test_proxy_is_not_asked_for_loopback_or_exceptions(
    environment: pytest.MonkeyPatch,
) -> None:
    with refusing_address() as nobody:
        environment.setenv("http_proxy", nobody)
        environment.setenv("no_proxy", "localhost.localdomain")
        async with RawServer((whole(b"direct"),)) as server, client() as session:
            assert (await session.get(server.url)).text == "direct"
            local = server.url.replace("127.0.0.1", "localhost")
            assert (await session.get(local)).text == "direct"


async def test_environment_can_be_ignored(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("all_proxy", "socks5://127.0.0.1:1")
    async with client() as session:
        with pytest.raises(httpx.UnsupportedProtocol):
            await session.get("http://dify.invalid/")
    async with client(transport=Transport(trust_environment=False)) as session:
        with pytest.raises(httpx.ConnectError):
            await session.get("http://dify.invalid/")


@pytest.mark.parametrize("address", ["http://me:word@proxy:port", "http://[word", "word://x"])
async def test_proxy_that_is_no_address_is_told_without_its_password(
    environment: pytest.MonkeyPatch, address: str
) -> None:
    environment.setenv("http_proxy", address)
    async with client() as session:
        with pytest.raises(httpx.UnsupportedProtocol) as caught:
            await session.get("http://dify.example/")
    assert address not in all_that_an_error_tells(caught.value)


async def test_tunnel_that_the_proxy_refuses_was_never_sent(
    environment: pytest.MonkeyPatch,
) -> None:
    async with RawServer((whole(b"", "407 Proxy Authentication Required"),)) as proxy:
        environment.setenv("https_proxy", proxy.url.removeprefix("http://"))
        async with client() as session:
            with pytest.raises(httpx.ProxyError) as caught:
                await session.post("https://dify.example/v1", json={})
        assert KEY.encode() not in proxy.requests[0]
    assert KEY not in all_that_an_error_tells(caught.value)


async def test_closing_without_a_request_is_fine() -> None:
    await Transport(ssl_context=ssl.create_default_context()).aclose()

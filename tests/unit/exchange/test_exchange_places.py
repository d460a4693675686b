"""The way to a server: its addresses, TLS, and what is told where there is none."""

import asyncio
import gc
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.exchange import Broken, NotSent, Pool
from bot.exchange.connection import told
from tests.fakes.certified import self_signed
from tests.fakes.exchanged import REQUEST, ask, origin
from tests.fakes.raw_http import (
    STREAM_END,
    STREAM_HEAD,
    Do,
    RawServer,
    chunk,
    deaf_address,
    refusing_address,
    whole,
)
from tests.fakes.wire import all_that_an_error_tells

pytestmark = pytest.mark.real_time

OK = whole(b"ok")


async def failed(url: str, pool: Pool | None = None, *, connect: float | None = 2.0) -> NotSent:
    """Why nothing was sent; and that nothing of the address or the request is told of it."""
    pool = pool or Pool(keep_alive=1.0)
    with pytest.raises(NotSent) as caught:
        await ask(pool, url, connect=connect)
    pool.close()
    told = all_that_an_error_tells(caught.value)
    for secret in (str(origin(url).port), origin(url).host, "secret"):
        assert secret not in told
    return caught.value


@contextmanager
def addresses(
    monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int], after: float = 0.0
) -> Iterator[None]:
    """What any name of .test resolves to."""
    answer = [
        (
            socket.AF_INET6 if ":" in host else socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            "",
            (host, port, 0, 0) if ":" in host else (host, port),
        )
        for host, port in found
    ]

    loop = asyncio.get_running_loop()
    usual = loop.getaddrinfo

    async def getaddrinfo(host: str, *rest: int, **more: int) -> object:
        if not host.endswith(".test"):
            return await usual(host, *rest, **more)
        await asyncio.sleep(after)
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(loop, "getaddrinfo", getaddrinfo)
        yield


def port(url: str) -> int:
    return urlsplit(url).port or 0


# Addresses


async def test_server_of_the_newer_internet_is_reached() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has none")
    async with RawServer((OK,), host="::1") as server:
        pool = Pool(keep_alive=1.0)
        assert await ask(pool, server.url) == b"ok"
        assert await ask(pool, server.url) == b"ok"
        assert server.connections == 1
        pool.close()


async def test_next_address_is_tried_where_the_first_is_deaf_or_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with RawServer((OK,)) as server:
        with deaf_address() as deaf, refusing_address() as refusing:
            for first in (deaf, refusing):
                both = (("127.0.0.1", port(first)), ("127.0.0.1", port(server.url)))
                pool = Pool(keep_alive=1.0)
                with addresses(monkeypatch, *both):
                    assert await ask(pool, "http://name.test:80") == b"ok"
                pool.close()
        assert len(server.requests) == 2
        await server.all_closed()


async def test_all_addresses_that_refuse_are_one_failure_that_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with refusing_address() as one, refusing_address() as two:
        found = (("127.0.0.1", port(one)), ("127.0.0.1", port(two)))
        with addresses(monkeypatch, *found):
            failure = await failed("http://name.test:81")
    assert not failure.late
    assert str(failure) == "no connection (ConnectionRefusedError: Connection refused)"


async def test_port_where_nobody_listens_is_told_without_its_number() -> None:
    with refusing_address() as url:
        failure = await failed(url)
    assert not failure.late
    assert str(failure) == "no connection (ConnectionRefusedError: Connection refused)"


async def test_name_that_is_none_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with addresses(monkeypatch):
        failure = await failed("http://no-such.test:82")
    assert not failure.late
    assert "not known" in str(failure)
    for impossible in ("http://" + "a" * 80 + ".test:83", "http://a..b:84"):
        assert not (await failed(impossible)).late


async def test_address_that_does_not_answer_and_name_that_takes_long_are_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with deaf_address() as deaf:
        assert (await failed(deaf, connect=0.05)).late
    with addresses(monkeypatch, ("127.0.0.1", 9), after=5.0):
        assert (await failed("http://slow.test:85", connect=0.05)).late


async def test_connection_that_the_system_gives_up_is_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def given_up(*_: object, **__: object) -> None:
        raise TimeoutError(110, "Connect call failed ('10.9.8.7', 443)")

    monkeypatch.setattr("bot.exchange.pool.aiohappyeyeballs.start_connection", given_up)
    failure = await failed("http://127.0.0.1:86", connect=None)
    assert failure.late
    assert "10.9.8.7" not in all_that_an_error_tells(failure)


# TLS


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return self_signed(tmp_path, "localhost", "127.0.0.1")


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


async def test_server_that_is_trusted_is_spoken_to_and_kept(contexts: Contexts) -> None:
    serving, trusting = contexts
    pool = Pool(keep_alive=1.0, ssl_context=trusting)
    body = bytes(range(256)) * 4096
    stream = (STREAM_HEAD, *[chunk(body)] * 3, STREAM_END)
    async with RawServer((OK,), stream, (OK,), tls=serving) as server:
        assert await ask(pool, server.url) == b"ok"
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        read = b""
        while data := await exchange.read():
            read += data
            if exchange.rest():
                await asyncio.sleep(0.001)
                exchange.wake_up()
        exchange.close()
        assert read == body * 3
        assert await ask(pool, server.url.replace("127.0.0.1", "localhost")) == b"ok"
        assert await ask(pool, server.url) == b"ok"
        assert server.connections == 2
        assert set(server.requests) == {REQUEST}
        pool.close()
        await server.all_closed()


@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
async def test_secure_connection_that_ends_while_idle_is_replaced(
    contexts: Contexts, end: Do
) -> None:
    serving, trusting = contexts
    pool = Pool(keep_alive=1.0, ssl_context=trusting)
    async with RawServer((OK, 0.05, end), tls=serving) as server:
        for time in range(1, 4):
            assert await ask(pool, server.url) == b"ok"
            await server.all_closed()
            await asyncio.sleep(0.02)
            assert server.connections == time
    pool.close()


@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
@pytest.mark.parametrize("rests", [True, False])
async def test_secure_answer_that_breaks_off_is_broken(
    contexts: Contexts, end: Do, rests: bool
) -> None:
    serving, trusting = contexts
    pool = Pool(keep_alive=1.0, ssl_context=trusting)
    async with RawServer((STREAM_HEAD, chunk(b"a"), 0.02, end), tls=serving) as server:
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        exchange.end_within(2.0)
        assert await exchange.read() == b"a"
        if rests:
            assert exchange.rest()
            await asyncio.sleep(0.06)
            exchange.wake_up()
        with pytest.raises(Broken):
            await exchange.read()
        exchange.close()
        await server.all_closed()
    pool.close()


async def test_server_nobody_vouches_for_hears_nothing(contexts: Contexts) -> None:
    async with RawServer((OK,), tls=contexts[0]) as server:
        failure = await failed(server.url)
        assert not failure.late
        assert "self-signed certificate" in str(failure)
        assert server.requests == []


async def test_certificate_of_somebody_else_is_refused_and_no_name_told(tmp_path: Path) -> None:
    serving, trusting = self_signed(tmp_path, "other.test")
    for host, word in (("127.0.0.1", "IP address mismatch"), ("localhost", "Hostname mismatch")):
        async with RawServer((OK,), tls=serving) as server:
            pool = Pool(keep_alive=1.0, ssl_context=trusting)
            failure = await failed(server.url.replace("127.0.0.1", host), pool)
            assert not failure.late
            assert word in str(failure)
            assert server.requests == []


async def test_server_without_tls_and_client_without_tls_understand_nothing(
    contexts: Contexts,
) -> None:
    async with RawServer((OK,)) as plain, RawServer((OK,), tls=contexts[0]) as secure:
        assert isinstance(await failed(plain.url.replace("http:", "https:"), connect=0.2), NotSent)
        pool = Pool(keep_alive=1.0)
        with pytest.raises(Broken):
            await ask(pool, secure.url.replace("https:", "http:"))
        pool.close()
        assert plain.requests == secure.requests == []


async def test_handshake_that_takes_too_long_or_breaks_off_was_never_sent() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if ends:
            writer.transport.abort()
            return
        await reader.read()
        writer.close()

    ends = False
    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert (await failed(url, connect=0.05)).late
        ends = True
        assert not (await failed(url)).late


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("says", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
async def test_connection_that_ends_as_it_begins_is_waited_for_by_nobody(
    contexts: Contexts, secure: bool, says: bytes
) -> None:
    """In TLS 1.2 the server speaks last in the handshake, and its goodbye is there at once."""
    serving, trusting = contexts
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2

    def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        writer.close()

    tls = serving if secure else None
    async with await asyncio.start_server(leave, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        for _ in range(10):
            pool = Pool(keep_alive=1.0, most=1, ssl_context=trusting)
            for _ in range(2):
                with pytest.raises((NotSent, Broken)):
                    await ask(pool, f"http{'s' * secure}://127.0.0.1:{port}")
            pool.close()


# What is left


async def test_nothing_is_left_open_and_nothing_is_complained_of(
    contexts: Contexts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="asyncio")
    serving, trusting = contexts
    scripts = ((OK,), (Do.RESET,), (STREAM_HEAD, Do.RESET), (b"no\r\n\r\n", 0.01), (Do.HANG,))
    for tls in (serving, None):
        pool = Pool(keep_alive=0.01, most=2, ssl_context=trusting)
        async with RawServer(*scripts, tls=tls) as server:
            calls = (ask(pool, server.url, within=0.05) for _ in range(7))
            await asyncio.gather(*calls, return_exceptions=True)
            pool.close()
            await server.all_closed()
    del pool
    await asyncio.sleep(0.01)
    gc.collect()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(104, "Connect call failed ('10.9.8.7', 1)"), "Connection reset"),
        (OSError("Multiple exceptions: 10.9.8.7"), "no reason given"),
        (OSError(104, "Multiple exceptions: 10.9.8.7"), "Connection reset"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] 10.9.8.7"), "no reason given"),
        (UnicodeError("10.9.8.7"), "UnicodeError: no reason given"),
    ],
)
def test_errors_are_told_by_what_they_are(error: Exception, words: str) -> None:
    assert words in told(error)
    assert "10.9.8.7" not in told(error)

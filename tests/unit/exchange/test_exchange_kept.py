"""Which connections are used again, for how long, and that no request is ever sent twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.exchange import Broken, Pool
from tests.fakes.clock import hurried
from tests.fakes.exchanged import REQUEST, Table, answer_to, ask, at_once, origin
from tests.fakes.raw_http import READ, STREAM_END, STREAM_HEAD, Do, RawServer, Script, chunk, whole

OK = whole(b"ok")


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(keep_alive=5.0)
    yield pool
    pool.close()


@pytest.mark.real_time
@pytest.mark.parametrize(
    "script",
    [
        pytest.param((OK,), id="length"),
        pytest.param((STREAM_HEAD, chunk(b"ok"), STREAM_END), id="chunks"),
        pytest.param((STREAM_HEAD, chunk(b"o"), 0.01, chunk(b"k"), 0.01, STREAM_END), id="slow"),
        pytest.param((b"HTTP/1.1 204 No Content\r\n\r\n",), id="no content"),
        pytest.param((b"HTTP/1.1 100 Continue\r\n\r\n", 0.01, OK), id="after another"),
        pytest.param((b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + OK[17:],), id="old"),
    ],
)
async def test_connection_is_used_again_after_a_whole_answer(pool: Pool, script: Script) -> None:
    async with RawServer(script) as server:
        for _ in range(5):
            assert await ask(pool, server.url) in (b"ok", b"")
        assert (server.connections, len(server.requests)) == (1, 5)
        assert set(server.requests) == {REQUEST}


@pytest.mark.real_time
@pytest.mark.parametrize(
    "script",
    [
        pytest.param((whole(b"ok", headers=b"Connection: close\r\n"),), id="asked to close"),
        pytest.param((b"HTTP/1.0 200 OK\r\n" + OK[17:],), id="old"),
        pytest.param((b"HTTP/1.1 200 OK\r\n\r\nok", Do.CLOSE), id="lasts until close"),
        pytest.param((OK + OK,), id="second answer in the same piece"),
        pytest.param((OK, 0.02, OK), id="second answer later"),
        pytest.param((OK + b"HTTP/1.1 200 OK\r\nA",), id="second answer begins"),
        pytest.param((OK + b"more",), id="longer than its length"),
        pytest.param((OK, 0.02, b"\r\n"), id="line end while idle"),
        pytest.param((b"HTTP/1.1 204 No\r\n\r\nhello",), id="body that must not be"),
        pytest.param((OK, Do.CLOSE), id="closed at once"),
        pytest.param((OK, 0.05, Do.CLOSE), id="closed while idle"),
        pytest.param((OK, 0.05, Do.RESET), id="reset while idle"),
    ],
)
async def test_connection_is_not_used_again_after(pool: Pool, script: Script) -> None:
    async with RawServer(script) as server:
        for time in range(1, 4):
            assert await ask(pool, server.url) in (b"ok", b"")
            await server.all_closed()
            await asyncio.sleep(0.01)  # what is on its way arrives
            assert (server.connections, len(server.requests)) == (time, time)


@pytest.mark.real_time
async def test_body_not_read_to_its_end_costs_the_connection(pool: Pool) -> None:
    async with RawServer((STREAM_HEAD, chunk(b"ok"), Do.HANG), (OK,)) as server:
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        assert await exchange.read() == b"ok"
        exchange.close()
        exchange.close()
        await server.all_closed()
        assert await ask(pool, server.url) == b"ok"
        assert server.connections == 2


@pytest.mark.real_time
async def test_body_that_came_whole_and_was_not_wanted_is_not_the_next_ones(pool: Pool) -> None:
    async with RawServer((whole(b"first"),), (whole(b"second"),)) as server:
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        await exchange.opened()
        exchange.close()
        with pytest.raises(Broken):
            await exchange.read()
        assert await ask(pool, server.url) == b"second"
        assert server.connections == 1


def test_headers_stay_when_the_connection_goes_on() -> None:
    table = Table()
    table.say(b"HTTP/1.1 200 One\r\nA: 1\r\nContent-Length: 1\r\n\r\n1")
    first = table.exchange
    first_answer = at_once(answer_to(first))
    first.close()
    second = table.ask()
    assert first.headers == [(b"A", b"1"), (b"Content-Length", b"1")]
    table.say(b"HTTP/1.1 404 Two\r\nContent-Length: 1\r\n\r\n2")
    assert at_once(answer_to(second)).body == b"2"
    assert (first_answer.body, first.status, first.reason) == (b"1", 200, b"One")


@pytest.mark.real_time
@pytest.mark.parametrize("last", [(*READ, Do.CLOSE), (*READ, Do.RESET), (Do.READ_HEAD, Do.CLOSE)])
async def test_request_that_meets_a_closing_connection_is_not_sent_again(
    pool: Pool, last: Script
) -> None:
    async with RawServer((OK,), last, (OK,)) as server:
        await ask(pool, server.url)
        with pytest.raises(Broken):
            await ask(pool, server.url)
        assert len(server.requests) == 2
        assert await ask(pool, server.url) == b"ok"


@pytest.mark.real_time
async def test_request_that_meets_the_end_of_an_idle_connection_is_sent_once(pool: Pool) -> None:
    """The server's end is on its way, or even here, and the loop has not looked yet."""
    async with RawServer((OK, Do.CLOSE), (OK,)) as server:
        for _ in range(20):
            asked = len(server.requests)
            with contextlib.suppress(Broken):
                await ask(pool, server.url)
            assert len(server.requests) - asked <= 1


def test_latest_connection_is_used_first_and_the_others_go() -> None:
    async def test() -> None:
        pool = Pool(keep_alive=0.5)
        async with RawServer((0.2, OK)) as server:
            await asyncio.gather(*(ask(pool, server.url) for _ in range(3)))
            assert (server.connections, server.open) == (3, 3)
            async with asyncio.timeout(30):
                while server.open > 1:
                    await ask(pool, server.url)
            assert server.connections == 3  # one was busy all the time, always the same
            assert server.open == 1
        pool.close()

    hurried(test())


def test_idle_connections_go_after_their_time_without_a_further_request() -> None:
    async def test() -> None:
        pool = Pool(keep_alive=2.0)
        async with RawServer((OK,)) as server:
            await ask(pool, server.url)
            await asyncio.sleep(1.5)
            await ask(pool, server.url.replace("127.0.0.1", "localhost"))
            assert server.open == 2
            open_ones = [server.open]
            while server.open and len(open_ones) < 300:
                await asyncio.sleep(0.1)
                open_ones.append(server.open)
        assert sorted({*open_ones}) == [0, 1, 2]  # the later one had its time left
        pool.close()

    hurried(test())


def test_sweep_forgets_what_the_server_has_closed_and_keeps_the_rest() -> None:
    async def test() -> None:
        pool = Pool(keep_alive=2.0)
        async with RawServer((OK, 0.2, Do.CLOSE)) as closing, RawServer((OK,)) as server:
            await ask(pool, closing.url)  # which closes it long before the sweep at 3
            await asyncio.sleep(1.8)
            await ask(pool, closing.url)
            await ask(pool, server.url)
            await asyncio.sleep(1.5)
            await ask(pool, server.url)
            assert (closing.connections, server.connections) == (2, 1)
        pool.close()

    hurried(test())


@pytest.mark.real_time
async def test_connection_idle_for_too_long_is_replaced_before_anybody_sweeps() -> None:
    pool = Pool(keep_alive=0.02)
    async with RawServer((OK,)) as server:
        await ask(pool, server.url)
        await asyncio.sleep(0.04)
        await ask(pool, server.url)
        assert server.connections == 2
    pool.close()


@pytest.mark.real_time
async def test_connection_is_kept_for_its_own_server_only(pool: Pool) -> None:
    async with RawServer((whole(b"one"),)) as one, RawServer((whole(b"two"),)) as two:
        for _ in range(2):
            assert await ask(pool, one.url) == b"one"
            assert await ask(pool, two.url) == b"two"
            assert await ask(pool, one.url.replace("127.0.0.1", "localhost")) == b"one"
        assert (one.connections, two.connections) == (2, 1)


def test_what_a_server_says_before_it_is_asked_drops_the_connection() -> None:
    table = Table()
    table.say(b"HTTP/1.1 204 No Content\r\n\r\n")
    table.exchange.close()
    assert not table.line.cut
    table.say(b"HTTP/1.1 200 OK\r\n")
    assert table.line.cut

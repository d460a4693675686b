"""Room for so many exchanges at once: who waits for it, who gives it back, and how a pool ends."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from bot.exchange import Broken, Exchange, NotSent, Pool, Silent
from tests.fakes.exchanged import LIMIT, REQUEST, ask, origin
from tests.fakes.raw_http import (
    STREAM_HEAD,
    Do,
    RawServer,
    chunk,
    deaf_address,
    refusing_address,
    whole,
)

pytestmark = pytest.mark.real_time

OK = whole(b"ok")


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Room for two."""
    pool = Pool(keep_alive=5.0, most=2)
    yield pool
    pool.close()


async def sent(pool: Pool, url: str, connect: float | None = 2.0) -> Exchange:
    return await pool.send(origin(url), REQUEST, connect=connect)


async def test_only_so_many_are_under_way_at_once_and_all_get_their_turn(pool: Pool) -> None:
    async with RawServer((0.01, OK)) as server:
        answers = await asyncio.gather(*(ask(pool, server.url) for _ in range(10)))
        assert answers == [b"ok"] * 10
        assert server.connections == 2


async def test_waiting_for_room_is_waiting_for_a_connection(pool: Pool) -> None:
    async with RawServer((Do.HANG,)) as server:
        open_ones = [await sent(pool, server.url) for _ in range(2)]
        with pytest.raises(NotSent) as caught:
            await sent(pool, server.url, connect=0.05)
        assert caught.value.late
        await server.asked.wait()
        assert server.connections == 2
        for exchange in open_ones:
            exchange.close()


async def test_kept_connection_is_no_way_past_those_who_wait_for_room(pool: Pool) -> None:
    async with RawServer((OK,)) as server, RawServer((Do.HANG,)) as busy:
        await ask(pool, server.url)
        open_ones = [await sent(pool, busy.url) for _ in range(2)]
        async with asyncio.timeout(1):
            with pytest.raises(NotSent):
                await sent(pool, server.url, connect=0.02)
        for exchange in open_ones:
            exchange.close()
        assert await ask(pool, server.url) == b"ok"
        assert server.connections == 1


async def test_room_is_given_back_once_however_often_it_is_closed(pool: Pool) -> None:
    async with RawServer((Do.HANG,)) as server:
        first = await sent(pool, server.url)
        for _ in range(5):
            first.close()
        open_ones = [await sent(pool, server.url) for _ in range(2)]
        with pytest.raises(NotSent):
            await sent(pool, server.url, connect=0.02)
        for exchange in open_ones:
            exchange.close()


async def test_whoever_gives_up_waiting_leaves_the_room_to_others(pool: Pool) -> None:
    async with RawServer((Do.HANG,), (Do.HANG,), (OK,)) as server:
        open_ones = [await sent(pool, server.url) for _ in range(2)]
        waiting = [asyncio.ensure_future(ask(pool, server.url)) for _ in range(10)]
        await asyncio.sleep(0.02)
        for task in waiting[:5]:
            task.cancel()
        await asyncio.sleep(0)
        for exchange in open_ones:
            exchange.close()
        for task in waiting[5:7]:  # room has just been made for them
            task.cancel()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError] * 7 + [bytes] * 3
        assert await asyncio.gather(*(ask(pool, server.url) for _ in range(4))) == [b"ok"] * 4


async def test_failed_and_late_and_cancelled_connects_leave_the_room_to_others(pool: Pool) -> None:
    with refusing_address() as refusing, deaf_address() as deaf:
        for _ in range(3):
            with pytest.raises(NotSent):
                await sent(pool, refusing)
            with pytest.raises(NotSent):
                await sent(pool, deaf, connect=0.02)
            task = asyncio.ensure_future(sent(pool, deaf))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    async with RawServer((0.01, OK)) as server:
        assert await asyncio.gather(*(ask(pool, server.url) for _ in range(4))) == [b"ok"] * 4
        assert server.connections == 2


async def test_broken_and_silent_exchanges_leave_the_room_to_others(pool: Pool) -> None:
    async with RawServer((Do.RESET,), (Do.CLOSE,), (Do.HANG,), (b"no\r\n\r\n",), (OK,)) as server:
        for kind in (Broken, Broken, Silent, Broken):
            with pytest.raises(kind):
                await ask(pool, server.url, within=0.1)
        assert await asyncio.gather(*(ask(pool, server.url) for _ in range(4))) == [b"ok"] * 4


async def test_call_that_is_cancelled_at_any_moment_leaves_nothing_behind(pool: Pool) -> None:
    async with RawServer((0.001, OK)) as server:
        for moment in range(40):
            tasks = [asyncio.ensure_future(ask(pool, server.url)) for _ in range(3)]
            for _ in range(moment):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert await asyncio.gather(*(ask(pool, server.url) for _ in range(4))) == [b"ok"] * 4
        pool.close()
        await server.all_closed()


async def test_closing_breaks_off_whatever_waits(pool: Pool) -> None:
    with deaf_address() as deaf:
        async with RawServer((STREAM_HEAD, chunk(b"a"), Do.HANG), (Do.HANG,)) as server:
            reading, opening = await sent(pool, server.url), await sent(pool, server.url)
            assert await reading.read() == b"a"
            waits: list[asyncio.Future[object]] = [
                asyncio.ensure_future(reading.whole(LIMIT)),
                asyncio.ensure_future(opening.opened()),
                asyncio.ensure_future(sent(pool, server.url, None)),
                asyncio.ensure_future(sent(pool, deaf, None)),
            ]
            other = Pool(keep_alive=1.0)
            waits.append(asyncio.ensure_future(sent(other, deaf, None)))
            await asyncio.sleep(0.03)
            pool.close()
            other.close()
            async with asyncio.timeout(1):
                ends = await asyncio.gather(*waits, return_exceptions=True)
            assert [type(end) for end in ends] == [Broken, Broken, NotSent, NotSent, NotSent]
            assert not any(end.late for end in ends if isinstance(end, NotSent))
            reading.close()
            opening.close()
            await server.all_closed()
            assert server.connections == 2


async def test_closing_in_the_moment_when_time_runs_out_is_no_fault(pool: Pool) -> None:
    with deaf_address() as deaf:
        task = asyncio.ensure_future(sent(pool, deaf, 0.02))
        await asyncio.sleep(0)
        closed = asyncio.Event()
        asyncio.get_running_loop().call_later(0.02, lambda: (pool.close(), closed.set()))
        time.sleep(0.05)  # noqa: ASYNC251  # nothing is looked at until both are due
        with pytest.raises(NotSent):
            await task
        assert closed.is_set()


async def test_answer_that_our_own_end_cuts_off_is_not_called_whole(pool: Pool) -> None:
    async with RawServer((b"HTTP/1.1 200 OK\r\n\r\nhello", Do.HANG)) as server:
        exchange = await sent(pool, server.url)
        assert await exchange.read() == b"hello"
        waiting = asyncio.ensure_future(exchange.read())
        await asyncio.sleep(0)
        pool.close()
        with pytest.raises(Broken) as caught:
            await waiting
        assert not caught.value.hung_up
        exchange.close()


async def test_closed_pool_sends_nothing_and_keeps_nothing(pool: Pool) -> None:
    async with RawServer((OK,), (OK,), (Do.HANG,)) as server:
        read, done = await sent(pool, server.url), await sent(pool, server.url)
        await done.whole(LIMIT)
        await read.whole(LIMIT)
        done.close()
        pool.close()
        pool.close()
        read.close()
        with pytest.raises(NotSent, match="closed"):
            await sent(pool, server.url)
        await server.all_closed()
        assert len(server.requests) == 2


async def test_connection_that_is_there_as_the_pool_closes_is_not_left_open() -> None:
    async with RawServer((Do.HANG,)) as server:
        ends: set[type] = set()
        for moment in range(40):
            pool = Pool(keep_alive=1.0)
            task = asyncio.ensure_future(ask(pool, server.url))
            for _ in range(moment):
                await asyncio.sleep(0)
            pool.close()
            async with asyncio.timeout(1):
                ends |= {type(end) for end in await asyncio.gather(task, return_exceptions=True)}
        assert ends == {NotSent, Broken}
        await server.all_closed()

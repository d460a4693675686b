"""Waiting for an answer: giving up loses nothing, what ends a wait, and who holds whom back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.exchange import Broken, Failure, Pool, Silent, TooLong
from bot.exchange.connection import HEAD_LIMIT, READ_BUFFER
from tests.fakes.exchanged import LIMIT, REQUEST, Table, at_once, origin
from tests.fakes.raw_http import STREAM_END, STREAM_HEAD, Do, RawServer, chunk, whole

OK = whole(b"ok")


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(keep_alive=5.0)
    yield pool
    pool.close()


# Giving up and coming back


async def test_wait_that_is_given_up_can_be_repeated_and_loses_nothing() -> None:
    table = Table()
    said = STREAM_HEAD + chunk(b"one") + chunk(b"two") + STREAM_END
    read = b""
    for place in range(len(said)):
        wait = asyncio.ensure_future(table.exchange.read())
        await asyncio.sleep(0)
        table.say(said[place : place + 1])
        wait.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            read += await wait
    while data := await table.exchange.read():
        read += data
    assert read == b"onetwo"
    assert await table.exchange.read() == b""


async def test_wait_for_the_head_that_is_given_up_can_be_repeated() -> None:
    table = Table()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await table.exchange.opened()
    table.say(OK)
    await table.exchange.opened()
    await table.exchange.opened()
    assert await table.exchange.whole(LIMIT) == b"ok"


async def test_new_wait_is_woken_though_the_last_one_is_only_just_being_given_up() -> None:
    table = Table()
    first = asyncio.ensure_future(table.exchange.read())
    await asyncio.sleep(0)
    second = asyncio.ensure_future(table.exchange.read())
    first.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    table.say(OK)
    assert await second == b"ok"


# What ends a wait


async def test_answer_in_time_is_no_silence() -> None:
    table = Table()
    table.exchange.end_within(5.0)
    asyncio.get_running_loop().call_later(4.9, table.say, OK)
    await table.exchange.opened()
    await asyncio.sleep(1)
    assert await table.exchange.whole(LIMIT) == b"ok"
    table.exchange.close()
    assert not table.line.cut


@pytest.mark.parametrize(
    ("said", "body"),
    [(b"", b""), (b"HTTP/1.1 200 O", b""), (STREAM_HEAD, b""), (STREAM_HEAD + chunk(b"a"), b"a")],
)
async def test_silence_ends_the_wait_after_what_was_said(said: bytes, body: bytes) -> None:
    table = Table()
    table.exchange.end_within(5.0)
    table.say(said)
    loop = asyncio.get_running_loop()
    with pytest.raises(Silent):
        await table.exchange.opened()
        if body:
            assert await table.exchange.read() == body
        await table.exchange.read()
    assert loop.time() == 5.0
    table.exchange.close()
    assert table.line.cut


async def test_trickle_does_not_outlast_its_time() -> None:
    table = Table()
    table.exchange.end_within(5.0)
    loop = asyncio.get_running_loop()
    table.say(STREAM_HEAD)
    for second in range(60):
        loop.call_at(second / 2, table.say, chunk(b"a"))
    with pytest.raises(Silent):
        await table.exchange.whole(LIMIT)
    assert loop.time() == 5.0
    table.exchange.close()


async def test_time_that_is_set_ends_with_the_exchange() -> None:
    table = Table()
    table.exchange.end_within(5.0)
    table.say(OK)
    assert await table.exchange.whole(LIMIT) == b"ok"
    table.exchange.close()
    following = table.ask()
    await asyncio.sleep(10)
    table.say(OK)
    assert await following.whole(LIMIT) == b"ok"


async def test_fault_is_told_after_what_came_before_it_and_to_all_who_ask() -> None:
    table = Table()
    table.say(STREAM_HEAD + chunk(b"one"), chunk(b"two") + b"no size\r\n")
    await table.exchange.opened()
    assert await table.exchange.read() == b"onetwo"
    for wait in (table.exchange.read, table.exchange.read, lambda: table.exchange.whole(9)):
        with pytest.raises(Broken) as caught:
            await wait()
        assert caught.value.improper
    table.exchange.close()
    with pytest.raises(Broken):
        await table.exchange.read()


@pytest.mark.parametrize("waits", ["opened", "read"])
async def test_closing_ends_a_wait(waits: str) -> None:
    table = Table()
    wait = asyncio.ensure_future(getattr(table.exchange, waits)())
    await asyncio.sleep(0)
    table.exchange.close()
    with pytest.raises(Broken):
        await wait


async def test_reader_whose_exchange_is_closed_under_it_gets_nothing_of_the_next_one() -> None:
    table = Table()
    table.say(STREAM_HEAD)
    wait = asyncio.ensure_future(table.exchange.read())
    await asyncio.sleep(0)
    table.say(chunk(b"mine") + STREAM_END)
    table.exchange.close()
    following = table.ask()
    table.say(whole(b"theirs"))
    with pytest.raises(Broken):
        await wait
    assert await following.whole(LIMIT) == b"theirs"


@pytest.mark.parametrize("wrong", [ConnectionResetError(104, "x"), OSError("?"), None])
async def test_connection_that_breaks_ends_a_wait(wrong: Exception | None) -> None:
    table = Table()
    wait = asyncio.ensure_future(table.exchange.opened())
    await asyncio.sleep(0)
    table.hang_up(wrong)
    with pytest.raises(Broken) as caught:
        await wait
    assert caught.value.hung_up is (wrong is None)
    table.exchange.close()


async def test_answer_that_lasts_until_the_end_is_not_whole_where_the_connection_breaks() -> None:
    table = Table()
    table.say(b"HTTP/1.1 200 OK\r\n\r\nhel")
    table.hang_up(ConnectionResetError(104, "x"))
    assert await table.exchange.read() == b"hel"
    with pytest.raises(Broken):
        await table.exchange.read()
    table.exchange.close()


# Limits


@pytest.mark.parametrize("size", [1000, 1001])
async def test_body_beyond_the_limit_is_too_long(size: int) -> None:
    for said in ([whole(bytes(size))], [STREAM_HEAD, *[chunk(b"a")] * size, STREAM_END]):
        table = Table()
        table.say(*said)
        if size == 1000:
            assert len(await table.exchange.whole(1000)) == 1000
        else:
            with pytest.raises(TooLong):
                await table.exchange.whole(1000)
        table.exchange.close()


@pytest.mark.real_time
async def test_body_that_is_too_long_costs_the_connection_and_is_not_read_on(pool: Pool) -> None:
    async with RawServer((STREAM_HEAD, *[chunk(bytes(1 << 16))] * 99, Do.HANG), (OK,)) as server:
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        with pytest.raises(TooLong):
            await exchange.whole(1000)
        exchange.close()
        await server.all_closed()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"


def test_head_up_to_the_limit_is_taken() -> None:
    value = b"x" * (HEAD_LIMIT - len(b"Content-Length: 0\r\n") - len(b"X: \r\n"))
    for pieces in ([HEAD + b"X: " + value + b"\r\n\r\n"], [HEAD, b"X: " + value, b"\r\n\r\n"]):
        table = Table()
        table.say(*pieces)
        at_once(table.exchange.opened())
        assert table.exchange.headers[-1] == (b"X", value)
        table = Table()
        table.say(*[piece.replace(b"X:", b"XY:") for piece in pieces])
        with pytest.raises(Broken) as caught:
            at_once(table.exchange.opened())
        assert caught.value.improper


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(b"HTTP/1.1 200 ", b"x" * 999, id="reason"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 999, id="value"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"x" * 999, id="name"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 99, id="headers"),
        pytest.param(b"", b"\r\n" * 999, id="empty lines"),
        pytest.param(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 9, id="early ones"),
        pytest.param(STREAM_HEAD + b"1;", b"x" * 999, id="chunk's extension"),
        pytest.param(STREAM_HEAD + b"1", b" " * 999, id="chunk's blanks"),
        pytest.param(STREAM_HEAD + b"0\r\nX:", b"x" * 999, id="trailer"),
        pytest.param(STREAM_HEAD + b"0\r\n", b"X: y\r\n" * 99, id="trailers"),
    ],
)
@pytest.mark.parametrize("piece", [100, 1000, 1 << 18])
async def test_what_is_no_body_does_not_go_on_without_end(
    begin: bytes, more: bytes, piece: int
) -> None:
    table = Table()
    wait = asyncio.ensure_future(table.exchange.read())
    await asyncio.sleep(0)
    said = begin + more * (3 * READ_BUFFER // len(more))
    for place in range(0, len(said), piece):
        table.say(said[place : place + piece])
        if wait.done():
            break
    with pytest.raises(Broken) as caught:
        await wait
    assert caught.value.improper
    assert table.line.cut
    table.exchange.close()


def test_long_answer_of_short_chunks_is_not_taken_for_a_long_head() -> None:
    table = Table()
    body = b""
    table.say(STREAM_HEAD)
    for _ in range(READ_BUFFER // 10):
        table.say(b"1;%b\r\na\r\n" % (b"x" * 30))
        body += at_once(table.exchange.read())
    assert len(body) == READ_BUFFER // 10


# Holding back


async def test_server_waits_for_a_reader_that_does_not_read_and_goes_on_when_it_does() -> None:
    table = Table()
    half = chunk(bytes(READ_BUFFER // 2))
    table.say(STREAM_HEAD, half)
    assert not table.line.paused
    table.say(half)
    assert table.line.paused
    assert len(await table.exchange.read()) == READ_BUFFER
    assert not table.line.paused
    table.say(half, half + half)
    assert table.line.paused
    table.exchange.wake_up()
    assert not table.exchange.rest()
    assert table.line.paused
    assert len(await table.exchange.read()) == READ_BUFFER // 2 * 3
    table.say(STREAM_END)
    assert not table.line.paused
    assert await table.exchange.read() == b""
    table.exchange.close()
    assert not table.line.cut


async def test_rest_and_a_full_buffer_do_not_end_each_other() -> None:
    table = Table()
    table.say(STREAM_HEAD, chunk(b"a"))
    assert table.exchange.rest()
    assert not table.exchange.rest()
    assert table.line.paused
    assert await table.exchange.read() == b"a"
    assert table.line.paused
    table.say(chunk(bytes(READ_BUFFER)))  # was on its way
    assert table.line.paused
    table.exchange.wake_up()
    table.exchange.wake_up()
    assert not table.line.paused
    table.say(chunk(b"b"))
    assert table.line.paused
    assert len(await table.exchange.read()) == READ_BUFFER + 1
    assert not table.line.paused


async def test_nobody_rests_when_nothing_more_comes() -> None:
    table = Table()
    table.say(OK)
    assert not table.exchange.rest()
    table.exchange.close()
    assert not table.exchange.rest()
    table.exchange.wake_up()
    broken = Table()
    broken.say(STREAM_HEAD)
    broken.exchange.close()
    assert not broken.exchange.rest()
    assert not broken.line.paused


async def test_exchange_closed_at_rest_or_full_leaves_nothing_paused() -> None:
    for said in (chunk(b"a"), chunk(bytes(READ_BUFFER))):
        table = Table()
        table.say(STREAM_HEAD, said)
        table.exchange.rest()
        table.exchange.close()
        assert table.line.cut
        table.connection.connection_lost(None)


@pytest.mark.real_time
async def test_megabytes_are_held_back_and_arrive_whole(pool: Pool) -> None:
    piece = bytes(range(256)) * 256
    script = (STREAM_HEAD, *[chunk(piece)] * 160, STREAM_END)
    async with RawServer(script, (OK,)) as server:
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        await exchange.opened()
        await asyncio.sleep(0.05)
        assert sum(map(len, exchange.pieces)) <= 8 * READ_BUFFER
        body, reads = b"", 0
        while data := await exchange.read():
            body += data
            reads += 1
            if reads % 7 == 0 and exchange.rest():
                await asyncio.sleep(0.001)
                exchange.wake_up()
        exchange.close()
        assert body == piece * 160
        assert server.connections == server.open == 1


@pytest.mark.real_time
@pytest.mark.parametrize("end", [Do.CLOSE, Do.RESET])
async def test_break_during_a_rest_is_told_after_it(pool: Pool, end: Do) -> None:
    async with RawServer((STREAM_HEAD, chunk(b"a"), 0.02, end)) as server:
        exchange = await pool.send(origin(server.url), REQUEST, connect=2)
        assert await exchange.read() == b"a"
        assert exchange.rest()
        wait = asyncio.ensure_future(exchange.read())
        await asyncio.sleep(0.06)
        assert not wait.done()
        exchange.wake_up()
        with pytest.raises(Failure):
            await wait
        for _ in range(2):
            assert not exchange.rest()
            exchange.wake_up()
            exchange.close()

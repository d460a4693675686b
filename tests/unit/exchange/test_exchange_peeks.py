"""Looking at what has come without waking whoever reads it: nothing is lost, and an end is told."""

import asyncio
from collections.abc import Callable

import pytest

from bot.exchange import Broken
from bot.exchange.connection import READ_BUFFER
from tests.fakes.exchanged import Table
from tests.fakes.raw_http import STREAM_END, STREAM_HEAD, chunk


def is_loud(body: bytes) -> bool:
    return b"WAKE" in body


def asleep(rouses: Callable[[bytes], bool] | None = is_loud) -> Table:
    """In the middle of a stream whose reader rests."""
    table = Table()
    table.say(STREAM_HEAD)
    assert table.exchange.rest(rouses)
    return table


async def reading(table: Table) -> asyncio.Task[bytes]:
    task = asyncio.create_task(table.exchange.read())
    await asyncio.sleep(0)
    return task


async def test_what_a_look_takes_in_is_read_when_the_rest_is_over() -> None:
    table = asleep()
    read = await reading(table)
    for word in (b"a", b"b", b"c"):
        table.exchange.peek()
        assert not table.line.paused
        table.say(chunk(word))
        assert table.line.paused
        await asyncio.sleep(0.1)
        assert not read.done()
        assert table.exchange.rests
    table.exchange.wake_up()
    assert await read == b"abc"
    assert not table.exchange.rests
    assert not table.line.paused
    table.say(STREAM_END)
    assert await table.exchange.read() == b""


async def test_a_look_that_finds_nothing_goes_on_until_something_comes() -> None:
    table = asleep()
    read = await reading(table)
    table.exchange.peek()
    table.exchange.peek()
    await asyncio.sleep(1)
    assert not table.line.paused
    table.say(chunk(b"a"))
    assert table.line.paused
    await asyncio.sleep(1)
    assert not read.done()
    table.exchange.wake_up()
    assert await read == b"a"


async def test_a_rest_that_ends_while_a_look_goes_on_leaves_nothing_paused() -> None:
    table = asleep()
    read = await reading(table)
    table.exchange.peek()
    table.exchange.wake_up()
    table.say(chunk(b"a"))
    assert await read == b"a"
    assert not table.line.paused
    table.exchange.peek()  # there is no rest in which it could look
    table.say(chunk(b"b"))
    assert await table.exchange.read() == b"b"


@pytest.mark.parametrize(
    "pieces", [(b"WAKE",), (b"WA", b"KE"), (b"a WA", b"KE b"), (b"a", b"WAKE")]
)
async def test_what_matters_wakes_at_once_even_where_it_is_cut(pieces: tuple[bytes, ...]) -> None:
    table = asleep()
    read = await reading(table)
    for piece in pieces:
        assert table.exchange.rests
        table.exchange.peek()
        table.say(chunk(piece))
    assert await read == b"".join(pieces)
    assert not table.exchange.rests
    assert not table.line.paused


async def test_the_end_wakes_at_once() -> None:
    table = asleep()
    read = await reading(table)
    table.exchange.peek()
    table.say(chunk(b"a") + STREAM_END)
    assert await read == b"a"
    assert await table.exchange.read() == b""
    table.exchange.close()
    assert not table.line.cut
    assert not table.line.paused


async def test_a_break_wakes_at_once_and_is_told_after_what_came() -> None:
    table = asleep()
    read = await reading(table)
    table.exchange.peek()
    table.say(chunk(b"a"))
    table.exchange.peek()
    table.hang_up()
    assert await read == b"a"
    with pytest.raises(Broken):
        await table.exchange.read()


async def test_more_than_may_be_kept_wakes_and_holds_the_server_back() -> None:
    table = asleep()
    read = await reading(table)
    half = bytes(READ_BUFFER // 2 + 1)
    table.exchange.peek()
    table.say(chunk(half))
    await asyncio.sleep(1)
    assert not read.done()
    table.exchange.peek()
    table.say(chunk(half))
    assert table.line.paused
    assert len(await read) == 2 * len(half)
    assert not table.line.paused


async def test_nobody_looks_into_a_rest_that_says_not_what_matters() -> None:
    table = asleep(rouses=None)
    table.exchange.peek()
    assert table.line.paused


async def test_every_rest_is_looked_into_from_its_beginning() -> None:
    table = asleep()
    read = await reading(table)
    table.exchange.peek()
    table.say(chunk(b"a"))
    table.exchange.wake_up()
    assert await read == b"a"
    assert table.exchange.rest(is_loud)
    read = await reading(table)
    table.exchange.peek()
    table.say(chunk(b"WAKE"))
    assert await read == b"WAKE"

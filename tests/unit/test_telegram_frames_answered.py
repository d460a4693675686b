"""Answers to frames are taken in together: each alone would wake the processor for nothing."""

import asyncio

import pytest

from adapters.telegram.account import Account
from adapters.telegram.shapes import To
from adapters.telegram.transport import MOMENT, rest_together
from tests.fakes.exchanged import Table
from tests.fakes.telegram_server import TOKEN, serving


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_answers_within_a_moment_are_taken_in_at_once_and_soon() -> None:
    read: list[float] = []

    async def frame(after: float) -> None:
        await asyncio.sleep(after)
        table, asked = Table(), now()
        rest_together(table.exchange)
        assert table.line.paused
        for _ in range(300):
            if not table.line.paused:
                break
            await asyncio.sleep(MOMENT / 100)
        read.append(round(now(), 3))
        assert MOMENT * 0.9 < now() - asked < MOMENT * 2.1

    await asyncio.gather(*(frame(n * MOMENT / 10) for n in range(1, 6)))
    assert len(read) == 5
    assert len(set(read)) == 1


async def test_answer_that_has_been_given_up_is_not_waited_for() -> None:
    table = Table()
    rest_together(table.exchange)
    table.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    table.exchange.close()
    again = table.ask()
    again.rest()
    await asyncio.sleep(3 * MOMENT)
    assert table.line.paused  # whose rest it was is over; the next one's is not


@pytest.mark.real_time
async def test_frames_side_by_side_are_all_answered() -> None:
    async with serving() as server, Account(TOKEN, api_url=server.url) as account:
        for _ in range(5):
            frames = (account.calls.draft(To(chat=chat), 1, "a") for chat in range(1, 30))
            async with asyncio.timeout(10):
                await asyncio.gather(*frames)
        assert len(server.requests) == 5 * 29

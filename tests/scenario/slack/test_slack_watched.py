"""Answers that grow while people watch, and are stopped by them."""

from itertools import pairwise

import pytest

from bot.phrases import of
from tests.fakes.slack_api import Post, Seat
from tests.fakes.slack_bot import House, answered, told

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")
WRITTEN = 200  # chunks
ASKED = f"n={WRITTEN} d=0.015"


async def watched(house: House, seat: Seat) -> tuple[Post, Post]:
    """A question and the answer that grows below it in a stream.

    Streams are twenty a minute, and there are none yet when a process begins: one asks until it is
    one's turn.
    """
    for _ in range(20):
        asked = seat.say(ASKED) if seat.channel.private else seat.mention(ASKED)
        await house.until(lambda asked=asked: seat.thread(asked))
        if seat.thread(asked)[0].stream:
            return asked, seat.thread(asked)[0]
        seat.delete(asked)
    raise AssertionError("no answer was streamed")


@pytest.mark.parametrize("where", ["dm", "channel"])
async def test_a_longer_answer_grows_in_a_stream_and_ends_with_its_buttons(
    house: House, where: str
) -> None:
    seat = house.visit() if where == "dm" else house.channel()
    asked, post = await watched(house, seat)

    session = seat.session(asked)
    assert session
    assert session.status == "processing"
    if where == "channel":
        assert post.stream
        assert post.stream.recipient == seat.person.id
    await answered(house, seat, asked)

    grown = [shown.text for shown in seat.channel.history if shown.ts == post.ts]
    assert len(grown) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))
    assert post.readable.startswith("chunk 0")
    assert post.readable.endswith(f"chunk {WRITTEN - 1} é😀.")
    await house.until(lambda: session.status == "active")


async def test_the_native_stop_keeps_what_was_written(house: House) -> None:
    seat = house.visit()
    asked, post = await watched(house, seat)

    seat.stop(asked)

    assert await told(house, seat, EN.stopped) == post
    assert post.readable.startswith("chunk 0")
    await house.until(lambda: not house.sandbox.running)
    session = seat.session(asked)
    assert session
    await house.until(lambda: session.status == "active")


async def test_the_command_stops_as_well(house: House) -> None:
    seat = house.channel()
    seat.command("n=2000 d=0.02")
    await house.until(lambda: house.sandbox.running)
    seat.command("stop")
    await told(house, seat, EN.stopped)
    await house.until(lambda: not house.sandbox.running)

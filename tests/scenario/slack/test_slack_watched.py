"""Answers under way: they grow while people watch, are stopped by them, and are many at once."""

from itertools import pairwise

import pytest

from bot.phrases import of
from tests.fakes.slack_api import Post, Seat
from tests.fakes.slack_bot import House, told, whole

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

EN = of("en")
WRITTEN = 200  # chunks
ASKED = f"n={WRITTEN} d=0.015"


async def begun(house: House, seat: Seat, question: str) -> tuple[Post, Post]:
    """A question, and its answer as soon as something of it is seen."""
    asked = seat.say(question) if seat.channel.private else seat.mention(question)
    [post] = await house.until(lambda: seat.thread(asked))
    return asked, post


async def given_up(house: House, seat: Seat, asked: Post, post: Post) -> None:
    seat.delete(asked)
    await house.until(lambda: post.buttons)


async def streamed(house: House, seat: Seat) -> Post:
    """The answer to a question as soon as it is seen to grow in a stream.

    Streams are twenty a minute, so that not every answer has one: one asks until it is one's turn.
    """
    for _ in range(20):
        asked, post = await begun(house, seat, ASKED)
        if post.stream:
            return post
        await given_up(house, seat, asked, post)
    raise AssertionError("no answer was streamed")


@pytest.mark.parametrize(
    ("house", "where"), [("http", "dm"), ("socket", "channel")], indirect=["house"]
)
async def test_a_longer_answer_grows_in_a_stream_and_ends_with_its_buttons(
    house: House, where: str
) -> None:
    seat = house.visit() if where == "dm" else house.channel()
    post = await streamed(house, seat)

    stream = post.stream
    assert stream
    assert where == "dm" or stream.recipient == seat.person.id
    await house.until(lambda: stream.ended)

    grown = [shown.text for shown in seat.channel.history if shown.ts == post.ts]
    assert len(grown) > 1
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))
    assert post.readable.startswith("chunk 0")
    assert post.readable.endswith(f"chunk {WRITTEN - 1} é😀.")
    assert stream.ended == "done"
    assert whole(post)


def _is_stoppable(seat: Seat, post: Post) -> bool:
    """Whether Slack shows its own Stop below the thread."""
    session = seat.session(post)
    return session is not None and session.status == "processing"


@pytest.mark.parametrize("house", ["socket"], indirect=True)
async def test_the_native_stop_keeps_what_was_written(house: House) -> None:
    seat = house.visit()
    _, post = await begun(house, seat, "n=2000 d=0.02")
    # Sessions are fifty calls a minute; who has none yet gets one while the answer is on its way.
    await house.until(lambda: _is_stoppable(seat, post), within=20)

    seat.stop(post)

    await house.until(lambda: EN.stopped in post.readable)
    assert post.readable.startswith("chunk 0")
    await house.until(lambda: not _is_stoppable(seat, post))


@pytest.mark.parametrize("house", ["http"], indirect=True)
async def test_the_command_stops_as_well(house: House) -> None:
    seat = house.channel()
    seat.command("n=2000 d=0.02")
    await house.until(lambda: len(seat.answers) > 1)
    seat.command("stop")
    await told(house, seat, EN.stopped)
    await house.until(lambda: not house.sandbox.running)


@pytest.mark.parametrize("house", ["http"], indirect=True)
async def test_many_people_at_once_get_a_whole_answer_each(house: House) -> None:
    people = 50  # a hundred would wait for their turn for a quarter of a minute
    seats = [house.visit() for _ in range(people)]
    asked = [seat.say("n=20 d=0.05") for seat in seats]

    await house.until(lambda: all(any(map(whole, seat.answers)) for seat in seats), within=90)

    expected = " ".join(f"chunk {at} é😀." for at in range(20))
    shown = {tuple(seat.shown(root)) for seat, root in zip(seats, asked, strict=True)}
    assert shown == {(expected,)}
    assert house.slack.floods() == []
    assert [each for each in house.pusher.slow if each.at >= asked[0].at] == []

"""Room for streams in a Slack workspace: who finds none is posted and edited."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.slack.remembered import Remembered
from adapters.slack.streams import Streams
from bot.surface import Rank
from tests.fakes.slack_answers import answer, growing, kinds, show
from tests.fakes.slack_stage import SlackStage, place


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    yield SlackStage("dm")


async def test_who_finds_no_room_for_a_stream_is_posted_and_edited(stage: SlackStage) -> None:
    seats = [stage.slack.dm(stage.slack.person(f"P{number}")) for number in range(12)]
    places = [place(seat, seat.say("Tea?").ts) for seat in seats]
    growings = [stage.surface.grow(where) for where in places]
    for grown in growings:
        message = await grown.__aenter__()
        await show(stage, message, "Tea")
    assert [kinds(seat) for seat in seats] == [["stream"]] * 10 + [["post"]] * 2
    for grown in growings:
        await grown.__aexit__(None, None, None)
    await asyncio.sleep(7)  # one more start is left by then
    assert stage.surface.endings(places[0])[0].scope.endswith(":stop")


async def test_room_that_short_answers_left_is_anothers(stage: SlackStage) -> None:
    for number in range(30):
        async with stage.surface.grow(stage.place()) as message:
            await message.finish(answer(f"{number}"))
    async with stage.surface.grow(stage.place()) as message:
        await show(stage, message, "Tea")
        assert kinds(stage.dm)[-1] == "stream"


async def test_after_a_start_there_is_none_for_a_while(stage: SlackStage) -> None:
    streams, team = Streams(resumes=True), stage.team.id
    assert not streams.has_room(team)
    await asyncio.sleep(7)
    assert streams.has_room(team)
    streams.take_room(streams.watch(stage.place()))
    assert not streams.has_room(team)


async def test_a_frame_that_was_waited_for_too_long_gives_its_slot_back(stage: SlackStage) -> None:
    async with stage.surface.grow(stage.place()) as message:
        cost = message.cost(growing("Tea"))
        await stage.pace.slot(cost, Rank.FRAME)
        await message.show(growing("Tea"))
        assert message.cost(growing("Tea is")) != cost
        assert message.cost(growing("No tea")) != message.cost(growing("Tea is"))
        await message.finish(answer("Tea"))


async def test_a_pause_lasts_though_room_is_given_back(stage: SlackStage) -> None:
    streams, team = Streams(), stage.team.id
    watch = streams.watch(stage.place())
    streams.take_room(watch)
    streams.pause(team, 60)
    streams.leave(watch)
    await asyncio.sleep(59)
    assert not streams.has_room(team)
    await asyncio.sleep(8)
    assert streams.has_room(team)


def test_the_longest_unused_is_forgotten_first() -> None:
    kept: Remembered[str, int] = Remembered(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(name) for name in "abc"] == [1, None, 3]

"""Answers that grow on Slack by edits, and old messages that are written over."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from adapters.slack.growing import EDIT_GAPS, HOLD
from bot.surface import Forbidden, Gone, Outgoing
from tests.fakes.slack_answers import THUMBS, answer, growing, kinds, last, live, show
from tests.fakes.slack_stage import SlackStage, place


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    yield SlackStage("edits", streaming=False)


async def test_a_short_answer_is_one_message(stage: SlackStage) -> None:
    async with live(stage, stage.place()) as reply:
        reply.show("Tea")
        await asyncio.sleep(HOLD * 0.9)
        await reply.finish(answer("Tea."))
    assert kinds(stage.dm) == ["post"] and stage.dm.shown() == ["Tea."]


async def test_a_long_answer_is_shown_ever_more_rarely(stage: SlackStage) -> None:
    async with live(stage, stage.place()) as reply:
        for number in range(300):
            reply.show("Tea. " * (number + 1))
            await asyncio.sleep(0.1)
        await reply.finish(answer("Tea. " * 300))
    times = [shown.at for shown in stage.dm.channel.history[1:]]
    gaps = [later - earlier for earlier, later in pairwise(times)][:-1]
    assert gaps == pytest.approx([*EDIT_GAPS, 3, 3, 3, 3, 3, 3][: len(gaps)], abs=0.11)


async def test_an_answer_has_a_stop_until_it_ends(stage: SlackStage) -> None:
    async with stage.surface.grow(stage.place()) as message:
        await show(stage, message, "Tea")
        assert last(stage.dm).buttons == ["⏹ Stop"]
        await message.finish(answer("Tea."))
    assert last(stage.dm).buttons == ["👍", "👎"]


async def test_where_slack_has_its_own_stop_there_is_no_second_one(stage: SlackStage) -> None:
    await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
    async with stage.surface.grow(stage.place()) as message:
        await show(stage, message, "Tea")
        assert last(stage.dm).buttons == []
        await stage.surface.show_status(stage.place(), "")
        await message.finish(answer("Tea."))


async def test_what_is_shown_already_is_not_written_again(stage: SlackStage) -> None:
    async with stage.surface.grow(stage.place()) as message:
        await show(stage, message, "Tea")
        assert not await show(stage, message, "Tea")
        assert await message.show(growing("Tea")) == message.ref
        assert await message.finish(growing("Tea")) == message.ref
    assert kinds(stage.dm) == ["post"]


async def test_half_a_token_alone_is_nothing_to_post(stage: SlackStage) -> None:
    async with stage.surface.grow(stage.place()) as message:
        assert await message.show(growing("[tea](https://t")) is None
        assert kinds(stage.dm) == []


async def test_an_answer_somebody_took_away_does_not_come_back(stage: SlackStage) -> None:
    async with stage.surface.grow(stage.place()) as message:
        await show(stage, message, "Tea")
        stage.dm.delete(last(stage.dm))
        with pytest.raises(Forbidden):
            await message.finish(answer("Tea is"))
    assert stage.dm.shown() == []


async def test_an_old_message_that_was_deleted_before_is_gone(stage: SlackStage) -> None:
    old = await stage.surface.post(stage.place(), Outgoing(text="Before"))
    stage.dm.delete(last(stage.dm))
    async with stage.surface.grow(stage.place(), old) as message:
        with pytest.raises(Gone):
            await show(stage, message, "After")


async def test_an_answer_in_place_of_another_begins_at_once(stage: SlackStage) -> None:
    old = await stage.surface.post(stage.place(), answer("Before"))
    async with stage.surface.grow(stage.place(), old) as message:
        at = stage.slack.clock()
        await show(stage, message, "After")
        assert stage.slack.clock() == at and last(stage.dm).buttons == ["⏹ Stop"]
        assert await message.finish(answer("After all")) == old
    assert kinds(stage.dm) == ["post", "update", "update"]


async def test_a_stream_that_a_crash_left_open_is_ended_and_written_over() -> None:
    stage = SlackStage("dm")
    growing = stage.surface.grow(stage.place())
    message = await growing.__aenter__()
    await show(stage, message, "Tea is")
    assert message.ref is not None
    other = stage.slack_surface  # knows nothing of it: it is asked by the ref alone
    await other.edit(stage.place(), message.ref, answer("Tea is — interrupted"))
    assert kinds(stage.dm) == ["stream", "stop", "update"]
    assert stage.dm.shown() == ["Tea is — interrupted"]
    assert last(stage.dm).buttons == ["👍", "👎"]


@pytest.mark.unmeasured
async def test_many_answers_at_once_all_end_and_break_no_tier(stage: SlackStage) -> None:
    async def write(number: int) -> None:
        seat = stage.slack.dm(stage.slack.person(f"P{number}"))
        async with live(stage, place(seat, seat.say("Tea?").ts), who=f"a{number}") as reply:
            for count in range(100):
                reply.show(f"{number}: " + "word " * count)
                await asyncio.sleep(0.2)
            await reply.finish(Outgoing(text=f"{number}.", buttons=THUMBS))
        assert seat.shown() == [f"{number}."]

    await asyncio.gather(*(write(number) for number in range(30)))
    assert stage.slack.refusals == [] and stage.slack.clock() < 60

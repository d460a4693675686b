"""A hundred people who ask at once in one Slack workspace."""

import asyncio

import pytest

from bot.events import Place
from bot.surface import Outgoing
from tests.fakes.slack_answers import THUMBS, answer, live
from tests.fakes.slack_api import Seat
from tests.fakes.slack_stage import SlackStage, place

pytestmark = pytest.mark.unmeasured

PEOPLE = 100
WRITING = 15.0
"""Seconds that the model writes each answer."""


async def asked_for(stage: SlackStage, where: Place, number: int) -> None:
    """An answer as the core shows it, whole in the end."""
    status = asyncio.create_task(stage.surface.show_status(where, "Thinking…", doing="thinking"))
    async with live(stage, where, who=f"a{number}") as reply:
        text = ""
        for _ in range(int(WRITING * 5)):
            text += "word and more "
            reply.show(text)
            await asyncio.sleep(0.2)
        await status
        await reply.finish(answer(f"{text}\n\nThat was {number}."))
        await stage.surface.show_status(where, "")
    assert reply.lost is None and reply.limited == 0


def is_whole(stage: SlackStage, seat: Seat, thread: str, number: int) -> bool:
    [post] = [one for one in seat.thread(thread) if stage.slack.is_bot(one.author)]
    words = post.readable.count("word and more")
    ended = post.stream is None or post.stream.ended == "done"
    told = post.readable.endswith(f"That was {number}.") and post.buttons == ["👍", "👎"]
    return words == int(WRITING * 5) and ended and told


def nothing_is_left(stage: SlackStage) -> bool:
    channels = stage.slack.channels.values()
    sessions = [session.status for channel in channels for session in channel.sessions.values()]
    lines = [status.words for channel in channels for status in channel.statuses.values()]
    return set(sessions) == {"active"} and not lines


async def test_in_their_direct_chats_all_get_whole_answers_as_fast_as_slack_allows() -> None:
    stage = SlackStage("dm")
    stage.slack.latency = 0.1
    seats = [stage.slack.dm(stage.slack.person(f"P{number}")) for number in range(PEOPLE)]
    places = [place(seat, seat.say("Tea?").ts) for seat in seats]
    async with asyncio.TaskGroup() as group:
        for number, where in enumerate(places):
            group.create_task(asked_for(stage, where, number))
    for number, (seat, where) in enumerate(zip(seats, places, strict=True)):
        assert is_whole(stage, seat, where.chat.thread, number)
    assert stage.slack.refusals == [] and stage.slack.violations() == []
    assert stage.slack.clock() < WRITING + 25 and nothing_is_left(stage)


async def test_in_one_channel_all_get_whole_answers_at_one_message_a_second() -> None:
    stage = SlackStage("channel")
    stage.slack.latency = 0.1
    threads: dict[int, str] = {}

    async def command(number: int) -> None:
        asks = Outgoing(text=f"{number} asks", mine=True, buttons=THUMBS)
        root = await stage.surface.post(place(stage.channel), asks)
        threads[number] = root.id
        await asked_for(stage, place(stage.channel, root.id), number)

    async with asyncio.TaskGroup() as group:
        for number in range(PEOPLE):
            group.create_task(command(number))
    assert all(is_whole(stage, stage.channel, threads[one], one) for one in range(PEOPLE))
    assert stage.slack.refusals == [] and stage.slack.violations() == []
    assert stage.slack.clock() < 240 and nothing_is_left(stage)

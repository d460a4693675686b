"""What is seen under a thread in Slack while an answer is on its way, and Slack's own Stop."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.slack import limits
from adapters.slack.status import SWEEP
from bot.events import Place
from bot.surface import Activity, Outgoing, Rank
from tests.fakes.slack_answers import answer, commanded, kinds, show
from tests.fakes.slack_api import Seat
from tests.fakes.slack_stage import SlackStage, place


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    yield SlackStage("dm")


async def tell(stage: SlackStage, where: Place, words: str, doing: Activity = "thinking") -> None:
    await stage.surface.show_status(where, words, doing=doing)


def session(stage: SlackStage, seat: Seat | None = None, thread: str = "") -> str:
    seat = seat or stage.dm
    found = seat.session(thread or stage.roots[seat.channel.id])
    return found.status if found else ""


def line(stage: SlackStage) -> str:
    return stage.dm.status(stage.roots[stage.dm.channel.id])


class TestASession:
    async def test_it_works_until_its_end_is_said(self, stage: SlackStage) -> None:
        await tell(stage, stage.place(), "Thinking…")
        assert session(stage) == "processing" and line(stage) == ""
        await tell(stage, stage.place(), "Thinking…")
        assert stage.slack.counted["agents.sessions.setStatus"] == 1
        await tell(stage, stage.place(), "")
        assert session(stage) == "active"

    async def test_words_that_say_more_stand_beside_it(self, stage: SlackStage) -> None:
        await tell(stage, stage.place(), "12 before you", "waiting")
        assert (session(stage), line(stage)) == ("processing", "12 before you")
        await tell(stage, stage.place(), "Thinking…")
        assert (session(stage), line(stage)) == ("processing", "")
        await tell(stage, stage.place(), "Looking at the picture…", "waiting")
        await tell(stage, stage.place(), "")
        assert (session(stage), line(stage)) == ("active", "")

    async def test_it_goes_on_while_words_grow_and_ends_with_them(self, stage: SlackStage) -> None:
        where = stage.place()
        await tell(stage, where, "Thinking…")
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            await tell(stage, where, "Thinking…")
            await tell(stage, where, "")
            assert session(stage) == "processing"
            await message.finish(Outgoing(text="Tea."))
            assert session(stage) == "active"
        assert stage.slack.counted["agents.sessions.setStatus"] == 1  # the stream brought the end

    async def test_the_message_that_ends_an_answer_ends_it(self, stage: SlackStage) -> None:
        where = stage.place()
        await tell(stage, where, "Thinking…")
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            await message.finish(answer("Tea."))
        assert session(stage) == "active"
        await tell(stage, where, "")
        assert stage.slack.counted["agents.sessions.setStatus"] == 1

    async def test_it_outlives_a_message_that_is_only_a_part(self, stage: SlackStage) -> None:
        where = stage.place()
        await tell(stage, where, "Thinking…")
        for part in ("One", "Two"):
            async with stage.surface.grow(where) as message:
                await show(stage, message, part)
                await message.finish(Outgoing(text=part))
        assert session(stage) == "processing"
        await tell(stage, where, "")
        assert session(stage) == "active"

    async def test_it_ends_with_an_answer_that_was_never_a_stream(self, stage: SlackStage) -> None:
        where = stage.place()
        await tell(stage, where, "Thinking…")
        async with stage.surface.grow(where) as message:
            await tell(stage, where, "")
            await message.finish(answer("Tea."))
        assert session(stage) == "active" and kinds(stage.dm) == ["session", "post", "session"]

    async def test_it_ends_where_no_stream_can_be_started(self) -> None:
        stage = SlackStage("edits")
        where = stage.place()
        await tell(stage, where, "Thinking…")
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            await tell(stage, where, "")
            await message.finish(answer("Tea."))
        assert session(stage) == "active"

    async def test_in_a_thread_of_two_it_ends_with_the_last(self, stage: SlackStage) -> None:
        ben = stage.slack.person("Ben")
        stage.channel.channel.members.add(ben.id)
        thread = stage.roots[stage.channel.channel.id]
        adas, bens = (
            place(Seat(stage.slack, stage.channel.channel, one), thread) for one in (stage.ada, ben)
        )
        await tell(stage, adas, "Thinking…")
        await tell(stage, bens, "Thinking…")
        async with stage.surface.grow(adas) as message:
            await show(stage, message, "Tea")
            await tell(stage, adas, "")
            await message.finish(answer("Tea."))
        assert session(stage, stage.channel) == "processing"
        await tell(stage, bens, "")
        assert session(stage, stage.channel) == "active"

    async def test_an_end_that_broke_is_made_up_for(self, stage: SlackStage) -> None:
        await tell(stage, stage.place(), "Thinking…")
        stage.slack.faults.add("cut", "agents.sessions.setStatus", times=2)
        await tell(stage, stage.place(), "")
        assert session(stage) == "processing"
        where = stage.place(private=False)
        await tell(stage, where, "Thinking…")
        assert session(stage) == "active"
        await tell(stage, where, "")

    async def test_an_end_that_broke_is_made_up_for_though_nobody_asks_again(
        self, stage: SlackStage
    ) -> None:
        statuses = stage.slack_surface._statuses
        sweeps = asyncio.create_task(statuses.run())
        await tell(stage, stage.place(), "Thinking…")
        stage.slack.faults.add("cut", "agents.sessions.setStatus", times=5)
        await tell(stage, stage.place(), "")
        assert session(stage) == "processing"
        await asyncio.sleep(3 * SWEEP)
        assert session(stage) == "active"
        done = stage.slack.counted["agents.sessions.setStatus"]
        await asyncio.sleep(3 * SWEEP)
        assert stage.slack.counted["agents.sessions.setStatus"] == done
        sweeps.cancel()

    async def test_one_at_work_again_is_not_ended_for_an_earlier_end_that_broke(
        self, stage: SlackStage
    ) -> None:
        sweeps = asyncio.create_task(stage.slack_surface._statuses.run())
        await tell(stage, stage.place(), "Thinking…")
        stage.slack.faults.add("cut", "agents.sessions.setStatus", times=2)
        await tell(stage, stage.place(), "")
        await tell(stage, stage.place(), "Thinking…")
        await asyncio.sleep(2 * SWEEP)
        assert session(stage) == "processing"
        await tell(stage, stage.place(), "")
        assert session(stage) == "active"
        sweeps.cancel()

    async def test_one_that_nobody_may_end_is_left_alone(self, stage: SlackStage) -> None:
        sweeps = asyncio.create_task(stage.slack_surface._statuses.run())
        await tell(stage, stage.place(), "Thinking…")
        stage.team.refuses["agents.sessions.setStatus"] = "not_authorized"
        await tell(stage, stage.place(), "")
        done = stage.slack.counted["agents.sessions.setStatus"]
        await asyncio.sleep(5 * SWEEP)
        assert stage.slack.counted["agents.sessions.setStatus"] == done
        sweeps.cancel()

    async def test_one_of_a_process_that_was_killed_is_ended_once(self) -> None:
        stage = SlackStage("dm", resumes=True)
        where = stage.place()
        workspace = await stage.slack_surface._workspaces.of(stage.team.id)
        await workspace.calls.session_status(where.chat.id, where.chat.thread, "processing")
        await tell(stage, where, "")
        assert session(stage) == "active"
        await tell(stage, where, "")
        assert stage.slack.counted["agents.sessions.setStatus"] == 2

    async def test_nothing_is_ended_where_nothing_was_begun(self, stage: SlackStage) -> None:
        await tell(stage, stage.place(), "")
        resumed = SlackStage("dm", resumes=True)
        alone = place(resumed.dm, resumed.roots[resumed.dm.channel.id], only_user=True)
        for where in (place(resumed.dm), alone):
            await tell(resumed, where, "")
        for one in (stage, resumed):
            assert one.slack.counted["agents.sessions.setStatus"] == 0

    async def test_one_that_could_not_begin_books_no_end(self, stage: SlackStage) -> None:
        stage.team.refuses["agents.sessions.setStatus"] = "not_authorized"
        seats = [stage.slack.dm(stage.slack.person(f"P{number}")) for number in range(15)]
        for seat in seats:
            await tell(stage, place(seat, seat.say("Tea?").ts), "Thinking…")
        stage.team.refuses.clear()
        await asyncio.sleep(30)
        await tell(stage, stage.place(), "Thinking…")
        assert session(stage) == "processing"
        await tell(stage, stage.place(), "")

    async def test_one_after_another_there_is_always_room(self, stage: SlackStage) -> None:
        for _ in range(15):
            await tell(stage, stage.place(), "Thinking…")
            assert session(stage) == "processing"
            await tell(stage, stage.place(), "")
            assert session(stage) == "active"
            await asyncio.sleep(4)

    async def test_one_that_may_have_begun_is_ended(self, stage: SlackStage) -> None:
        stage.slack.faults.add("silent after", "agents.sessions.setStatus")
        await tell(stage, stage.place(), "Thinking…")
        assert (session(stage), line(stage)) == ("processing", "Thinking…")
        await tell(stage, stage.place(), "")
        assert (session(stage), line(stage)) == ("active", "")

    async def test_one_that_found_no_room_begins_when_there_is_some(
        self, stage: SlackStage
    ) -> None:
        where = stage.place()
        budgets = limits.session(stage.team.id)
        for _ in range(12):
            await stage.pace.slot(budgets, Rank.FRAME)
        await tell(stage, where, "Thinking…")
        assert (session(stage), line(stage)) == ("", "Thinking…")
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            await asyncio.sleep(stage.surface.capabilities(where).status_fades_after)
            await tell(stage, where, "Thinking…")
            assert (session(stage), line(stage)) == ("processing", "")
            await message.finish(answer("Tea."))
        assert session(stage) == "active"

    async def test_only_so_many_work_as_can_be_ended(self, stage: SlackStage) -> None:
        seats = [stage.slack.dm(stage.slack.person(f"P{number}")) for number in range(30)]
        places = [place(seat, seat.say("Tea?").ts) for seat in seats]
        await asyncio.gather(*(tell(stage, where, "Thinking…") for where in places))
        working = [
            seat.session(where.chat.thread) for seat, where in zip(seats, places, strict=True)
        ]
        lines = [seat.status(where.chat.thread) for seat, where in zip(seats, places, strict=True)]
        assert 5 <= len([one for one in working if one]) <= 12
        assert all(one or words for one, words in zip(working, lines, strict=True))
        await asyncio.gather(*(tell(stage, where, "") for where in places))
        states = {one.status for one in working if one}
        assert states == {"active"} and stage.slack.floods() == []


class TestALine:
    @pytest.fixture(autouse=True)
    def no_agent(self, stage: SlackStage) -> None:
        stage.team.agent = False

    async def test_where_there_are_no_sessions_the_words_are_shown(self, stage: SlackStage) -> None:
        for _ in range(2):
            await tell(stage, stage.place(), "Thinking…")
            assert line(stage) == "Thinking…"
            await tell(stage, stage.place(), "")
            assert line(stage) == ""
        assert stage.slack.counted["agents.sessions.setStatus"] == 1

    async def test_it_is_shown_again_before_it_fades(self, stage: SlackStage) -> None:
        for _ in range(40):
            await tell(stage, stage.place(), "Thinking…")
            await asyncio.sleep(stage.surface.capabilities(stage.place()).status_fades_after)
            assert line(stage) == "Thinking…"
        assert stage.slack.counted["assistant.threads.setStatus"] == 4

    async def test_a_message_takes_it_away_and_it_does_not_come_back(
        self, stage: SlackStage
    ) -> None:
        where = stage.place()
        await tell(stage, where, "Thinking…")
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            await tell(stage, where, "Thinking…")
            assert line(stage) == ""
            await tell(stage, where, "")
            await message.finish(answer("Tea."))
        assert stage.slack.counted["assistant.threads.setStatus"] == 1

    async def test_where_nothing_passes_nothing_is_lost(self, stage: SlackStage) -> None:
        stage.team.refuses["assistant.threads.setStatus"] = "unknown_method"
        for _ in range(2):
            await tell(stage, stage.place(), "Thinking…")
            await tell(stage, stage.place(), "")
        assert stage.slack.counted["assistant.threads.setStatus"] == 1

    async def test_one_that_cannot_be_taken_away_is_not_remembered_for_ever(
        self, stage: SlackStage
    ) -> None:
        stage.team.refuses["agents.sessions.setStatus"] = "unknown_method"
        await tell(stage, stage.place(), "Thinking…")
        stage.slack.faults.add("cut", "assistant.threads.setStatus", times=2)
        await tell(stage, stage.place(), "")
        assert line(stage) == "Thinking…"  # Slack takes it away by itself
        assert not stage.slack_surface._statuses._threads


class TestNothing:
    async def test_making_a_voice_message_cannot_be_stopped(self, stage: SlackStage) -> None:
        await tell(stage, stage.place(), "Preparing…", "speaking")
        assert (session(stage), line(stage)) == ("", "Preparing…")
        await tell(stage, stage.place(), "")
        assert line(stage) == ""

    async def test_where_there_is_no_thread_nothing_is_shown(self, stage: SlackStage) -> None:
        for where in (place(stage.dm), commanded(stage.channel)):
            await tell(stage, where, "Thinking…")
            await tell(stage, where, "")
        assert set(stage.slack.counted) == {"auth.test"}

    async def test_what_only_one_may_see_shows_nothing_to_others(self, stage: SlackStage) -> None:
        thread = stage.roots[stage.channel.channel.id]
        where = place(stage.channel, thread, only_user=True)
        await tell(stage, where, "Thinking…")
        await tell(stage, where, "")
        assert kinds(stage.channel) == []

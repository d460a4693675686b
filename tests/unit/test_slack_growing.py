"""Answers that grow on Slack as its own streams."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from adapters.slack import limits
from adapters.slack.growing import HOLD
from adapters.slack.streams import REFUSED_FOR
from bot.surface import Forbidden, Outgoing, Rank, RateLimited, Stopped, Unreachable
from tests.fakes.slack_answers import THUMBS, answer, growing, kinds, last, live, show
from tests.fakes.slack_stage import SlackStage, place

LONG = "Tea is a drink. " * 1500


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    yield SlackStage("dm")


async def write(stage: SlackStage, text: str, seconds: float = 10.0) -> None:
    """Let the model write `text` in the direct chat, a word every tenth of a second at most."""
    async with live(stage, stage.place()) as reply:
        pieces = max(1, int(seconds * 10))
        for number in range(1, pieces + 1):
            reply.show(text[: len(text) * number // pieces])
            await asyncio.sleep(seconds / pieces)
        await reply.finish(answer(text))
        assert reply.lost is None


class TestAStream:
    async def test_an_answer_starts_grows_and_stops_with_its_buttons(
        self, stage: SlackStage
    ) -> None:
        await write(stage, "Tea is a drink made of leaves.", seconds=4)
        assert kinds(stage.dm)[0] == "stream" and kinds(stage.dm)[-1] == "stop"
        assert set(kinds(stage.dm)[1:-1]) == {"append"}
        assert stage.dm.shown() == ["Tea is a drink made of leaves."]
        assert last(stage.dm).buttons == ["👍", "👎"]

    async def test_a_short_answer_is_one_message(self, stage: SlackStage) -> None:
        await write(stage, "Tea is a drink.", seconds=HOLD * 0.9)
        assert kinds(stage.dm) == ["post"] and last(stage.dm).buttons == ["👍", "👎"]

    async def test_the_first_words_are_more_than_one(self, stage: SlackStage) -> None:
        await write(stage, "Tea " * 200, seconds=10)
        first = stage.dm.channel.history[1]
        assert first.at == pytest.approx(HOLD, abs=0.15) and first.text.count("Tea") >= 10

    async def test_words_come_about_every_second_and_each_once(self, stage: SlackStage) -> None:
        await write(stage, "Tea is fine. " * 300, seconds=30)
        times = [shown.at for shown in stage.dm.channel.history[1:]]
        assert all(0.5 < later - earlier < 1.3 for earlier, later in pairwise(times[:-1]))
        assert stage.dm.shown() == [("Tea is fine. " * 300).strip()]
        assert stage.slack.floods() == []

    async def test_in_a_channel_the_person_and_their_own_team_are_named(self) -> None:
        stage = SlackStage("channel")
        other = stage.slack.team("Other", install=False)
        eve = stage.slack.person("Eve", team=other)
        seat = stage.slack.channel(eve, shared=True).seat(eve)
        async with stage.surface.grow(place(seat, seat.say("Tea?").ts)) as message:
            await show(stage, message, "Tea")
            await message.finish(answer("Tea."))
        assert kinds(seat) == ["stream", "stop"] and stage.slack.refusals == []

    async def test_half_a_token_is_held_back_and_none_goes_live(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            for text in ("Hi <!chan", "Hi <!channel", "Hi <!channel> and <@", "Hi <!channel> and"):
                await show(stage, message, text)
            await message.finish(answer("Hi <!channel> and <@U123>"))
        assert stage.slack.pings() == []
        assert stage.dm.shown() == ["Hi <!channel> and <@U123>"]

    async def test_what_shows_nothing_starts_nothing(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            assert not await show(stage, message, "  ")
            assert await show(stage, message, "[tea](https://t")
            assert message.ref is None and kinds(stage.dm) == []
            await message.finish(answer("[tea](https://t.example)"))
        assert kinds(stage.dm) == ["post"]

    async def test_a_frame_that_is_shown_already_is_not_sent_again(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            assert await message.show(growing("Tea")) == message.ref
            await message.finish(answer("Tea"))
        assert kinds(stage.dm) == ["stream", "stop"]

    async def test_a_long_answer_rolls_over_before_a_stream_is_full(
        self, stage: SlackStage
    ) -> None:
        await write(stage, LONG, seconds=60)
        sizes = [len(text.encode()) for text in stage.dm.shown()]
        assert len(sizes) == 3 and max(sizes) < 11_000
        assert " ".join(stage.dm.shown()).split() == LONG.split()
        assert kinds(stage.dm).count("stream") == kinds(stage.dm).count("stop") == 3
        assert [post.buttons for post in stage.dm.answers] == [[], [], ["👍", "👎"]]
        assert stage.slack.refusals == []

    async def test_a_slow_answer_rolls_over_before_slack_ends_its_stream(
        self, stage: SlackStage
    ) -> None:
        await write(stage, "Tea is a drink. " * 100, seconds=400)
        assert kinds(stage.dm).count("stream") == 2 and stage.slack.refusals == []
        assert " ".join(stage.dm.shown()).split() == ("Tea is a drink. " * 100).split()

    async def test_what_the_model_takes_back_is_written_over(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea is a poison")
            await show(stage, message, "I cannot say that")
            assert kinds(stage.dm) == ["stream", "stop", "update"]
            await show(stage, message, "I cannot say that today")
            await message.finish(answer("I cannot say that."))
        assert kinds(stage.dm) == ["stream", "stop", "update", "update", "update"]
        assert stage.dm.shown() == ["I cannot say that."]

    async def test_a_last_word_that_does_not_go_on_is_written_over(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea is a poison")
            ref = await message.finish(answer("Tea is fine"))
        assert kinds(stage.dm) == ["stream", "stop", "update"]
        assert stage.dm.shown() == ["Tea is fine"] and ref.id == last(stage.dm).ts
        assert last(stage.dm).buttons == ["👍", "👎"]

    async def test_a_link_that_is_explained_far_below_is_written_over(
        self, stage: SlackStage
    ) -> None:
        text = "See [the page][1] for more.\n\nThat is all.\n\n[1]: https://tea.example/leaves\n"
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "See [the page][1] for more.\n\nThat is")
            await show(stage, message, text)
            await message.finish(answer(text))
        assert "https://tea.example/leaves" in stage.dm.shown()[0]
        assert [text.strip() for text in stage.dm.shown()] == [stage.read(text).strip()]

    async def test_what_is_left_without_an_end_is_stopped(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
        assert kinds(stage.dm) == ["stream", "stop"] and stage.dm.shown() == ["Tea"]

    async def test_what_the_bot_says_under_an_answer_is_added_as_its_own(
        self, stage: SlackStage
    ) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea <!here>")
            text = "Tea <!here>\n\n*Stopped.*"
            await message.finish(Outgoing(text=text, own=len("*Stopped.*"), buttons=THUMBS))
        assert kinds(stage.dm) == ["stream", "stop"]
        assert stage.dm.shown() == [text] and stage.slack.pings() == []


class TestWhereNothingStreams:
    async def test_a_workspace_without_streams_is_asked_once(self) -> None:
        stage = SlackStage("edits")
        for seat in (stage.dm, stage.channel):
            async with stage.surface.grow(place(seat, stage.roots[seat.channel.id])) as message:
                await show(stage, message, "Tea")
                await message.finish(answer("Tea."))
        assert kinds(stage.dm) == kinds(stage.channel) == ["post", "update"]
        assert stage.slack.counted["chat.startStream"] == 1
        assert not stage.surface.capabilities(stage.place()).appends

    async def test_what_is_posted_instead_waits_for_its_own_turn(self) -> None:
        stage = SlackStage("edits")
        await stage.surface.post(stage.place(), answer("Before"))
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            assert stage.slack.clock() == pytest.approx(1.0)  # a message a second in a chat
            await message.finish(answer("Tea."))

    async def test_a_429_for_a_stream_keeps_nobody_from_words(self, stage: SlackStage) -> None:
        until = stage.slack.clock() + 60
        stage.slack.tiers.silence(until, stage.team.id, "chat.startStream")
        for _ in range(3):
            await write(stage, "Tea is a drink made of leaves.", seconds=4)
        assert kinds(stage.dm).count("post") == 3 and stage.refusals() == 1
        assert kinds(stage.dm).count("update") >= 6  # all were seen growing
        await asyncio.sleep(75)
        await write(stage, "Tea is a drink made of leaves.", seconds=4)
        assert kinds(stage.dm).count("stream") == 1

    async def test_a_place_that_takes_no_stream_is_asked_again_in_an_hour(
        self, stage: SlackStage
    ) -> None:
        group = stage.slack.channel(stage.ada, kind="mpim").seat(stage.ada)
        where = place(group, group.say("Tea?").ts)
        for pause in (0.0, REFUSED_FOR - 60, 120.0):
            await asyncio.sleep(pause)
            async with stage.surface.grow(where) as message:
                await show(stage, message, "Tea")
                await message.finish(answer("Tea."))
        assert kinds(group) == ["post", "update"] * 3
        assert stage.slack.counted["chat.startStream"] == 2
        assert stage.surface.capabilities(stage.place()).appends

    async def test_without_the_wish_nothing_streams(self) -> None:
        stage = SlackStage("dm", streaming=False)
        await write(stage, "Tea " * 100, seconds=5)
        assert set(kinds(stage.dm)) == {"post", "update"}

    async def test_where_there_is_no_thread_words_are_posted(self, stage: SlackStage) -> None:
        async with stage.surface.grow(place(stage.dm)) as message:
            await show(stage, message, "Tea")
            await message.finish(answer("Tea."))
        assert kinds(stage.dm) == ["post", "update"] and last(stage.dm).thread == ""

    async def test_a_channel_without_the_bot_hears_so_at_once(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.nowhere()) as message:
            with pytest.raises(Forbidden):
                await message.show(growing("Tea"))


class TestSlacksOwnStop:
    async def test_what_was_written_until_then_is_added(self, stage: SlackStage) -> None:
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea is")
            await stage.stop()
            with pytest.raises(Stopped):
                await show(stage, message, "Tea is a drink")
            await stage.surface.show_status(stage.place(), "")
            await message.finish(answer("Tea is a drink of"))
        assert stage.dm.shown() == ["Tea is a drink of"]
        assert last(stage.dm).buttons == ["👍", "👎"]
        session = stage.dm.session(stage.place().chat.thread)
        assert session and session.status == "active"
        assert stage.slack.counted["chat.stopStream"] == 0

    async def test_a_stop_nobody_was_told_of_is_heard_from_the_stream(
        self, stage: SlackStage
    ) -> None:
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        async with live(stage, stage.place()) as reply:
            reply.show("Tea is")
            await asyncio.sleep(2)
            stage.dm.stop(stage.place().chat.thread)
            reply.show("Tea is a drink")
            await asyncio.wait_for(reply.stopped.wait(), 3)
            await reply.finish(answer("Tea is a drink of"))
        assert stage.dm.shown() == ["Tea is a drink of"]
        assert [refusal.method for refusal in stage.slack.refusals] == ["chat.appendStream"]

    async def test_a_stop_is_no_fault_of_an_end_that_takes_words_back(
        self, stage: SlackStage
    ) -> None:
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea is")
            stage.dm.stop(stage.place().chat.thread)
            await message.finish(answer("No tea"))
        assert stage.dm.shown() == ["No tea"] and last(stage.dm).buttons == ["👍", "👎"]

    async def test_who_had_not_begun_to_write_is_stopped_too(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            stage.slack_surface.stopped(
                stage.team.id, stage.dm.channel.id, stage.place().chat.thread, []
            )
            with pytest.raises(Stopped):
                await show(stage, message, "Tea")
            await message.finish(answer("Stopped."))
        assert kinds(stage.dm) == ["post"]

    async def test_a_stop_elsewhere_stops_nothing_here(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            thread = stage.place().chat.thread
            stage.slack_surface.stopped(stage.team.id, stage.channel.channel.id, thread, [])
            stage.slack_surface.stopped(stage.team.id, stage.dm.channel.id, thread, ["1.2"])
            await show(stage, message, "Tea is")
            await message.finish(answer("Tea is."))
        assert kinds(stage.dm) == ["stream", "append", "stop"]


class TestWhatBreaks:
    async def test_words_that_may_have_arrived_are_not_added_twice(self, stage: SlackStage) -> None:
        stage.slack.faults.add("cut after", "chat.appendStream")
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            with pytest.raises(Unreachable):
                await show(stage, message, "Tea is")
            await show(stage, message, "Tea is a")
            await message.finish(answer("Tea is a drink"))
        assert kinds(stage.dm) == ["stream", "append", "stop", "update", "update"]
        assert stage.dm.shown() == ["Tea is a drink"]

    async def test_an_end_that_follows_lost_words_is_whole(self, stage: SlackStage) -> None:
        stage.slack.faults.add("cut after", "chat.appendStream")
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            with pytest.raises(Unreachable):
                await show(stage, message, "Tea is")
            await message.finish(answer("Tea is a drink"))
        assert stage.dm.shown() == ["Tea is a drink"]

    async def test_an_end_whose_answer_is_lost_is_made_sure_of(self, stage: SlackStage) -> None:
        stage.slack.faults.add("cut after", "chat.stopStream")
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            await message.finish(answer("Tea is a drink"))
        assert stage.dm.shown() == ["Tea is a drink"]
        assert last(stage.dm).buttons == ["👍", "👎"]

    async def test_an_end_that_is_never_answered_is_tried_again_otherwise(
        self, stage: SlackStage
    ) -> None:
        stage.slack.faults.add("cut", "chat.stopStream", times=3)
        async with live(stage, stage.place()) as reply:
            reply.show("Tea")
            await asyncio.sleep(2)
            await reply.finish(answer("Tea is a drink"))
        assert stage.dm.shown() == ["Tea is a drink"]
        stream = last(stage.dm).stream
        assert stream and stream.ended == "done"

    async def test_a_stream_that_slack_has_ended_goes_on_by_edits(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            await asyncio.sleep(301)
            await show(stage, message, "Tea is")
            await message.finish(answer("Tea is a drink"))
        assert kinds(stage.dm) == ["stream", "update", "update"]
        assert stage.dm.shown() == ["Tea is a drink"] and len(stage.slack.refusals) == 1

    async def test_an_end_that_comes_too_late_is_an_edit(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            await asyncio.sleep(301)
            await message.finish(answer("Tea is a drink"))
        assert kinds(stage.dm) == ["stream", "update"]
        assert last(stage.dm).buttons == ["👍", "👎"]

    async def test_a_stream_that_takes_no_more_words_goes_on_by_edits(
        self, stage: SlackStage
    ) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            stage.team.refuses["chat.appendStream"] = "msg_too_long"
            await show(stage, message, "Tea is")
            await message.finish(answer("Tea is a drink"))
        assert kinds(stage.dm) == ["stream", "stop", "update", "update"]

    async def test_edits_instead_of_a_stream_wait_for_their_turn(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            for _ in range(12):
                await stage.pace.slot(limits.update(stage.team.id), Rank.FRAME)
            stage.team.refuses["chat.appendStream"] = "msg_too_long"
            at = stage.slack.clock()
            await show(stage, message, "Tea is")
            assert stage.slack.clock() > at + 1.5
            await message.finish(answer("Tea is."))

    async def test_buttons_that_are_unknown_cost_no_answer(self, stage: SlackStage) -> None:
        stage.team.refuses["context_actions"] = "unknown"
        for _ in range(2):
            async with stage.surface.grow(stage.place()) as message:
                await show(stage, message, "Tea")
                await message.finish(answer("Tea."))
        assert stage.dm.shown() == ["Tea.", "Tea."]
        assert [post.buttons for post in stage.dm.answers] == [["👍", "👎"]] * 2
        assert kinds(stage.dm)[-2:] == ["stream", "stop"] and len(stage.slack.refusals) == 1

    async def test_an_answer_somebody_took_away_does_not_come_back(self, stage: SlackStage) -> None:
        for text in ("Tea is", "No tea"):
            for lasts in (False, True):
                async with stage.surface.grow(stage.place()) as message:
                    await show(stage, message, "Tea")
                    stage.dm.delete(last(stage.dm))
                    with pytest.raises(Forbidden):
                        if lasts:
                            await message.finish(answer(text))
                        else:
                            await show(stage, message, text)
        assert stage.dm.shown() == []

    async def test_a_429_is_kept_and_the_last_word_still_lands(self, stage: SlackStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            stage.silence(30)
            with pytest.raises(RateLimited):
                await message.show(growing("Tea is"))
            with pytest.raises(RateLimited):
                await message.finish(answer("Tea."))
            await message.finish(answer("Tea."))
        assert stage.dm.shown() == ["Tea."] and stage.refusals() == 2

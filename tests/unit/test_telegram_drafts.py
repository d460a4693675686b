"""Answers that grow as drafts in a private chat on Telegram."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from bot.surface import Outgoing, Rank, RateLimited, Stopped, Unreachable
from tests.fakes.bot_api import Seat
from tests.fakes.telegram_answers import LIKE, drawn, growing, kinds, live, show
from tests.fakes.telegram_stage import TelegramStage, place


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


class TestDrafts:
    async def test_thinking_and_the_answer_are_one_draft_that_ends_in_a_message(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        await stage.surface.show_status(where, "Thinking…", doing="thinking")
        thinking = stage.dm.draft()
        assert thinking is not None and thinking.text == "" and thinking.can_stop
        async with stage.surface.grow(where) as message:
            await show(stage, message, "**Tea** is")
            draft = stage.dm.draft()
            assert draft is not None and draft.id == thinking.id
            assert draft.readable == "**Tea** is" and draft.can_stop
            await message.finish(Outgoing(text="**Tea** is a drink.", buttons=(LIKE,)))
        assert stage.dm.draft() is None
        assert stage.dm.shown() == ["**Tea** is a drink."]
        assert stage.telegram.refusals == []

    async def test_the_next_answer_is_another_draft(self, stage: TelegramStage) -> None:
        ids = set()
        for _ in range(2):
            async with stage.surface.grow(stage.place()) as message:
                await show(stage, message, "Tea")
                draft = stage.dm.draft()
                assert draft is not None
                ids.add(draft.id)
                await message.finish(Outgoing(text="Tea."))
        assert len(ids) == 2

    async def test_words_that_pass_are_shown_as_a_draft(self, stage: TelegramStage) -> None:
        await stage.surface.show_status(stage.place(), "12 before you", doing="waiting")
        draft = stage.dm.draft()
        assert draft is not None and draft.readable == "_12 before you_"

    async def test_a_status_is_drawn_again_before_it_fades_and_not_sooner(
        self, stage: TelegramStage
    ) -> None:
        fades = stage.surface.capabilities(stage.place()).status_fades_after
        for _ in range(12):
            await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
            assert stage.dm.draft() is not None
            await asyncio.sleep(fades)
        assert kinds(stage.dm) == ["draft"] * 3

    async def test_a_status_that_comes_late_does_not_wipe_the_first_words(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            await stage.pace.slot(message.cost(growing("Tea")), Rank.FRAME)
            stage.telegram.latency = 0.2
            async with asyncio.TaskGroup() as group:
                group.create_task(stage.surface.show_status(where, "Thinking…", doing="thinking"))
                await asyncio.sleep(0.05)
                await message.show(growing("Tea"))
                await stage.surface.show_status(where, "3 before you", doing="waiting")
        assert drawn(stage.dm) == ["Thinking…", "Tea"]

    async def test_a_status_on_its_way_never_follows_the_message(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        stage.telegram.latency = 0.3
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.surface.show_status(where, "Thinking…", doing="thinking"))
            await asyncio.sleep(0.1)
            await stage.surface.post(where, Outgoing(text="The app does not answer.", mine=True))
        assert kinds(stage.dm) == ["draft", "post"]
        assert stage.dm.draft() is None

    async def test_a_status_that_waits_for_its_turn_gives_it_up_for_the_answer(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            stage.pace.pause(message.cost(growing("Tea"))[1:], 3)
            async with asyncio.TaskGroup() as group:
                group.create_task(stage.surface.show_status(where, "Thinking…", doing="thinking"))
                group.create_task(show(stage, message, "Tea"))
        assert "Tea" in drawn(stage.dm)[-1]
        before = len(drawn(stage.dm))
        stage.pace.pause(message.cost(growing("Tea is"))[1:], 3)
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.surface.show_status(where, "3 before you"))
            await asyncio.sleep(1)
            await stage.surface.post(where, Outgoing(text="Tea"))
        assert len(drawn(stage.dm)) == before and stage.dm.draft() is None

    async def test_unchanged_words_are_drawn_again_before_they_fade(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        fades = stage.surface.capabilities(where).fades_after
        async with stage.surface.grow(where) as message:
            assert await show(stage, message, "Tea")
            assert not await show(stage, message, "Tea")
            await asyncio.sleep(fades)
            assert stage.dm.draft() is not None
            assert await show(stage, message, "Tea")
        assert fades <= 25 and len(drawn(stage.dm)) == 2

    @pytest.mark.parametrize("latency", [0.0, 0.05, 2.0])
    async def test_a_long_silence_never_empties_the_screen_however_slow_calls_are(
        self, stage: TelegramStage, latency: float
    ) -> None:
        stage.telegram.latency = latency
        async with live(stage, stage.place()) as answer:
            answer.show("Tea")
            await asyncio.sleep(5)
            for _ in range(110):
                await asyncio.sleep(1)
                assert stage.dm.draft() is not None
            await answer.finish(Outgoing(text="Tea."))
        assert len(drawn(stage.dm)) <= 7

    async def test_it_thinks_until_there_are_words_to_be_seen(self, stage: TelegramStage) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            for text in ("\u200b", "\u200b\u200b"):
                await stage.surface.show_status(where, "Thinking…", doing="thinking")
                await show(stage, message, text)
                await asyncio.sleep(25)
        assert drawn(stage.dm) == ["Thinking…"] * 2

    async def test_marks_that_show_nothing_new_are_not_drawn(self, stage: TelegramStage) -> None:
        async with stage.surface.grow(stage.place()) as message:
            for text in ("\n", "Tea", "Tea\n", "Tea\n\n"):
                await show(stage, message, text)
        assert drawn(stage.dm) == ["Tea"]

    async def test_another_message_of_the_bot_takes_the_draft_away_and_it_comes_back(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            await stage.surface.post(where, Outgoing(text="Help", mine=True))
            assert stage.dm.draft() is None
            assert await show(stage, message, "Tea")
            assert stage.dm.draft() is not None

    async def test_the_whole_answer_is_seen_while_its_message_waits_for_a_slot(
        self, stage: TelegramStage
    ) -> None:
        where, loop = stage.place(), asyncio.get_running_loop()
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            for number in range(3):
                await stage.surface.post(where, Outgoing(text=f"{number}"))
            stage.pace.pause(stage.surface.endings(where), 70)
            started = loop.time()
            async with asyncio.TaskGroup() as group:
                ending = group.create_task(message.finish(Outgoing(text="Tea is **a drink**.")))
                for _ in range(34):
                    await asyncio.sleep(2)
                    draft = stage.dm.draft()
                    assert draft is not None and draft.readable == "Tea is **a drink**."
                await ending
            assert loop.time() - started == pytest.approx(70, abs=0.1)
        assert stage.dm.shown()[-1] == "Tea is **a drink**."
        assert kinds(stage.dm)[-1] == "post" and stage.dm.draft() is None
        assert stage.telegram.refusals == []

    async def test_a_last_word_that_need_not_wait_is_not_drawn_first(
        self, stage: TelegramStage
    ) -> None:
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            await message.finish(Outgoing(text="Tea is a drink."))
        assert kinds(stage.dm) == ["draft", "post"]

    async def test_an_answer_that_nobody_saw_growing_is_not_drawn_at_its_end(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            stage.pace.pause(stage.surface.endings(where), 30)
            await message.finish(Outgoing(text="Tea"))
        assert kinds(stage.dm) == ["post"]

    async def test_a_preview_that_fails_does_not_keep_the_message_back(
        self, stage: TelegramStage
    ) -> None:
        where, loop = stage.place(), asyncio.get_running_loop()
        for fault, refusal in (("silent", ""), ("500", ""), ("", "TEXTDRAFT_PEER_INVALID")):
            async with stage.surface.grow(where) as message:
                await show(stage, message, "Tea")
                if fault:
                    stage.telegram.faults.add(fault, "sendMessageDraft", times=50)
                stage.dm.chat.refuses["sendMessageDraft"] = refusal
                stage.pace.pause(stage.surface.endings(where), 40)
                started = loop.time()
                await message.finish(Outgoing(text="Tea."))
                assert loop.time() - started < 42
            stage.telegram.faults.clear()
            del stage.dm.chat.refuses["sendMessageDraft"]
        assert stage.dm.shown() == ["Tea."] * 3

    async def test_the_platforms_stop_ends_all_drawing(self, stage: TelegramStage) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            draft = stage.dm.stop_generation()
            assert not stage.telegram_surface.drafts.stopped(where.chat.id, "7", draft.id)
            assert not stage.telegram_surface.drafts.stopped(where.chat.id, "", draft.id + 1)
            assert stage.telegram_surface.drafts.stopped(where.chat.id, "", draft.id)
            with pytest.raises(Stopped):
                await show(stage, message, "Tea is")
            await stage.surface.show_status(where, "Thinking…", doing="thinking")
            stage.pace.pause(stage.surface.endings(where), 5)
            await message.finish(Outgoing(text="Tea"))
        assert kinds(stage.dm) == ["draft", "post"]

    async def test_a_stop_pressed_while_it_thinks_reaches_the_first_words(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        await stage.surface.show_status(where, "Thinking…", doing="thinking")
        await stage.stop()
        async with stage.surface.grow(where) as message:
            with pytest.raises(Stopped):
                await show(stage, message, "Tea")

    async def test_a_429_drops_frames_and_changes_nothing_else(self, stage: TelegramStage) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            stage.silence(7)
            with pytest.raises(RateLimited) as limited:
                await show(stage, message, "Tea is")
            drafts = [budget.scope for budget in message.cost(growing("Tea is"))]
            assert limited.value.scope in drafts
            await asyncio.sleep(7)
            assert await show(stage, message, "Tea is a")
        assert drawn(stage.dm) == ["Tea", "Tea is a"]
        assert stage.surface.capabilities(where).fades_after < 30

    async def test_a_draft_that_may_have_arrived_can_be_drawn_again(
        self, stage: TelegramStage
    ) -> None:
        stage.telegram.faults.add("cut after", "sendMessageDraft", times=9)
        async with stage.surface.grow(stage.place()) as message:
            with pytest.raises(Unreachable) as unreachable:
                await show(stage, message, "Tea")
            assert not unreachable.value.sent

    async def test_the_first_words_come_at_once_and_more_of_them_soon(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        await stage.surface.show_status(where, "Thinking…", doing="thinking")
        async with live(stage, where) as reply:
            for number in range(100):
                reply.show("Tea. " * (number + 1))
                await asyncio.sleep(0.05)
            await reply.finish(Outgoing(text="Tea. " * 100))
        times = [shown.at for shown in stage.dm.chat.history][1:-1]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert times[0] == 0 and gaps[:3] == pytest.approx([0.35, 0.6, 0.9], abs=0.06)
        assert gaps[3:] == pytest.approx([1.4] * len(gaps[3:]), abs=0.06)

    async def test_a_long_answer_draws_at_most_one_call_a_second(
        self, stage: TelegramStage
    ) -> None:
        words = "Tea is a drink made of leaves, hot or cold. " * 250
        stage.telegram.latency = 0.05
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        async with live(stage, stage.place()) as reply:
            for end in range(2000):
                reply.show(words[: 5 * end])
                await asyncio.sleep(0.02)
            started = asyncio.get_running_loop().time()
            await reply.finish(Outgoing(text=words[:10_000], buttons=(LIKE,)))
            seconds = asyncio.get_running_loop().time()
        assert len(stage.telegram.calls) <= seconds
        assert seconds - started < 1.5
        assert stage.telegram.refusals == []
        times = [at for at, _, _ in stage.telegram.calls]
        assert times[0] < 0.1 and max(later - one for one, later in pairwise(times)) < 2

    @pytest.mark.unmeasured
    async def test_a_hundred_answers_that_end_at_once_are_whole_on_the_screen_at_once(
        self, stage: TelegramStage
    ) -> None:
        people = (stage.telegram.person(f"P{number}") for number in range(100))
        seats = [stage.telegram.private(person, stage.bot) for person in people]
        words, ends_at = "Tea is a drink made of leaves, hot or cold. " * 3, 3.0

        async def answer(seat: Seat) -> None:
            async with live(stage, place(seat), who=seat.person.name) as reply:
                for end in range(0, 130, 43):
                    reply.show(words[:end])
                    await asyncio.sleep(0.75)
                await asyncio.sleep(ends_at - asyncio.get_running_loop().time())
                await reply.finish(Outgoing(text=words, buttons=(LIKE,)))

        async def look() -> None:
            await asyncio.sleep(ends_at + 0.2)
            for seat in seats:
                shown = [draft.text for draft in [seat.draft()] if draft] + seat.shown()
                assert [text.strip() for text in shown] == [words.strip()]

        async with asyncio.TaskGroup() as group:
            group.create_task(look())
            for seat in seats:
                group.create_task(answer(seat))
        assert all(kinds(seat)[-1] == "post" and len(seat.answers) == 1 for seat in seats)
        assert stage.telegram.clock() < ends_at + 100 / 24 + 0.5
        assert stage.telegram.refusals == []

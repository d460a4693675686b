"""Answers that grow on Telegram: as drafts in private, by edits elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from adapters.telegram.growing import GROUP_GAPS, HOLD
from adapters.telegram.outbound import TelegramSurface
from bot.events import Place
from bot.live import LiveReply
from bot.surface import (
    Button,
    Forbidden,
    Gone,
    Growing,
    Outgoing,
    Rank,
    RateLimited,
    Stopped,
    Unreachable,
)
from tests.fakes.bot_api import Seat
from tests.fakes.stage import Forgetful
from tests.fakes.telegram_stage import TelegramStage, place

STOP = Button(label="⏹ Stop", name="stop", value="a1")
LIKE = Button(label="👍", name="like", value="a1")


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


def growing(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(STOP,))


async def show(stage: TelegramStage, message: Growing, text: str) -> bool:
    """One frame as the core shows it; False when it costs nothing."""
    cost = message.cost(growing(text))
    if cost:
        await stage.pace.slot(cost, Rank.FRAME)
        await message.show(growing(text))
    return bool(cost)


def kinds(seat: Seat) -> list[str]:
    return [shown.kind for shown in seat.chat.history]


def drawn(seat: Seat) -> list[str]:
    return [shown.text for shown in seat.chat.history if shown.kind == "draft"]


def live(stage: TelegramStage, where: Place, *, who: str = "a1") -> LiveReply:
    return LiveReply(stage.surface, where, stage.pace, Forgetful(), who=who, buttons=(STOP,))


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
        assert gaps[3:] == pytest.approx([1.25] * len(gaps[3:]), abs=0.06)

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


class TestWhereThereAreNoDrafts:
    async def test_a_chat_that_refuses_them_gets_edits_from_the_first_word_on(
        self, stage: TelegramStage
    ) -> None:
        stage.dm.chat.refuses["sendMessageDraft"] = "TEXTDRAFT_PEER_INVALID"
        async with stage.surface.grow(stage.place()) as message:
            await show(stage, message, "Tea")
            assert stage.dm.shown() == ["Tea"] and message.ref is not None
            assert stage.dm.answers[0].buttons == ["⏹ Stop"]
            await show(stage, message, "Tea is")
            await message.finish(Outgoing(text="Tea is a drink.", buttons=(LIKE,)))
        assert stage.dm.shown() == ["Tea is a drink."]
        assert stage.telegram.counted["sendMessageDraft"] == 1
        assert stage.surface.capabilities(stage.place()).fades_after == float("inf")
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        assert stage.telegram.counted["sendMessageDraft"] == 1
        assert kinds(stage.dm)[-1] == "action"

    async def test_after_an_hour_a_draft_is_tried_again(self, stage: TelegramStage) -> None:
        stage.dm.chat.refuses["sendMessageDraft"] = "TEXTDRAFT_PEER_INVALID"
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        stage.dm.chat.refuses.clear()
        await asyncio.sleep(3599)
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        await asyncio.sleep(2)
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        assert kinds(stage.dm) == ["action", "action", "draft"]

    async def test_what_one_chat_refuses_another_gets(self, stage: TelegramStage) -> None:
        other = stage.telegram.private(stage.telegram.person("Bo"), stage.bot)
        stage.dm.chat.refuses["sendMessageDraft"] = "TEXTDRAFT_PEER_INVALID"
        await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
        await stage.surface.show_status(place(other), "Thinking…", doing="thinking")
        assert (kinds(stage.dm), kinds(other)) == (["action"], ["draft"])

    async def test_a_server_without_drafts_is_asked_once(self) -> None:
        stage = TelegramStage("draft", api="9.2")
        other = stage.telegram.private(stage.telegram.person("Bo"), stage.bot)
        async with stage.account:
            await stage.account.meet()
            for where in (stage.place(), place(other)):
                await stage.surface.show_status(where, "Thinking…", doing="thinking")
                async with stage.surface.grow(where) as message:
                    await show(stage, message, "Tea")
                    await message.finish(Outgoing(text="Tea."))
        assert stage.dm.shown() == other.shown() == ["Tea."]
        assert stage.telegram.counted["sendMessageDraft"] == 1

    async def test_a_server_without_empty_drafts_shows_the_words(self) -> None:
        stage = TelegramStage("draft", api="9.5")
        async with stage.account:
            for words in ("Thinking…", "Denke nach…"):
                await stage.surface.show_status(stage.place(), words, doing="thinking")
        assert drawn(stage.dm) == ["_Thinking…_", "_Denke nach…_"]
        assert len(stage.telegram.refusals) == 1

    async def test_words_that_cannot_be_drawn_are_still_said_in_the_end(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        async with stage.surface.grow(where) as message:
            await show(stage, message, "Tea")
            stage.dm.chat.refuses["sendMessageDraft"] = "ENTITY_BOUNDS_INVALID"
            await show(stage, message, "Tea is")
            assert not await show(stage, message, "Tea is a")
            await message.finish(Outgoing(text="Tea is a drink."))
        assert stage.dm.shown() == ["Tea is a drink."]
        assert not stage.telegram_surface.drafts.refuses(where.chat)

    async def test_a_topic_of_a_private_chat_has_its_own_draft(self, stage: TelegramStage) -> None:
        stage.bot.topics_in_private = True
        stage.dm.chat.topics |= {5, 6}
        for thread in (5, 6):
            where = place(stage.dm, thread=thread)
            async with stage.surface.grow(where) as message:
                await show(stage, message, "Tea")
                assert stage.dm.draft(thread) is not None
                await message.finish(Outgoing(text="Tea."))
        assert [post.thread for post in stage.dm.answers] == [5, 6]

    async def test_with_the_setting_edit_nothing_is_ever_drawn(self) -> None:
        stage = TelegramStage("edit")
        async with stage.account:
            await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
            async with stage.surface.grow(stage.place()) as message:
                await show(stage, message, "Tea")
                await message.finish(Outgoing(text="Tea."))
        assert kinds(stage.dm) == ["action", "post", "edit"]

    async def test_with_the_setting_draft_groups_get_the_answer_whole(
        self, stage: TelegramStage
    ) -> None:
        stage.surface = TelegramSurface(
            {stage.account.id: stage.account}, stage.pace, streaming="draft"
        )
        async with live(stage, place(stage.group)) as reply:
            reply.show("Tea")
            await asyncio.sleep(5)
            await reply.finish(Outgoing(text="Tea.", buttons=(LIKE,)))
        assert kinds(stage.group) == ["post"] and stage.group.shown() == ["Tea."]


class TestEdits:
    async def test_the_first_words_in_a_group_are_more_than_one(self, stage: TelegramStage) -> None:
        async with live(stage, place(stage.group)) as reply:
            for number in range(100):
                reply.show("Tea. " * (number + 1))
                await asyncio.sleep(0.05)
            await reply.finish(Outgoing(text="Tea. " * 100))
        first = stage.group.chat.history[0]
        assert first.at == pytest.approx(HOLD, abs=0.06) and first.text.count("Tea") >= 10

    async def test_a_short_answer_in_a_group_is_posted_once(self, stage: TelegramStage) -> None:
        async with live(stage, place(stage.group)) as reply:
            reply.show("Tea")
            await asyncio.sleep(0.3)
            await reply.finish(Outgoing(text="Tea.", buttons=(LIKE,)))
        assert kinds(stage.group) == ["post"] and stage.telegram.clock() < HOLD

    async def test_an_answer_in_a_group_has_a_stop_until_it_ends(
        self, stage: TelegramStage
    ) -> None:
        async with live(stage, place(stage.group)) as reply:
            reply.show("Tea")
            await asyncio.sleep(1)
            [post] = stage.group.answers
            assert post.buttons == ["⏹ Stop"]
            await reply.finish(Outgoing(text="Tea.", buttons=(LIKE,)))
        assert post.buttons == ["👍"]

    async def test_an_answer_that_is_deleted_while_it_grows_does_not_come_back(
        self, stage: TelegramStage
    ) -> None:
        async with live(stage, place(stage.group)) as reply:
            for number in range(100):
                reply.show("Tea. " * (number + 1))
                await asyncio.sleep(0.1)
                if number == 20:
                    stage.group.delete(stage.group.answers[0])
            assert isinstance(reply.lost, Forbidden)
            await reply.finish(Outgoing(text="Tea. " * 100))
        assert stage.group.shown() == []

    async def test_an_old_answer_that_was_deleted_before_is_gone(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        old = await stage.surface.post(where, Outgoing(text="Before"))
        stage.dm.delete(stage.dm.answers[0])
        async with stage.surface.grow(where, old) as message:
            with pytest.raises(Gone):
                await show(stage, message, "After")

    async def test_a_long_answer_in_a_group_is_shown_ever_more_rarely(
        self, stage: TelegramStage
    ) -> None:
        async with live(stage, place(stage.group)) as reply:
            for number in range(600):
                reply.show("Tea. " * (number + 1))
                await asyncio.sleep(0.1)
            await reply.finish(Outgoing(text="Tea. " * 600))
        times = [shown.at for shown in stage.group.chat.history]
        gaps = [later - earlier for earlier, later in pairwise(times)][:-1]
        assert gaps == pytest.approx([*GROUP_GAPS, 10, 10][: len(gaps)], abs=0.1)
        assert len(times) <= 12
        assert times[-1] == pytest.approx(60, abs=0.5)

    async def test_many_answers_at_once_in_one_group_all_end_without_a_429(
        self, stage: TelegramStage
    ) -> None:
        async def answer(number: int) -> None:
            async with live(stage, place(stage.group), who=f"a{number}") as reply:
                for count in range(100):
                    reply.show(f"{number}: " + "word " * count)
                    await asyncio.sleep(0.1)
                await reply.finish(Outgoing(text=f"{number}.", buttons=(LIKE,)))

        await asyncio.gather(*(answer(number) for number in range(12)))
        shown = sorted(post.text for post in stage.group.answers)
        assert shown == sorted(f"{number}." for number in range(12))
        assert stage.telegram.refusals == []

    async def test_typing_is_shown_once_for_everybody_who_waits(self, stage: TelegramStage) -> None:
        for _ in range(3):
            for seat in (stage.group, stage.other_group):
                for _ in range(5):
                    await stage.surface.show_status(place(seat), "Thinking…", doing="thinking")
            await asyncio.sleep(4.5)
        assert kinds(stage.group) == kinds(stage.other_group) == ["action"] * 3

    @pytest.mark.parametrize(
        ("doing", "action"), [("rewriting", "typing"), ("speaking", "record_voice")]
    )
    async def test_what_no_draft_can_show_is_a_chat_action(
        self, stage: TelegramStage, doing: str, action: str
    ) -> None:
        if doing == "rewriting":
            await stage.surface.show_status(stage.place(), "Thinking…", doing="rewriting")
        else:
            await stage.surface.show_status(stage.place(), "Preparing…", doing="speaking")
        assert [(shown.kind, shown.text) for shown in stage.dm.chat.history] == [("action", action)]

    async def test_an_answer_in_place_of_another_has_a_stop_and_no_draft(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        old = await stage.surface.post(where, Outgoing(text="Before", buttons=(LIKE,)))
        async with stage.surface.grow(where, old) as message:
            await show(stage, message, "After")
            assert stage.dm.answers[0].buttons == ["⏹ Stop"]
            assert await message.finish(Outgoing(text="After all", buttons=(LIKE,))) == old
        assert kinds(stage.dm) == ["post", "edit", "edit"]

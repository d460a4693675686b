"""What is said on Telegram besides growing answers, where, and how it is taken away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.telegram.markup import Entity, Rendered
from adapters.telegram.remembered import Remembered
from adapters.telegram.spot import Spot
from adapters.telegram.writing import Writing
from bot.surface import (
    Expired,
    Forbidden,
    Form,
    Gone,
    Outgoing,
    Rank,
    RateLimited,
    SurfaceError,
    Unreachable,
)
from tests.fakes.telegram_stage import TelegramStage, place


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


class TestWords:
    async def test_a_models_words_do_nothing_and_ones_own_do(self, stage: TelegramStage) -> None:
        words = "See /help and @someone"
        await stage.surface.post(stage.place(), Outgoing(text=words))
        await stage.surface.post(stage.place(), Outgoing(text=words, mine=True))
        models, own = stage.dm.answers
        assert "/help" not in models.text and "/help" in own.text

    async def test_no_link_is_looked_up_for_a_preview(self, stage: TelegramStage) -> None:
        where = stage.place()
        posted = await stage.surface.post(where, Outgoing(text="https://a.example"))
        await stage.surface.edit(where, posted, Outgoing(text="https://b.example"))
        assert not stage.dm.answers[0].previewed

    async def test_words_that_show_nothing_are_still_a_message(self, stage: TelegramStage) -> None:
        for text in ("\u200b", " ", "[](https://a.example)"):
            await stage.surface.post(stage.place(), Outgoing(text=text))
        assert len(stage.dm.answers) == 3

    async def test_formatting_that_is_found_fault_with_is_left_out(
        self, stage: TelegramStage
    ) -> None:
        spot = Spot(stage.account, stage.pace, stage.place(), stage.telegram_surface.quoting)
        writing = Writing(stage.telegram_surface.drafts, streaming="auto", rich="auto")
        wrong = Rendered("Tea", (Entity("bold", 0, 99),))
        message = Outgoing(text="Tea")
        await writing.send(spot.turn(Rank.FINAL), spot, message, "text", wrong)
        [post] = stage.dm.answers
        assert (post.text, post.entities) == ("Tea", [])

    async def test_an_edit_that_does_not_fit_is_refused(self, stage: TelegramStage) -> None:
        posted = await stage.surface.post(stage.place(), Outgoing(text="Tea"))
        with pytest.raises(SurfaceError):
            await stage.surface.edit(stage.place(), posted, Outgoing(text="a" * 5000))
        assert stage.dm.shown() == ["Tea"]

    async def test_a_429_in_a_group_that_has_moved_is_waited_for_too(
        self, stage: TelegramStage
    ) -> None:
        old = stage.telegram.group(stage.bot, kind="group")
        seat = old.seat(stage.dm.person)
        new = old.migrate()
        stage.telegram.flood.silence(20, stage.bot.id, new.chat.id)
        await stage.surface.post(place(seat), Outgoing(text="Tea"))
        assert [post.text for post in new.chat.posts.values()][-1] == "Tea"
        assert stage.refusals() == 1

    async def test_messages_that_a_group_left_behind_are_gone(self, stage: TelegramStage) -> None:
        old = stage.telegram.group(stage.bot, kind="group")
        where = place(old.seat(stage.dm.person))
        posted = await stage.surface.post(where, Outgoing(text="Tea"))
        new = old.migrate()
        ours = [stage.telegram.post(new.chat, stage.bot.id, text=f"{at}") for at in range(5)]
        stage.account.move(str(old.chat.id), str(new.chat.id))
        with pytest.raises(Gone):
            await stage.surface.edit(where, posted, Outgoing(text="Coffee"))
        await stage.surface.delete(where, posted)
        async with stage.surface.grow(where, posted) as growing:
            with pytest.raises(Gone):
                await growing.finish(Outgoing(text="Coffee"))
        assert [post.text for post in ours] == ["0", "1", "2", "3", "4"]
        assert set(new.chat.posts) >= {post.id for post in ours}

    async def test_a_429_is_waited_for_once(self, stage: TelegramStage) -> None:
        stage.silence(20)
        await stage.surface.post(stage.place(), Outgoing(text="Tea"))
        assert stage.telegram.clock() == pytest.approx(20, abs=1)
        assert stage.dm.shown() == ["Tea"] and stage.refusals() == 1

    async def test_a_second_429_is_told(self, stage: TelegramStage) -> None:
        stage.silence(20)

        async def be_silent_again() -> None:
            await asyncio.sleep(19)
            stage.silence(20)

        async with asyncio.TaskGroup() as group:
            group.create_task(be_silent_again())
            with pytest.raises(RateLimited) as limited:
                await stage.surface.post(stage.place(), Outgoing(text="Tea"))
        assert limited.value.retry_after == pytest.approx(19, abs=1)

    async def test_what_may_be_there_is_not_posted_twice(self, stage: TelegramStage) -> None:
        stage.telegram.faults.add("cut after", "sendMessage", times=1)
        with pytest.raises(Unreachable) as unreachable:
            await stage.surface.post(stage.place(), Outgoing(text="Tea"))
        assert unreachable.value.sent and stage.dm.shown() == ["Tea"]


class TestTakingAway:
    async def test_what_is_too_old_can_only_be_written_over(self, stage: TelegramStage) -> None:
        where = stage.place()
        posted = await stage.surface.post(where, Outgoing(text="Tea"))
        stage.dm.answers[0].date -= 49 * 3600
        with pytest.raises(Forbidden):
            await stage.surface.delete(where, posted)
        await stage.surface.edit(where, posted, Outgoing(text="…"))
        assert stage.dm.shown() == ["…"]

    async def test_what_is_not_there_need_not_be_taken_away(self, stage: TelegramStage) -> None:
        where = stage.place()
        posted = await stage.surface.post(where, Outgoing(text="Tea"))
        stage.dm.delete(stage.dm.answers[0])
        await stage.surface.delete(where, posted)


class TestPlaces:
    async def test_a_topic_of_a_forum_is_answered_there_and_general_without_naming_it(
        self, stage: TelegramStage
    ) -> None:
        forum = stage.telegram.group(stage.bot, forum=True)
        seat, topic = forum.seat(stage.dm.person), forum.topic()
        for thread in (topic, 1):
            await stage.surface.show_status(place(seat, thread=thread), "…", doing="thinking")
            await stage.surface.post(place(seat, thread=thread), Outgoing(text="Tea"))
        assert [post.thread for post in seat.answers] == [topic, 0]
        assert stage.telegram.refusals == []

    async def test_reactions_count_in_groups_where_the_bot_is_administrator(
        self, stage: TelegramStage
    ) -> None:
        where = place(stage.group)
        assert stage.surface.capabilities(stage.place()).reactions
        assert not stage.surface.capabilities(where).reactions
        stage.account.set_administers(where.chat.id, True)
        assert stage.surface.capabilities(where).reactions

    async def test_a_bot_that_is_no_longer_run_says_nothing(self, stage: TelegramStage) -> None:
        where = stage.place()
        gone = replace(where, chat=replace(where.chat, workspace="7"))
        assert stage.surface.capabilities(gone).documents
        for call in (
            stage.surface.post(gone, Outgoing(text="Tea")),
            stage.surface.show_status(gone, "Thinking…"),
        ):
            with pytest.raises(Forbidden):
                await call
        assert stage.telegram.calls == []

    async def test_forms_are_none_of_telegrams(self, stage: TelegramStage) -> None:
        form = Form(id="f", title="F", fields=(), submit="Go", check=lambda values: {})
        assert not stage.surface.capabilities(stage.place()).forms
        with pytest.raises(Expired):
            await stage.surface.open_form(stage.place(), form)

    async def test_a_blocked_bot_hears_so(self, stage: TelegramStage) -> None:
        where = stage.place()
        posted = await stage.surface.post(where, Outgoing(text="Tea"))
        stage.dm.block()
        with pytest.raises(Forbidden):
            await stage.surface.edit(where, posted, Outgoing(text="Tea."))
        with pytest.raises(SurfaceError):
            await stage.surface.delete(where, posted)


def test_what_is_remembered_is_bounded_and_the_longest_unused_goes_first() -> None:
    remembered: Remembered[str, int] = Remembered(2)
    remembered.put("a", 1)
    remembered.put("b", 2)
    assert remembered.get("a") == 1
    remembered.put("c", 3)
    assert [remembered.get(key) for key in "abc"] == [1, None, 3]
    remembered.forget("a")
    remembered.forget("x")
    assert len(remembered) == 1

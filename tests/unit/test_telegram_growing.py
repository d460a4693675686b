"""Answers that grow on Telegram where there are no drafts: by edits, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from adapters.telegram.growing import GROUP_GAPS, HOLD
from adapters.telegram.outbound import TelegramSurface
from bot.surface import Forbidden, Gone, Outgoing
from tests.fakes.telegram_answers import LIKE, asked, drawn, kinds, live, show
from tests.fakes.telegram_stage import TelegramStage, place


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


class TestWhereThereAreNoDrafts:
    @pytest.mark.parametrize(
        "refusal", ["TEXTDRAFT_PEER_INVALID", "PEER_ID_INVALID", "CHAT_SEND_DRAFTS_FORBIDDEN"]
    )
    async def test_a_chat_that_refuses_them_gets_edits_from_the_first_word_on(
        self, stage: TelegramStage, refusal: str
    ) -> None:
        stage.dm.chat.refuses["sendMessageDraft"] = refusal
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

    async def test_what_a_status_was_refused_meanwhile_is_not_tried_for_the_words(
        self, stage: TelegramStage
    ) -> None:
        stage.dm.chat.refuses["sendMessageDraft"] = "TEXTDRAFT_PEER_INVALID"
        async with stage.surface.grow(stage.place()) as message:
            message.cost(Outgoing(text="Tea"))
            await stage.surface.show_status(stage.place(), "Thinking…", doing="thinking")
            await show(stage, message, "Tea")
            assert stage.dm.shown() == ["Tea"]
            await message.finish(Outgoing(text="Tea."))
        assert stage.dm.shown() == ["Tea."]
        assert stage.telegram.counted["sendMessageDraft"] == 1

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


async def test_an_answer_goes_on_where_its_group_has_moved_to(stage: TelegramStage) -> None:
    old = stage.telegram.group(stage.bot, kind="group")
    seat = old.seat(stage.dm.person)
    where = asked(seat)
    async with stage.surface.grow(where) as message:
        await show(stage, message, "Tea")
        new = old.migrate()
        await show(stage, message, "Tea is")
        ref = await message.finish(Outgoing(text="Tea is a drink.", buttons=(LIKE,)))
    [post] = new.seat(stage.dm.person).answers
    assert (post.text, post.buttons, post.reply_to) == ("Tea is a drink.", ["👍"], 0)
    assert (ref.chat, ref.id) == (str(new.chat.id), str(post.id))

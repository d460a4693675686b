"""Tables and other rich messages on Telegram: what becomes one, and how it is edited."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.surface import Outgoing, Rank
from tests.fakes.telegram_answers import LIKE, STOP, grown, with_rich
from tests.fakes.telegram_stage import TelegramStage, place

TABLE = "Tea:\n\n| Kind | Minutes |\n|---|---|\n| Green | 2 |\n| Black | 4 |"


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


class TestRichMessages:
    async def test_a_table_becomes_one_when_its_answer_ends(self, stage: TelegramStage) -> None:
        where = stage.place()
        answer = await grown(stage, where, TABLE)
        [post] = stage.dm.answers
        assert "<table" in post.html and post.buttons == ["👍"]
        chosen = Outgoing(text=TABLE, buttons=(replace(LIKE, chosen=True),))
        await stage.surface.edit(where, answer, chosen)
        assert "<table" in post.html and post.buttons == ["✓ 👍"]
        assert stage.telegram.refusals == []

    async def test_after_a_restart_it_is_still_edited_as_what_it_is(
        self, stage: TelegramStage
    ) -> None:
        where = stage.place()
        answers = [await grown(stage, where, text) for text in (TABLE, "Plain **tea**")]
        stage.surface = with_rich(stage, "auto")
        for answer, text in zip(answers, (TABLE, "Plain **tea**"), strict=True):
            await stage.surface.edit(where, answer, Outgoing(text=text))
        table, plain = stage.dm.answers
        assert "<table" in table.html and not plain.html
        assert stage.telegram.refusals == []

    @pytest.mark.parametrize("rich", ["auto", "always"])
    async def test_what_is_not_as_the_rule_says_is_edited_the_other_way(
        self, stage: TelegramStage, rich: str
    ) -> None:
        where = stage.place()
        answer = await grown(stage, where, TABLE)
        stage.surface = with_rich(stage, rich)
        await stage.surface.edit(where, answer, Outgoing(text="No table any more"))
        [post] = stage.dm.answers
        assert "No table any more" in post.html
        await stage.surface.edit(where, answer, Outgoing(text="And still none"))
        assert len(stage.telegram.refusals) == (1 if rich == "auto" else 0)

    async def test_plain_words_and_ones_own_are_none(self, stage: TelegramStage) -> None:
        where = stage.place()
        await grown(stage, where, "Just **tea**")
        await stage.surface.post(where, Outgoing(text=TABLE, mine=True))
        assert [post.html for post in stage.dm.answers] == ["", ""]

    async def test_in_a_group_an_answer_stays_what_it_grew_as(self, stage: TelegramStage) -> None:
        where = place(stage.group)
        answer = await grown(stage, where, TABLE)
        await stage.surface.edit(where, answer, Outgoing(text=TABLE))
        assert not stage.group.answers[0].html

    async def test_always_means_from_the_first_frame(self, stage: TelegramStage) -> None:
        stage.surface = with_rich(stage, "always")
        await grown(stage, place(stage.group), "Just **tea** and more")
        assert "<b>tea</b>" in stage.group.answers[0].html
        assert stage.telegram.refusals == []

    async def test_never_means_never(self, stage: TelegramStage) -> None:
        stage.surface = with_rich(stage, "never")
        await grown(stage, stage.place(), TABLE)
        [post] = stage.dm.answers
        assert not post.html and "Green" in post.text

    async def test_a_server_that_refuses_one_gets_plain_text_at_once(
        self, stage: TelegramStage
    ) -> None:
        stage.dm.chat.refuses["sendRichMessage"] = "RICH_MESSAGE_INVALID"
        await grown(stage, stage.place(), TABLE)
        assert "Green" in stage.dm.answers[0].text
        await grown(stage, stage.place(), TABLE)
        assert stage.telegram.counted["sendRichMessage"] == 2

    async def test_a_server_that_knows_none_is_asked_once(self) -> None:
        stage = TelegramStage("draft", api="10.0")
        async with stage.account:
            for _ in range(2):
                await grown(stage, stage.place(), TABLE)
        assert [bool(post.html) for post in stage.dm.answers] == [False, False]
        assert stage.telegram.counted["sendRichMessage"] == 1

    async def test_an_old_one_is_written_over_frame_by_frame(self, stage: TelegramStage) -> None:
        where = stage.place()
        old = await grown(stage, where, TABLE)
        async with stage.surface.grow(where, old) as message:
            frame = Outgoing(text="Another", buttons=(STOP,))
            await stage.pace.slot(message.cost(frame), Rank.FRAME)
            await message.show(frame)
            assert "Another" in stage.dm.answers[0].html
            await message.finish(Outgoing(text="Another answer"))
        assert stage.telegram.refusals == []

"""What replies to what on Telegram: questions to a person, and answers to theirs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.events import Event, Message, User
from bot.surface import Gone, Outgoing
from tests.fakes.telegram_answers import LIKE, asked, grown, ref, with_rich
from tests.fakes.telegram_stage import TelegramStage, place

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


class TestQuestionsToThePerson:
    ASKS = Outgoing(text="What was wrong?", asks="In your words", mine=True)

    async def test_in_private_the_reply_is_opened(self, stage: TelegramStage) -> None:
        await stage.surface.post(stage.place(), self.ASKS)
        [post] = stage.dm.answers
        assert post.asks and post.markup["input_field_placeholder"] == "In your words"
        assert post.text == "What was wrong?"

    async def test_beside_buttons_it_is_opened_too(self, stage: TelegramStage) -> None:
        await stage.surface.post(stage.place(), replace(self.ASKS, buttons=(LIKE,)))
        [post] = stage.dm.answers
        assert post.asks and post.buttons == ["👍"]

    async def test_in_a_group_only_the_one_who_is_asked_gets_it(self, stage: TelegramStage) -> None:
        where = asked(stage.group)
        await stage.surface.post(where, self.ASKS)
        await stage.surface.post(replace(where, reply_to=None), self.ASKS)
        replying, naming = stage.group.answers
        assert replying.reply_to and replying.markup["selective"] and naming.markup["selective"]
        assert naming.text == "Ada\nWhat was wrong?"
        [mention] = naming.entities
        assert (mention["type"], mention["length"]) == ("text_mention", 3)

    async def test_a_name_moves_the_formatting_behind_it(self, stage: TelegramStage) -> None:
        where = replace(place(stage.group), user=User(id="1001", name="Ada 😀"))
        await stage.surface.post(where, replace(self.ASKS, text="What was **wrong**?"))
        mention, bold = stage.group.answers[0].entities
        assert mention["length"] == 6 and bold["offset"] == 6 + 1 + 9

    async def test_somebody_nameless_is_only_asked(self, stage: TelegramStage) -> None:
        for user in (User(id="chat:-100", name="Team"), User(id="1001")):
            await stage.surface.post(replace(place(stage.group), user=user), self.ASKS)
        assert [post.markup for post in stage.group.answers] == [{}, {}]

    async def test_what_opened_a_reply_cannot_be_edited(self, stage: TelegramStage) -> None:
        posted = await stage.surface.post(stage.place(), self.ASKS)
        with pytest.raises(Gone):
            await stage.surface.edit(stage.place(), posted, Outgoing(text="Noted", mine=True))
        assert stage.telegram.refusals == []
        stage.surface = with_rich(stage, "auto")  # as after a restart
        with pytest.raises(Gone):
            await stage.surface.edit(stage.place(), posted, Outgoing(text="Noted", mine=True))

    async def test_an_edit_opens_nothing(self, stage: TelegramStage) -> None:
        where = stage.place()
        posted = await stage.surface.post(where, Outgoing(text="Tea", mine=True))
        await stage.surface.edit(where, posted, replace(self.ASKS, buttons=(LIKE,)))
        [post] = stage.dm.answers
        assert not post.asks and post.buttons == ["👍"]


class TestQuotes:
    async def test_in_a_group_the_answer_replies_and_in_private_it_follows(
        self, stage: TelegramStage
    ) -> None:
        for seat in (stage.group, stage.dm):
            await grown(stage, asked(seat), "A drink of leaves.")
        assert stage.group.answers[0].reply_to == stage.group.posts[0].id
        assert stage.dm.answers[0].reply_to == 0

    async def test_in_private_it_replies_once_more_has_been_said(
        self, stage: TelegramStage
    ) -> None:
        heard: list[str] = []

        async def accept(event: Event) -> bool:
            heard.append(event.id)
            return True

        noted = stage.telegram_surface.quoting.noting(accept)
        first, second = asked(stage.dm), asked(stage.dm)
        for where in (first, second):
            assert where.reply_to is not None
            event = Message(id=where.reply_to.id, place=where, at=AT, ref=where.reply_to)
            assert await noted(event)
        for where in (first, second):
            await grown(stage, where, "A drink of leaves.")
        one, other = stage.dm.answers
        assert one.reply_to == stage.dm.posts[0].id and other.reply_to == 0
        assert len(heard) == 2

    async def test_the_other_parts_of_an_album_are_no_news(self, stage: TelegramStage) -> None:
        async def accept(event: Event) -> bool:
            return True

        noted = stage.telegram_surface.quoting.noting(accept)
        where = place(stage.dm)
        parts = [ref(where, post) for post in stage.dm.album([b"1", b"2", b"3"], "Which tea?")]
        for part in parts:
            await noted(Message(id=part.id, place=where, at=AT, ref=part, album="9"))
        await grown(stage, replace(where, reply_to=parts[0]), "A drink of leaves.")
        assert stage.dm.answers[0].reply_to == 0

    async def test_a_question_in_another_chat_is_not_quoted(self, stage: TelegramStage) -> None:
        elsewhere = asked(stage.other_group)
        here = replace(place(stage.group), reply_to=elsewhere.reply_to)
        await stage.surface.post(here, Outgoing(text="Tea"))
        assert stage.group.answers[0].reply_to == 0

    async def test_a_question_that_was_deleted_is_answered_all_the_same(
        self, stage: TelegramStage
    ) -> None:
        where = asked(stage.group)
        stage.group.delete(stage.group.posts[0])
        await stage.surface.post(where, Outgoing(text="Tea"))
        assert stage.group.shown() == ["Tea"]

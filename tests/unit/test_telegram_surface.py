"""What is said on Telegram besides growing answers: how it looks, and what happens to it later."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.telegram.markup import Entity, Rendered
from adapters.telegram.outbound import UPLOAD_LIMIT, TelegramSurface
from adapters.telegram.remembered import Remembered
from adapters.telegram.spot import Spot
from adapters.telegram.writing import Writing
from bot.events import Event, File, Message, MessageRef, Place, User
from bot.surface import (
    Button,
    Document,
    Expired,
    Forbidden,
    Form,
    Gone,
    Outgoing,
    Rank,
    RateLimited,
    Speech,
    SurfaceError,
    TooLarge,
    Unreachable,
)
from tests.fakes.bot_api import Post, Seat
from tests.fakes.telegram_stage import TOKEN, TelegramStage, place

STOP = Button(label="⏹ Stop", name="stop", value="a1")
LIKE = Button(label="👍", name="like", value="a1")
TABLE = "Tea:\n\n| Kind | Minutes |\n|---|---|\n| Green | 2 |\n| Black | 4 |"
OPUS = b"OggS" + bytes(24) + b"OpusHead" + bytes(100)
AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


def asked(seat: Seat, text: str = "Tea?") -> Place:
    """The place of a question that has just been asked."""
    where, post = place(seat), seat.say(text)
    return replace(where, reply_to=ref(where, post))


def ref(where: Place, post: Post) -> MessageRef:
    chat = where.chat
    return MessageRef(platform="telegram", workspace=chat.workspace, chat=chat.id, id=str(post.id))


async def grown(stage: TelegramStage, where: Place, text: str) -> MessageRef:
    """An answer that was seen growing."""
    async with stage.surface.grow(where) as message:
        frame = Outgoing(text=text[:10], buttons=(STOP,))
        await stage.pace.slot(message.cost(frame), Rank.FRAME)
        await message.show(frame)
        return await message.finish(Outgoing(text=text, buttons=(LIKE,)))


def with_rich(stage: TelegramStage, rich: str) -> TelegramSurface:
    assert rich in ("auto", "always", "never")
    accounts = {stage.account.id: stage.account}
    if rich == "always":
        return TelegramSurface(accounts, stage.pace, rich="always")
    return TelegramSurface(accounts, stage.pace, rich="auto" if rich == "auto" else "never")


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


class TestVoice:
    SPEECH = Speech(data=OPUS, media_type="audio/ogg", seconds=4.4)

    async def test_opus_is_a_voice_message_with_its_length(self, stage: TelegramStage) -> None:
        posted = await stage.surface.post_voice(stage.place(), self.SPEECH)
        [post] = stage.dm.answers
        assert post.medium is not None and posted == ref(stage.place(), post)
        assert (post.medium.kind, post.medium.seconds, post.medium.has_wave) == ("voice", 4, True)

    async def test_mp3_is_played_as_music(self, stage: TelegramStage) -> None:
        await stage.surface.post_voice(
            stage.place(), Speech(data=b"ID3", media_type="audio/mpeg", seconds=2)
        )
        [post] = stage.dm.answers
        assert post.medium is not None
        assert (post.medium.kind, post.medium.name) == ("audio", "answer.mp3")

    async def test_who_takes_no_voice_messages_gets_music(self, stage: TelegramStage) -> None:
        stage.dm.person.blocks_voice = True
        await stage.surface.post_voice(stage.place(), self.SPEECH)
        [post] = stage.dm.answers
        assert post.medium is not None and post.medium.kind == "audio"

    async def test_a_group_that_takes_neither_gets_a_file(self, stage: TelegramStage) -> None:
        chat = stage.group.chat
        chat.refuses["sendVoice"] = "not enough rights to send voice notes to the chat"
        chat.refuses["sendAudio"] = "not enough rights to send music to the chat"
        await stage.surface.post_voice(asked(stage.group), self.SPEECH)
        [post] = stage.group.answers
        assert post.medium is not None and post.medium.kind == "document" and post.reply_to

    async def test_where_nothing_is_taken_the_core_hears_so(self, stage: TelegramStage) -> None:
        for method in ("sendVoice", "sendAudio", "sendDocument"):
            stage.dm.chat.refuses[method] = "not enough rights"
        with pytest.raises(Forbidden):
            await stage.surface.post_voice(stage.place(), self.SPEECH)

    async def test_what_may_have_arrived_is_not_sent_again(self, stage: TelegramStage) -> None:
        stage.telegram.faults.add("cut after", "sendVoice", times=1)
        with pytest.raises(Unreachable):
            await stage.surface.post_voice(stage.place(), self.SPEECH)
        assert len(stage.dm.answers) == 1


class TestFiles:
    async def test_a_document_has_its_name_its_words_and_its_buttons(
        self, stage: TelegramStage
    ) -> None:
        document = Document(name="answer.md", data="# Tea 茶".encode())
        caption = Outgoing(text="The **rest**", buttons=(LIKE,), mine=True)
        posted = await stage.surface.post_document(asked(stage.group), document, caption)
        [post] = stage.group.answers
        assert post.medium is not None and posted.id == str(post.id)
        assert (post.medium.name, post.medium.data) == ("answer.md", document.data)
        assert (post.readable, post.buttons) == ("The **rest**", ["👍"])
        assert post.reply_to == stage.group.posts[0].id

    async def test_words_beyond_what_a_caption_holds_are_cut(self, stage: TelegramStage) -> None:
        for text in ("😀" * 600, "a" * 1024, "**b** " * 600):
            await stage.surface.post_document(
                stage.place(), Document(name="a.md", data=b"#"), Outgoing(text=text)
            )
        emoji, letters, _ = stage.dm.answers
        assert emoji.text == "😀" * 511 + "…" and letters.text == "a" * 1024

    async def test_what_is_too_large_is_not_sent(self, stage: TelegramStage) -> None:
        data = bytes(UPLOAD_LIMIT + 1)
        with pytest.raises(TooLarge):
            await stage.surface.post_document(
                stage.place(), Document(name="a.md", data=data), Outgoing(text="")
            )
        with pytest.raises(TooLarge):
            await stage.surface.post_voice(
                stage.place(), Speech(data=data, media_type="audio/ogg", seconds=1)
            )
        assert stage.telegram.calls == []

    async def test_a_file_is_read_by_the_bot_it_was_sent_to(self, stage: TelegramStage) -> None:
        stage.dm.photo("", b"\xff\xd8\xff" + bytes(100))
        handle = [*stage.telegram.files][-1]
        bot = TOKEN.partition(":")[0]
        file = File(handle=f"{bot}:{handle}", media_type="image/jpeg")
        assert len(await stage.surface.read_file(file, limit=1000)) == 103
        with pytest.raises(TooLarge):
            await stage.surface.read_file(file, limit=102)
        for strange in ("", "7:file-1", handle, f"{bot}:"):
            with pytest.raises(Gone):
                await stage.surface.read_file(
                    File(handle=strange, media_type="image/jpeg"), limit=9
                )

    async def test_what_telegram_hands_out_to_nobody_is_too_large(
        self, stage: TelegramStage
    ) -> None:
        stage.dm.send("document", bytes((20 << 20) + 1), media_type="image/png")
        handle = [*stage.telegram.files][-1]
        file = File(handle=f"{stage.account.id}:{handle}", media_type="image/png")
        with pytest.raises(TooLarge):
            await stage.surface.read_file(file, limit=1 << 30)


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

"""Voice messages, documents and files on Telegram."""

from collections.abc import AsyncIterator

import pytest

from adapters.telegram.outbound import UPLOAD_LIMIT
from bot.events import File
from bot.surface import Document, Forbidden, Gone, Outgoing, Speech, TooLarge, Unreachable
from tests.fakes.telegram_answers import LIKE, asked, ref
from tests.fakes.telegram_stage import TOKEN, TelegramStage

OPUS = b"OggS" + bytes(24) + b"OpusHead" + bytes(100)


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    made = TelegramStage("draft")
    async with made.account:
        yield made


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

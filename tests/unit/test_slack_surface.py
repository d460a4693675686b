"""What the bot says and does on Slack, one call at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack import handles
from adapters.slack.errors import TooLong
from adapters.slack.handles import Source
from bot.events import File
from bot.surface import (
    Document,
    Expired,
    Forbidden,
    Form,
    Gone,
    Outgoing,
    Rank,
    Speech,
    TooLarge,
)
from tests.fakes.slack_answers import AGAIN, LIKE, THUMBS, answer, commanded, last
from tests.fakes.slack_stage import SlackStage, place

MP3 = Speech(data=b"ID3 sound", media_type="audio/mpeg", seconds=61.6)
FORM = Form(id="inputs", title="Inputs", fields=(), submit="Go", check=lambda _: {})


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    yield SlackStage("dm")


class TestPosts:
    async def test_a_message_has_its_markdown_its_buttons_and_words_for_notices(
        self, stage: SlackStage
    ) -> None:
        text = "# Tea\n\n**Tea** is a [drink](https://tea.example)."
        await stage.surface.post(stage.place(), answer(text, *THUMBS, AGAIN))
        post = last(stage.dm)
        assert [block["type"] for block in post.blocks] == [
            "markdown",
            "context_actions",
            "actions",
        ]
        assert post.blocks[0]["text"] == stage.read(text)
        assert "**" not in post.text and "Tea is a" in post.text
        assert stage.slack.unfurled() == []

    async def test_only_the_asker_is_called_and_only_by_the_bot_itself(
        self, stage: SlackStage
    ) -> None:
        asker = f"<@{stage.ada.id}>"
        where = stage.place(private=False)
        await stage.surface.post(where, Outgoing(text=f"{asker} asks: <!here>?", mine=True))
        await stage.surface.post(where, answer(f"{asker} <!channel> <@U1>"))
        assert stage.slack.pings(stage.ada.id) == []
        assert [ping.words for ping in stage.slack.pings()] == [asker]

    async def test_with_hard_rules_no_link_of_a_models_can_be_followed(self) -> None:
        stage = SlackStage("dm", hardened=True)
        text = "See [tea](https://evil.example/?q=secret) or https://evil.example/x"
        ref = await stage.surface.post(stage.place(), answer(text))
        async with stage.surface.grow(stage.place()) as message:
            frame = Outgoing(text=text)
            await stage.pace.slot(message.cost(frame), Rank.FRAME)
            await message.show(frame)
            await message.finish(answer(text))
        await stage.surface.edit(stage.place(), ref, answer(text + "!"))
        assert stage.slack.links() == []
        assert all("evil.example" not in post.text for post in stage.dm.answers)

    async def test_an_empty_message_is_three_dots(self, stage: SlackStage) -> None:
        await stage.surface.post(stage.place(), Outgoing(text=" \n"))
        assert stage.dm.shown() == ["…"]

    async def test_what_one_message_cannot_hold_is_refused(self, stage: SlackStage) -> None:
        with pytest.raises(TooLong):
            await stage.surface.post(stage.place(), Outgoing(text="a" * 12_001))
        assert stage.dm.shown() == []

    async def test_a_channel_gets_one_message_a_second_whoever_writes(
        self, stage: SlackStage
    ) -> None:
        where = place(stage.channel)
        posts = (stage.surface.post(where, Outgoing(text=f"{n}", mine=True)) for n in range(10))
        await asyncio.gather(*posts)
        assert stage.slack.clock() == pytest.approx(9, abs=0.1)
        assert stage.slack.refusals == []

    async def test_a_429_is_waited_for_once(self, stage: SlackStage) -> None:
        stage.silence(5)
        await stage.surface.post(stage.place(), Outgoing(text="Tea"))
        assert stage.dm.shown() == ["Tea"] and stage.refusals() == 1

    async def test_what_was_not_installed_is_forbidden(self, stage: SlackStage) -> None:
        other = stage.slack.team("Other", install=False)
        here = stage.place()
        foreign = replace(here, chat=replace(here.chat, workspace=other.id))
        with pytest.raises(Forbidden):
            await stage.surface.post(foreign, Outgoing(text="Tea"))


class TestBlocks:
    async def test_feedback_buttons_that_are_refused_once_are_plain_ones_from_then_on(
        self, stage: SlackStage
    ) -> None:
        stage.team.refuses["context_actions"] = "unknown"
        for text in ("One", "Two"):
            await stage.surface.post(stage.place(), answer(text))
        assert [post.buttons for post in stage.dm.answers] == [["👍", "👎"]] * 2
        assert len(stage.slack.refusals) == 1

    async def test_without_markdown_blocks_messages_are_sections(self, stage: SlackStage) -> None:
        stage.team.refuses["markdown"] = "unknown"
        for text in ("**One** <!here>", "Two " * 2_500):
            await stage.surface.post(stage.place(), answer(text))
        first, second = stage.dm.answers
        assert first.readable.startswith("*One*") and first.buttons == ["👍", "👎"]
        assert [block["type"] for block in second.blocks][:4] == ["section"] * 4
        assert stage.slack.pings() == []

    async def test_contents_that_are_refused_are_written_plainly_that_time(
        self, stage: SlackStage
    ) -> None:
        headings = "\n\n".join(f"# {number}" for number in range(60))  # Slack takes 50
        await stage.surface.post(stage.place(), answer(headings))
        await stage.surface.post(stage.place(), answer("**Two**"))
        first, second = stage.dm.answers
        assert first.readable.startswith("*0*") and first.buttons == ["👍", "👎"]
        assert second.readable == "**Two**" and len(stage.slack.refusals) == 1


class TestEdits:
    async def test_an_edit_takes_buttons_away_and_brings_them(self, stage: SlackStage) -> None:
        ref = await stage.surface.post(stage.place(), answer("One", LIKE))
        await stage.surface.edit(stage.place(), ref, Outgoing(text="Two"))
        assert last(stage.dm).buttons == [] and stage.dm.shown() == ["Two"]
        await stage.surface.edit(stage.place(), ref, answer("Three"))
        assert last(stage.dm).buttons == ["👍", "👎"]

    async def test_edits_that_are_too_many_wait(self, stage: SlackStage) -> None:
        ref = await stage.surface.post(stage.place(), Outgoing(text="0"))
        for number in range(1, 60):
            await stage.surface.edit(stage.place(), ref, Outgoing(text=f"{number}"))
        assert stage.slack.refusals == [] and stage.dm.shown() == ["59"]

    async def test_another_ones_message_cannot_be_deleted(self, stage: SlackStage) -> None:
        where = stage.place()
        ref = await stage.surface.post(where, Outgoing(text="Tea"))
        stage.team.refuses["chat.delete"] = "cant_delete_message"
        with pytest.raises(Forbidden):
            await stage.surface.delete(where, ref)


class TestFiles:
    async def test_a_voice_note_is_played_in_the_thread_and_says_how_long_it_is(
        self, stage: SlackStage
    ) -> None:
        ref = await stage.surface.post_voice(stage.place(), MP3)
        post = last(stage.dm)
        assert ref is not None and ref.id == post.ts and post.thread == stage.place().chat.thread
        [file] = post.files
        assert (file.name, file.title, file.data) == ("answer.mp3", "🔊 1:02", MP3.data)
        with pytest.raises(Gone):
            await stage.surface.edit(stage.place(), ref, Outgoing(text="No voice"))

    @pytest.mark.parametrize(
        ("kind", "name"), [("audio/ogg", "answer.ogg"), ("audio/wav", "answer.wav")]
    )
    async def test_what_is_heard_is_named_by_its_kind(
        self, stage: SlackStage, kind: str, name: str
    ) -> None:
        await stage.surface.post_voice(stage.place(), Speech(data=b"sound", media_type=kind))
        [file] = last(stage.dm).files
        assert (file.name, file.title) == (name, "🔊")

    async def test_where_no_files_are_taken_it_is_forbidden(self, stage: SlackStage) -> None:
        stage.team.refuses["files.completeUploadExternal"] = "file_type_not_allowed"
        with pytest.raises(Forbidden):
            await stage.surface.post_voice(stage.place(), MP3)
        with pytest.raises(Forbidden):
            await stage.surface.post_document(
                stage.place(), Document(name="answer.md", data=b"tea"), answer("The rest")
            )

    async def test_a_file_whose_message_is_not_found_is_there_all_the_same(
        self, stage: SlackStage
    ) -> None:
        stage.slack.sharing = 60.0
        assert await stage.surface.post_voice(stage.place(), MP3) is None
        document = Document(name="answer.md", data=b"tea")
        ref = await stage.surface.post_document(stage.place(), document, answer("The rest"))
        with pytest.raises(Gone):
            await stage.surface.edit(stage.place(), ref, Outgoing(text="No document"))
        await asyncio.sleep(60)
        assert [post.files[0].name for post in stage.dm.answers] == ["answer.mp3", "answer.md"]

    async def test_a_document_says_that_it_may_come_before_it_does(self, stage: SlackStage) -> None:
        intended: list[float] = []

        async def intend() -> None:
            intended.append(stage.slack.counted["files.completeUploadExternal"])

        document = Document(name="answer.md", data=b"tea")
        await stage.surface.post_document(stage.place(), document, answer("Rest"), intend=intend)
        assert intended == [0]

    async def test_what_is_too_large_is_not_sent(self, stage: SlackStage) -> None:
        large = bytes(stage.surface.capabilities(stage.place()).upload_limit + 1)
        with pytest.raises(TooLarge):
            await stage.surface.post_voice(
                stage.place(), Speech(data=large, media_type="audio/ogg")
            )

    async def test_a_persons_file_is_read_by_the_workspace_that_has_it(
        self, stage: SlackStage
    ) -> None:
        file = stage.dm.file(b"0123456789")
        handle = handles.pack(Source(team=stage.team.id, id=file.id, url=file.url))
        sent = File(handle=handle, media_type="image/png")
        assert await stage.surface.read_file(sent, limit=10) == b"0123456789"
        with pytest.raises(TooLarge):
            await stage.surface.read_file(sent, limit=9)


class TestAbilities:
    def test_what_a_place_can_do(self, stage: SlackStage) -> None:
        able = stage.surface.capabilities(stage.place(private=False))
        assert able.appends and able.grow_for == 240 and able.edits and able.deletes
        assert able.forms and able.documents and able.private_replies and able.status_stays
        assert not stage.surface.capabilities(place(stage.channel)).appends  # no thread

    def test_a_commands_question_is_shown_unless_nobody_else_may_see_it(
        self, stage: SlackStage
    ) -> None:
        opens = [
            stage.surface.capabilities(where).opens_threads
            for where in (
                commanded(stage.channel),
                commanded(stage.channel, only_user=True),
                commanded(stage.dm),
            )
        ]
        assert opens == [True, False, True]

    async def test_intentions_are_told_right_before_a_message_may_be_there(
        self, stage: SlackStage
    ) -> None:
        told: list[int] = []

        async def intend() -> None:
            told.append(len(stage.slack.calls))

        await stage.surface.post(stage.place(), Outgoing(text="One"), intend=intend)
        async with stage.surface.grow(stage.place()) as message:
            await message.show(Outgoing(text="Two"), intend=intend)
            await message.finish(answer("Two."), intend=intend)
        methods = [stage.slack.calls[at][1] for at in told]
        assert methods == ["chat.postMessage", "chat.startStream"]

    async def test_without_forms_none_opens(self, stage: SlackStage) -> None:
        stage.slack_surface._forms = None
        with pytest.raises(Expired):
            await stage.surface.open_form(commanded(stage.channel), FORM)
        assert not stage.surface.capabilities(stage.place()).forms

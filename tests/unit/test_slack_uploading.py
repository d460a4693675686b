"""Files into a channel: brought, shared, and found again as a message."""

import asyncio

import pytest

from adapters.slack.errors import Lost, NoUpload, Refused, Unsupported
from bot.surface import Forbidden, RateLimited, SurfaceError, TooLarge, Unreachable
from tests.fakes.slack_line import CHANNEL, Scripted, Told, World, calls, limited, workspace, world

MP3 = b"ID3" + bytes(200)
PLACE = "https://files.slack.com/upload/v1/F1"
GRANTED: Told = {"upload_url": PLACE, "file_id": "F1"}
SHARED: Told = {"file": {"shares": {"private": {CHANNEL: [{"ts": "7.1"}]}}}}
NOT_YET: Told = {"file": {"shares": {}}}


async def voice(there: World, thread: str, comment: str = "") -> str | None:
    return await there.calls.upload(
        there.channel, thread, "voice", MP3, "Answer", "audio/mpeg", comment
    )


async def test_voice_lands_in_the_thread_as_a_file_with_a_title() -> None:
    there = world()
    question = there.seat.say("hi")
    ts = await voice(there, question.ts, "listen")
    [answer] = there.seat.answers
    assert (answer.ts, answer.thread, answer.text) == (ts, question.ts, "listen")
    [file] = answer.files
    assert (file.name, file.title, file.data) == ("voice.mp3", "Answer", MP3)
    assert not there.slack.violations()


@pytest.mark.parametrize("kind", ["channel", "private"])
async def test_message_of_the_file_is_found_in_any_kind_of_channel(kind: str) -> None:
    there = world()
    room = there.slack.channel(there.seat.person, kind=kind)  # type: ignore[arg-type]  # a Kind
    ts = await there.calls.upload(room.channel.id, "", "a.md", b"# a", "", "text/markdown")
    [post] = room.channel.posts.values()
    assert post.ts == ts
    assert post.files[0].title == "a.md"


async def test_document_carries_its_words_and_buttons() -> None:
    script, ours = calls([GRANTED, {"files": [{"shares": {"public": {CHANNEL: [{"ts": "7.1"}]}}}]}])
    script.serve(PLACE, (200, {}, b"OK"))
    block = {"type": "divider"}
    ts = await ours.upload(
        CHANNEL, "1.0", "a.md", b"# a", "A", "text/markdown", "left out", blocks=[block]
    )
    assert ts == "7.1"
    method, args = script.sent[1]
    assert (method, args["blocks"]) == ("files.completeUploadExternal", [block])
    assert "initial_comment" not in args


async def test_buttons_that_the_workspace_does_not_know_are_latched_off() -> None:
    told = {"messages": ["[ERROR] unsupported type: context_actions [json-pointer:/blocks/0]"]}
    no: Told = {"ok": False, "error": "invalid_blocks", "response_metadata": told}
    script = Scripted(GRANTED, no)
    script.serve(PLACE, (200, {}, b"OK"))
    there = workspace(script)
    with pytest.raises(Unsupported):
        await there.calls.upload(
            CHANNEL, "", "a", b"a", "", "audio/ogg", blocks=[{"type": "context_actions"}]
        )
    assert not there.features.feedback_buttons


async def test_file_whose_message_takes_long_is_waited_for_and_then_let_be() -> None:
    for looks, found in ((4, "7.1"), (5, None)):
        script, ours = calls([GRANTED, {"files": []}, *[NOT_YET] * looks, SHARED])
        script.serve(PLACE, (200, {}, b"OK"))
        begun = asyncio.get_running_loop().time()
        assert await ours.upload(CHANNEL, "", "a", b"a", "", "audio/ogg") == found
        assert asyncio.get_running_loop().time() - begun == pytest.approx(8.0)


@pytest.mark.parametrize("trouble", ["missing_scope", "file_not_found", limited(60)])
async def test_file_that_cannot_be_asked_about_was_uploaded_all_the_same(trouble: Told) -> None:
    script, ours = calls([GRANTED, {"files": []}, trouble])
    script.serve(PLACE, (200, {}, b"OK"))
    assert await ours.upload(CHANNEL, "", "a", b"a", "", "audio/ogg") is None


async def test_looking_for_the_message_outlasts_a_broken_line() -> None:
    lost = Lost("no answer")
    script, ours = calls([GRANTED, {"files": [3]}, lost, lost, lost, SHARED])
    script.serve(PLACE, (200, {}, b"OK"))
    assert await ours.upload(CHANNEL, "", "a", b"a", "", "audio/ogg") == "7.1"


async def test_upload_whose_answer_was_lost_is_not_made_twice() -> None:
    there = world()
    question = there.seat.say("hi")
    there.slack.faults.add("cut after", "files.completeUploadExternal")
    ts = await voice(there, question.ts)
    assert [answer.ts for answer in there.seat.answers] == [ts]


async def test_upload_that_nobody_knows_of_may_be_there() -> None:
    there = world()
    question = there.seat.say("hi")
    there.slack.faults.add("cut", "files.completeUploadExternal")
    with pytest.raises(Unreachable) as failed:
        await voice(there, question.ts)
    assert failed.value.sent
    assert there.seat.answers == []


async def test_upload_that_never_left_is_not_looked_for() -> None:
    script, ours = calls([GRANTED, *["service_unavailable"] * 3])
    script.serve(PLACE, (200, {}, b"OK"))
    with pytest.raises(Unreachable) as failed:
        await ours.upload(CHANNEL, "", "a", b"a", "", "audio/ogg")
    assert not failed.value.sent
    assert "files.info" not in script.methods


@pytest.mark.parametrize(
    ("answers", "meaning"),
    [
        (["file_uploads_disabled"], NoUpload),
        (["storage_limit_reached"], NoUpload),
        (["file_upload_size_restricted"], TooLarge),
        ([limited(9)], RateLimited),
        ([{"upload_url": 3, "file_id": "F1"}], Refused),
        ([{"upload_url": "https://evil.org/upload", "file_id": "F1"}], Refused),
        ([GRANTED, "not_in_channel"], Forbidden),
    ],
)
async def test_upload_that_is_refused_means(
    answers: list[Told], meaning: type[SurfaceError]
) -> None:
    script, ours = calls(answers)
    script.serve(PLACE, (200, {}, b"OK"))
    with pytest.raises(meaning):
        await ours.upload(CHANNEL, "", "a", b"a", "", "audio/ogg")
    assert all(url == PLACE for url, _ in script.brought)


@pytest.mark.parametrize(
    ("name", "media_type", "sent"),
    [
        ("voice", "audio/ogg", "voice.ogg"),
        ("voice.mp3", "audio/mpeg", "voice.mp3"),
        ("answer", "application/x-unknown", "answer"),
    ],
)
async def test_name_ends_in_what_the_file_is(name: str, media_type: str, sent: str) -> None:
    script = Scripted()
    script, ours = calls([GRANTED, {"files": []}, "file_not_found"])
    script.serve(PLACE, (200, {}, b"OK"))
    await ours.upload(CHANNEL, "", name, b"a", "", media_type)
    assert script.sent[0][1] == {"filename": sent, "length": 1}

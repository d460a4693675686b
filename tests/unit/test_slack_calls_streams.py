"""Messages that grow, against the strict server: what is added, what ends them, what breaks."""

import asyncio

import pytest

from adapters.slack.errors import NoStream, TooLong, Unsupported
from bot.surface import Forbidden, Gone, Stopped, Unreachable
from tests.fakes.slack_line import CHANNEL, THUMBS, Scripted, World, calls, workspace, world


async def stream(there: World, text: str = "a") -> str:
    question = there.seat.say("hi")
    return await there.calls.start_stream(
        there.channel,
        question.ts,
        markdown=text,
        recipient_user=there.user,
        recipient_team=there.team.id,
    )


async def test_stream_grows_and_ends_with_thumbs_and_its_session() -> None:
    there = world()
    ts = await stream(there)
    [question] = [post for post in there.seat.posts if post.ts != ts]
    await there.calls.session_status(
        there.channel, question.ts, "processing", title="t" * 300, initiator=there.user
    )
    await there.calls.append_stream(there.channel, ts, "b")
    await there.calls.stop_stream(
        there.channel, ts, markdown="c", blocks=[THUMBS], session_status="active"
    )
    [answer] = there.seat.answers
    assert answer.readable.startswith("abc")
    assert answer.buttons == ["Good", "Bad"]
    session = there.seat.session(question)
    assert session is not None
    assert (session.status, len(session.title)) == ("active", 200)
    assert not there.slack.violations()


async def test_live_stream_cannot_be_edited_and_an_ended_one_not_be_appended_to() -> None:
    there = world()
    ts = await stream(there)
    with pytest.raises(NoStream):
        await there.calls.update(there.channel, ts, markdown="b")
    await there.calls.stop_stream(there.channel, ts)
    with pytest.raises(NoStream):
        await there.calls.append_stream(there.channel, ts, "b")
    await there.calls.update(there.channel, ts, markdown="b")
    assert there.seat.answers[0].readable == "b"


async def test_stream_that_is_too_old_or_too_long_is_repaired_by_an_edit() -> None:
    there = world()
    long, old = await stream(there), await stream(there)
    with pytest.raises(TooLong):
        await there.calls.append_stream(there.channel, long, "x" * 12_000)
    await asyncio.sleep(301)
    for late in (
        there.calls.append_stream(there.channel, old, "b"),
        there.calls.stop_stream(there.channel, old),
    ):
        with pytest.raises(NoStream):
            await late
    await there.calls.update(there.channel, old, markdown="b")


async def test_slacks_own_stop_is_heard_at_the_next_words() -> None:
    there = world()
    ts = await stream(there)
    [question] = [post for post in there.seat.posts if post.ts != ts]
    await there.calls.session_status(there.channel, question.ts, "processing")
    there.seat.stop(question)
    with pytest.raises(Stopped):
        await there.calls.append_stream(there.channel, ts, "b")


async def test_words_whose_answer_was_lost_are_there_once() -> None:
    there = world()
    ts = await stream(there)
    there.slack.faults.add("cut after", "chat.appendStream")
    with pytest.raises(Unreachable) as failed:
        await there.calls.append_stream(there.channel, ts, "b")
    assert failed.value.sent
    assert there.seat.answers[0].readable == "ab"


async def test_stop_whose_answer_was_lost_says_that_the_stream_has_ended() -> None:
    there = world()
    ts = await stream(there)
    there.slack.faults.add("cut after", "chat.stopStream")
    with pytest.raises(NoStream):
        await there.calls.stop_stream(there.channel, ts, markdown="b")
    assert there.seat.answers[0].readable == "ab"


async def test_workspace_without_streams_is_remembered() -> None:
    there = world()
    there.team.refuses["chat.startStream"] = "feature_not_enabled"
    with pytest.raises(Unsupported):
        await stream(there)
    assert not there.workspace.features.streams


@pytest.mark.parametrize("code", ["unknown_method", "method_deprecated"])
async def test_workspace_that_loses_its_streams_is_remembered(code: str) -> None:
    for ends in (False, True):
        there = workspace(Scripted(code))
        with pytest.raises(Unsupported):
            if ends:
                await there.calls.stop_stream(CHANNEL, "1.1")
            else:
                await there.calls.append_stream(CHANNEL, "1.1", "a")
        assert not there.features.streams


async def test_where_nothing_streams_a_message_may_be_posted() -> None:
    there = world()
    room = there.slack.channel(there.seat.person, bot=False)
    root = room.seat(there.seat.person).say("hi")
    with pytest.raises(NoStream) as refused:
        await there.calls.start_stream(room.channel.id, root.ts, markdown="a")
    assert refused.value.code == "not_in_channel"
    await there.calls.post(room.channel.id, markdown="a", thread=root.ts)
    assert there.workspace.features.streams


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("user_not_found", NoStream),
        ("team_not_found", NoStream),
        ("missing_recipient_team_id", NoStream),
        ("invalid_thread_ts", NoStream),
        ("channel_type_not_supported", NoStream),
        ("restricted_action_thread_locked", Forbidden),
        ("is_archived", Forbidden),
        ("thread_not_found", Gone),
    ],
)
async def test_refused_stream_tells_whether_a_post_may_go(code: str, kind: type[Exception]) -> None:
    _, ours = calls([code])
    with pytest.raises(kind):
        await ours.start_stream(CHANNEL, "1.0", markdown="a")

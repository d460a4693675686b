"""However an answer is written and whatever Slack does meanwhile, it comes whole and once."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.live import LiveReply
from bot.surface import Button, Outgoing
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.examples import examples
from tests.fakes.slack_api import Seat
from tests.fakes.slack_api.calling import Kind
from tests.fakes.slack_stage import SlackStage, Way, place
from tests.fakes.stage import Forgetful

STOP = Button(label="⏹ Stop", name="stop", value="a1")
THUMBS = (
    Button(label="👍", name="like", value="a1"),
    Button(label="👎", name="dislike", value="a1"),
)
WORDS = (
    "Tea ",
    "is **a** drink",
    ".\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "<!chan",
    "nel> ",
    "😀" * 40,
    "- x\n",
    "[site](https://a.b/",
    "c) ",
    "word " * 500,
)
REPLACED = "\x00"  # the model takes back what it wrote
STOPPED = "\x01"  # somebody presses Slack's own Stop, and nobody tells the bot

chunks = st.tuples(
    st.sampled_from((*WORDS, REPLACED, STOPPED)),
    st.sampled_from([0.0, 0.01, 0.3, 2.0, 40.0, 310.0]),
)
answers = st.lists(st.lists(chunks, min_size=1, max_size=25), min_size=1, max_size=4)
ways = st.sampled_from(["dm", "channel", "edits"])
KINDS: tuple[Kind, ...] = ("cut", "cut after", "503", "not json", "rate_limited", "internal_error")
faults = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(["chat.appendStream", "chat.stopStream", "chat.update"]),
        st.integers(0, 4),
    ),
    max_size=4,
)


@given(answers, st.sampled_from([0.0, 0.05, 1.5]), ways)
@examples(20)
def test_every_answer_comes_whole_and_nothing_is_refused(
    written: list[list[tuple[str, float]]], latency: float, way: Way
) -> None:
    stage = _played(written, latency, way, [])
    allowed = {"feature_not_enabled", "stopped_by_user"}
    assert [no for no in stage.slack.refusals if no.error not in allowed] == []


@given(answers, ways, faults)
@examples(30)
def test_whatever_breaks_on_the_way_the_last_text_is_there_once(
    written: list[list[tuple[str, float]]], way: Way, faults: list[tuple[Kind, str, int]]
) -> None:
    _played(written, 0.05, way, faults)


def _played(
    written: list[list[tuple[str, float]]],
    latency: float,
    way: Way,
    faults: list[tuple[Kind, str, int]],
) -> SlackStage:
    async def act() -> SlackStage:
        stage = SlackStage(way)
        stage.slack.latency = latency
        for kind, method, skip in faults:
            stage.slack.faults.add(kind, method, skip=skip)
        async with asyncio.TaskGroup() as group:
            for number, chunks in enumerate(written):
                seat = stage.channel if way == "channel" else _visit(stage, number)
                group.create_task(_answer(stage, seat, f"a{number}", chunks))
        return stage

    loop = VirtualTimeLoop()
    try:
        stage = loop.run_until_complete(act())
        for channel in stage.slack.channels.values():
            states = [post.stream.ended for post in channel.posts.values() if post.stream]
            assert all(states), "a stream was left open"
            assert not [one for one in channel.sessions.values() if one.status == "processing"]
        assert stage.slack.pings() == []
    finally:
        loop.close()
    assert stage.slack.violations() == []
    return stage


def _stop(seat: Seat, root: str) -> None:
    session = seat.session(root)
    if session is not None and session.status == "processing":
        seat.stop(root)


def _visit(stage: SlackStage, number: int) -> Seat:
    return stage.slack.dm(stage.slack.person(f"P{number}"))


async def _answer(
    stage: SlackStage, seat: Seat, name: str, chunks: list[tuple[str, float]]
) -> None:
    root = seat.say("Tea?").ts
    where, text = place(seat, root), ""
    await stage.surface.show_status(where, "Thinking…", doing="thinking")
    async with LiveReply(
        stage.surface, where, stage.pace, Forgetful(), who=name, buttons=(STOP,)
    ) as reply:
        for words, pause in chunks:
            if words == STOPPED:
                _stop(seat, root)
            else:
                text = "" if words == REPLACED else text + words
            reply.show(text)
            await asyncio.sleep(pause)
        last = f"{text}\n\n{name} ends here."
        refs = await reply.finish(Outgoing(text=last, buttons=THUMBS))
        await stage.surface.show_status(where, "")
    assert reply.lost is None and not reply.unsure
    posts = seat.thread(root)
    assert [post.ts for post in posts] == [ref.id for ref in refs]
    shown = "".join("".join(post.readable for post in posts).split())
    if len(posts) == 1:
        assert shown == "".join(stage.read(last).split())
    assert shown.count(f"{name}endshere.") == 1 and posts[-1].buttons == ["👍", "👎"]

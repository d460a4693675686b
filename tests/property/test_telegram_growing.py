"""However an answer is written and however slow Telegram is, it comes whole and breaks no limit."""

import asyncio
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from bot.live import LiveReply
from bot.surface import Button, Outgoing
from tests.fakes.bot_api import Seat
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.examples import examples
from tests.fakes.stage import Forgetful
from tests.fakes.telegram_stage import TelegramStage, place

STOP = Button(label="⏹ Stop", name="stop", value="a1")
LIKE = Button(label="👍", name="like", value="a1")
WORDS = (
    "Tea ",
    "is **a** drink",
    ".\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "😀" * 40,
    "- x\n",
)

chunks = st.tuples(st.sampled_from(WORDS), st.sampled_from([0.0, 0.01, 0.3, 2.0, 40.0]))
answers = st.lists(st.lists(chunks, min_size=1, max_size=25), min_size=1, max_size=6)


@given(answers, st.sampled_from([0.0, 0.05, 1.5]), st.sampled_from(["draft", "edit", "group"]))
@examples(40)
def test_every_answer_comes_whole_and_nothing_is_refused(
    written: list[list[tuple[str, float]]],
    latency: float,
    way: Literal["draft", "edit", "group"],
) -> None:
    async def act() -> None:
        stage = TelegramStage(way)
        stage.telegram.latency = latency
        async with stage.account, asyncio.TaskGroup() as group:
            for number, chunks in enumerate(written):
                seat = stage.group if way == "group" else _visit(stage, number)
                group.create_task(_answer(stage, seat, f"a{number}", chunks))
        assert stage.telegram.refusals == []
        for chat in stage.telegram.chats.values():
            stage.telegram.expire(chat)
            assert not chat.drafts

    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(act())
    finally:
        loop.close()


def _visit(stage: TelegramStage, number: int) -> Seat:
    return stage.telegram.private(stage.telegram.person(f"P{number}"), stage.bot)


async def _answer(
    stage: TelegramStage, seat: Seat, name: str, chunks: list[tuple[str, float]]
) -> None:
    where, text = place(seat), ""
    await stage.surface.show_status(where, "Thinking…", doing="thinking")
    async with LiveReply(
        stage.surface, where, stage.pace, Forgetful(), who=name, buttons=(STOP,)
    ) as reply:
        for words, pause in chunks:
            text += words
            reply.show(text)
            await asyncio.sleep(pause)
        last = f"{text}\n\n{name} ends here."
        refs = await reply.finish(Outgoing(text=last, buttons=(LIKE,)))
    post = seat.chat.posts[int(refs[-1].id)]
    assert f"{name} ends here." in post.html + post.text and post.buttons == ["👍"]

"""Who dies between a platform's yes and the note of a message's id, in Slack and in Telegram.

The message is there and nobody knows it: the next process says so below, once. When the question
is edited afterwards the answer to the new words takes the place of that line, and is there once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from bot.events import Action, Edited, Message, MessageRef
from bot.service import Service
from bot.surface import Act
from tests.fakes.bench import Bench, wired
from tests.fakes.clock import hurried
from tests.fakes.completion_wire import Wire, end, message, stream
from tests.fakes.mortal import Death, live_and_die
from tests.fakes.slack_stage import SlackStage
from tests.fakes.telegram_stage import TelegramStage

ASK = "POST /completion-messages"
CREATING = ("show", "finish", "post")
"""The surface's verbs that bring a message about."""

Way = Literal[
    "Slack by stream", "Slack by edits", "Telegram by draft", "Telegram by edits", "Telegram group"
]
STAGES: Mapping[Way, Callable[[], SlackStage | TelegramStage]] = {
    "Slack by stream": lambda: SlackStage("dm"),
    "Slack by edits": lambda: SlackStage("edits"),
    "Telegram by draft": lambda: TelegramStage("draft"),
    "Telegram by edits": lambda: TelegramStage("edit"),
    "Telegram group": lambda: TelegramStage("group"),
}


@dataclass
class Talk:
    """Ada's question, and what she sees of its answers."""

    bench: Bench
    stage: SlackStage | TelegramStage
    question: Message

    @property
    def texts(self) -> list[str]:
        return self.stage.shown(self.question.place)

    @property
    def refs(self) -> list[MessageRef]:
        """The bot's messages."""
        if isinstance(self.stage, SlackStage):
            chat = self.question.place.chat
            seen = self.stage.seat(chat.id).thread(chat.thread)
            ids = [post.ts for post in seen if self.stage.slack.is_bot(post.author)]
        else:
            seat = self.stage.dm if self.question.place.chat.private else self.stage.group
            ids = [str(post.id) for post in seat.answers]
        return [replace(self.question.ref, id=id) for id in ids]

    async def doubt(self) -> str:
        """What is said below a message nobody knows."""
        return (await self.bench.tools.phrases_for(self.question.place)).maybe_incomplete

    async def edit(self, text: str) -> None:
        id, ref, place = f"{self.question.id}:edited", self.question.ref, self.question.place
        await self.bench.do(Edited(id=id, place=place, at=self.bench.now(), ref=ref, text=text))

    async def press(self, name: Act, on: MessageRef) -> None:
        answers = await self.bench.store.answers_to(self.question.id)
        id, place, value = f"pressed {name}", self.question.place, answers[0].id
        await self.bench.do(
            Action(id=id, place=place, at=self.bench.now(), ref=on, name=name, value=value)
        )


@asynccontextmanager
async def talk(folder: Path, wire: Wire, way: Way) -> AsyncIterator[Talk]:
    """A bench before a platform."""
    async with AsyncExitStack() as stack:
        bench = await stack.enter_async_context(wired(folder, wire))
        stage = STAGES[way]()
        if isinstance(stage, TelegramStage):
            await stack.enter_async_context(stage.account)
        bench.tools = replace(
            bench.tools, surfaces={stage.surface.name: stage.surface}, pace=stage.pace
        )
        bench.service = Service(bench.tools)
        place = stage.place()
        if isinstance(stage, SlackStage):
            id = place.chat.thread
        else:
            seat = stage.dm if place.chat.private else stage.group
            id = str(seat.say("Hi").id)
        ref = MessageRef(
            platform=place.chat.platform, workspace=place.chat.workspace, chat=place.chat.id, id=id
        )
        asked = Message(id="asked", place=place, at=bench.now(), ref=ref, text="Hi")
        yield Talk(bench, stage, replace(asked, place=replace(place, reply_to=ref)))


@pytest.mark.parametrize("way", [*STAGES])
def test_a_whole_answer_nobody_knows_stays_once_and_the_edit_is_answered_once(
    tmp_path: Path, way: Way
) -> None:
    hurried(lose_a_whole_answer(tmp_path, way))


async def lose_a_whole_answer(folder: Path, way: Way) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("The old."), end()), stream(message("The new."), end()))
    async with talk(folder, wire, way) as told:
        death = Death(1, late=True, verbs=("finish", "post"))
        await live_and_die(told.bench, told.question, death, attempts=0)
        assert death.came.is_set()
        assert told.texts == ["The old."]
        for attempt in (1, 2):
            await told.bench.do(told.question, attempts=attempt)
        assert told.texts == ["The old.", await told.doubt()]
        await told.edit("Hi there")
        assert told.texts == ["The old.", "The new."]
    assert wire.times(ASK) == 2


@pytest.mark.parametrize("way", ["Slack by edits", "Telegram by edits", "Telegram group"])
def test_words_nobody_knows_can_be_ended_by_their_button_after_the_edit_too(
    tmp_path: Path, way: Way
) -> None:
    hurried(lose_the_first_words(tmp_path, way))


async def lose_the_first_words(folder: Path, way: Way) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of it"), asyncio.Event()), stream(message("The new."), end()))
    async with talk(folder, wire, way) as told:
        death = Death(1, late=True, verbs=CREATING)
        await live_and_die(told.bench, told.question, death, attempts=0)
        assert told.texts == ["Half of it"]
        [lost] = told.refs
        await told.bench.do(told.question, attempts=1)
        await told.edit("Hi there")
        assert told.texts == ["Half of it", "The new."]
        await told.press("stop", lost)
        ended, answer = told.texts
        assert ended.startswith("Half of it\n") and "interrupted" in ended
        assert answer == "The new."
        assert told.stage.buttons(lost) == ["regenerate"]

"""A process that dies over a question that is edited: each wording is answered at most once.

Who dies between the platform's yes and the note of a message's id leaves a message behind that
nobody knows. A line below says so, and the answer to other words takes the place of that line; the
message itself stays, once, for nobody can reach it before its button is pressed.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import httpx
import pytest

from bot.events import Event, Message
from bot.service import answering
from bot.surface import Outgoing
from tests.fakes.bench import DIRECT, EN, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, stream
from tests.fakes.mortal import Death, live_and_die

pytestmark = [pytest.mark.real_time, pytest.mark.unmeasured]
ASK = "POST /completion-messages"
STEPS = 45  # some more than an undisturbed answer takes
LEAST = 16  # what it takes of calls to the store and the platform, however slow the machine

Moment = Literal["before the edit", "amid the edit", "after the edit"]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 0.01)
    monkeypatch.setattr(answering, "STOP_WAIT", 0.05)
    monkeypatch.setattr("bot.live.reply.LAST_WORDS", 0.01)


class Echo(Wire):
    """Answers every question with its own words first, and counts who asked what."""

    def __init__(self) -> None:
        super().__init__()
        self.billed: Counter[tuple[str, str]] = Counter()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/completion-messages"):
            body = json.loads(await request.aread())
            asked = body["inputs"]["query"]
            self.billed[body["user"], asked] += 1
            self.on(ASK, stream(message(f"{asked} one. "), 0.02, message("Two."), 0.02, end()))
        return await super().answer(request)


@pytest.mark.parametrize("moment", ["before the edit", "amid the edit", "after the edit"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("drafts", [False, True], ids=["messages", "drafts"])
async def test_whatever_step_a_process_dies_at_the_last_words_of_a_question_are_answered_once(
    tmp_path: Path, late: bool, drafts: bool, moment: Moment
) -> None:
    wire = Echo()
    async with wired(tmp_path, wire, drafts=drafts, max_streams=STEPS) as bench:
        lives = await asyncio.gather(
            *(die_at(bench, wire, step, moment, late=late) for step in range(1, STEPS + 1))
        )
    died = lives.count(True)
    assert LEAST <= died < STEPS, "every step there is has been tried"


async def die_at(bench: Bench, wire: Echo, step: int, moment: Moment, *, late: bool) -> bool:
    """One person's question while their process dies at `step`; whether it got so far."""
    place = bench.place(f"user {step}", chat=replace(DIRECT, id=f"chat {step}"))
    question = bench.message("Hi", user=place.user.id, chat=place.chat)
    deaths = [Death(step, late=late), Death(2 + step % 5, late=not late), Death(0, late=late)]
    if moment == "before the edit":
        await live(bench, question, deaths)
        await live(bench, await edited(bench, question), [])
    elif moment == "amid the edit":
        await live_and_die(bench, question, deaths[0], attempts=0)
        follow_up = await edited(bench, question)
        await live(bench, question, deaths[1:], attempts=1)
        await live(bench, follow_up, [])
    else:
        await live(bench, question, [])
        await live(bench, await edited(bench, question), deaths)
    billed = {asked: times for (user, asked), times in wire.billed.items() if place.user.id in user}
    assert max(billed.values(), default=0) <= 1, f"billed {billed}, died at {step}"
    shown = [one.message for one in bench.screen.bubbles if one.place.chat == place.chat]
    judge(shown, f"said {[one.text for one in shown]}, died at {step}")
    newest = await bench.latest(place.user.id, chat=place.chat)
    assert newest.inputs == {"query": "Hello"}
    lost = sum([await unknown(bench, answer) for answer in (newest.replaces, newest.id) if answer])
    assert len(shown) <= 1 + lost, "what is known to be on the screen is written over"
    return deaths[0].came.is_set()


async def edited(bench: Bench, question: Message) -> Event:
    """The event that follows an edit, in the lane of the talk."""
    await bench.take_in(bench.edit(question, "Hello"))
    [follow_up] = [one for one in bench.accepted if one.place == question.place]
    bench.accepted.remove(follow_up)
    return follow_up


async def live(bench: Bench, event: Event, deaths: Sequence[Death], *, attempts: int = 0) -> None:
    for death in deaths or [Death(0, late=False)]:
        await live_and_die(bench, event, death, attempts=attempts)
        attempts += 1


async def unknown(bench: Bench, answer: str) -> int:
    screens = await bench.store.screens(answer)
    return sum(screen.role == "text" and screen.ref is None for screen in screens)


def judge(messages: list[Outgoing], said: str) -> None:
    *above, last = messages
    assert last.text == "Hello one. Two." or last.text.endswith(interruptions()), said
    assert "regenerate" in [button.name for button in last.buttons], said
    assert all("Hello" not in one.text for one in above), said
    assert len(above) <= 1, said


def interruptions() -> tuple[str, ...]:
    return (f"*{EN.interrupted}*", f"*{EN.interrupted_unwritten}*", EN.maybe_incomplete)

"""A process that dies at any step, once and once more: what people see in the end."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.service import answering
from bot.surface import Outgoing
from tests.fakes.bench import ABLE, DIRECT, EN, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, stream
from tests.fakes.mortal import Death, live_and_die

pytestmark = [pytest.mark.real_time, pytest.mark.unmeasured]
ASK = "POST /completion-messages"
TEXTS = ("One. ", "Two. ", "Three.")
STEPS = 45  # some more than an undisturbed answer takes
LEAST = 16  # what it takes of calls to the store and the platform, however slow the machine


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 0.01)
    monkeypatch.setattr(answering, "STOP_WAIT", 0.05)
    monkeypatch.setattr("bot.live.reply.LAST_WORDS", 0.01)


class CountingWire(Wire):
    """Knows how often each end user's question was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.billed: Counter[str] = Counter()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/completion-messages"):
            self.billed[json.loads(await request.aread())["user"]] += 1
        return await super().answer(request)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("drafts", [False, True], ids=["messages", "drafts"])
async def test_whatever_step_a_process_dies_at_people_get_one_answer_with_an_ending(
    tmp_path: Path, late: bool, drafts: bool
) -> None:
    wire = CountingWire()
    wire.on(ASK, stream(*[piece for text in TEXTS for piece in (message(text), 0.02)], end()))
    async with wired(tmp_path, wire, drafts=drafts, max_streams=STEPS) as bench:
        lives = await asyncio.gather(
            *(die_at(bench, wire, step, late=late) for step in range(1, STEPS + 1))
        )
    died = lives.count(True)
    assert LEAST <= died < STEPS, "every step there is has been tried"


@pytest.mark.parametrize("begun_before", [False, True], ids=["answered", "taken up"])
async def test_what_passes_is_over_before_the_answer_is_done_and_nobody_looks_at_it_again(
    tmp_path: Path, begun_before: bool
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), 0.02, end()))
    async with wired(tmp_path, wire, able=replace(ABLE, status_stays=True)) as bench:
        question = bench.message("Hi")
        if begun_before:
            await bench.streaming_answer(question, "Hel")
        death = Death(1, late=True, verbs=["closed"])
        await live_and_die(bench, question, death, attempts=int(begun_before))
        assert death.came.is_set()
        answer = await bench.store.answer_for(question.id)
    assert answer is not None
    assert answer.finished_at is not None
    assert bench.screen.statuses[-1:] == [""]


async def die_at(bench: Bench, wire: CountingWire, step: int, *, late: bool) -> bool:
    """One person's question while their process dies at `step`; whether it got so far."""
    place = bench.place(f"user {step}", chat=replace(DIRECT, id=f"chat {step}"))
    question = bench.message("Hi", user=place.user.id, chat=place.chat)
    deaths = [Death(step, late=late), Death(2 + step % 5, late=not late), Death(0, late=late)]
    for attempts, death in enumerate(deaths):
        await live_and_die(bench, question, death, attempts=attempts)
    answer = await bench.store.answer_for(question.id)
    assert answer is not None, step
    assert answer.finished_at is not None, step
    assert wire.billed[answer.end_user] <= 1, f"billed twice, died at {step}"
    judge([one.message for one in bench.screen.bubbles if one.place.chat == place.chat], step)
    return deaths[0].came.is_set()


def judge(messages: list[Outgoing], step: int) -> None:
    texts = [one.text for one in messages]
    said = f"said {texts}, died at {step}"
    noted = texts.count(EN.maybe_incomplete)
    assert noted <= 1, said
    assert len([text for text in texts if text.startswith("One.")]) <= 1, said
    assert "stop" not in [button.name for button in messages[-1].buttons], said
    assert messages[-1].buttons, said
    if not noted:
        assert len(texts) == 1, said
        assert ends_well(texts[0]), said


def ends_well(text: str) -> bool:
    return text == "".join(TEXTS) or text.endswith(
        (f"*{EN.interrupted}*", f"*{EN.interrupted_unwritten}*")
    )

"""A process that dies at any step, once and once more: what people see in the end.

Death is silent, as SIGKILL is: from one call to the store or the platform on, nothing more of that
process takes effect. The call itself does or does not, for nobody knows which.
"""

import asyncio
import inspect
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.events import Message, MessageRef, Place
from bot.service import Service, answering
from bot.service.running import Running
from bot.surface import Again, Growing, Outgoing
from tests.fakes.bench import DIRECT, EN, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, stream

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
TEXTS = ("One. ", "Two. ", "Three.")
STEPS = 45  # some more than an undisturbed answer takes


class Death:
    """Comes with a step of the process; `late`: after the step has taken effect."""

    def __init__(self, step: int, *, late: bool) -> None:
        self.came = asyncio.Event()
        self._left = step
        self._late = late

    def mortal(self, verb: Callable[..., object]) -> Callable[..., object]:
        async def call(*args: object, **more: object) -> object:
            if self.came.is_set():
                await asyncio.Event().wait()
            self._left -= 1
            fatal = self._left == 0
            if fatal and not self._late:
                await self._die()
            done = await verb(*args, **more)  # type: ignore[misc]  # a coroutine function
            if fatal:
                await self._die()
            return done

        return call

    async def _die(self) -> None:
        self.came.set()
        await asyncio.Event().wait()


class Mortal:
    """A store, a surface or a growing message as one process has it."""

    def __init__(self, inner: object, death: Death) -> None:
        self._inner = inner
        self._death = death

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        return self._death.mortal(found) if inspect.iscoroutinefunction(found) else found


class MortalSurface(Mortal):
    @asynccontextmanager
    async def grow(self, place: Place, old: MessageRef | None = None) -> AsyncIterator[Growing]:
        async with self._inner.grow(place, old) as growing:  # type: ignore[attr-defined]  # a surface
            yield Mortal(growing, self._death)  # type: ignore[misc]  # behaves like one


async def live_and_die(bench: Bench, question: Message, death: Death, *, attempts: int) -> None:
    """One process: it does the work, or dies over it."""
    tools = replace(
        bench.tools,
        store=Mortal(bench.store, death),  # type: ignore[arg-type]  # behaves like one
        surfaces={"screen": MortalSurface(bench.screen, death)},  # type: ignore[dict-item]  # too
        running=Running(),
    )
    work = replace(bench.work(question), attempts=attempts)
    doing = asyncio.create_task(Service(tools).handle(work))
    dying = asyncio.create_task(death.came.wait())
    await asyncio.wait([doing, dying], return_when=asyncio.FIRST_COMPLETED)
    # What is cancelled here reaches nobody any more.
    doing.cancel()
    dying.cancel()
    await asyncio.wait([doing, dying])
    if not doing.cancelled() and not death.came.is_set():
        if isinstance(doing.exception(), Again):
            await live_and_die(bench, question, death, attempts=attempts + 1)
        else:
            doing.result()


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
    assert 20 < died < STEPS, "every step there is has been tried"


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

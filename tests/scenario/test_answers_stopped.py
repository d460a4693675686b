"""Answers that end early: stopped by the asker, cut by the process, taken by another."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.service import Service, answering, recover, work
from bot.store.database import Fault
from bot.store.store import Store
from bot.surface import Again, Forbidden, Stopped
from tests.fakes.bench import EN, GROUP, Bench, wired
from tests.fakes.completion_wire import PING, TASK, ZERO, Given, Wire, end, message, stream

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
STOP = f"POST /completion-messages/{TASK}/stop"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 0.02)
    monkeypatch.setattr(answering, "STOP_WAIT", 0.2)
    monkeypatch.setattr(answering, "CUT_WAIT", 0.2)


def names(bench: Bench) -> list[str]:
    return [button.name for button in bench.screen.bubbles[-1].message.buttons]


async def test_a_stop_keeps_what_was_written_and_lets_it_be_rated(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end(usage=ZERO)))
    async with wired(tmp_path, wire) as bench:
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(bench.message("Hi")))
            await bench.until(lambda: bench.screen.texts == ["Half of"])
            await bench.do(bench.press("stop", bench.screen.bubbles[0]))
        assert bench.screen.texts == [f"Half of\n\n*{EN.stopped}*"]
        assert names(bench) == ["like", "dislike", "regenerate"]
        answer = await bench.latest()
        assert (answer.outcome, answer.text) == ("stopped", "Half of")
    assert wire.times(STOP) == 1


async def test_a_stop_that_the_api_does_not_hear_ends_the_answer_all_the_same(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), 0.1, *[0.1, message(" it")] * 50))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("Hi")))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        await bench.do(bench.command("stop"))
    assert bench.screen.texts[0].startswith("Half of")
    assert bench.screen.texts[0].endswith(f"*{EN.stopped}*")


async def test_a_stop_before_the_first_word_is_told_at_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, Given(delay=3600.0))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("Hi")))
        await bench.until(lambda: wire.times(ASK))
        await bench.do(bench.command("stop"))
        await bench.until(lambda: bench.screen.texts == [f"*{EN.stopped_unwritten}*"])
        assert names(bench) == ["regenerate"]


async def test_a_stop_while_waiting_leaves_the_queue_without_a_call(tmp_path: Path) -> None:
    wire = Wire()
    leave = asyncio.Event()
    wire.on(ASK, stream(message("a"), leave, end()))
    async with wired(tmp_path, wire, max_streams=1) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("first", user="ann")))
        await bench.until(lambda: bench.screen.texts == ["a"])
        waiting = group.create_task(bench.do(bench.message("second", user="bob")))
        await bench.until(lambda: EN.waiting.format(count=1) in bench.screen.statuses)
        await bench.do(bench.command("stop", user="bob"))
        await waiting
        assert bench.screen.texts == ["a", f"*{EN.stopped_unwritten}*"]
        leave.set()
    assert wire.times(ASK) == 1


async def test_a_stop_that_comes_before_its_answer_begins_asks_nothing(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        await bench.waiting_answer(asked)
        await bench.do(bench.command("stop"))
        await bench.do(asked, attempts=1)
        assert bench.screen.texts == [f"*{EN.stopped_unwritten}*"]
    assert wire.times(ASK) == 0


async def test_a_stop_of_another_process_is_heard(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end(usage=ZERO)))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        asked = bench.message("Hi")
        group.create_task(bench.do(asked))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        answer = await bench.store.answer_for(asked.id)
        assert answer is not None
        await bench.store.want_stop(answer.id)
    assert bench.screen.texts == [f"Half of\n\n*{EN.stopped}*"]


async def test_an_answer_that_streams_elsewhere_is_stopped_at_the_api(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        await bench.streaming_answer(bench.message("Hi"), "Half")
        await bench.do(bench.command("stop"))
        [answer] = await bench.store.open_answers(bench.place())
        assert answer.stop_wanted
    assert wire.times(STOP) == 1


async def test_the_platforms_own_stop_stops(tmp_path: Path) -> None:
    wire = Wire()
    more = asyncio.Event()
    wire.on(ASK, stream(message("Half of"), more, message(" it"), wire.stop_asked, end()))
    async with wired(tmp_path, wire) as bench:
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(bench.message("Hi")))
            await bench.until(lambda: bench.screen.texts == ["Half of"])
            bench.screen.fail_next(Stopped(), verb="frame")
            more.set()
        assert (await bench.latest()).outcome == "stopped"
        assert bench.screen.texts == [f"Half of it\n\n*{EN.stopped}*"]


async def test_nothing_is_written_on_for_somebody_who_has_blocked_the_bot(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        bench.screen.fail_next(Forbidden())
        await bench.do(asked)
        answer = await bench.store.answer_for(asked.id)
        assert answer is not None
        assert answer.state == "stopped"
    assert wire.times(STOP) == 1


async def test_only_the_asker_may_stop(tmp_path: Path) -> None:
    wire = Wire()
    more = asyncio.Event()
    wire.on(ASK, stream(message("Half of"), more, message(" it"), end()))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("Hi", chat=GROUP)))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        [bubble] = bench.screen.bubbles
        await bench.do(bench.press("stop", bubble, user="bob", chat=GROUP))
        told = bench.screen.bubbles[-1]
        assert told.message.text == EN.only_asker
        assert told.place.only_user
        more.set()
    assert bench.screen.texts[0] == "Half of it"


async def test_a_button_finds_its_answer_before_its_message_is_noted(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        answer = await bench.waiting_answer(bench.message("Hi"))
        unknown = bench.ref("not noted yet")
        await bench.do(bench.press("stop", unknown, value=answer.id))
        kept = await bench.store.answer(answer.id)
        assert kept is not None
        assert kept.stop_wanted


async def test_with_nothing_to_stop_a_command_is_told_so_and_a_button_is_not(
    tmp_path: Path,
) -> None:
    async with wired(tmp_path, Wire()) as bench:
        await bench.do(bench.press("stop", bench.ref("old")))
        assert bench.screen.texts == []
        await bench.do(bench.command("stop"))
        assert bench.screen.texts == [EN.nothing_to_stop]


async def test_a_stop_where_nothing_is_at_work_ends_what_still_says_so(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        await bench.do(bench.press("stop", bench.ref("what streamed in a process that was killed")))
    assert bench.screen.statuses == [""]
    assert bench.screen.texts == []


async def test_a_cut_marks_what_streams_and_offers_another_try(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end(usage=ZERO)))
    async with wired(tmp_path, wire) as bench:
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(bench.message("Hi")))
            await bench.until(lambda: bench.screen.texts == ["Half of"])
            bench.service.cut()
        assert bench.screen.texts == [f"Half of\n\n*{EN.interrupted}*"]
        assert names(bench) == ["regenerate"]
        assert (await bench.latest()).outcome == "interrupted"
    assert wire.times(STOP) == 1


async def test_a_cut_leaves_what_was_not_asked_for_the_next_start(tmp_path: Path) -> None:
    wire = Wire()
    leave = asyncio.Event()
    wire.on(ASK, stream(message("a"), leave, end()), stream(message("b"), end()))
    async with wired(tmp_path, wire, max_streams=1) as bench:
        later = bench.message("second", user="bob")
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(bench.message("first", user="ann")))
            await bench.until(lambda: bench.screen.texts == ["a"])
            waiting = group.create_task(raises_again(bench, later))
            await bench.until(lambda: EN.waiting.format(count=1) in bench.screen.statuses)
            bench.service.cut()
            await waiting
            leave.set()
        answer = await bench.store.answer_for(later.id)
        assert answer is not None
        assert answer.state == "waiting"
        await bench.do(later, attempts=1)
        assert bench.screen.texts[-1] == "b"


async def raises_again(bench: Bench, event: object) -> None:
    with pytest.raises(Again):
        await bench.do(event)  # type: ignore[arg-type]  # any event


async def test_what_another_process_has_taken_is_neither_painted_nor_closed_here(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), *[0.05, PING] * 100))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(asked))
            await bench.until(lambda: bench.screen.texts == ["Half of"])
            answer = await bench.store.answer_for(asked.id)
            assert answer is not None
            await bench.store.claim(answer.id, "another")
        assert bench.screen.texts == ["Half of"]
        kept = await bench.store.answer(answer.id)
        assert kept is not None
        assert kept.state == "streaming"


async def test_what_was_taken_while_it_waited_is_not_asked_here(tmp_path: Path) -> None:
    wire = Wire()
    leave = asyncio.Event()
    wire.on(ASK, stream(message("a"), leave, end()))
    async with wired(tmp_path, wire, max_streams=1) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("first", user="ann")))
        await bench.until(lambda: bench.screen.texts == ["a"])
        later = bench.message("second", user="bob")
        waiting = group.create_task(bench.do(later))
        await bench.until(lambda: EN.waiting.format(count=1) in bench.screen.statuses)
        answer = await bench.store.answer_for(later.id)
        assert answer is not None
        await bench.store.claim(answer.id, "another")
        await waiting
        leave.set()
    assert wire.times(ASK) == 1
    assert bench.screen.texts == ["a"]


@pytest.mark.parametrize("moment", ["asked", "started", "closing"])
async def test_a_claim_lost_at_any_step_ends_the_work_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 60.0)
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), 0.05, end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        thief = Thief(bench.store, moment)
        tools = replace(bench.tools, store=thief)  # type: ignore[arg-type]  # behaves like one
        await Service(tools).handle(bench.work(question))
        answer = await bench.store.answer_for(question.id)
        assert answer is not None
        assert answer.finished_at is None
    assert wire.times(ASK) == (0 if moment == "asked" else 1)
    assert "finish" not in bench.screen.verbs()


class Thief:
    """A store in which another process takes the answer right before a step."""

    def __init__(self, store: Store, moment: str) -> None:
        self._store = store
        self._moment = moment

    def __getattr__(self, name: str) -> object:
        verb = getattr(self._store, name)
        if name != self._moment:
            return verb

        async def robbed(id: str, claim: str, **more: object) -> object:
            await self._store.claim(id, "another")
            return await verb(id, claim, **more)

        return robbed


async def test_a_database_that_is_away_for_a_moment_does_not_end_an_answer(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), 0.1, message(" world"), end()))
    async with wired(tmp_path, wire) as bench:
        away = Away(bench.store)
        tools = replace(bench.tools, store=away)  # type: ignore[arg-type]  # behaves like one
        await Service(tools).handle(bench.work(bench.message("Hi")))
    assert bench.screen.texts == ["Hello world"]
    assert away.calls > 0


class Away:
    """A store that can keep no text."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def keep(self, id: str, claim: str, text: str) -> bool | None:
        self.calls += 1
        raise Fault("away")


async def test_what_is_finished_already_is_not_worked_on(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
        await work.work_out(bench.tools, answer)
        await recover.close(bench.tools, answer, "interrupted", "Interrupted")
        assert (await bench.latest()).outcome == "whole"
    assert wire.times(ASK) == 1

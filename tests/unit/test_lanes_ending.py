import asyncio

import pytest
import structlog
from prometheus_client import REGISTRY

from bot.lanes import DONE, Lanes, Recent, Verdict, queue
from bot.lanes.lanes import WATCH
from bot.store.database import Fault
from bot.store.records import Work
from tests.fakes.happenings import message
from tests.fakes.laned import ANN, BEN, Worker, until_idle, working
from tests.fakes.rows import MemoryRows, now


async def test_a_second_process_waits_for_the_end_of_the_first_and_says_so() -> None:
    rows, worker = MemoryRows(), Worker()
    await rows.accept(message("a"), ANN)
    rows.others = True
    with structlog.testing.capture_logs() as logs:
        async with working(rows, worker) as here:
            await asyncio.sleep(100)
            assert worker.begun == []
            assert here.hindrance.startswith("another process works on this database")
            rows.others = False
            await until_idle(rows)
            assert here.hindrance == ""
            assert worker.begun[0][0] < 103
            rows.others = True  # its server was started anew, and somebody else was quicker
            await asyncio.sleep(WATCH + 1)
            assert here.hindrance.startswith("another process works on this database")
    assert [line["log_level"] for line in logs if "process" in line["event"]] == ["warning"] * 3


async def test_draining_begins_nothing_more_and_ends_what_has_begun() -> None:
    rows, worker = MemoryRows(), Worker(10)
    async with working(rows, worker, talks=1) as here:
        for id, lane in (("a1", ANN), ("a2", ANN), ("b1", BEN)):
            await here.accept(message(id), lane)
        await asyncio.sleep(1)
    assert worker.ended == [(10.0, "a1")]
    assert rows.states() == {"a1": "done", "a2": "open", "b1": "open"}
    async with working(rows, worker):
        await until_idle(rows)
    assert sorted(id for _, id in worker.ended[1:]) == ["a2", "b1"]
    assert set(rows.states().values()) == {"done"}


async def test_draining_waits_for_no_album_and_no_delay() -> None:
    rows, worker = MemoryRows(), Worker(0)
    worker.verdicts = {
        "a": [Verdict(ending="again", after=500)],
        "e": [Verdict(ending="again", after=500)],
    }
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await here.accept(message("e"), "edit:m")
        await here.accept(message("p", album="holiday"), BEN)
        await asyncio.sleep(1)
    assert asyncio.get_running_loop().time() < 2
    assert set(rows.states().values()) == {"open"}


async def test_an_event_stored_while_draining_waits_for_the_next_start() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await asyncio.sleep(0.5)
        here.drain()
        assert await here.accept(message("late"), BEN)
    assert rows.states() == {"a": "done", "late": "open"}


async def test_work_that_is_to_be_done_again_while_draining_stays_queued() -> None:
    rows, worker = MemoryRows(), Worker()
    worker.verdicts["a"] = [Verdict(ending="again", after=1)]
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await asyncio.sleep(0.5)
    assert rows.states() == {"a": "open"}
    assert len(worker.begun) == 1


async def test_lanes_that_never_ran_end_at_once_when_drained() -> None:
    rows, worker = MemoryRows(), Worker()
    here = Lanes(rows, now=now)
    here.drain()
    await here.run(worker)
    assert here.hindrance


async def test_an_event_whose_caller_gave_up_is_worked_on_once_it_is_stored() -> None:
    rows, worker = MemoryRows(commit=1), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await here.accept(message("a"), ANN)
        await asyncio.sleep(1)
        await until_idle(rows)
    assert [id for _, id in worker.begun] == ["a"]


async def test_an_event_being_stored_at_the_end_is_still_stored() -> None:
    rows, worker = MemoryRows(commit=1), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(2)
        accepting = asyncio.create_task(here.accept(message("a"), ANN))
        await asyncio.sleep(0.5)
    assert await accepting
    assert rows.states() == {"a": "open"}


async def test_a_database_that_never_answers_does_not_hold_up_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(1)
        rows.commit = 10_000
        accepting = asyncio.create_task(here.accept(message("a"), ANN))
        await asyncio.sleep(0.1)
    with pytest.raises(asyncio.CancelledError):
        await accepting
    assert asyncio.get_running_loop().time() < 10


async def test_an_event_kept_by_a_failing_commit_is_worked_on_when_it_comes_again() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(1)
        rows.unsure = True
        with pytest.raises(Fault):
            await here.accept(message("a"), ANN)
        rows.unsure = False
        assert not await here.accept(message("a"), ANN)
        assert not await here.accept(message("a"), ANN)
        await until_idle(rows)
    assert [id for _, id in worker.begun] == ["a"]


async def test_work_waits_for_a_database_that_is_away_and_is_not_done_twice() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await asyncio.sleep(0.5)
        rows.down = True
        await asyncio.sleep(100)
        assert rows.states() == {"a": "open"}
        rows.down = False
        await until_idle(rows, 40)
    assert len(worker.ended) == 1


async def test_work_is_not_begun_before_the_database_has_noted_it() -> None:
    rows, worker = MemoryRows(), Worker()
    worker.verdicts["a"] = [Verdict(ending="again", after=5)]
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await asyncio.sleep(1.0005)
        rows.down = True  # the delay is not stored, the second attempt cannot be noted
        await asyncio.sleep(20)
        assert len(worker.begun) == 1
        assert rows.rows["a"].at is None
        rows.down = False
        await until_idle(rows)
    assert [work.attempts for work in worker.works] == [0, 1]


async def test_a_database_that_comes_up_late_is_waited_for() -> None:
    rows, worker = MemoryRows(), Worker()
    await rows.accept(message("a"), ANN)
    rows.down = True
    async with working(rows, worker) as here:
        await asyncio.sleep(60)
        assert here.hindrance
        rows.down = False
        await until_idle(rows, 35)
        assert not here.hindrance


async def test_lanes_that_wait_for_their_database_end_when_drained() -> None:
    rows, worker = MemoryRows(), Worker()
    rows.down = True
    async with working(rows, worker):
        await asyncio.sleep(100)
    assert asyncio.get_running_loop().time() < 101


async def test_a_fault_of_our_own_leaves_the_other_answers_alone() -> None:
    rows, worker = MemoryRows(), Worker(5)

    async def perform(work: Work) -> Verdict:
        if work.event.id == "bad":
            raise RuntimeError
        return await worker(work)

    with structlog.testing.capture_logs() as logs:
        async with working(rows, perform) as here:
            await here.accept(message("good"), ANN)
            await here.accept(message("bad"), BEN)
            await here.accept(message("next"), BEN)
            await asyncio.sleep(20)
    assert [id for _, id in worker.ended] == ["good", "next"]
    assert rows.states() == {"good": "done", "bad": "open", "next": "done"}
    assert [entry["log_level"] for entry in logs] == ["critical"]


async def test_cancelled_lanes_leave_open_work_to_the_next_process() -> None:
    rows, worker = MemoryRows(), Worker(100)
    here = Lanes(rows, now=now)
    running = asyncio.create_task(here.run(worker))
    await here.accept(message("a"), ANN)
    await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rows.states() == {"a": "open"}
    assert rows.rows["a"].attempts == 1


async def test_work_does_not_inherit_what_was_bound_where_its_event_came_in() -> None:
    rows, seen = MemoryRows(), []

    async def look(_: Work) -> Verdict:
        seen.append(structlog.contextvars.get_contextvars())
        return DONE

    async with working(rows, look) as here:
        with structlog.contextvars.bound_contextvars(request="r1"):
            await here.accept(message("a"), ANN)
        await until_idle(rows)
    assert seen == [{}]


def gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(name)


async def test_depth_and_age_of_the_inbox_are_told() -> None:
    rows, worker = MemoryRows(), Worker(30)
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await here.accept(message("b"), ANN)
        await asyncio.sleep(25)
        assert gauge("parley_inbox_depth") == 2
        assert gauge("parley_inbox_age_seconds") == pytest.approx(20, abs=0.1)
        rows.down = True
        await asyncio.sleep(10)
        assert gauge("parley_inbox_depth") == 2
        rows.down = False


def test_only_the_last_ids_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "RECENT", 2)
    recent = Recent()
    for id in "abc":
        recent.add(id)
    assert [id in recent for id in "abc"] == [False, True, True]

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog
from prometheus_client import REGISTRY

from bot import lanes
from bot.events import Message
from bot.lanes import DONE, FAILED, Lanes, Perform, Recent, Verdict
from bot.store.database import Fault
from bot.store.records import Work
from tests.fakes.happenings import message
from tests.fakes.rows import MemoryRows, now

ANN, BEN = "talk:ann", "talk:ben"


class Worker:
    """Performs work in a given time each and writes down what it saw."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.begun: list[tuple[float, str]] = []
        self.ended: list[tuple[float, str]] = []
        self.works: list[Work] = []
        self.verdicts: dict[str, list[Verdict]] = {}

    async def __call__(self, work: Work) -> Verdict:
        id, clock = work.event.id, asyncio.get_running_loop().time
        self.begun.append((round(clock(), 1), id))
        self.works.append(work)
        await asyncio.sleep(self.seconds)
        self.ended.append((round(clock(), 1), id))
        verdicts = self.verdicts.get(id)
        return verdicts.pop(0) if verdicts else DONE


@asynccontextmanager
async def working(
    rows: MemoryRows, worker: Perform, *, talks: int = lanes.TALKS
) -> AsyncIterator[Lanes]:
    """Lanes at work; at the end of the block they are drained and everything has ended."""
    here = Lanes(rows, talks=talks, now=now)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(here.run(worker))
        yield here
        here.drain()


async def until_idle(rows: MemoryRows, seconds: float = 600) -> None:
    async with asyncio.timeout(seconds):
        while "open" in rows.states().values():  # noqa: ASYNC110 - in virtual time
            await asyncio.sleep(0.05)


async def test_one_lane_works_in_order_and_two_lanes_side_by_side() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        for id, lane in (("a1", ANN), ("b1", BEN), ("a2", ANN), ("b2", BEN)):
            assert await here.accept(message(id), lane)
        await until_idle(rows)
    assert worker.begun == [(0.0, "a1"), (0.0, "b1"), (1.0, "a2"), (1.0, "b2")]
    assert set(rows.states().values()) == {"done"}


async def test_a_second_delivery_does_nothing() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        both = (here.accept(message("a"), ANN), here.accept(message("a"), ANN))
        assert await asyncio.gather(*both) == [True, False]
        await until_idle(rows)
        assert not await here.accept(message("a"), ANN)
    assert [id for _, id in worker.begun] == ["a"]


async def test_no_lane_outlives_its_work() -> None:
    rows, worker = MemoryRows(), Worker(0)
    async with working(rows, worker) as here:
        for n in range(50):
            await here.accept(message(str(n)), f"talk:{n}")
        await until_idle(rows)
        await asyncio.sleep(0.1)
        assert here._lanes == {}
        assert here._timers == {}
        assert here.depth == here.writing == 0


async def test_a_full_house_of_talk_holds_up_no_other_work() -> None:
    rows, worker = MemoryRows(), Worker(10)
    async with working(rows, worker, talks=2) as here:
        for id in "abc":
            await here.accept(message(id), f"talk:{id}")
        await here.accept(message("stop"), "now:stop")
        await until_idle(rows)
    assert worker.begun == [(0.0, "a"), (0.0, "b"), (0.0, "stop"), (10.0, "c")]


async def test_what_an_earlier_process_left_is_taken_up_before_anything_new() -> None:
    rows, worker = MemoryRows(), Worker()
    rows.commit = 0.1
    for id in ("old1", "old2"):
        await rows.accept(message(id), ANN)
    async with working(rows, worker) as here:
        assert await here.accept(message("new"), ANN)
        await until_idle(rows)
    assert [id for _, id in worker.begun] == ["old1", "old2", "new"]


async def test_attempts_are_stored_before_they_begin() -> None:
    rows, seen = MemoryRows(), []

    async def look(work: Work) -> Verdict:
        seen.append((work.attempts, rows.rows["a"].attempts))
        return DONE if work.attempts == 2 else Verdict(ending="again", after=1)

    async with working(rows, look) as here:
        await here.accept(message("a"), ANN)
        await until_idle(rows)
    assert seen == [(0, 1), (1, 2), (2, 3)]


async def test_a_question_in_trouble_does_not_freeze_those_behind_it() -> None:
    rows, worker = MemoryRows(), Worker()
    worker.verdicts["a1"] = [Verdict(ending="again", after=1.5)]
    async with working(rows, worker) as here:
        for id in ("a1", "a2", "a3", "a4"):
            await here.accept(message(id), ANN)
        await until_idle(rows)
    # It is due at 2.5 and goes before what came after it.
    assert [id for _, id in worker.begun] == ["a1", "a2", "a3", "a1", "a4"]


async def test_where_the_last_word_counts_an_older_one_never_comes_after_it() -> None:
    rows, worker = MemoryRows(), Worker()
    worker.verdicts["e1"] = [Verdict(ending="again", after=30)]
    async with working(rows, worker) as here:
        for id in ("e1", "e2"):
            await here.accept(message(id), "edit:m")
        await until_idle(rows)
    assert worker.begun == [(0.0, "e1"), (31.0, "e1"), (32.0, "e2")]


async def test_a_delay_outlives_the_process_and_holds_up_nobody() -> None:
    rows, worker = MemoryRows(), Worker()
    for id in ("a1", "a2"):
        await rows.accept(message(id), ANN)
    await rows.again("a1", now() + timedelta(seconds=60))
    async with working(rows, worker):
        await until_idle(rows)
    assert worker.begun == [(0.0, "a2"), (60.0, "a1")]


async def test_a_delay_that_is_over_is_no_delay() -> None:
    rows, worker = MemoryRows(), Worker()
    await rows.accept(message("a"), ANN)
    await rows.again("a", now() - timedelta(seconds=60))
    async with working(rows, worker):
        await until_idle(rows)
    assert worker.begun == [(0.0, "a")]


async def test_work_that_failed_is_never_begun_again() -> None:
    rows, worker = MemoryRows(), Worker()
    worker.verdicts["a"] = [FAILED]
    async with working(rows, worker) as here:
        await here.accept(message("a"), ANN)
        await until_idle(rows)
    async with working(rows, worker):
        await asyncio.sleep(10)
    assert [id for _, id in worker.begun] == ["a"]
    assert rows.states() == {"a": "failed"}


async def send_album(here: Lanes, *ids: str, gap: float = 0.5) -> None:
    for id in ids:
        await here.accept(message(id, text=f"about {id}", album="holiday", files=1), ANN)
        await asyncio.sleep(gap)


def album(work: Work) -> tuple[str, str, list[str]]:
    assert isinstance(work.event, Message)
    return work.event.id, work.event.text, [file.handle for file in work.event.files]


async def test_the_parts_of_an_album_are_one_question() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(10)
        await send_album(here, "p1", "p2", "p3")
        await until_idle(rows)
    (work,) = worker.works
    assert album(work) == ("p1", "about p1\nabout p2\nabout p3", ["p1-0", "p2-0", "p3-0"])
    assert [part.id for part in work.parts] == ["p1", "p2", "p3"]
    assert worker.begun == [(12.0, "p1")]  # a second after the last part, which came at 11
    assert set(rows.states().values()) == {"done"}


async def test_a_part_that_comes_late_is_work_of_its_own() -> None:
    rows, worker = MemoryRows(), Worker(5)
    async with working(rows, worker) as here:
        await asyncio.sleep(10)
        await send_album(here, "p1", "p2")
        await asyncio.sleep(2)
        await send_album(here, "p3")
        await until_idle(rows)
    assert [[part.id for part in work.parts] for work in worker.works] == [["p1", "p2"], ["p3"]]


async def test_what_is_said_between_two_parts_does_not_tear_the_album() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(10)
        await send_album(here, "p1")
        await here.accept(message("words"), ANN)
        await send_album(here, "p2")
        await until_idle(rows)
    assert [[part.id for part in work.parts] for work in worker.works] == [["p1", "p2"], []]
    assert worker.works[1].event.id == "words"


async def test_an_album_that_waited_behind_an_answer_waits_no_longer() -> None:
    rows, worker = MemoryRows(), Worker(5)
    async with working(rows, worker) as here:
        await asyncio.sleep(10)
        await here.accept(message("words"), ANN)
        await send_album(here, "p1", "p2")
        await until_idle(rows)
    assert worker.begun == [(10.0, "words"), (15.0, "p1")]


async def test_after_a_start_an_album_waits_for_parts_that_are_delivered_again() -> None:
    rows, worker = MemoryRows(), Worker()
    await rows.accept(message("p1", album="holiday"), ANN)
    async with working(rows, worker) as here:
        await asyncio.sleep(4)
        await here.accept(message("p2", album="holiday"), ANN)
        await until_idle(rows)
    assert [[part.id for part in work.parts] for work in worker.works] == [["p1", "p2"]]
    assert worker.begun == [(9.0, "p1")]


async def test_an_album_without_end_is_begun_all_the_same() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(10)
        await send_album(here, *(f"p{n}" for n in range(40)), gap=0.5)
        await until_idle(rows)
    assert worker.begun[0] == (25.0, "p0")
    assert sum(len(work.parts) for work in worker.works) == 40


async def test_an_album_is_done_again_as_a_whole() -> None:
    rows, worker = MemoryRows(), Worker()
    worker.verdicts["p1"] = [Verdict(ending="again", after=5)]
    async with working(rows, worker) as here:
        await send_album(here, "p1", "p2")
        await asyncio.sleep(7)
        due = {row.at for row in rows.rows.values()}
        assert len(due) == 1
        assert None not in due
        await until_idle(rows)
    assert [[part.id for part in work.parts] for work in worker.works] == [["p1", "p2"]] * 2
    assert [work.attempts for work in worker.works] == [0, 1]


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
    assert [id for _, id in worker.ended] == ["a1", "b1", "a2"]
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
    assert not here.opened


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
        assert not here.opened
        rows.down = False
        await until_idle(rows, 35)
        assert here.opened


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
    monkeypatch.setattr(lanes, "RECENT", 2)
    recent = Recent()
    for id in "abc":
        recent.add(id)
    assert [id in recent for id in "abc"] == [False, True, True]

import asyncio
from datetime import timedelta

import pytest

from bot.events import Message
from bot.lanes import DONE, FAILED, Lanes, Verdict
from bot.store.database import Fault
from bot.store.records import Work
from tests.fakes.happenings import message
from tests.fakes.laned import ANN, BEN, Worker, until_idle, working
from tests.fakes.rows import MemoryRows, now


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


async def test_what_begins_at_once_is_stored_with_its_attempt() -> None:
    rows, worker = MemoryRows(commit=0.1), Worker()
    async with working(rows, worker) as here:
        await asyncio.sleep(1)
        before, loop = rows.writes, asyncio.get_running_loop()
        started = loop.time()
        await here.accept(message("a"), ANN)
        await asyncio.sleep(0.01)
        assert len(worker.begun) == 1  # without waiting for another commit
        assert rows.writes == before + 1
        assert loop.time() == pytest.approx(started + 0.11)
        await until_idle(rows)


async def test_what_has_to_wait_has_not_been_attempted() -> None:
    rows, worker = MemoryRows(commit=0.1), Worker()
    async with working(rows, worker, talks=2) as here:
        async with asyncio.TaskGroup() as deliveries:
            for id in ("a", "behind a"):  # at once: one of them is first
                deliveries.create_task(here.accept(message(id), ANN))
        await here.accept(message("late"), ANN)
        await here.accept(message("b"), BEN)
        await here.accept(message("crowded"), "talk:third")
        attempts = {id: row.attempts for id, row in rows.rows.items()}
        assert attempts == {"a": 1, "behind a": 0, "late": 0, "b": 1, "crowded": 0}
        await until_idle(rows)
    assert {row.attempts for row in rows.rows.values()} == {1}


async def test_the_parts_of_an_album_are_attempted_when_all_are_there() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await here.accept(message("a", album="x"), ANN)
        assert rows.rows["a"].attempts == 0
        await until_idle(rows)
    assert rows.rows["a"].attempts == 1


async def test_an_attempt_that_may_have_been_stored_is_counted_again() -> None:
    rows, worker = MemoryRows(), Worker()
    async with working(rows, worker) as here:
        await here.accept(message("first"), BEN)
        rows.unsure = True
        with pytest.raises(Fault):
            await here.accept(message("a"), ANN)
        rows.unsure = False
        assert not await here.accept(message("a"), ANN)
        await until_idle(rows)
    assert [id for _, id in worker.begun] == ["first", "a"]
    assert rows.rows["a"].attempts == 2


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

import asyncio

import pytest
import structlog

from bot import dispatch, lanes
from bot.dispatch import Dispatcher
from bot.events import Event
from bot.lanes import Lanes
from bot.store.database import Fault
from bot.store.records import Work
from bot.surface import Again, Busy, Forbidden, Gone, RateLimited, Stopped, Unreachable
from tests.fakes.dispatched import Service, counted, running, seen_through, until_idle
from tests.fakes.happenings import message, place
from tests.fakes.rows import MemoryRows, now


async def test_work_to_be_done_again_waits_longer_each_time() -> None:
    service = Service(0, a=[Again(0), Again(0), Again(0), Again(0)])
    await seen_through(service, message("a"))
    assert service.times() == [0, 2, 10, 42, 170]
    assert service.answered == ["a"]


async def test_work_never_begins_again_before_the_time_it_asked_for() -> None:
    service = Service(0, a=[Again(100)], b=[RateLimited(150)])
    await seen_through(service, message("a"), message("b", place(user="ben")))
    assert service.times() == [0, 0, 100, 150]


async def test_after_the_fifth_time_the_person_is_told_and_it_is_over() -> None:
    service = Service(0, a=[Again(0)] * 9)
    before = counted("work", ending="failed")
    rows, logs = await seen_through(service, message("a"))
    assert len(service.begun) == 5
    assert [id for id, _ in service.reported] == ["a"]
    assert rows.states() == {"a": "failed"}
    assert counted("work", ending="failed") == before + 1
    assert logs[-1]["reference"] == service.reported[0][1]


async def test_what_fails_leaves_nothing_open_even_if_the_process_dies_over_it() -> None:
    service = Service(0, a=ValueError("unexpected"), b=[Again(0)] * 5)
    rows = MemoryRows()
    await seen_through(service, message("a"), message("b"), rows=rows)
    assert service.abandoned == ["a", "b"]
    # Killed before it was noted, it is begun again, and only ended.
    for attempts, abandoned in ((20, True), (22, True), (23, False)):
        service, rows = Service(0), MemoryRows()
        await rows.accept(message("c"), "talk:c")
        for _ in range(attempts):
            await rows.begun("c")
        async with running(service, rows):
            await until_idle(rows)
        assert (service.begun, service.abandoned) == ([], ["c"] * abandoned)


async def test_work_that_others_died_over_is_not_given_up_for_it() -> None:
    service, rows = Service(0, a=[Again(0)] * 4), MemoryRows()
    await rows.accept(message("a"), "talk:a")
    for _ in range(19):
        await rows.begun("a")
    async with running(service, rows):
        await until_idle(rows)
    assert (service.answered, service.abandoned, service.reported) == (["a"], [], [])


@pytest.mark.unmeasured
async def test_what_cannot_be_ended_yet_is_tried_again_and_not_for_ever() -> None:
    troubles = {"a": [Again(0)] * 9, "a abandoned": [Unreachable()]}
    service = Service(0, **troubles)
    rows, logs = await seen_through(service, message("a"))
    assert (len(service.begun), service.abandoned) == (5, ["a", "a"])
    assert "not ended yet" in str(logs)
    assert [id for id, _ in service.reported] == ["a"]
    troubles["a abandoned"] = [Unreachable()] * 99
    service = Service(0, **troubles)
    rows, _ = await seen_through(service, message("a"))
    assert service.abandoned == ["a"] * (1 + dispatch.ABANDONING)
    assert rows.states() == {"a": "failed"}


async def test_a_platform_that_does_not_answer_is_tried_again() -> None:
    service = Service(0, a=Unreachable())
    await seen_through(service, message("a"))
    assert (service.times(), service.answered, service.reported) == ([0, 2], ["a"], [])


@pytest.mark.parametrize("error", [Forbidden(), Gone(), Stopped()])
async def test_where_nobody_is_left_to_read_the_work_is_done(error: Exception) -> None:
    service = Service(0, a=error)
    rows, _ = await seen_through(service, message("a"))
    assert (len(service.begun), service.reported) == (1, [])
    assert rows.states() == {"a": "done"}


@pytest.mark.parametrize("error", [Fault("away"), Busy(5)])
async def test_what_is_nobody_s_fault_does_not_count(error: Exception) -> None:
    service = Service(0, a=[error] * 12)
    await seen_through(service, message("a"))
    assert service.times() == list(range(0, 65, 5))
    assert (service.answered, service.reported) == (["a"], [])


async def test_a_fault_that_never_goes_away_is_given_up_in_the_end() -> None:
    service = Service(0, a=[Fault("a statement that cannot work")] * 100)
    rows, _ = await seen_through(service, message("a"))
    assert len(service.begun) == dispatch.EXCUSES + dispatch.ATTEMPTS
    assert [id for id, _ in service.reported] == ["a"]
    assert rows.states() == {"a": "failed"}


async def test_an_error_nobody_expected_is_told_under_a_reference_and_holds_up_nobody() -> None:
    service = Service(1, a=RuntimeError("what Ann wrote"))
    rows, logs = await seen_through(service, message("a"), message("b"))
    ((id, reference),) = service.reported
    assert id == "a"
    assert len(reference) == 8
    assert reference.isalpha()
    assert service.answered == ["b"]
    assert rows.states() == {"a": "failed", "b": "done"}
    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert entry["reference"] == reference
    assert "what Ann wrote" not in repr(logs)
    assert any("tests/fakes/dispatched.py" in line for line in entry["trace"])


async def test_two_references_are_two() -> None:
    service = Service(0, a=RuntimeError(), b=RuntimeError())
    await seen_through(service, message("a"), message("b"))
    assert len({reference for _, reference in service.reported}) == 2


async def test_a_group_of_errors_counts_as_the_worst_in_it() -> None:
    service = Service(
        0,
        gone=ExceptionGroup("", [Gone(), Forbidden()]),
        again=ExceptionGroup("", [Gone(), ExceptionGroup("", [Again(7), Again(9)])]),
        failed=ExceptionGroup("", [Again(7), ValueError()]),
    )
    people = [message(id, place(user=id)) for id in ("gone", "again", "failed")]
    rows, _ = await seen_through(service, *people)
    assert rows.states() == {"gone": "done", "again": "done", "failed": "failed"}
    assert service.begun == [(0, "gone"), (0, "again"), (0, "failed"), (9, "again")]


async def test_a_use_case_that_was_cancelled_from_within_has_failed_like_any_other() -> None:
    service = Service(0, a=asyncio.CancelledError())
    rows, _ = await seen_through(service, message("a"), message("b"))
    assert rows.states() == {"a": "failed", "b": "done"}
    assert [id for id, _ in service.reported] == ["a"]


class Mute(Service):
    """Cannot tell anybody anything."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__(0, a=RuntimeError())
        self.error = error

    async def report(self, event: Event, reference: str) -> None:
        if self.error:
            raise self.error
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("error", [Forbidden(), RuntimeError(), asyncio.CancelledError(), None])
async def test_an_error_that_cannot_be_told_is_over_all_the_same(
    error: BaseException | None,
) -> None:
    service = Mute(error)
    rows, logs = await seen_through(service, message("a"), message("b"))
    assert rows.states() == {"a": "failed", "b": "done"}
    assert logs[-1]["event"] == "could not be told"


@pytest.mark.parametrize("attempts", [dispatch.DEATHS, dispatch.DEATHS + 1])
async def test_work_that_ended_the_process_twenty_times_is_not_begun_again_and_told(
    attempts: int,
) -> None:
    service, rows = Service(), MemoryRows()
    await rows.accept(message("a"), "talk:a")
    rows.rows["a"].attempts = attempts
    await seen_through(service, message("b"), rows=rows)
    assert [id for _, id in service.begun] == ["b"]
    assert [id for id, _ in service.reported] == ["a"]
    assert rows.states() == {"a": "failed", "b": "done"}


async def test_an_error_is_told_only_once_even_if_telling_ends_the_process() -> None:
    rows, states = MemoryRows(), []

    class Looking(Service):
        async def report(self, event: Event, reference: str) -> None:
            states.append(rows.states()[event.id])

    await seen_through(Looking(0, a=RuntimeError()), message("a"), rows=rows)
    assert states == ["failed"]


async def test_a_use_case_learns_of_every_earlier_attempt_whosever_fault_it_was() -> None:
    seen = []

    class Looking(Service):
        async def handle(self, work: Work) -> None:
            seen.append(work.attempts)
            await super().handle(work)

    await seen_through(Looking(0, a=[Fault("away"), Again(0), Busy(1)]), message("a"))
    assert seen == [0, 1, 2, 3]


async def test_lines_of_a_use_case_carry_its_event() -> None:
    service, seen = Service(), []

    class Looking(Service):
        async def handle(self, work: Work) -> None:
            seen.append(structlog.contextvars.get_contextvars())

    service = Looking()
    await seen_through(service, message("a"), message("b", place("d")))
    assert [ids["event_id"] for ids in seen] == ["a", "b"]
    assert seen[0]["chat"] != seen[1]["chat"]


async def test_draining_closes_the_intake_and_lets_open_answers_end() -> None:
    service, rows = Service(10), MemoryRows()
    async with running(service, rows) as here:
        await here.accept(message("a"))
        await here.accept(message("behind"))
        await asyncio.sleep(1)
        draining = asyncio.create_task(here.drain())
        await asyncio.sleep(1)
        with pytest.raises(Busy):
            await here.accept(message("late"))
        assert await here.follow_up(message("ours"))
        await draining
        assert asyncio.get_running_loop().time() == pytest.approx(10, abs=0.1)
    assert service.answered == ["a"]
    assert rows.states() == {"a": "done", "behind": "open", "ours": "open"}


async def test_after_the_grace_time_open_answers_are_cut() -> None:
    service, rows = Service(1000), MemoryRows()
    async with running(service, rows, grace=20) as here:
        await here.accept(message("a"))
        await asyncio.sleep(1)
        await here.drain()
        assert asyncio.get_running_loop().time() == pytest.approx(21, abs=0.1)
    assert (service.answered, service.cancelled) == (["a"], [])
    assert rows.states() == {"a": "done"}


async def test_told_once_more_it_ends_what_is_open_at_once() -> None:
    service, rows = Service(1000), MemoryRows()
    async with running(service, rows, grace=3600) as here:
        await here.accept(message("a"))
        await asyncio.sleep(1)
        draining = asyncio.create_task(here.drain())
        await asyncio.sleep(1)
        assert service.answered == []
        here.hurry()
        await draining
        assert asyncio.get_running_loop().time() == pytest.approx(2, abs=0.1)
    assert rows.states() == {"a": "done"}


async def test_what_cannot_be_cut_is_cancelled_and_stays_queued() -> None:
    service, rows = Service(1000), MemoryRows()
    service.cut = lambda: None  # type: ignore[method-assign]  # a use case that does not listen
    with structlog.testing.capture_logs():
        async with running(service, rows, grace=20) as here:
            await here.accept(message("a"))
            await asyncio.sleep(1)
            await here.drain()
    assert asyncio.get_running_loop().time() == pytest.approx(21 + dispatch.CUTTING, abs=0.1)
    assert service.cancelled == ["a"]
    assert rows.states() == {"a": "open"}


async def test_what_gives_way_to_the_end_is_not_a_failed_attempt() -> None:
    service, rows = Service(1000, a=Again(0)), MemoryRows()
    await rows.accept(message("a"), "talk:a")
    rows.rows["a"].attempts = dispatch.ATTEMPTS - 1
    async with running(service, rows, grace=1) as here:
        await asyncio.sleep(1)
        await here.drain()
    assert rows.states() == {"a": "open"}
    assert service.reported == []


async def test_a_dispatcher_that_was_never_run_drains_at_once_and_takes_nothing() -> None:
    service, rows = Service(), MemoryRows()
    here = Dispatcher(Lanes(rows, now=now), service.handle, service.report)
    await here.drain()
    with pytest.raises(Busy):
        await here.accept(message("a"))
    await here.run()
    assert rows.states() == {}


async def test_a_cancelled_dispatcher_leaves_open_work_to_the_next_start() -> None:
    service, rows = Service(1000), MemoryRows()
    here = Dispatcher(Lanes(rows, now=now), service.handle, service.report)
    running = asyncio.create_task(here.run())
    await here.accept(message("a"))
    await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert service.cancelled == ["a"]
    assert rows.states() == {"a": "open"}


class Broken(Lanes):
    async def run(self, perform: lanes.Perform) -> None:
        await asyncio.sleep(1)
        raise RuntimeError("the inbox is broken")


async def test_an_inbox_that_breaks_ends_the_dispatcher() -> None:
    service = Service()
    here = Dispatcher(Broken(MemoryRows(), now=now), service.handle, service.report)
    with pytest.raises(ExceptionGroup) as caught:
        await here.run()
    assert caught.group_contains(RuntimeError)

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from prometheus_client import REGISTRY

from bot import dispatch, lanes
from bot.dispatch import Dispatcher
from bot.events import Event
from bot.lanes import Lanes
from bot.store.database import Fault
from bot.store.records import Work
from bot.surface import Again, Busy, Forbidden, Gone, RateLimited, Stopped, Unreachable
from tests.fakes.happenings import message, place
from tests.fakes.rows import MemoryRows, now


class Service:
    """Answers in a given time, or raises what it was told to, once for each error."""

    def __init__(self, seconds: float = 1.0, **errors: BaseException | list[BaseException]) -> None:
        self.seconds = seconds
        self.errors = {
            id: list(found) if isinstance(found, list) else [found] for id, found in errors.items()
        }
        self.begun: list[tuple[float, str]] = []
        self.answered: list[str] = []
        self.cancelled: list[str] = []
        self.reported: list[tuple[str, str]] = []
        self.open: set[asyncio.Event] = set()

    async def handle(self, work: Work) -> None:
        id, cut = work.event.id, asyncio.Event()
        self.begun.append((round(asyncio.get_running_loop().time()), id))
        self.open.add(cut)
        try:
            async with asyncio.timeout(self.seconds):
                await cut.wait()
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            self.cancelled.append(id)
            raise
        finally:
            self.open.discard(cut)
        if errors := self.errors.get(id):
            raise errors.pop(0)
        self.answered.append(id)

    async def report(self, event: Event, reference: str) -> None:
        self.reported.append((event.id, reference))

    def cut(self) -> None:
        for each in self.open:
            each.set()

    def times(self) -> list[float]:
        return [at for at, _ in self.begun]


@asynccontextmanager
async def running(
    service: Service, rows: MemoryRows, *, limit: int = dispatch.LIMIT, grace: float = 20
) -> AsyncIterator[Dispatcher]:
    here = Dispatcher(
        Lanes(rows, now=now),
        service.handle,
        service.report,
        limit=limit,
        grace=grace,
        cut=service.cut,
    )
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(here.run())
        yield here
        await here.drain()
        await working


async def until_idle(rows: MemoryRows, seconds: float = 3600) -> None:
    async with asyncio.timeout(seconds):
        while "open" in rows.states().values():  # noqa: ASYNC110 - in virtual time
            await asyncio.sleep(0.05)


async def seen_through(
    service: Service, *events: Event, rows: MemoryRows | None = None
) -> tuple[MemoryRows, list[structlog.typing.EventDict]]:
    """Everything accepted and done; gives the rows and what was logged."""
    rows = rows or MemoryRows()
    with structlog.testing.capture_logs() as logs:
        async with running(service, rows) as here:
            for event in events:
                await here.accept(event)
            await until_idle(rows)
    return rows, logs


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"parley_{name}_total", labels) or 0


async def test_an_accepted_event_is_stored_handled_and_done() -> None:
    service, rows = Service(), MemoryRows()
    before = counted("events", intake="accepted"), counted("work", ending="done")
    async with running(service, rows) as here:
        assert await here.accept(message("a"))
        assert rows.states() == {"a": "open"}
        await until_idle(rows)
    assert service.answered == ["a"]
    assert rows.states() == {"a": "done"}
    after = counted("events", intake="accepted"), counted("work", ending="done")
    assert after == (before[0] + 1, before[1] + 1)


async def test_a_second_delivery_costs_no_write() -> None:
    service, rows = Service(60), MemoryRows()
    before = counted("events", intake="duplicate")
    async with running(service, rows) as here:
        assert await here.accept(message("a"))
        await asyncio.sleep(1)
        writes = rows.writes
        assert not await here.accept(message("a"))
        assert not await here.follow_up(message("a"))
        assert rows.writes == writes
    assert counted("events", intake="duplicate") == before + 1


async def test_a_second_delivery_after_a_restart_does_nothing() -> None:
    service, rows = Service(), MemoryRows()
    for expected in (True, False):
        async with running(service, rows) as here:
            assert await here.accept(message("a")) is expected
            await until_idle(rows)
    assert service.answered == ["a"]


async def test_a_second_delivery_is_acknowledged_even_by_a_bot_that_is_stopping() -> None:
    service, rows = Service(), MemoryRows()
    async with running(service, rows) as here:
        await here.accept(message("a"))
    assert not await here.accept(message("a"))


async def test_one_too_many_is_refused_before_it_is_stored() -> None:
    service, rows = Service(10), MemoryRows()
    before = counted("events", intake="refused")
    async with running(service, rows, limit=2) as here:
        for id in "ab":
            await here.accept(message(id))
        with pytest.raises(Busy):
            await here.accept(message("c"))
        assert await here.follow_up(message("ours"))
        await until_idle(rows)
        assert await here.accept(message("c"))
    assert set(rows.states()) == {"a", "b", "ours", "c"}
    assert counted("events", intake="refused") == before + 1


async def test_a_writer_that_is_behind_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "WRITING", 2)
    service, rows = Service(), MemoryRows()
    async with running(service, rows) as here:
        await asyncio.sleep(1)
        rows.commit = 2
        both = [asyncio.create_task(here.accept(message(id))) for id in "ab"]
        await asyncio.sleep(0.1)
        with pytest.raises(Busy):
            await here.accept(message("c"))
        assert await asyncio.gather(*both) == [True, True]
        assert await here.accept(message("c"))


async def test_a_database_that_does_not_follow_is_not_waited_for_longer_than_slack_waits() -> None:
    service, rows = Service(), MemoryRows()
    with structlog.testing.capture_logs():
        async with running(service, rows) as here:
            await asyncio.sleep(1)
            rows.commit = 4
            began = asyncio.get_running_loop().time()
            with pytest.raises(Busy):
                await here.accept(message("a"))
            assert asyncio.get_running_loop().time() - began < 3
            await asyncio.sleep(4)
            rows.commit = 0.001
            assert not await here.accept(message("a"))
            await until_idle(rows)
    assert service.answered == ["a"]


async def test_a_database_that_is_away_makes_the_platform_come_again() -> None:
    service, rows = Service(), MemoryRows()
    with structlog.testing.capture_logs() as logs:
        async with running(service, rows) as here:
            await asyncio.sleep(1)
            rows.down = True
            for _ in range(3):
                with pytest.raises(Busy) as caught:
                    await here.accept(message("a"))
            assert caught.value.retry_after > 0
            rows.down = False
            assert await here.accept(message("a"))
            await until_idle(rows)
    told = [entry["event"] for entry in logs]
    assert told == ["events cannot be stored", "events are stored again"]


async def test_an_event_that_comes_before_the_lanes_run_waits_for_them() -> None:
    service, rows = Service(), MemoryRows()
    here = Dispatcher(Lanes(rows, now=now), service.handle, service.report)
    early = asyncio.create_task(here.accept(message("a")))
    await asyncio.sleep(1)
    assert await here.health() == "the inbox is not open yet"
    running = asyncio.create_task(here.run())
    assert await early
    assert await here.health() == ""
    await here.drain()
    assert await here.health() == "the bot is stopping"
    await running


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
    assert any("tests/unit/test_dispatch.py" in line for line in entry["trace"])


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


@pytest.mark.parametrize("attempts", [5, 6])
async def test_work_that_ended_the_process_five_times_is_not_begun_again_and_told(
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

import asyncio

import pytest
import structlog

from bot import dispatch
from bot.dispatch import Dispatcher
from bot.lanes import Lanes
from bot.surface import Busy
from tests.fakes.dispatched import Service, counted, running, until_idle
from tests.fakes.happenings import action, command, message, place
from tests.fakes.rows import MemoryRows, now


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


async def test_a_stop_gets_in_however_much_waits() -> None:
    service, rows = Service(10), MemoryRows()
    async with running(service, rows, limit=1) as here:
        await here.accept(message("a"))
        for stop in (command("b", name="stop"), action("c", name="stop")):
            assert await here.accept(stop)
        for other in (command("d", name="help"), action("e", name="like")):
            with pytest.raises(Busy):
                await here.accept(other)


async def test_that_too_much_waits_is_logged_once_until_half_is_done() -> None:
    service, rows = Service(10), MemoryRows()
    with structlog.testing.capture_logs() as logs:
        async with running(service, rows, limit=2) as here:
            for id in "ab":
                await here.accept(message(id, place(id)))
            for id in "cd":
                with pytest.raises(Busy):
                    await here.accept(message(id))
            await until_idle(rows)
            for id in "cd":
                await here.accept(message(id))
    told = [(log["log_level"], log["event"]) for log in logs]
    warning = ("warning", "too much waits; platforms are told to come again")
    assert told == [warning, ("info", "events are taken again")]
    assert logs[0]["waiting"] == 2


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
            assert await here.health() == "events cannot be stored"
            await asyncio.sleep(dispatch.UNSTORED)
            assert await here.health() == ""  # whoever keeps visitors away would do so for ever
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

"""Stopping an answer, and leaving it, before the server has begun. On the virtual clock."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from bot.completion import Finished
from tests.fakes.answer_listener import ASK, STOP, app, now, run_to_end, stop_after
from tests.fakes.completion_wire import PING, ZERO, Given, Wire, end, message, refused, stream


async def test_a_stop_of_what_the_server_never_begins_is_bounded() -> None:
    wire = Wire()
    wire.on(ASK, Given(delay=3600.0))
    async with app(wire) as api, asyncio.TaskGroup() as group:
        answer = api.stream({}, user="u")
        group.create_task(stop_after(answer, 1.0))
        group.create_task(stop_after(answer, 20.0))
        assert await run_to_end(answer) == [Finished(stopped=True)]
        assert now() == 31.0
    assert wire.open == 0


async def test_a_stop_is_bounded_the_same_however_late_the_server_begins() -> None:
    wire = Wire()
    given = stream(*[10.0, PING] * 100)
    given.delay = 20.0
    wire.on(ASK, given)
    async with app(wire) as api, asyncio.TaskGroup() as group:
        answer = api.stream({}, user="u")
        group.create_task(stop_after(answer, 1.0))
        assert await run_to_end(answer) == [Finished(stopped=True)]
        assert now() == 31.0


async def test_a_stop_while_a_busy_server_is_given_time_asks_nothing_again() -> None:
    wire = Wire()
    busy = refused(429, "too_many_requests", **{"retry-after": "6"})
    wire.on(ASK, busy, stream(message("a"), end()))
    async with app(wire) as api, asyncio.TaskGroup() as group:
        answer = api.stream({}, user="u")
        group.create_task(stop_after(answer, 1.0))
        assert await run_to_end(answer) == [Finished(stopped=True)]
        assert now() == 1.0
    assert wire.times(ASK) == 1


@pytest.mark.parametrize(
    "fate",
    [
        refused(429, "too_many_requests"),
        refused(500, "internal_server_error"),
        Given((httpx.ReadError("reset"),), 401),
    ],
    ids=["busy", "failing", "cut"],
)
async def test_a_refusal_after_a_stop_is_no_error(fate: Given) -> None:
    wire = Wire()
    wire.on(ASK, replace(fate, delay=2.0))
    async with app(wire) as api, asyncio.TaskGroup() as group:
        answer = api.stream({}, user="u")
        group.create_task(stop_after(answer, 1.0))
        assert await run_to_end(answer) == [Finished(stopped=True)]
    assert wire.times(ASK) == 1


async def test_a_stop_and_a_cancellation_in_one_moment_are_a_cancellation() -> None:
    wire = Wire()
    wire.on(ASK, refused(429, "too_many_requests", **{"retry-after": "6"}))
    async with app(wire) as api:
        answer = api.stream({}, user="u")
        reader = asyncio.ensure_future(run_to_end(answer))
        await asyncio.sleep(1)
        await answer.stop()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert now() == 1.0
    assert wire.times(ASK) == 1


async def test_a_cancellation_while_a_busy_server_is_given_time_lets_go_at_once() -> None:
    wire = Wire()
    wire.on(ASK, refused(429, "too_many_requests", **{"retry-after": "6"}))
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), api.stream({}, user="u"):
                raise AssertionError("never entered")
        assert now() == 1.0
    assert wire.times(ASK) == 1


async def test_a_cancellation_before_the_server_begins_still_stops_the_model() -> None:
    wire = Wire()
    given = stream(message("a"), wire.stop_asked, end(ZERO))
    given.delay = 4.0
    wire.on(ASK, given)
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), api.stream({}, user="u"):
                raise AssertionError("never entered")
        assert now() == 4.0
    assert wire.times(STOP) == 1
    assert wire.open == 0


@pytest.mark.parametrize("fate", [Given(delay=3600.0), Given(delay=1.0), httpx.ConnectError("no")])
async def test_a_cancellation_before_anything_came_ends_soon_and_asks_nothing_again(
    fate: Given | Exception,
) -> None:
    wire = Wire()
    wire.on(ASK, fate)
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), api.stream({}, user="u"):
                raise AssertionError("never entered")
        assert now() <= 5.1
        assert wire.times(ASK) == 1
    assert wire.open == 0

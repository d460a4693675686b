"""What a caller does last before a request leaves. On the virtual clock."""

import asyncio

import pytest

from bot.completion import Finished
from tests.fakes.answer_listener import ASK, app, run_to_end
from tests.fakes.completion_wire import Wire, end, message, refused, stream


async def test_ready_is_awaited_with_the_turn_and_before_the_request() -> None:
    wire = Wire()
    wire.on(ASK, stream(message("a"), 1.0, end()))
    order: list[str] = []

    async def ready() -> None:
        await asyncio.sleep(0.5)
        order.append(f"ready, {wire.times(ASK)} asked, {wire.open} open")

    async with app(wire, max_streams=1) as api, asyncio.TaskGroup() as group:
        group.create_task(run_to_end(api.stream({}, user="first")))
        await asyncio.sleep(0.1)
        waiting = api.stream({}, user="u", ready=ready, waiting=lambda n: order.append(str(n)))
        await run_to_end(waiting)
    assert order == ["1", "0", "ready, 1 asked, 0 open"]


async def test_a_stop_by_ready_asks_nothing() -> None:
    wire = Wire()

    async def ready() -> None:
        await answer.stop()

    async with app(wire) as api:
        answer = api.stream({}, user="u", ready=ready)
        assert await run_to_end(answer) == [Finished(stopped=True)]
    assert wire.times(ASK) == 0


async def test_what_ready_raises_is_raised_and_the_turn_is_given_back() -> None:
    wire = Wire()
    wire.on(ASK, stream(message("a"), end()))

    async def ready() -> None:
        raise LookupError

    async with app(wire, max_streams=1) as api:
        with pytest.raises(LookupError):
            await run_to_end(api.stream({}, user="u", ready=ready))
        assert wire.times(ASK) == 0
        assert len(await run_to_end(api.stream({}, user="u"))) == 2


async def test_ready_is_awaited_again_when_a_busy_server_is_asked_again() -> None:
    wire = Wire()
    wire.on(ASK, refused(429, "too_many_requests"), stream(message("a"), end()))
    times: list[int] = []

    async def ready() -> None:
        times.append(wire.times(ASK))

    async with app(wire) as api:
        await run_to_end(api.stream({}, user="u", ready=ready))
    assert times == [0, 1]

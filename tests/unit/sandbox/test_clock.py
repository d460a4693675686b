import asyncio
import gc
import weakref

import pytest

from bot.sandbox.clock import Clock


async def test_time_passes_as_fast_as_it_is_told() -> None:
    clock = Clock(20)
    began = asyncio.get_running_loop().time()
    await clock.sleep(100)
    assert asyncio.get_running_loop().time() - began == pytest.approx(5)
    assert clock.real(10) == 0.5


async def test_waits_end_in_the_order_of_their_moments_even_when_all_are_late() -> None:
    clock, ended = Clock(), []

    async def wait(moment: float) -> None:
        await clock.until(moment)
        ended.append(moment)

    async with asyncio.TaskGroup() as group:
        for moment in (-1.0, 3.0, 1.0, 2.0):
            group.create_task(wait(moment))
    assert ended == [-1.0, 1.0, 2.0, 3.0]


async def test_a_wait_can_be_given_up() -> None:
    wait = asyncio.create_task(Clock().sleep(5))
    await asyncio.sleep(1)
    wait.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wait


async def test_late_waits_are_all_over_at_once_and_still_in_order() -> None:
    clock, seen = Clock(), []
    await asyncio.sleep(100)

    async def step(pause: float, times: int) -> None:
        for number in range(1, times + 1):
            await clock.until(number * pause)
            seen.append(number * pause)

    async with asyncio.TaskGroup() as group:
        group.create_task(step(2.0, 10))
        group.create_task(step(0.75, 20))
    assert seen == sorted(seen)
    assert clock.now() == 100


async def test_a_clock_that_nobody_waits_for_is_kept_by_no_timer() -> None:
    clock = Clock()
    gone = weakref.ref(clock)
    wait = asyncio.create_task(clock.sleep(1000))
    await asyncio.sleep(1)
    wait.cancel()
    await asyncio.wait([wait])
    del clock, wait
    gc.collect()
    assert gone() is None

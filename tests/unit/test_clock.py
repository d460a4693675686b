import asyncio

import pytest


async def test_a_long_wait_takes_no_time() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.sleep(137)
    assert loop.time() - begun == pytest.approx(137)


@pytest.mark.real_time
async def test_real_time_is_real_where_it_is_asked_for() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.sleep(0.01)
    assert 0.005 < loop.time() - begun < 5

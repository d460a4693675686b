"""SIGTERM under a crowd: what runs gets its time, what waits is for the next process."""

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from bot.sandbox import Config
from tests.fakes.counted_sandbox import counted_sandbox
from tests.fakes.crowd import Crowd, crowd
from tests.fakes.verdict import verdict

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(120)]
GRACE = 1.0


async def test_a_process_told_to_stop_ends_or_leaves_every_question(tmp_path: Path) -> None:
    async with counted_sandbox(Config(port=0)) as app:
        variables = {
            "COMPLETION_API_URL": app.url,
            "COMPLETION_API_KEY": "app-sandbox",
            "PARLEY_GRACE": str(GRACE),
        }
        async with crowd(tmp_path, 8, variables) as (guests, playground):
            # Half of them get an answer that is soon over, half one that takes three seconds.
            await ask_all(guests, first=1, others=8)
            await ask_all(guests, first=1, others=1)
            begun = time.monotonic()
            ending = asyncio.create_task(playground.end(signal.SIGTERM))
            await asyncio.sleep(0.2)
            assert await guests.ask_once(guests.guests[0]) == (503, "5")
            assert await ending == 0
            assert time.monotonic() - begun < GRACE + 8
            assert await guests.states() == {"whole": 4, "interrupted": 4}
            await playground.start()
            found = await verdict(guests, app, patience=30)
    assert found.faults == []
    # The refused one too: its platform kept it, and came again.
    assert (found.whole, found.offered) == (13, 4)


async def ask_all(guests: Crowd, *, first: int, others: int) -> None:
    """One question each, with answers of so many sentences."""
    middle = len(guests.guests) // 2
    await asyncio.gather(
        *(
            guests.ask(guest, random.Random(number), sentences=first if number < middle else others)
            for number, guest in enumerate(guests.guests)
        )
    )

"""What is done beside the events, and what is given up so that nobody waits."""

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from adapters.slack import aside
from adapters.slack.aside import Aside
from bot.surface import Unreachable


async def fails_as_expected() -> None:
    raise Unreachable(sent=False)


async def fails() -> None:
    raise ValueError("a secret")


async def never() -> None:
    await asyncio.Event().wait()


async def spent(work: Aside, seconds: float) -> None:
    task = asyncio.create_task(work.run())
    await asyncio.sleep(seconds)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_failure_is_told_and_ends_nothing_else() -> None:
    work, done = Aside(), asyncio.Event()

    async def does() -> None:
        done.set()

    with capture_logs() as logs:
        for one in (fails_as_expected, fails, does):
            assert work.begin(one)
        await spent(work, 1)
    assert done.is_set() and [log["log_level"] for log in logs] == ["info", "error"]
    assert "secret" not in str(logs)


async def test_what_takes_too_long_makes_room() -> None:
    work, done = Aside(), asyncio.Event()

    async def does() -> None:
        done.set()

    for _ in range(aside.AT_ONCE):
        work.begin(never)
    work.begin(does)
    await spent(work, aside.PATIENCE - 1)
    assert not done.is_set()
    work.begin(does)
    await spent(work, 1)
    assert done.is_set()


async def test_what_is_too_much_is_left_out() -> None:
    work = Aside()
    assert all(work.begin(never) for _ in range(aside.MOST))
    assert not work.begin(never)

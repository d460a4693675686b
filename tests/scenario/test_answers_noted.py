"""The last messages of an answer, noted while it goes on: none is forgotten, whatever comes."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from bot.events import MessageRef
from bot.service import screens
from bot.service.screens import StoredScreens
from bot.store.database import Fault
from bot.store.store import Store
from tests.fakes.bench import wired
from tests.fakes.completion_wire import Wire

pytestmark = pytest.mark.real_time
REF = MessageRef(platform="screen", workspace="bot", chat="direct", id="1")


class Disk:
    """A store whose disk does nothing until it is let, and then perhaps fails."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.goes_on = asyncio.Event()
        self.left = False
        self._fault = fault

    async def settled_screen(self, answer: str, part: int, ref: MessageRef) -> None:
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.left = True
            raise
        if self._fault:
            raise self._fault


def kept_by(disk: Disk) -> StoredScreens:
    return StoredScreens(cast(Store, disk), "a")


@pytest.mark.parametrize("broken_off", [False, True])
async def test_a_message_with_its_last_word_is_on_disk_at_the_end(
    tmp_path: Path, broken_off: bool
) -> None:
    async with wired(tmp_path, Wire()) as bench:
        answer = await bench.waiting_answer(bench.message("Hi"))
        try:
            async with StoredScreens(bench.store, answer.id) as kept:
                await kept.settled(0, REF)
                if broken_off:
                    raise ConnectionError
        except ConnectionError:
            pass
        assert [one.ref for one in await bench.store.screens(answer.id)] == [REF]


async def test_who_is_cancelled_while_it_is_noted_has_it_noted_all_the_same() -> None:
    disk = Disk()

    async def answer() -> None:
        async with kept_by(disk) as kept:
            await kept.settled(0, REF)
            await kept.noted()

    answering = asyncio.create_task(answer())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answering.cancel()
    asyncio.get_running_loop().call_later(0.05, disk.goes_on.set)
    await asyncio.wait([answering])
    assert answering.cancelled()
    assert disk.goes_on.is_set()
    assert not disk.left


async def test_a_disk_that_does_nothing_holds_up_no_end_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screens, "LEAVING", 0.02)
    disk = Disk()
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(5), kept_by(disk) as kept:
            await kept.settled(0, REF)
            raise ConnectionError
    assert disk.left


async def test_what_goes_wrong_with_it_is_told() -> None:
    disk = Disk(Fault("full"))
    disk.goes_on.set()
    with pytest.raises(Fault):
        async with kept_by(disk) as kept:
            await kept.settled(0, REF)

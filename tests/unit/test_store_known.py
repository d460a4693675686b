"""What people have settled is remembered for a moment, and never longer than it holds."""

import asyncio

import pytest

from bot.store.known import LONG, MANY, Known


class Shelf:
    """What is kept; counts how often it is looked up, and can take its time."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.looked_up: list[str] = []
        self.pause = 0.0

    async def read(self, key: str) -> str:
        self.looked_up.append(key)
        value = self.kept.get(key, "nothing")
        await asyncio.sleep(self.pause)
        return value


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def known() -> Known[str]:
    return Known(asyncio.get_running_loop().time)


async def test_what_was_read_is_not_read_again_for_thirty_seconds(
    known: Known[str], shelf: Shelf
) -> None:
    assert await known.get("ann", shelf.read) == "nothing"
    await asyncio.sleep(29.9)
    shelf.kept["ann"] = "changed behind its back"
    assert await known.get("ann", shelf.read) == "nothing"
    assert shelf.looked_up == ["ann"]
    await asyncio.sleep(0.1)
    assert LONG == 30
    assert await known.get("ann", shelf.read) == "changed behind its back"


async def test_what_is_asked_for_again_and_again_does_not_stay_for_ever(
    known: Known[str], shelf: Shelf
) -> None:
    for _ in range(60):
        await known.get("ann", shelf.read)
        await asyncio.sleep(1)
    assert shelf.looked_up == ["ann"] * 2


async def test_each_person_is_read_for_themselves(known: Known[str], shelf: Shelf) -> None:
    shelf.kept = {"ann": "tea", "bob": "milk"}
    for _ in range(2):
        assert [await known.get(who, shelf.read) for who in ("ann", "bob")] == ["tea", "milk"]
    assert shelf.looked_up == ["ann", "bob"]


async def test_a_change_is_seen_at_once_and_others_stay_remembered(
    known: Known[str], shelf: Shelf
) -> None:
    for who in ("ann", "bob"):
        await known.get(who, shelf.read)
    with known.changed("ann"):
        shelf.kept["ann"] = "tea"
    assert await known.get("ann", shelf.read) == "tea"
    await known.get("bob", shelf.read)
    assert shelf.looked_up == ["ann", "bob", "ann"]


async def test_a_change_for_everybody_forgets_everybody(known: Known[str], shelf: Shelf) -> None:
    for who in ("ann", "bob"):
        await known.get(who, shelf.read)
    with known.changed():
        shelf.kept = {"ann": "tea", "bob": "milk"}
    assert [await known.get(who, shelf.read) for who in ("ann", "bob")] == ["tea", "milk"]


@pytest.mark.parametrize("key", ["ann", ""])
async def test_a_read_that_began_before_a_change_brings_nothing_old_back(
    known: Known[str], shelf: Shelf, key: str
) -> None:
    shelf.pause = 2
    reading = asyncio.create_task(known.get("ann", shelf.read))
    await asyncio.sleep(1)
    with known.changed(key):
        shelf.kept["ann"] = "tea"
    assert await reading == "nothing"
    assert await known.get("ann", shelf.read) == "tea"


@pytest.mark.parametrize("ends", [1.5, 3.5], ids=["within it", "after it"])
async def test_a_read_that_began_during_a_change_is_not_remembered(
    known: Known[str], shelf: Shelf, ends: float
) -> None:
    async def change() -> None:
        with known.changed("ann"):
            await asyncio.sleep(2)
            shelf.kept["ann"] = "tea"
            await asyncio.sleep(1)

    changing = asyncio.create_task(change())
    await asyncio.sleep(1)
    shelf.pause = ends - 1
    assert await known.get("ann", shelf.read) == "nothing"
    await changing
    shelf.pause = 0
    assert await known.get("ann", shelf.read) == "tea"


async def test_a_change_that_has_landed_is_seen_before_its_writer_hears_of_it(
    known: Known[str], shelf: Shelf
) -> None:
    async def change() -> None:
        with known.changed("ann"):
            shelf.kept["ann"] = "tea"
            await asyncio.sleep(2)

    await known.get("ann", shelf.read)
    changing = asyncio.create_task(change())
    await asyncio.sleep(1)
    assert await known.get("ann", shelf.read) == "tea"
    await changing


async def test_a_change_that_fails_is_no_reason_to_remember_what_was(
    known: Known[str], shelf: Shelf
) -> None:
    await known.get("ann", shelf.read)
    with pytest.raises(ZeroDivisionError), known.changed("ann"):
        shelf.kept["ann"] = "written, and then the connection broke"
        raise ZeroDivisionError
    assert await known.get("ann", shelf.read) == shelf.kept["ann"]
    await known.get("ann", shelf.read)
    assert len(shelf.looked_up) == 2


async def test_after_a_change_nobody_waited_for_nothing_is_remembered_any_more(
    known: Known[str], shelf: Shelf
) -> None:
    """It may land at any time."""

    async def change() -> None:
        with known.changed("ann"):
            await asyncio.sleep(10)

    changing = asyncio.create_task(change())
    await asyncio.sleep(1)
    changing.cancel()
    await asyncio.wait([changing])
    assert await known.get("ann", shelf.read) == "nothing"
    shelf.kept["ann"] = "landed"
    assert await known.get("ann", shelf.read) == "landed"


async def test_a_read_that_fails_is_tried_again(known: Known[str], shelf: Shelf) -> None:
    async def fail(key: str) -> str:
        raise ZeroDivisionError(key)

    with pytest.raises(ZeroDivisionError):
        await known.get("ann", fail)
    assert await known.get("ann", shelf.read) == "nothing"


async def test_a_thousand_people_are_remembered_and_the_longest_known_goes_first(
    known: Known[str], shelf: Shelf
) -> None:
    people = [f"person {number}" for number in range(1001)]
    assert len(people) == MANY + 1
    for who in people:
        await known.get(who, shelf.read)
    shelf.looked_up.clear()
    for who in people[1:]:
        await known.get(who, shelf.read)
    assert shelf.looked_up == []
    await known.get(people[0], shelf.read)
    assert shelf.looked_up == [people[0]]


async def test_who_is_read_anew_is_the_last_to_go(known: Known[str], shelf: Shelf) -> None:
    await known.get("ann", shelf.read)
    await asyncio.sleep(10)
    for number in range(MANY - 1):
        await known.get(f"person {number}", shelf.read)
    await asyncio.sleep(LONG - 10)
    await known.get("ann", shelf.read)  # her time was up
    await known.get("one more", shelf.read)
    shelf.looked_up.clear()
    await known.get("ann", shelf.read)
    assert shelf.looked_up == []

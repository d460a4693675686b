"""The store remembers what people have settled, and nothing it writes is hidden by that."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import transactions
from bot.store.records import Dialog, Preferences, scope
from bot.store.store import Store
from bot.store.transactions import Step, Transactions
from tests.fakes.happenings import AT, place

pytestmark = pytest.mark.real_time

T = TypeVar("T")
Settled = tuple[Preferences, Dialog | None]

HERE, THERE = scope(place()), scope(place(user="bob"))
ASKED = Dialog(kind="inputs", state={"left": ["a"]}, asked_at=AT)
CHANGES: dict[str, Callable[[Store], Awaitable[object]]] = {
    "save_inputs": lambda store: store.save_inputs(HERE, {"a": 2}),
    "set_voice": lambda store: store.set_voice(HERE, True),
    "set_language": lambda store: store.set_language(HERE, "de"),
    "open_dialog": lambda store: store.open_dialog(
        HERE, Dialog(kind="photo", state={}, asked_at=AT)
    ),
    "end_dialog": lambda store: store.end_dialog(HERE),
    "forget": lambda store: store.forget("playground", "w", "ann"),
    "purge": lambda store: store.purge(AT + timedelta(days=1), AT),
}


class Watched:
    """Transactions that are counted; a read can be held after it has seen what it returns."""

    def __init__(self, inner: Transactions) -> None:
        self._inner = inner
        self.reads = 0
        self.seen, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def write(self, step: Step[T]) -> T:
        return await self._inner.write(step)

    async def write_in_order(self, step: Step[T]) -> T:
        return await self._inner.write_in_order(step)

    async def read(self, step: Step[T]) -> T:
        self.reads += 1
        result = await self._inner.read(step)
        self.seen.set()
        await self.go.wait()
        return result

    async def scrub(self) -> None:
        await self._inner.scrub()


@pytest.fixture
async def watched(engine: AsyncEngine) -> AsyncIterator[Watched]:
    async with transactions.running(engine) as running:
        yield Watched(running)


@pytest.fixture
async def store(watched: Watched) -> Store:
    """Where two people have settled something and are asked something."""
    store = Store(watched)
    for person in (HERE, THERE):
        await store.save_inputs(person, {"a": 1})
        await store.open_dialog(person, ASKED)
    return store


async def settled(store: Store) -> Settled:
    return await store.preferences(HERE), await store.dialog(HERE)


async def test_both_are_read_once_for_all_of_a_question(store: Store, watched: Watched) -> None:
    for _ in range(3):
        assert await settled(store) == (Preferences(inputs={"a": 1}), ASKED)
    assert watched.reads == 1


@pytest.mark.parametrize("verb", CHANGES)
async def test_what_is_changed_is_seen_at_once(store: Store, watched: Watched, verb: str) -> None:
    before = await settled(store)
    await CHANGES[verb](store)
    after = await settled(store)
    assert after == await settled(Store(watched)) != before


@pytest.mark.parametrize("verb", CHANGES)
async def test_a_read_that_began_before_a_change_brings_nothing_old_back(
    store: Store, watched: Watched, verb: str
) -> None:
    watched.go.clear()
    watched.seen.clear()
    reading = asyncio.create_task(store.preferences(HERE))
    await asyncio.wait_for(watched.seen.wait(), 10)
    await CHANGES[verb](store)
    watched.go.set()
    assert (await reading).inputs == {"a": 1}
    assert await settled(store) == await settled(Store(watched))


async def test_what_one_person_changes_leaves_the_other_remembered(
    store: Store, watched: Watched
) -> None:
    await store.preferences(THERE)
    await store.set_voice(HERE, True)
    reads = watched.reads
    assert await store.dialog(THERE) == ASKED
    assert watched.reads == reads


def test_every_verb_that_changes_them_is_tried_here() -> None:
    changing = re.compile(r"_write\(\s*(?:settled|retention)\.")
    verbs = inspect.getmembers(Store, inspect.iscoroutinefunction)
    assert {name for name, verb in verbs if changing.search(inspect.getsource(verb))} == {*CHANGES}

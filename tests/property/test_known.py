"""Whoever asks what is remembered cannot tell it from asking the plain store each time."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from hypothesis import example, given
from hypothesis import strategies as st

from bot.store.known import Known
from tests.fakes.clock import VirtualTimeLoop


@dataclass(frozen=True)
class Deed:
    """What somebody does from second `at` on: the store acts after `before`, tells after `after`.

    A change without a key is one for everybody. Who gives up waits for half of `after`.
    """

    at: int
    kind: Literal["read", "write", "give up"]
    key: str
    before: int
    after: int


PEOPLE = ("ann", "bob")
SECONDS = st.integers(0, 4)
TIMES = st.integers(0, 12) | st.integers(28, 45)
READS = st.builds(Deed, TIMES, st.just("read"), st.sampled_from(PEOPLE), SECONDS, SECONDS)
WRITES = st.builds(
    Deed,
    TIMES,
    st.sampled_from(["write", "write", "give up"]),
    st.sampled_from([*PEOPLE, ""]),
    SECONDS,
    SECONDS,
)
DEEDS = st.lists(READS | READS | WRITES, max_size=25)


class Plain:
    """Each key has the number of its last change. A change lands even if nobody waits for it."""

    def __init__(self) -> None:
        self.changes = Counter[str]()
        self.reads = 0
        self._landing: list[asyncio.Task[None]] = []

    async def read(self, key: str, before: int, after: int) -> int:
        self.reads += 1
        await asyncio.sleep(before)
        value = self.changes[key]
        await asyncio.sleep(after)
        return value

    async def write(self, key: str, before: int, after: int) -> None:
        landing = asyncio.create_task(self._land(key, before, after))
        self._landing.append(landing)
        await asyncio.shield(landing)

    async def _land(self, key: str, before: int, after: int) -> None:
        await asyncio.sleep(before)
        self.changes.update([key] if key else PEOPLE)
        await asyncio.sleep(after)

    async def rest(self) -> None:
        await asyncio.gather(*self._landing)


async def read(known: Known[int], plain: Plain, deed: Deed) -> None:
    landed = plain.changes[deed.key]
    value = await known.get(deed.key, lambda key: plain.read(key, deed.before, deed.after))
    assert landed <= value <= plain.changes[deed.key]


async def write(known: Known[int], plain: Plain, deed: Deed) -> None:
    with known.changed(deed.key):
        await plain.write(deed.key, deed.before, deed.after)


async def do(known: Known[int], plain: Plain, deed: Deed) -> None:
    await asyncio.sleep(deed.at)
    if deed.kind == "read":
        await read(known, plain, deed)
    elif deed.kind == "write":
        await write(known, plain, deed)
    else:
        writing = asyncio.create_task(write(known, plain, deed))
        await asyncio.sleep(deed.after / 2)
        writing.cancel()
        await asyncio.wait([writing])


async def play(deeds: list[Deed]) -> None:
    known, plain = Known[int](asyncio.get_running_loop().time), Plain()
    async with asyncio.TaskGroup() as group:
        for deed in deeds:
            group.create_task(do(known, plain, deed))
    await plain.rest()
    reads = plain.reads
    for _ in range(3):
        await read(known, plain, Deed(0, "read", "ann", 0, 0))
    if not any(deed.kind == "give up" for deed in deeds):
        assert plain.reads <= reads + 1


@given(DEEDS)
@example([Deed(0, "read", "ann", 0, 3), Deed(1, "write", "ann", 0, 1)])
@example([Deed(0, "write", "", 3, 1), Deed(1, "read", "bob", 0, 0), Deed(4, "read", "bob", 0, 0)])
@example([Deed(0, "give up", "ann", 3, 2), Deed(2, "read", "ann", 0, 0)])
def test_no_read_is_older_than_what_had_landed_when_it_began(deeds: list[Deed]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(play(deeds))

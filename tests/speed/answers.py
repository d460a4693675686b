"""What a whole answer costs, from an accepted event to its last edit.

`python -m tests.speed.answers`, with status 1 if it is too much.
The bot is put together as `serve` does it, on SQLite, with a platform that takes every call at once
and lets each chat have one a second, like Telegram. Everybody asks in a chat of their own.
Just before and after, a bare aiohttp reader takes in the same streams and throws them away: what
it costs is what nobody can save on this machine in this minute. CPU_LIMIT is for the machine it was
set on, and grows with how much slower this one reads.
"""

import asyncio
import contextlib
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from pydantic import SecretStr

from bot import observe
from bot.completion import CompletionClient
from bot.compose import memory
from bot.compose.bot import assembled
from bot.events import Chat, File, Message, MessageRef, Place, User
from bot.settings import Settings
from bot.surface import (
    Accept,
    Activity,
    Budget,
    Capabilities,
    Document,
    Form,
    Intend,
    Outgoing,
    Rank,
    Slots,
    Speech,
    nothing,
)
from tests.speed.bench import Tally as Seen
from tests.speed.bench import bare, load_server

try:
    from uvloop import new_event_loop
except ImportError:  # not on Windows
    from asyncio import new_event_loop

T = TypeVar("T")

CHUNKS = 200  # ten seconds at twenty a second
ARRIVALS = 200  # people a second who begin to ask
FIRST_TEXT_LIMIT = 0.050  # seconds from the API's first chunk to the call that shows it, p95
CPU_LIMIT = 0.015  # seconds for one answer of CHUNKS at 100 at once
# Where that was set, a bare reader of so many streams took 25 microseconds a chunk, and so:
STREAMS, BARE = 300, 0.005  # seconds for one answer of CHUNKS
MEMORY_LIMIT = 60 * 1024  # bytes for one open answer
SIZES = (100, 1000)
STAMP = re.compile(r"\d{8}\.\d{6}")


@dataclass
class Tally:
    first: dict[str, float] = field(default_factory=dict)  # delay of the first text, by chat
    ended: int = 0
    frames: int = 0
    memory: int = 0


class _Growing:
    def __init__(self, platform: "Platform", place: Place) -> None:
        self._platform = platform
        self._place = place
        self._shown = ""
        self.ref: MessageRef | None = None

    def cost(self, message: Outgoing) -> Sequence[Budget]:
        return () if message.text == self._shown else self._platform.budgets(self._place)

    async def show(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        if self.ref is None:
            await intend()
        tally = self._platform.tally
        tally.frames += 1
        if self._place.chat.id not in tally.first and (stamp := STAMP.search(message.text)):
            tally.first[self._place.chat.id] = time.monotonic() - float(stamp[0])
        self._shown = message.text
        self.ref = self.ref or self._platform.new_ref(self._place)
        return self.ref

    async def finish(self, message: Outgoing, *, intend: Intend = nothing) -> MessageRef:
        budgets = self._platform.budgets(self._place)
        await self._platform.slots.slot(budgets, Rank.FINAL, who=self._place.chat.id)
        if self.ref is None:
            await intend()
        self._platform.tally.ended += 1
        self.ref = self.ref or self._platform.new_ref(self._place)
        return self.ref


class Platform:
    """A platform that answers at once; only its budgets are real."""

    name = "bench"

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.tally = Tally()
        self._number = 0
        self._accept: asyncio.Future[Accept] = asyncio.get_running_loop().create_future()

    async def accepting(self) -> Accept:
        return await self._accept

    def budgets(self, place: Place) -> Sequence[Budget]:
        return (Budget(scope=f"bench:{place.chat.id}", rate=1.0, burst=3),)

    def new_ref(self, place: Place) -> MessageRef:
        self._number += 1
        chat = place.chat
        return MessageRef(platform=chat.platform, workspace="", chat=chat.id, id=str(self._number))

    async def run(self, accept: Accept) -> None:
        self._accept.set_result(accept)
        await asyncio.Event().wait()

    def routes(self, accept: Accept) -> list[web.RouteDef]:
        return []

    async def missing(self) -> str:
        return ""

    def capabilities(self, place: Place) -> Capabilities:
        return Capabilities()

    def fits(self, place: Place, text: str) -> int:
        return 4096

    def endings(self, place: Place) -> Sequence[Budget]:
        return self.budgets(place)

    @asynccontextmanager
    async def grow(self, place: Place, old: MessageRef | None = None) -> AsyncIterator[_Growing]:
        yield _Growing(self, place)

    async def post(
        self, place: Place, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        await self.slots.slot(self.budgets(place), Rank.PERSON)
        await intend()
        return self.new_ref(place)

    async def edit(self, place: Place, ref: MessageRef, message: Outgoing) -> MessageRef:
        await self.slots.slot(self.budgets(place), Rank.PERSON)
        return ref

    async def delete(self, place: Place, ref: MessageRef) -> None: ...

    async def post_voice(self, place: Place, speech: Speech) -> None:
        return None

    async def post_document(
        self, place: Place, document: Document, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        return await self.post(place, message, intend=intend)

    async def show_status(
        self, place: Place, words: str, *, doing: Activity = "waiting"
    ) -> None: ...

    async def open_form(self, place: Place, form: Form) -> None: ...

    async def read_file(self, file: File, *, limit: int) -> bytes:
        return b""


def question(number: int, round_: str) -> Message:
    chat = Chat(platform="bench", workspace="", id=f"{round_}-{number}", private=True)
    ref = MessageRef(platform="bench", workspace="", chat=chat.id, id="q")
    return Message(
        id=f"bench:{round_}:{number}",
        place=Place(chat=chat, user=User(id=chat.id, language="en")),
        at=datetime.now(UTC),
        ref=ref,
        text="What is it like?",
    )


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


async def bare_cost(port: int, answers: int) -> float:
    """CPU seconds of a bare reader for one answer's stream."""
    seen = Seen(answers)
    async with bare(f"http://127.0.0.1:{port}/{CHUNKS}/v1") as read:
        cpu = time.process_time()
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            for _ in range(answers):
                tasks.create_task(read(seen))
                await asyncio.sleep(1 / ARRIVALS)
        return (time.process_time() - cpu) / answers


def cpu_limit(port: int) -> float:
    """CPU seconds that one answer may take on this machine, at this moment."""
    return CPU_LIMIT * max(1.0, ran(bare_cost(port, STREAMS)) / BARE)


def ran(work: Coroutine[object, object, T]) -> T:
    """What comes of `work` on an event loop of its own."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def limited(port: int, work: Coroutine[object, object, T]) -> tuple[T, float]:
    """What comes of `work`, and what one answer might take on this machine in its time.

    A machine's speed changes from minute to minute, so that it is looked at before and after.
    """
    before = cpu_limit(port)
    result = ran(work)
    return result, (before + cpu_limit(port)) / 2


@dataclass(frozen=True)
class Result:
    answers: int
    cpu: float  # seconds for one answer
    first: list[float]
    memory: float  # bytes for one open answer
    frames: int

    def percentile(self, share: float) -> float:
        ranked = sorted(self.first)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


async def measure(port: int, answers: int, folder: Path) -> Result:
    settings = Settings(
        _env_file=None,
        DATABASE_URL=SecretStr(f"sqlite:///{folder / f'{answers}.db'}"),
    )
    made: list[Platform] = []

    def platforms(slots: Slots, _: object) -> list[Platform]:
        made.append(Platform(slots))
        return made

    url = f"http://127.0.0.1:{port}/{CHUNKS}/v1"
    over = asyncio.Event()

    async def told() -> None:
        await over.wait()

    async with (
        CompletionClient(url, "app-bench", max_streams=answers) as client,
        assembled(settings, client, platforms, host="127.0.0.1", port=0) as (bot, _),
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(bot.run(told))
        platform = made[0]
        accept = await platform.accepting()
        await _ask(platform, accept, 5, "warm-up")
        platform.tally = Tally()
        memory.settle()  # as `serve` does
        before, cpu = resident(), time.process_time()
        await _ask(platform, accept, answers, "measured", watch=True)
        cpu = time.process_time() - cpu
        over.set()
        await running
    tally = platform.tally
    return Result(
        answers=answers,
        cpu=cpu / answers,
        first=list(tally.first.values()),
        memory=(tally.memory - before) / answers,
        frames=tally.frames,
    )


async def _ask(
    platform: Platform, accept: Accept, answers: int, round_: str, *, watch: bool = False
) -> None:
    """Let everybody ask, one after the other, and wait until all are answered."""
    for number in range(answers):
        await accept(question(number, round_))
        await asyncio.sleep(1 / ARRIVALS)
    if watch:
        await asyncio.sleep(2.0)
        platform.tally.memory = resident()
    async with asyncio.timeout(120):
        while platform.tally.ended < answers:  # noqa: ASYNC110 - an event would cost the measured
            await asyncio.sleep(0.1)


def faults(result: Result, limit: float) -> list[str]:
    found = []
    if len(result.first) < result.answers:
        found.append(f"{result.answers - len(result.first)} answers had no first text")
    if result.percentile(0.95) > FIRST_TEXT_LIMIT:
        found.append(f"first text p95 {result.percentile(0.95) * 1000:.0f} ms at {result.answers}")
    if result.answers == SIZES[0] and result.cpu > limit:
        found.append(f"one answer costs {result.cpu * 1000:.1f} ms of CPU")
    if result.answers == SIZES[-1] and result.memory > MEMORY_LIMIT:
        found.append(f"one open answer takes {result.memory / 1024:.0f} KB")
    return found


def main() -> int:
    missed: list[str] = []
    with (
        load_server() as port,
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
    ):
        observe.configure(stream=nowhere)  # written as `serve` writes it, but read by nobody
        print(
            f"{'answers':>7} {'CPU ms':>8} {'may':>6} {'bare ms':>8} {'ratio':>6}"
            f" {'first p50':>10} {'p95 ms':>8} {'KB':>6} {'frames':>8}"
        )
        for answers in SIZES:
            least = ran(bare_cost(port, answers))
            result, limit = limited(port, measure(port, answers, Path(folder)))
            print(
                f"{answers:>7} {result.cpu * 1000:>8.1f} {limit * 1000:>6.1f} {least * 1000:>8.1f}"
                f" {result.cpu / least:>6.1f}"
                f" {statistics.median(result.first) * 1000:>10.1f}"
                f" {result.percentile(0.95) * 1000:>8.1f} {result.memory / 1024:>6.0f}"
                f" {result.frames:>8}",
                flush=True,
            )
            missed += faults(result, limit)
    for fault in missed:
        print(f"missed: {fault}")
    return 1 if missed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())

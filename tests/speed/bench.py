"""What an answer's stream costs: `python -m tests.speed.bench`, with status 1 if it is too much.

Two readers take turns on the same server, in the same process and minute, because machines are
noisy: a bare aiohttp one that throws the bytes away, and ours, from the socket to typed events.
"""

import asyncio
import contextlib
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import aiohttp

from bot.completion import CompletionClient, TextAdded
from tests.speed.load_server import RATE

try:
    from uvloop import new_event_loop
except ImportError:  # not on Windows
    from asyncio import new_event_loop

ROUNDS = 3
SETTLE = 0.5  # seconds after the last stream opened, for what piled up meanwhile to be read
SIZES = {1: 1.0, 100: 2.0, 1000: 2.5}
"""Streams at once, and for how many seconds they are watched."""
JUDGED_COST = (100, 1000)  # one stream is 40 events in two seconds: too few to weigh
COST_LIMIT = 1.6  # times the bare reader's
# Seconds for 99 of 100 events at the largest size: a twentieth of what an edit waits anyway.
DELAY_LIMIT = 0.050
SAMPLE = 5  # every fifth event's delay is measured, so that measuring costs next to nothing

KEY = "app-bench"
MARK = b'"answer":"'
STAMP = 15  # characters of a time


@dataclass(slots=True)
class Tally:
    """What the readers of one run saw."""

    expected: int
    open: int = 0
    events: int = 0
    delays: list[float] = field(default_factory=list)
    all_open: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self) -> None:
        self.open += 1
        if self.open == self.expected:
            self.all_open.set()

    def count(self, events: int) -> bool:
        """Whether this one's delay is to be measured."""
        before = self.events
        self.events = before + events
        return before // SAMPLE != self.events // SAMPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    cost: float  # CPU seconds for a thousand events
    load: float  # share of one core
    delays: list[float]
    events: int

    def percentile(self, share: float) -> float:
        ranked = sorted(self.delays)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


Read = Callable[[Tally], Awaitable[None]]


@contextlib.asynccontextmanager
async def bare(url: str) -> AsyncIterator[Read]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def read(tally: Tally) -> None:
            body = {"inputs": {"query": "x"}, "response_mode": "streaming", "user": "u"}
            address = f"{url}/completion-messages"
            async with session.post(address, json=body, timeout=aiohttp.ClientTimeout()) as reply:
                tally.opened()
                while data := await reply.content.readany():
                    if tally.count(1) and (place := data.find(MARK)) >= 0:
                        start = place + len(MARK)
                        sent = float(data[start : start + STAMP])
                        tally.delays.append(time.monotonic() - sent)

        yield read


@contextlib.asynccontextmanager
async def ours(url: str) -> AsyncIterator[Read]:
    async with CompletionClient(url, KEY, max_streams=max(SIZES)) as api:

        async def read(tally: Tally) -> None:
            async with api.stream({"query": "x"}, user="u") as stream:
                tally.opened()
                async for event in stream:
                    if tally.count(1) and isinstance(event, TextAdded):
                        tally.delays.append(time.monotonic() - float(event.delta))

        yield read


async def measure(
    reader: Callable[[str], contextlib.AbstractAsyncContextManager[Read]],
    port: int,
    streams: int,
    seconds: float,
) -> Result:
    """Let all streams open, then watch them for `seconds`; they end by themselves after that."""
    opening = 0.5 + streams / 500  # seconds; a slow machine opens 500 a second
    events = int((opening + SETTLE + seconds) * RATE)
    tally = Tally(streams)
    async with (
        reader(f"http://127.0.0.1:{port}/{events}/v1") as read,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(streams):
            tasks.create_task(read(tally))
        async with asyncio.timeout(opening * 4):
            await tally.all_open.wait()
        gc.collect()  # its pause belongs to nobody's stream: neither reader is to meet it by chance
        await asyncio.sleep(SETTLE)
        tally.delays.clear()
        count, cpu, clock = tally.events, time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, took = time.process_time() - cpu, time.monotonic() - clock
        count, delays = tally.events - count, list(tally.delays)
    return Result(cost=cpu / count * 1000, load=cpu / took, delays=delays, events=count)


def load_server() -> contextlib.AbstractContextManager[int]:
    """The Completion API of the benches, in a process of its own; gives its port."""
    return served("tests.speed.load_server")


@contextlib.contextmanager
def served(module: str) -> Iterator[int]:
    """A server that prints its port and goes on until its input closes."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


def run(port: int, streams: int, seconds: float) -> tuple[list[Result], list[Result]]:
    """The results of the bare reader and of ours, in turns."""
    theirs: list[Result] = []
    mine: list[Result] = []
    for _ in range(ROUNDS):
        for reader, results in ((bare, theirs), (ours, mine)):
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                results.append(runner.run(measure(reader, port, streams, seconds)))
    return theirs, mine


def line(streams: int, name: str, results: list[Result]) -> str:
    cost = statistics.median(result.cost for result in results) * 1e6
    load = statistics.median(result.load for result in results)
    p50 = statistics.median(result.percentile(0.50) for result in results) * 1000
    p99 = statistics.median(result.percentile(0.99) for result in results) * 1000
    rate = statistics.median(result.events for result in results) / SIZES[streams]
    return (
        f"{streams:>7}  {name:<14} {rate:>9.0f} {cost / 1000:>12.1f} {load:>6.0%}"
        f" {p50:>9.2f} {p99:>9.2f}"
    )


def faults(streams: int, theirs: list[Result], mine: list[Result]) -> list[str]:
    """The thresholds that were missed.

    A machine is quick and slow by turns, so each of our rounds is held against the bare reader's
    just before it, and the middle one of those counts: the luckiest rounds of both would compare
    two different minutes.
    """
    found = []
    pairs = zip(theirs, mine, strict=True)
    ratio = statistics.median(ours.cost / bare.cost for bare, ours in pairs)
    print(f"{'':>7}  ours/bare {ratio:.2f}")
    if streams in JUDGED_COST and ratio > COST_LIMIT:
        found.append(f"{streams} streams cost {ratio:.2f} times a bare reader, not {COST_LIMIT}")
    p99 = statistics.median(result.percentile(0.99) for result in mine)
    if streams == max(SIZES) and p99 > DELAY_LIMIT:
        found.append(f"at {streams} streams p99 is {p99 * 1000:.0f} ms")
    return found


def main() -> int:
    print(
        f"{'streams':>7}  {'reader':<14} {'events/s':>9} {'CPU ms/1000':>12} {'core':>6}"
        f" {'p50 ms':>9} {'p99 ms':>9}"
    )
    missed: list[str] = []
    with load_server() as port:
        for streams, seconds in SIZES.items():
            theirs, mine = run(port, streams, seconds)
            print(line(streams, "bare aiohttp", theirs))
            print(line(streams, "Parley", mine), flush=True)
            missed += faults(streams, theirs, mine)
    for fault in missed:
        print(f"missed: {fault}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

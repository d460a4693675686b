"""How quickly events are taken in, on SQLite, while answers stream.

`python -m tests.speed.intake`, with status 1 if it is too slow.
Another process sends events by HTTP as a platform does, at a steady rate whatever comes back. Each
is stored, acknowledged, begun and done; beside that, STREAMS answers are read and kept.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web as server

from bot import web
from bot.completion import CompletionClient
from bot.dispatch import Dispatcher
from bot.events import Chat, Event, Message, MessageRef, Place, User
from bot.lanes import Lanes
from bot.store import database, migrate
from bot.store.records import Answer, Work
from bot.store.store import Store, keeping
from tests.speed.bench import load_server

try:
    from uvloop import new_event_loop
except ImportError:  # not on Windows
    from asyncio import new_event_loop

STREAMS = 100
ROUNDS = 3
SECONDS = 3.0  # one round
OFFERED = 600  # events a second that the platform sends
RATE_LIMIT = 500  # events a second that have to be accepted
ACK_LIMIT = 0.050  # seconds for 99 of 100 acknowledgements
KEPT_EVERY = 2.0  # seconds; how often an answer's text is stored while it streams
WARM_UP = 1.0  # seconds for all streams to open
TEXT = "What is the difference between a lane and a queue? " * 6
CLAIM = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    delays: list[float]  # seconds from the moment an event was due to its acknowledgement
    seconds: float
    refused: int
    cpu: float  # share of one core

    @property
    def rate(self) -> float:
        return len(self.delays) / self.seconds

    def percentile(self, share: float) -> float:
        ranked = sorted(self.delays)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def question(number: int) -> Message:
    chat = Chat(platform="bench", workspace="w", id=str(number % 1000), private=True)
    return Message(
        id=f"bench:{number}",
        place=Place(chat=chat, user=User(id=chat.id)),
        at=datetime.now(UTC),
        ref=MessageRef(platform="bench", workspace="w", chat=chat.id, id=str(number)),
        text=TEXT,
    )


async def stream(client: CompletionClient, store: Store, number: int) -> None:
    """Read an answer to its end and keep its text as a use case does."""
    event = question(-1 - number)
    answer = Answer(
        id=f"a{number}", event=event.id, place=event.place, end_user="u", created_at=event.at
    )
    await store.open_answer(answer)
    await store.claim(answer.id, CLAIM)
    await store.asked(answer.id, CLAIM, inputs={"query": TEXT}, uploads=())
    kept = time.monotonic()
    async with client.stream({"query": TEXT}, user="u") as stream:
        async for _ in stream:
            if time.monotonic() - kept > KEPT_EVERY:
                kept = time.monotonic()
                await store.keep(answer.id, CLAIM, stream.text)


async def measure(port: int, folder: Path) -> list[Result]:
    """ROUNDS rounds of intake while answers of the load server at `port` stream."""
    chunks = 20_000  # more than is watched; the streams are left when the rounds are over
    engine_address = f"sqlite:///{folder / 'intake.db'}"

    async def handle(_: Work) -> None:
        return

    async def report(_: Event, __: str) -> None:
        raise AssertionError

    async with database.opened(engine_address) as engine:
        await migrate.upgrade(engine)
        async with (
            keeping(engine) as (store, inbox),
            CompletionClient(
                f"http://127.0.0.1:{port}/{chunks}/v1", "app-bench", max_streams=STREAMS
            ) as client,
            asyncio.TaskGroup() as tasks,
        ):
            dispatcher = Dispatcher(Lanes(inbox), handle, report, grace=0)
            tasks.create_task(dispatcher.run())
            streams = [tasks.create_task(stream(client, store, n)) for n in range(STREAMS)]
            await asyncio.sleep(WARM_UP)

            async def receive(request: server.Request) -> server.Response:
                await dispatcher.accept(question(int(await request.text())))
                return server.Response()

            routes = [server.post("/event", receive)]
            async with web.listening(web.build((), routes), host="127.0.0.1", port=0) as door:
                results = [await _round(door, number) for number in range(ROUNDS)]
            assert not any(stream.done() for stream in streams)
            for each in streams:
                each.cancel()
            await dispatcher.drain()
    return results


async def _round(door: int, number: int) -> Result:
    cpu, began = time.process_time(), time.monotonic()
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.speed.intake", str(door), str(number), stdout=subprocess.PIPE
    )
    told, _ = await sender.communicate()
    sent = json.loads(told)
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    return Result(**sent, cpu=share)


async def send(port: int, round_: int) -> Result:
    """Send events at a steady rate for SECONDS; one that is late does not hold up the next."""
    total = int(OFFERED * SECONDS)
    delays: list[float] = []
    refused = 0
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
        began = time.monotonic()

        async def post(number: int, due: float) -> None:
            nonlocal refused
            address, body = f"http://127.0.0.1:{port}/event", str(round_ * total + number)
            try:
                async with session.post(address, data=body) as response:
                    accepted = response.status == 200
            except aiohttp.ClientError:  # more connections than the server holds
                accepted = False
            if accepted:
                delays.append(time.monotonic() - due)
            else:
                refused += 1

        for number in range(total):
            due = began + number / OFFERED
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.create_task(post(number, due))
    return Result(delays=delays, seconds=time.monotonic() - began, refused=refused, cpu=0)


def line(results: list[Result]) -> str:
    rate = statistics.median(result.rate for result in results)
    p50 = statistics.median(result.percentile(0.50) for result in results) * 1000
    p99 = statistics.median(result.percentile(0.99) for result in results) * 1000
    cpu = statistics.median(result.cpu for result in results)
    refused = sum(result.refused for result in results)
    return (
        f"intake beside {STREAMS} streams: {rate:.0f} events/s, ack p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, {refused} refused, {cpu:.0%} of a core"
    )


def faults(results: list[Result]) -> list[str]:
    """The thresholds that were missed; the middle one of the rounds counts."""
    found = []
    rate = statistics.median(result.rate for result in results)
    p99 = statistics.median(result.percentile(0.99) for result in results)
    if rate < RATE_LIMIT:
        found.append(f"{rate:.0f} events/s were accepted, not {RATE_LIMIT}")
    if p99 > ACK_LIMIT:
        found.append(f"the acknowledgement took {p99 * 1000:.0f} ms at p99")
    return found


def run(port: int) -> list[Result]:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        return runner.run(measure(port, Path(folder)))


def main() -> int:
    with load_server() as port:
        results = run(port)
    print(line(results))
    missed = faults(results)
    for fault in missed:
        print(f"missed: {fault}")
    return 1 if missed else 0


if __name__ == "__main__":
    if len(sys.argv) == 3:  # the platform, in a process of its own
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            sent = runner.run(send(int(sys.argv[1]), int(sys.argv[2])))
        json.dump(
            {"delays": sent.delays, "seconds": sent.seconds, "refused": sent.refused}, sys.stdout
        )
    else:
        sys.exit(main())

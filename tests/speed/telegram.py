"""What Telegram costs: from a person's message to the first words, and a whole answer's CPU.

`python -m tests.speed.telegram`, with status 1 if it is too much. The bot is put together as
`serve` does it, with a webhook, on SQLite; the Bot API and the Completion API are processes of
their own. Everybody writes in a chat of their own before the first answer is over, so that all
answers are open at once; a thousand write no faster than Telegram lets a bot answer, which is
thirty a second. What the bot adds to the API's own time is what passes from the message to the
request, and from the API's first words to the screen.
"""

import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from bot import observe
from bot.completion import CompletionClient
from bot.compose import memory
from bot.compose.bot import assembled
from bot.compose.telegram import telegram
from bot.settings import Settings
from bot.surface import Slots
from bot.web import Adapter
from tests.speed.answers import CHUNKS, bare_cost, limited, ran
from tests.speed.bench import load_server, served

A_SECOND = 30  # messages to all chats together; Telegram asks bots to stay below
IN_A_CHAT = 3  # messages within a second, after silence
SECRET = "sesame"
TOKEN = "42:" + "a" * 35
PATIENCE = 120.0  # seconds for everybody to be answered


@dataclass(frozen=True)
class Crowd:
    """So many `people`, who write `over` so many seconds; `every` slows their answers down."""

    people: int
    over: float
    every: int
    limit: float  # seconds that the bot may add, p50

    @property
    def path(self) -> str:
        return f"{CHUNKS}x{self.every}"


CROWDS = (
    Crowd(people=100, over=8.0, every=1, limit=0.020),  # an answer goes on for ten seconds
    Crowd(people=1000, over=38.0, every=4, limit=0.050),  # and here for forty
)


@dataclass(frozen=True)
class Result:
    crowd: Crowd
    added: list[float]  # seconds, by person
    cpu: float  # seconds for one answer
    whole: int
    seconds: float  # until everybody had the whole answer
    busiest: int  # messages in the busiest second
    crowded: int  # messages in one chat within one second
    calls: dict[str, int]

    def percentile(self, share: float) -> float:
        ranked = sorted(self.added)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("inf")


def _open(url: str) -> None:
    with urllib.request.urlopen(url, timeout=30):  # noqa: S310 - loopback
        pass


def fetched(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 - loopback
        told: dict[str, object] = json.load(response)
        return told


async def measure(api: int, platform: int, crowd: Crowd, folder: Path) -> Result:
    people = crowd.people
    settings = Settings(
        _env_file=None,
        DATABASE_URL=SecretStr(f"sqlite:///{folder / f'{people}.db'}"),
        TELEGRAM_BOT_TOKEN=SecretStr(TOKEN),
        TELEGRAM_API_URL=f"http://127.0.0.1:{platform}",
        TELEGRAM_WEBHOOK_SECRET=SecretStr(SECRET),
        PUBLIC_URL="https://bot.example.com",
    )
    over = asyncio.Event()

    async def told() -> None:
        await over.wait()

    url = f"http://127.0.0.1:{api}/{crowd.path}/v1"
    async with (
        CompletionClient(url, "app-bench", max_streams=people) as client,
        assembled(
            settings,
            client,
            lambda slots, _: _adapters(settings, client, slots),
            host="127.0.0.1",
            port=0,
        ) as (bot, port),
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(bot.run(told))
        server = f"http://127.0.0.1:{platform}"
        begun = people * 10_000
        await _ready(port)
        memory.settle()  # as `serve` does
        await _answered(server, port, begun, replace(crowd, people=3, over=1.0))
        cpu, since = time.process_time(), time.monotonic()
        report = await _answered(server, port, begun + 1000, crowd)
        cpu, seconds = time.process_time() - cpu, time.monotonic() - since
        over.set()
        await running
    asked = await asyncio.to_thread(fetched, f"http://127.0.0.1:{api}/asked")
    return _result(report, asked, begun + 1000, crowd, cpu=cpu, seconds=seconds)


def _adapters(settings: Settings, client: CompletionClient, slots: Slots) -> list[Adapter]:
    return [telegram(settings, client, slots)]


async def _ready(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(_open, f"http://127.0.0.1:{port}/readyz")
                return
            await asyncio.sleep(0.1)


async def _answered(server: str, port: int, first: int, crowd: Crowd) -> dict[str, object]:
    """Let everybody write, and wait until all have the whole answer."""
    people = crowd.people
    wanted = f"port={port}&people={people}&secret={SECRET}&first={first}&over={crowd.over}"
    await asyncio.to_thread(fetched, f"{server}/crowd?{wanted}")
    async with asyncio.timeout(PATIENCE):
        while True:
            await asyncio.sleep(1.0)
            report = await asyncio.to_thread(fetched, f"{server}/report")
            if len(_whole(report, first, people)) == people:
                return report


def _whole(report: dict[str, object], first: int, people: int) -> set[int]:
    """The chats with a message of the whole length: 16 characters each event."""
    chats = range(first, first + people)
    messages: list[tuple[float, int, int]] = report["messages"]  # type: ignore[assignment]  # JSON
    return {chat for _, chat, length in messages if chat in chats and length >= CHUNKS * 16 - 1}


def _result(
    report: dict[str, object],
    asked: dict[str, object],
    first: int,
    crowd: Crowd,
    *,
    cpu: float,
    seconds: float,
) -> Result:
    said: dict[str, float] = report["said"]  # type: ignore[assignment]  # JSON
    shown: dict[str, tuple[float, str]] = report["first"]  # type: ignore[assignment]  # JSON
    times: list[tuple[float, int, int]] = report["messages"]  # type: ignore[assignment]  # JSON
    people, added = crowd.people, []
    for chat in map(str, range(first, first + people)):
        if chat in shown and (request := asked.get(f"telegram:{chat}")):
            at, text = shown[chat]
            added.append(float(str(request)) - said[chat] + at - float(text))
    recent = sorted(at for at, chat, _ in times if chat >= first)
    by_chat: dict[int, list[float]] = {}
    for at, chat, _ in times:
        if chat >= first:
            by_chat.setdefault(chat, []).append(at)
    return Result(
        crowd=crowd,
        added=added,
        cpu=cpu / people,
        whole=len(_whole(report, first, people)),
        seconds=seconds,
        busiest=_most(recent),
        crowded=max((_most(sorted(one)) for one in by_chat.values()), default=0),
        calls=report["calls"],  # type: ignore[arg-type]  # JSON
    )


def _most(times: list[float]) -> int:
    """How many of the sorted `times` lie within any one second."""
    most = begin = 0
    for end, at in enumerate(times):
        while at - times[begin] > 1.0:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def faults(result: Result, limit: float) -> list[str]:
    found, people = [], result.crowd.people
    if result.whole < people:
        found.append(f"{people - result.whole} of {people} had no whole answer")
    if len(result.added) < people:
        found.append(f"{people - len(result.added)} saw no first words")
    if result.percentile(0.5) > result.crowd.limit:
        added = result.percentile(0.5) * 1000
        found.append(f"{added:.0f} ms are added at {people}")
    if people == 100 and result.cpu > limit:
        found.append(f"one answer costs {result.cpu * 1000:.1f} ms of CPU")
    if result.busiest > A_SECOND:
        found.append(f"{result.busiest} messages in a second")
    if result.crowded > IN_A_CHAT + 1:
        found.append(f"{result.crowded} messages in one chat within a second")
    return found


def main() -> int:
    missed: list[str] = []
    with (
        load_server() as api,
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
    ):
        observe.configure(stream=nowhere)  # written as `serve` writes it, but read by nobody
        print(
            f"{'people':>6} {'added p50':>10} {'p95 ms':>7} {'CPU ms':>7} {'may':>6} {'bare ms':>8}"
            f" {'whole':>6} {'all in s':>9} {'most/s':>7} {'drafts':>7}"
        )
        for crowd in CROWDS:
            with served("tests.speed.telegram_server") as platform:
                least = ran(bare_cost(api, crowd.people))
                result, limit = limited(api, measure(api, platform, crowd, Path(folder)))
            print(
                f"{crowd.people:>6} {statistics.median(result.added) * 1000:>10.1f}"
                f" {result.percentile(0.95) * 1000:>7.1f} {result.cpu * 1000:>7.1f}"
                f" {limit * 1000:>6.1f} {least * 1000:>8.1f} {result.whole:>6}"
                f" {result.seconds:>9.1f} {result.busiest:>7}"
                f" {result.calls.get('sendMessageDraft', 0):>7}",
                flush=True,
            )
            missed += faults(result, limit)
    for fault in missed:
        print(f"missed: {fault}")
    return 1 if missed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())

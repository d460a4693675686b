"""People in the playground who go on asking while the bot is killed and started again."""

import asyncio
import json
import random
import re
import signal
import socket
import time
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.fakes.counted_sandbox import MARK, Counted
from tests.fakes.process import read_until, started

WORDS = re.findall(
    r"\w+", "rivers turn slow and carry stones that nobody counts since there are many"
)
GONE = (aiohttp.ClientError, ConnectionError, TimeoutError)
PATIENCE = 60.0  # seconds for everything to come to its end after the last start


@dataclass
class Playground:
    """`python -m bot try` in a folder that stays, on a port that stays."""

    folder: Path
    port: int
    environment: Mapping[str, str]
    base: str = ""
    process: Process | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self._stack = AsyncExitStack()
        arguments = ("try", "--port", str(self.port), "--no-browser")
        self.process = await self._stack.enter_async_context(
            started(self.folder, *arguments, **self.environment)
        )
        said = await read_until(self.process.stdout, "/playground/")
        while not (address := _address(said)):
            said += await read_until(self.process.stdout, "/")
        self.base = address

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        status = await self.process.wait()
        await self._stack.aclose()
        return status


def free_port() -> int:
    """A port nobody listens on, that stays the same over restarts."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


def _address(said: str) -> str:
    """The page's address, once it has been said to its end."""
    for word in said.split():
        if word.startswith("http://") and "/playground/" in word and word.endswith("/"):
            return word
    return ""


class Crowd:
    """Guests with a name each, who ask in their own chats, and never give a question up."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession, people: int) -> None:
        self._playground = playground
        self._session = session
        self._people = [f"Guest{number}" for number in range(people)]
        self._number = 0
        self.asked: dict[str, str] = {}
        """The chat of every question that was accepted, by its mark."""
        self.presence: dict[str, tuple[str, str]] = {}

    async def arrive(self) -> None:
        """Make the people known to the playground."""
        for name in self._people:
            await self._post("people", {"name": name})
        hello = await self.look()
        known = {person["name"]: person["id"] for person in hello["people"]}
        chats = {chat["person"]: chat["id"] for chat in hello["chats"] if chat["private"]}
        self.presence = {name: (known[name], chats[known[name]]) for name in self._people}

    async def talk(self, dice: random.Random) -> None:
        """Ask at random moments, until cancelled."""
        async with asyncio.TaskGroup() as guests:
            for name in self._people:
                guests.create_task(self._ask_on(name, random.Random(dice.random())))

    async def _ask_on(self, name: str, dice: random.Random) -> None:
        while True:
            await asyncio.sleep(dice.uniform(0.0, 3.0))
            self._number += 1
            await self.ask(name, f"mark{self._number}", dice)

    async def ask(self, name: str, mark: str, dice: random.Random) -> None:
        """Ask until it is accepted; the same question each time, as a browser would."""
        person, chat = self.presence[name]
        text = ". ".join(
            " ".join([mark, *dice.sample(WORDS, 8)]) for _ in range(dice.randint(1, 6))
        )
        body = {
            "id": str(uuid.uuid4()),
            "person": person,
            "chat": chat,
            "text": f"Summarise in 5 sentences: {text}.",
            "files": [],
            "reply_to": None,
        }
        # From here on it may have been taken even if nobody says so.
        self.asked[mark] = chat
        await self._post("send", body)

    async def look(self) -> dict[str, Any]:
        """Everything that is on the screen now."""
        async with self._session.get(self._playground.base + "events") as response:
            async for line in response.content:
                if line.startswith(b"data:"):
                    told: dict[str, Any] = json.loads(line[5:])
                    return told
        raise AssertionError("the playground said nothing")

    async def _post(self, verb: str, body: Mapping[str, Any]) -> None:
        origin = self._playground.base.split("/playground/")[0]
        while True:
            with suppress(*GONE):
                async with self._session.post(
                    self._playground.base + verb, json=body, headers={"Origin": origin}
                ) as response:
                    if response.status == 200:
                        return
                    assert response.status == 503, await response.text()
            await asyncio.sleep(0.05)


@asynccontextmanager
async def crowd(playground: Playground, people: int) -> AsyncIterator[Crowd]:
    # One event is a whole room's history: far more than a line's usual limit.
    async with aiohttp.ClientSession(read_bufsize=2**24) as session:
        await playground.start()
        guests = Crowd(playground, session, people)
        await guests.arrive()
        try:
            yield guests
        finally:
            await playground.end()


async def kill_rounds(guests: Crowd, playground: Playground, rounds: int, seed: int) -> None:
    """Let everybody talk, and kill the bot at `rounds` random moments."""
    dice = random.Random(seed)
    for _ in range(rounds):
        talking = asyncio.create_task(guests.talk(random.Random(dice.random())))
        await asyncio.sleep(dice.uniform(0.05, 1.6))
        await playground.end()
        talking.cancel()
        await asyncio.wait([talking])
        await playground.start()


@dataclass
class Verdict:
    """What is wrong on the screen; nothing, when all is well."""

    questions: int = 0
    whole: int = 0  # answers that came to their end
    offered: int = 0  # those that did not, and can be had again
    faults: list[str] = field(default_factory=list)


async def verdict(guests: Crowd, app: Counted) -> Verdict:
    """Wait until the screen is at rest, then hold it against what was asked."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = judge(await guests.look(), guests.asked, app)
        if not found.faults or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.5)


def judge(hello: Mapping[str, Any], asked: Mapping[str, str], app: Counted) -> Verdict:
    """Every question once on the screen, with one ending; no text twice; nothing paid twice."""
    found = Verdict(questions=len(asked))
    for chat in {message["chat"] for message in hello["messages"]}:
        _judge_chat([each for each in hello["messages"] if each["chat"] == chat], found)
    seen = {
        mark
        for message in hello["messages"]
        if message["author"] != "bot"
        for mark in MARK.findall(message["text"])
    }
    # What was still being sent when its sender left may be missing, with nothing to answer.
    found.questions = len(seen)
    found.faults += [f"{mark} paid {count} times" for mark, count in app.asked.items() if count > 1]
    if app.running:
        found.faults.append(f"{app.running} generations still run at the API")
    return found


def _judge_chat(messages: list[Mapping[str, Any]], found: Verdict) -> None:
    chat = messages[0]["chat"]
    questions = [each for each in messages if each["author"] != "bot"]
    answers = [each for each in messages if each["author"] == "bot"]
    found.faults += [f"{chat}: {each['id']} still grows" for each in answers if each["growing"]]
    endings = [
        each
        for each in answers
        if any(button["name"] == "regenerate" for button in each["buttons"])
    ]
    whole = [each for each in endings if any(b["name"] == "like" for b in each["buttons"])]
    found.whole += len(whole)
    found.offered += len(endings) - len(whole)
    if len(endings) != len(questions):
        found.faults.append(f"{chat}: {len(questions)} questions, {len(endings)} endings")
    stops = [each for each in answers if any(b["name"] == "stop" for b in each["buttons"])]
    found.faults += [f"{chat}: {each['id']} still offers to stop" for each in stops]
    marked = [each["text"] for each in answers if MARK.search(each["text"])]
    if len(set(marked)) != len(marked):
        found.faults.append(f"{chat}: the same text twice")

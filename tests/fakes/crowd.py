"""People in the playground who go on about their business while the bot is killed and restarted."""

import asyncio
import json
import random
import re
import signal
import socket
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.phrases import of
from bot.store import database
from bot.store.tables import answers
from tests.fakes.counted_sandbox import MARK
from tests.fakes.doubts import Doubts, noted
from tests.fakes.nursery import Child, Nursery, nursery
from tests.fakes.pictures import png

WORDS = re.findall(
    r"\w+", "rivers turn slow and carry stones that nobody counts since there are many"
)
GONE = (aiohttp.ClientError, ConnectionError, TimeoutError, asyncio.IncompleteReadError)
PATIENCE = 60.0  # seconds for a start; a test machine may be busy
STOPPED = f"*{of('en').stopped}*"  # what an answer ends with that was stopped


@dataclass
class Playground:
    """`python -m bot try` in a folder that stays, on a port that stays."""

    folder: Path
    port: int
    environment: Mapping[str, str]
    nursery: Nursery
    process: Child | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        token = (self.folder / ".parley" / "token").read_text(encoding="ascii").strip()
        return f"{self.origin}/playground/{token}/"

    @property
    def database(self) -> str:
        kept = f"sqlite:///{self.folder / '.parley' / 'parley.db'}"
        return self.environment.get("DATABASE_URL", kept)

    async def start(self) -> None:
        arguments = ("try", "--port", str(self.port), "--no-browser")
        self.process = await self.nursery.bear(self.folder, *arguments, **self.environment)
        async with asyncio.timeout(PATIENCE):
            while not await _listens(self.port):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.02)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.process is not None
        process, self.process = self.process, None
        with suppress(ProcessLookupError):
            process.send_signal(number)
            async with asyncio.timeout(PATIENCE):
                return await process.wait()
        said = (self.folder / "said").read_text(encoding="utf-8", errors="replace")
        raise AssertionError(f"it had ended with {await process.wait()}: {said[-3000:]}")


async def _listens(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        return True
    return False


def free_port() -> int:
    """A port nobody listens on, that stays the same over restarts."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


@dataclass
class Asked:
    """A question as it was told to the bot. Each has one sequel at most: edited, rated, …"""

    mark: str
    chat: str
    sequel: str = ""
    earlier: str = ""
    """The mark it had before it was edited."""


@dataclass(eq=False)
class Guest:
    """Somebody with a name, a chat of their own, and what they asked there."""

    name: str
    person: str = ""
    chat: str = ""
    questions: list[Asked] = field(default_factory=list)


class Crowd:
    """Guests who never give a deed up: whatever nobody said yes to is told again, unchanged."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession, people: int) -> None:
        self._playground = playground
        self._session = session
        self._number = 0
        self._untold: dict[str, tuple[str, dict[str, object]]] = {}
        self._screen: list[dict[str, Any]] = []
        self.guests = [Guest(f"Guest{number}") for number in range(people)]
        self.done: Counter[str] = Counter()
        """The deeds by kind; those that were refused are not counted."""
        self.below: Counter[str] = Counter()
        """How often a whole answer of a chat was asked for once more, which goes below it."""
        self.repeats: Counter[str] = Counter()
        """How often the question of a mark was asked once more."""

    async def arrive(self) -> None:
        """Make the people known to the playground."""
        for guest in self.guests:
            await self._post("people", {"name": guest.name})
        hello = await self.look()
        known = {person["name"]: person["id"] for person in hello["people"]}
        chats = {chat["person"]: chat["id"] for chat in hello["chats"] if chat["private"]}
        for guest in self.guests:
            guest.person = known[guest.name]
            guest.chat = chats[guest.person]

    async def behave(self, behaviour: str) -> None:
        await self._post("behaviour", {"name": behaviour})

    async def talk(self, dice: random.Random, *, pause: float) -> None:
        """Do this and that, `pause` seconds apart on average, until cancelled."""
        await self.tell_again()
        self._screen = (await self.look())["messages"]
        async with asyncio.TaskGroup() as guests:
            for guest in self.guests:
                guests.create_task(self._visit(guest, random.Random(dice.random()), pause))

    async def tell_again(self) -> None:
        """Tell what may not have been heard, under the same ids, as a browser would."""
        async with asyncio.TaskGroup() as telling:
            for id in list(self._untold):
                telling.create_task(self._tell(id))

    async def ask_once(self, guest: Guest) -> tuple[int, str]:
        """Ask without asking again; gives the status, and the Retry-After of a refusal."""
        mark = self._mark()
        guest.questions.append(Asked(mark, guest.chat))
        text = question(mark, random.Random(mark), 1)
        body = {"id": mark, "person": guest.person, "chat": guest.chat, "text": text}
        headers = {"Origin": self._playground.origin}
        url = self._playground.base + "send"
        async with self._session.post(url, json=body, headers=headers) as response:
            return response.status, response.headers.get("Retry-After", "")

    async def look(self) -> dict[str, Any]:
        """Everything that is on the screen now."""
        while True:
            with suppress(*GONE):
                async with self._session.get(self._playground.base + "events") as response:
                    async for line in response.content:
                        if line.startswith(b"data:"):
                            told: dict[str, Any] = json.loads(line[5:])
                            return told
            await asyncio.sleep(0.05)

    async def doubts(self) -> Doubts:
        async with self._database() as rows:
            return await noted(rows, lambda chat, user: chat)

    async def states(self) -> Counter[str]:
        """How far the answers are, by what is stored."""
        async with self._database() as rows:
            return Counter((await rows.execute(select(answers.c.state))).scalars())

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[AsyncConnection]:
        async with database.opened(self._playground.database) as engine, engine.connect() as rows:
            yield rows

    # Deeds

    async def _visit(self, guest: Guest, dice: random.Random, pause: float) -> None:
        deeds = self._deeds(guest, dice)
        weights = [often for often, _ in deeds]
        while True:
            await asyncio.sleep(dice.uniform(0.0, 2 * pause))
            [(_, deed)] = dice.choices(deeds, weights)
            await deed()

    def _deeds(
        self, guest: Guest, dice: random.Random
    ) -> Sequence[tuple[int, Callable[[], Awaitable[None]]]]:
        """What somebody may do, and how often of 24 times they do it."""
        return (
            (12, lambda: self.ask(guest, dice)),
            (2, lambda: self.ask(guest, dice, pictures=1)),
            (1, lambda: self.ask(guest, dice, pictures=2)),
            (2, lambda: self._edit(guest, dice)),
            (2, lambda: self._press(guest, "again")),
            (2, lambda: self._press(guest, "rate")),
            (2, lambda: self._stop(guest)),
            (1, lambda: self._say("voice", guest, "/voice")),
        )

    async def ask(
        self, guest: Guest, dice: random.Random, *, pictures: int = 0, sentences: int = 0
    ) -> None:
        files = [await self._upload() for _ in range(pictures)]
        mark = self._mark()
        # From here on it may have been taken even if nobody says so.
        guest.questions.append(Asked(mark, guest.chat))
        await self._say("ask", guest, question(mark, dice, sentences), files)

    async def _edit(self, guest: Guest, dice: random.Random) -> None:
        """Change the newest question, whatever has become of its answer."""
        asked = guest.questions[-1] if guest.questions else None
        message = asked and self._message(guest, asked)
        if asked is None or message is None or asked.sequel:
            return
        asked.sequel, asked.earlier, asked.mark = "edit", asked.mark, self._mark()
        body = {"message": message["id"], "text": question(asked.mark, dice)}
        await self._do("edit", "edit", body)

    async def _press(self, guest: Guest, kind: str) -> None:
        """Have an answer once more, or say what one thinks of it: by button, or by reaction."""
        for asked in reversed(guest.questions):
            answer = self._message(guest, asked, by_bot=True)
            names = [button["name"] for button in answer["buttons"]] if answer else []
            if answer is None or asked.sequel or "regenerate" not in names:
                continue
            rateable = "like" in names
            body = {"person": guest.person, "message": answer["id"]}
            if kind == "again":
                asked.sequel = kind
                self.repeats[asked.mark] += 1
                # What was stopped is written over.
                self.below[guest.chat] += rateable and not answer["text"].endswith(STOPPED)
                value = next(b["value"] for b in answer["buttons"] if b["name"] == "regenerate")
                await self._do("again", "press", body | {"name": "regenerate", "value": value})
            elif rateable:
                asked.sequel = kind
                await self._do("rate", "react", body | {"emoji": "👍", "on": True})
            return

    async def _stop(self, guest: Guest) -> None:
        if guest.questions and not guest.questions[-1].sequel:
            guest.questions[-1].sequel = "stop"
        await self._say("stop", guest, "/stop")

    async def _say(
        self, kind: str, guest: Guest, text: str, files: list[str] | None = None
    ) -> None:
        body = {"person": guest.person, "chat": guest.chat, "text": text, "files": files or []}
        await self._do(kind, "send", body)

    async def _do(self, kind: str, verb: str, body: Mapping[str, object]) -> None:
        id = str(uuid.uuid4())
        self.done[kind] += 1
        self._untold[id] = verb, {"id": id, **body}
        await self._tell(id)

    def _message(
        self, guest: Guest, asked: Asked, *, by_bot: bool = False
    ) -> dict[str, Any] | None:
        """The newest message with the question's mark when somebody last looked."""
        found = [
            message
            for message in self._screen
            if message["chat"] == guest.chat
            and (message["author"] == "bot") is by_bot
            and asked.mark in MARK.findall(message["text"])
        ]
        return found[-1] if found else None

    def _mark(self) -> str:
        self._number += 1
        return f"mark{self._number}"

    # The wire

    async def _tell(self, id: str) -> None:
        verb, body = self._untold[id]
        await self._post(verb, body)
        self._untold.pop(id, None)

    async def _post(self, verb: str, body: Mapping[str, object]) -> None:
        while True:
            with suppress(*GONE):
                async with self._session.post(
                    self._playground.base + verb,
                    json=body,
                    headers={"Origin": self._playground.origin},
                ) as response:
                    if response.status == 200:
                        return
                    assert response.status == 503, await response.text()
            await asyncio.sleep(0.05)

    async def _upload(self) -> str:
        while True:
            with suppress(*GONE):
                async with self._session.post(
                    self._playground.base + "upload?name=picture.png",
                    data=png(8, 8, (90, 120, 200)),
                    headers={"Origin": self._playground.origin},
                ) as response:
                    assert response.status == 200, await response.text()
                    told: dict[str, str] = await response.json()
                    return told["id"]
            await asyncio.sleep(0.05)


def question(mark: str, dice: random.Random, sentences: int = 0) -> str:
    """Something whose answer has a line or many, each with the mark."""
    lines = sentences or dice.choice((1, 1, 2, 3, 5, 8, 16))
    text = ". ".join(" ".join([mark, *dice.sample(WORDS, 8)]) for _ in range(lines))
    return f"Summarise in 16 sentences: {text}."


@asynccontextmanager
async def crowd(
    folder: Path, people: int, environment: Mapping[str, str]
) -> AsyncIterator[tuple[Crowd, Playground]]:
    """A playground that has just started, and guests who have just arrived."""
    with nursery() as children:
        # One event is a whole room's history: far more than a line's usual limit.
        async with aiohttp.ClientSession(read_bufsize=2**24) as session:
            playground = Playground(folder, free_port(), environment, children)
            if "DATABASE_URL" in environment:
                release = await children.bear(folder, "migrate", **environment)
                async with asyncio.timeout(PATIENCE):
                    assert await release.wait() == 0
            await playground.start()
            guests = Crowd(playground, session, people)
            try:
                await guests.arrive()
                yield guests, playground
            finally:
                if playground.process is not None:
                    await playground.end()


async def kill_rounds(
    guests: Crowd, playground: Playground, rounds: int, seed: int, *, pause: float = 1.5
) -> None:
    """Let everybody do their deeds, and kill the bot at `rounds` random moments.

    Every fifth life is long enough for answers to come to their end and for texts to be kept.
    """
    dice = random.Random(seed)
    for number in range(rounds):
        talking = asyncio.create_task(guests.talk(random.Random(dice.random()), pause=pause))
        least, most = (4.5, 6.0) if number % 5 == 2 else (0.05, 1.6)
        await asyncio.wait([talking], timeout=dice.uniform(least, most))
        await playground.end()
        talking.cancel()
        await asyncio.wait([talking])
        if not talking.cancelled():
            talking.result()
        await playground.start()
    await guests.tell_again()

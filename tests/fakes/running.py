"""A bot that runs as a process: its start, its end, and what it left behind."""

import asyncio
import signal
import socket
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bot.sandbox.room import ROOM
from tests.fakes.counted_sandbox import Counted
from tests.fakes.nursery import Child, Nursery

PATIENCE = 60.0  # seconds for a start; a test machine may be busy


@dataclass(kw_only=True)
class Running:
    """A process of the bot, and the Completion API it asks."""

    sandbox: Counted
    folder: Path
    port: int
    variables: dict[str, str] = field(repr=False)
    nursery: Nursery
    process: Child | None = None
    _ended: asyncio.Task[int] | None = None

    async def start(self) -> None:
        """Begin a process and wait until it hears its platform."""
        self.process = await self.nursery.bear(self.folder, "serve", **self.variables)
        self._ended = asyncio.create_task(self.process.wait())
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while not await self._ready(session):
                assert not self._ended.done(), self.said
                await asyncio.sleep(0.05)

    async def ready(self) -> bool:
        async with aiohttp.ClientSession() as session:
            return await self._ready(session)

    async def _ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Send the signal and wait for the end; gives the exit status."""
        assert self.process is not None
        assert self._ended is not None
        process, self.process = self.process, None
        process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            return await self._ended

    async def rated(self, end_user: str) -> tuple[str | None, str | None]:
        """What the API was told last that somebody thinks: the rating and the words."""
        room = self.sandbox.application[ROOM]
        app = room.apps.find(self.variables["COMPLETION_API_KEY"])
        assert app is not None
        known = await room.state.end_user(app, end_user)
        for each in await room.state.feedbacks(app, 1, 10_000):
            if each["from_end_user_id"] == known.id:
                rating, words = each["rating"], each["content"]
                return str(rating) if rating else None, str(words) if words else None
        return None, None

    @property
    def said(self) -> str:
        """Everything that the process printed or logged."""
        return (self.folder / "said").read_text(encoding="utf-8", errors="replace")

    def kept(self) -> bytes:
        """Every byte of the database."""
        with sqlite3.connect(self.folder / "parley.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(FULL)")
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("parley.db*")))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])

"""The adapter before a Bot API server, in memory: what comes in, and over which line."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram.request import RequestData

from adapters.telegram.adapter import Telegram
from adapters.telegram.page import Page
from bot.events import Event, Message
from bot.pace import Pace
from tests.fakes import bot_api
from tests.fakes.bot_api import InMemoryRequest, Seat

TOKEN, OTHER = "42:secret-of-the-bot", "43:secret-of-the-other"


class Line(InMemoryRequest):
    """A transport that can fall silent, and then stays so until it is opened anew."""

    def __init__(self, telegram: bot_api.Telegram) -> None:
        super().__init__(telegram)
        self.deaf = False
        self.opened = 0
        self.asked = 0
        self.limited = 0

    async def initialize(self) -> None:
        await super().initialize()
        self.opened += 1
        self.deaf = False

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *more: Any
    ) -> tuple[int, bytes]:
        self.asked += 1
        if self.deaf and url.endswith("getUpdates"):
            await asyncio.Event().wait()
        if self.limited:
            body = {"ok": False, "error_code": 429, "description": "Too Many Requests"}
            return 429, json.dumps(body | {"parameters": {"retry_after": self.limited}}).encode()
        return await super().do_request(url, method, request_data, *more)


class House:
    """The adapter before a Bot API server, and what is accepted from it."""

    def __init__(self, *tokens: str, page: Page | None = None) -> None:
        self.telegram = bot_api.Telegram(asyncio.get_running_loop().time)
        self.bots = [
            self.telegram.bot(token, f"bot{at}_bot") for at, token in enumerate((TOKEN, OTHER))
        ]
        self.lines: list[Line] = []
        self.adapter = Telegram(
            tokens=tokens or (TOKEN,), slots=Pace(), requests=self._line, page=page
        )
        self.accepted: dict[str, Event] = {}
        self.told: list[str] = []
        self.refuse: Callable[[Event], Awaitable[None]] | None = None

    def _line(self) -> Line:
        self.lines.append(Line(self.telegram))
        return self.lines[-1]

    async def accept(self, event: Event) -> bool:
        self.told.append(event.id)
        if self.refuse is not None:
            await self.refuse(event)
        new = event.id not in self.accepted
        self.accepted[event.id] = event
        return new

    @property
    def texts(self) -> list[str]:
        events = self.accepted.values()
        return [event.text for event in events if isinstance(event, Message)]

    def dm(self, name: str = "Ada", bot: int = 0) -> Seat:
        return self.telegram.private(self.telegram.person(name), self.bots[bot])


@asynccontextmanager
async def running(house: House, *, settled: float = 1.0) -> AsyncIterator[House]:
    """The adapter at work; as many seconds as it gets before anything happens."""
    task = asyncio.create_task(house.adapter.run(house.accept))
    try:
        await asyncio.sleep(settled)
        yield house
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

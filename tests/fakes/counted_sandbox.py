"""A Completion API that outlives the bot and keeps count of what it was asked for."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from bot.sandbox import Config, build
from bot.sandbox.room import ROOM
from bot.sandbox.writer import Engine, Task

MARK = re.compile(r"\bmark\d+\b")
"""The word by which a question is known."""


@dataclass
class Counted:
    """What one app saw: how often each marked question was written an answer, and what runs."""

    application: web.Application
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def running(self) -> int:
        return len(self.application[ROOM].running)


class _Counting:
    def __init__(self, engine: Engine, asked: Counter[str]) -> None:
        self.name = engine.name
        self.close = engine.close
        self._engine = engine
        self._asked = asked

    def write(self, task: Task) -> AsyncIterator[str]:
        self._asked.update(set(MARK.findall(task.prompt)))
        return self._engine.write(task)


@asynccontextmanager
async def counted_sandbox(config: Config) -> AsyncIterator[Counted]:
    application = build(config)
    counted = Counted(application)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    room = application[ROOM]
    room.engine = _Counting(room.engine, counted.asked)
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        counted.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield counted
    finally:
        await runner.cleanup()

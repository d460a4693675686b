"""A Completion API that outlives the bot and keeps count of what it was asked for."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox import Config, build
from bot.sandbox.room import ROOM

MARK = re.compile(r"\bmark\d+\b")
"""The word by which a question is known."""


@dataclass
class Counted:
    """What one app saw: how often each marked question was asked for, and what still runs."""

    application: web.Application
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def running(self) -> int:
        return len(self.application[ROOM].running)


@asynccontextmanager
async def counted_sandbox(config: Config) -> AsyncIterator[Counted]:
    application = build(config)
    counted = Counted(application)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path == "/v1/completion-messages":
            question = json.loads(await request.read())["inputs"]
            counted.asked.update(set(MARK.findall(json.dumps(question))))
        return await handler(request)

    application.middlewares.insert(0, count)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        counted.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield counted
    finally:
        await runner.cleanup()

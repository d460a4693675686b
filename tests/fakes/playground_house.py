"""A served playground over real sockets, and a visitor with tabs."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from adapters.playground.adapter import Playground
from bot.events import Event
from bot.pace import Pace
from bot.surface import Busy
from bot.web import build, listening

TOKEN = "0123456789abcdef"


class House:
    """A served playground, and a visitor's way in."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession, port: int) -> None:
        self.playground = playground
        self.session = session
        self.port = port
        self.base = f"http://127.0.0.1:{port}/playground/{TOKEN}"
        self.events: list[Event] = []
        self.busy = False

    async def accept(self, event: Event) -> bool:
        if self.busy:
            raise Busy(2.5)
        self.events.append(event)
        return True

    async def post(self, path: str, **body: object) -> tuple[int, Any, Mapping[str, str]]:
        async with self.session.post(f"{self.base}/{path}", json=body) as response:
            return response.status, await response.json(), response.headers

    async def send(self, text: str, client: str = "c1", **more: object) -> int:
        body = {"id": client, "person": "ada", "chat": "dm-ada", "text": text} | more
        return (await self.post("send", **body))[0]

    async def upload(self, data: bytes, kind: str, name: str = "a") -> tuple[int, Any]:
        async with self.session.post(
            f"{self.base}/upload?name={name}", data=io.BytesIO(data), headers={"Content-Type": kind}
        ) as response:
            return response.status, await response.json()

    @asynccontextmanager
    async def tab(self, query: str = "", **headers: str) -> AsyncIterator["Tab"]:
        async with self.session.get(f"{self.base}/events{query}", headers=headers) as response:
            assert response.status == 200
            yield Tab(response)


class Tab:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.last = ""

    async def next(self, kind: str = "") -> dict[str, Any]:
        """The next operation, or the next of a kind."""
        async with asyncio.timeout(5):
            async for line in self._response.content:
                if line.startswith(b"id: "):
                    self.last = line[4:].decode().strip()
                if line.startswith(b"data: "):
                    operation: dict[str, Any] = json.loads(line[6:])
                    if kind in ("", operation["op"]):
                        return operation
        raise AssertionError("the stream has ended")

    async def ends(self) -> bool:
        async with asyncio.timeout(5):
            await self._response.content.read()
        return True


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[House]:
    playground = Playground(slots=Pace(), token=TOKEN, **options)

    async def accept(event: Event) -> bool:
        return await house.accept(event)

    async with (
        listening(build((), playground.routes(accept)), host="127.0.0.1", port=0) as port,
        aiohttp.ClientSession() as session,
    ):
        house = House(playground, session, port)
        running = asyncio.create_task(playground.run(accept))
        try:
            yield house
        finally:
            running.cancel()
            await asyncio.wait([running])

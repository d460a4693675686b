"""A loopback server in the place of Telegram's that answers as it is told to, well or badly."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

TOKEN = "123456789:AAsecret-of-the-bot_which-is-long-enough"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers as it is told to, and remembers what came."""

    def __init__(self) -> None:
        self.answer: Answer = self.ok
        self.requests: list[web.Request] = []
        self.connections: set[object] = set()
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.connections.add(request.transport)
        return await self.answer(request)

    async def ok(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, "result": True})


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application(client_max_size=2**22)
    app.router.add_route("*", "/{path:.*}", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def answering(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def stay_silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


def dripping(pieces: int, *, pause: float = 0.0, size: int = 1000) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(pieces):
            await response.write(bytes(size))
            await asyncio.sleep(pause)
        return response

    return answer

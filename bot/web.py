"""The one HTTP server: health, readiness, metrics, and the routes that platforms bring."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

# Slack and Telegram send at most some hundred KB an event; more is not theirs.
BODY_LIMIT = 1024 * 1024
PATIENCE = 5.0  # seconds the database gets to answer; a probe commonly waits ten
CLOSING = 10.0  # seconds an open request gets to end when the server closes

Ready = Callable[[], Awaitable[str]]
"""Says "" when the bot can do its work, else what is missing."""


def build(ready: Ready, routes: Iterable[web.RouteDef] = ()) -> web.Application:
    """The application; `/readyz` asks `ready` and gives it PATIENCE."""
    application = web.Application(client_max_size=BODY_LIMIT)

    async def readyz(_: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(PATIENCE):
                missing = await ready()
        except TimeoutError:
            missing = "the database does not answer"
        return web.Response(text=(missing or "ready") + "\n", status=503 if missing else 200)

    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", _metrics)
    application.router.add_routes(routes)
    return application


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})


@asynccontextmanager
async def listening(application: web.Application, *, host: str, port: int) -> AsyncIterator[int]:
    """The server, open for the length of a block; gives the port it listens on."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSING)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()

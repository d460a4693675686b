"""The one HTTP server: health, readiness, metrics, and the routes that platforms bring."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from bot import observe
from bot.surface import Accept, Busy, Surface

# Slack and Telegram send at most some hundred KB an event; more is not theirs.
BODY_LIMIT = 1024 * 1024
PATIENCE = 5.0  # seconds the database gets to answer; a probe commonly waits ten
# Seconds an open request gets to end when the server closes. Hosts kill after 30: before it, open
# answers had 20, their end 4, and the last words of what could not be ended 3.
CLOSING = 2.0

Ready = Callable[[], Awaitable[str]]
"""Says "" when a part of the bot can do its work, else what is missing."""

_log = observe.get_logger("bot.web")


class Adapter(Surface, Protocol):
    """A platform: a surface that also listens."""

    async def run(self, accept: Accept) -> None:
        """Fetch events and hand them in, until cancelled; idle where they come to `routes`.

        An event counts as delivered when `accept` has returned; Busy means to come again later.
        """
        ...

    def routes(self, accept: Accept) -> Sequence[web.RouteDef]:
        """What the one HTTP server serves for it. Busy may be raised: it is answered with 503."""
        ...

    async def missing(self) -> str:
        """Why it hears nothing, "" while it does; asks nobody, since it is asked often."""
        ...


def build(checks: Iterable[Ready], routes: Iterable[web.RouteDef] = ()) -> web.Application:
    """The application; `/readyz` asks all `checks` at once and gives them PATIENCE."""
    application = web.Application(client_max_size=BODY_LIMIT, middlewares=[_boundary])
    asked = tuple(checks)

    async def readyz(_: web.Request) -> web.Response:
        answers = await asyncio.gather(*(_missing(check) for check in asked))
        missing = "; ".join(dict.fromkeys(answer for answer in answers if answer))
        return web.Response(text=(missing or "ready") + "\n", status=503 if missing else 200)

    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", _metrics)
    application.router.add_routes(routes)
    return application


def file_stays(path: Path) -> Ready:
    """A check that `path` is still the file it is now.

    Deleted or replaced, it can be written to for as long as it is open, and all of that is lost.
    """
    then = path.stat()

    async def stays() -> str:
        try:
            now = await asyncio.to_thread(path.stat)
        except OSError:
            return "the database file is gone"
        same = (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino)
        return "" if same else "the database file is another one than at the start"

    return stays


async def _missing(check: Ready) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check()
    except TimeoutError:
        return "the database does not answer"  # nothing else that is asked can keep one waiting


@web.middleware
async def _boundary(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What a route raised, as an answer: 503 while the bot is busy, else 500 and a log line."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Busy as busy:
        pause = str(math.ceil(busy.retry_after))
        return web.Response(status=503, headers={"Retry-After": pause}, text="busy\n")
    except Exception as error:
        if not (isinstance(error, ConnectionError) and _has_left(request)):
            # Not the path: platforms put their secrets into it.
            name = getattr(request.match_info.handler, "__qualname__", "")
            _log.error("a request failed", handler=name, trace=observe.trace(error))
        if request.writer.output_size and request.transport:
            request.transport.abort()  # half an answer cannot become another one
        return web.Response(status=500, text="something went wrong\n")


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})


@asynccontextmanager
async def listening(application: web.Application, *, host: str, port: int) -> AsyncIterator[int]:
    """The server, open for the length of a block; gives the port it listens on."""
    # No platform sends packed bodies. A stranger's megabyte unpacks to a gigabyte, and everybody
    # would wait while it does, even if it is only thrown away.
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=CLOSING, auto_decompress=False
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()

"""How bots reach the server: over loopback HTTP, or in memory for virtual time."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from tests.fakes.bot_api import media
from tests.fakes.bot_api.calling import Cut, Silent, perform
from tests.fakes.bot_api.pusher import Pusher, over
from tests.fakes.bot_api.server import Telegram, Upload

_CALL = re.compile(r"/bot(?P<token>[^/]+)/(?P<method>[A-Za-z]+)$")
_FILE = re.compile(r"/file/bot(?P<token>[^/]+)/(?P<path>.+)$")


@dataclass(frozen=True, slots=True)
class Served:
    """A listening server; `url` is what a bot takes for https://api.telegram.org."""

    telegram: Telegram
    url: str
    pusher: Pusher


@asynccontextmanager
async def serve(telegram: Telegram) -> AsyncIterator[Served]:
    """Listen on a free port of this machine, and push to webhooks."""
    app = web.Application(client_max_size=60_000_000)
    app.router.add_route("*", "/{path:.*}", _answer(telegram))
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with ClientSession() as session, Pusher(telegram, over(session)) as pusher:
            yield Served(telegram, f"http://{host}:{port}", pusher)
    finally:
        await runner.cleanup()


def _answer(telegram: Telegram) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        if found := _FILE.match(request.path):
            data = media.fetched(telegram, found["token"], found["path"])
            return web.Response(status=404) if data is None else web.Response(body=data)
        called = _CALL.match(request.path)
        if called is None:
            return web.json_response(_NOT_FOUND, status=404)
        given, files = await _read(request)
        try:
            status, body = await perform(telegram, called["token"], called["method"], given, files)
        except Silent:
            await asyncio.Event().wait()
        except Cut:
            assert request.transport
            request.transport.abort()
            return web.Response()
        return web.json_response(body, status=status)

    return answer


_NOT_FOUND = {"ok": False, "error_code": 404, "description": "Not Found"}


async def _read(request: web.Request) -> tuple[dict[str, object], dict[str, Upload]]:
    """Parameters from the query and the body, in all the forms the API takes."""
    given: dict[str, object] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        given |= await request.json()
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = (value.filename, value.file.read(), value.content_type)
            else:
                given[name] = value
    return given, files


class InMemoryRequest(BaseRequest):
    """What python-telegram-bot takes for a transport: calls the server directly.

    `unsent` makes the error of a connection that never came to be, as the real transport would.
    """

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.closed = False

    @property
    def read_timeout(self) -> float | None:
        return 5.0

    async def initialize(self) -> None:
        self.closed = False

    async def shutdown(self) -> None:
        self.closed = True

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        patience = self.read_timeout if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        if found := _FILE.search(url):
            data = media.fetched(self.telegram, found["token"], found["path"])
            return (404, b"{}") if data is None else (200, data)
        called = _CALL.search(url)
        assert called, "not a Bot API address"
        given: Mapping[str, object] = request_data.json_parameters if request_data else {}
        files = _uploads(request_data) if request_data else {}
        try:
            async with asyncio.timeout(patience):
                status, body = await perform(
                    self.telegram, called["token"], called["method"], given, files
                )
        except (TimeoutError, Silent):
            raise TimedOut from None
        except Cut:
            raise NetworkError("the connection was cut") from None
        return status, json.dumps(body).encode()


def _uploads(request_data: RequestData) -> dict[str, Upload]:
    files: dict[str, Upload] = {}
    for name, (filename, content, media_type) in request_data.multipart_data.items():
        data = content if isinstance(content, bytes) else content.read()
        files[name] = (filename, data, media_type)
    return files


async def wait_until(telegram: Telegram, wanted: Any, *, within: float = 10.0) -> Any:
    """Wait until `wanted()` is true and give what it gave; fails after `within` seconds."""
    woken = asyncio.Event()
    stop = telegram.listen(woken.set)
    try:
        async with asyncio.timeout(within):
            while not (found := wanted()):
                woken.clear()
                with suppress(TimeoutError):
                    # what is waited for may be more than Telegram, such as a clock
                    await asyncio.wait_for(woken.wait(), 0.05)
            return found
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s") from None
    finally:
        stop()

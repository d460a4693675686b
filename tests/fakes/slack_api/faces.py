"""How apps reach the server: over loopback HTTP, or in memory for virtual time."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from aiohttp import ClientSession, web

from tests.fakes.slack_api import files, hooks, oauth, sockets
from tests.fakes.slack_api.calling import Cut, Raw, Silent, perform
from tests.fakes.slack_api.delivery import Pusher, over
from tests.fakes.slack_api.refused import Refused
from tests.fakes.slack_api.server import Slack
from tests.fakes.slack_api.spec import METHODS

Found = TypeVar("Found")
PATIENCE = 30.0  # seconds an in-memory call waits for an answer that does not come
# Arguments that are words of people or models: they belong into bodies, not into URLs.
WORDY = frozenset(
    {"text", "markdown_text", "blocks", "initial_comment", "view", "token", "prompts"}
)


@dataclass(frozen=True, slots=True)
class Served:
    """A listening server; `url` is what a bot takes for https://slack.com."""

    slack: Slack
    url: str
    pusher: Pusher


@asynccontextmanager
async def serve(slack: Slack) -> AsyncIterator[Served]:
    """Listen on a free port of this machine, and bring things to the app."""
    app = web.Application(client_max_size=60_000_000)
    app.router.add_route("*", "/api/{method}", _api(slack))
    app.router.add_get("/link/", slack.sockets.connect)
    app.router.add_get("/oauth/v2/authorize", _authorize(slack))
    app.router.add_get("/files-pri/{path:.*}", _download(slack))
    app.router.add_post("/upload/{path:.*}", _upload(slack))
    for kind in ("commands", "actions", "app"):
        app.router.add_post(f"/{kind}/{{path:.*}}", _hook(slack))
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    slack.api = slack.hook_host = slack.file_host = f"http://{host}:{port}"
    envelopes = asyncio.create_task(sockets.run(slack))
    try:
        async with ClientSession() as session, Pusher(slack, over(session)) as pusher:
            yield Served(slack, slack.api, pusher)
    finally:
        envelopes.cancel()
        with suppress(asyncio.CancelledError):
            await envelopes
        await runner.cleanup()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _response(raw: Raw) -> web.Response:
    status, headers, body = raw
    return web.Response(status=status, headers=headers, body=body)


def _api(slack: Slack) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        token, given = await _read(slack, request, method)
        try:
            return _response(await perform(slack, token, method, given))
        except Silent:
            await asyncio.Event().wait()
        except Cut:
            assert request.transport
            request.transport.abort()
        return web.Response()

    return answer


async def _read(slack: Slack, request: web.Request, method: str) -> tuple[str, dict[str, object]]:
    """Token and arguments, from header, query and body, in all the forms the API takes."""
    given: dict[str, object] = dict(request.query)
    slack.exposed += [(method, name) for name in given if name in WORDY]
    if request.content_type == "application/json":
        sent = await request.json() if request.can_read_body else {}
        if method in METHODS and not METHODS[method].takes_json and sent:
            sent = {}  # as if nothing had been sent; what is required is missed then
        given |= sent
    elif request.can_read_body:
        given |= {name: str(value) for name, value in (await request.post()).items()}
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        client, _, secret = base64.b64decode(token).decode().partition(":")
        given |= {"client_id": client, "client_secret": secret}
        token = ""
    return token or str(given.pop("token", "")), given


def _download(slack: Slack) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return _response(files.fetched(slack, str(request.url), request.headers))

    return answer


def _upload(slack: Slack) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.content_type == "multipart/form-data":
            fields = list((await request.post()).values())
            assert isinstance(fields[0], web.FileField)
            data = fields[0].file.read()
        else:
            data = await request.read()
        return _response(files.uploaded(slack, str(request.url), request.headers, data))

    return answer


def _hook(slack: Slack) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return _response(hooks.posted(slack, str(request.url), await request.read()))

    return answer


def _authorize(slack: Slack) -> Handler:
    """The page of the app's permissions: whoever opens it allows them, or cancels."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query: dict[str, object] = dict(request.query)
        person = slack.installer or next(iter(slack.people.values()))
        try:
            if slack.cancels:
                raise web.HTTPFound(oauth.refuse(slack, query))
            raise web.HTTPFound(oauth.authorize(slack, query, person, org=slack.org_wide))
        except Refused as no:
            return web.Response(status=400, text=no.error)

    return answer


class InMemory:
    """Reaches the server without sockets; for virtual time.

    `call` is a Web API call, `get` and `post` what goes to files and response_urls. A connection
    that breaks raises ConnectionError, an answer that never comes TimeoutError after `patience`.
    """

    def __init__(self, slack: Slack, *, patience: float = PATIENCE) -> None:
        self.slack = slack
        self.patience = patience

    async def call(self, method: str, given: Mapping[str, object], token: str) -> Raw:
        # what goes over the wire is JSON: no object is shared with the caller
        sent = json.loads(json.dumps(dict(given)))
        try:
            return await perform(self.slack, token, method, sent)
        except Silent:
            await asyncio.sleep(self.patience)
            raise TimeoutError from None
        except Cut:
            raise ConnectionError("the connection was cut") from None

    async def get(self, url: str, headers: Mapping[str, str]) -> Raw:
        assert _host(url) == self.slack.file_host, f"{url} is not Slack's"
        return files.fetched(self.slack, url, headers)

    async def post(self, url: str, headers: Mapping[str, str], data: bytes) -> Raw:
        if _host(url) == self.slack.file_host and urlsplit(url).path.startswith("/upload/"):
            return files.uploaded(self.slack, url, headers, data)
        assert _host(url) == self.slack.hook_host, f"{url} is not Slack's"
        return hooks.posted(self.slack, url, data)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def wait_until(
    slack: Slack, wanted: Callable[[], Found | None], *, within: float = 10.0
) -> Found:
    """Wait until `wanted()` is true and give what it gave; fails after `within` seconds."""
    woken = asyncio.Event()
    stop = slack.listen(woken.set)
    try:
        async with asyncio.timeout(within):
            while not (found := wanted()):
                woken.clear()
                with suppress(TimeoutError):
                    # what is waited for may be more than Slack, such as a clock
                    await asyncio.wait_for(woken.wait(), 0.05)
            return found
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s") from None
    finally:
        stop()

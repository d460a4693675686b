"""What Slack brings over HTTP: the door it comes in by."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from adapters.slack import signature
from adapters.slack.dispatching import Dispatching
from adapters.slack.manifest import PATH
from bot import observe
from bot.surface import Accept

LIMIT: Final = 1024 * 1024
"""Bytes of a request; Slack's longest are some hundred KB."""
BODY_PATIENCE: Final = 10.0
"""Seconds for a body to arrive whole."""
FIELDS: Final = 100
"""Fields of a form; a command has some fifteen."""
TOLD: Final = 300.0  # seconds between words about signatures that do not fit

_FORM: Final = "application/x-www-form-urlencoded"

_log = observe.get_logger(__name__)


class Door:
    """`secret` is the app's signing secret; `clock` tells the seconds since 1970."""

    def __init__(
        self, dispatching: Dispatching, secret: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._dispatching = dispatching
        self._secret = secret
        self._clock = clock
        self._told_at = -TOLD

    def routes(self, accept: Accept) -> Sequence[web.RouteDef]:
        async def receive(request: web.Request) -> web.Response:
            return await self._receive(request, accept)

        return [web.post(PATH, receive), web.get(PATH, _look)]

    async def _receive(self, request: web.Request, accept: Accept) -> web.Response:
        claimed = signature.claim(request.headers, now=self._clock())
        # The body of a stranger is not waited for.
        body = await _read(request) if claimed else b""
        if claimed is None or not claimed.holds(self._secret, body):
            self._tell_refused()
            return web.Response(status=401)
        answer = await self._dispatching.dispatch(_parsed(request.content_type, body), accept)
        return web.Response(
            status=answer.status, body=answer.body.encode(), headers=answer.first_headers()
        )

    def _tell_refused(self) -> None:
        """Now and then: either somebody knocks, or the secret is not the app's."""
        now = self._clock()
        if now - self._told_at >= TOLD:
            self._told_at = now
            _log.warning(
                "a request was not signed as it should be; "
                "if it was Slack's, compare SLACK_SIGNING_SECRET and this machine's clock"
            )


def _parsed(media_type: str, body: bytes) -> object:
    """The payload, wherever Slack puts it; None where there is none."""
    try:
        if media_type != _FORM:
            return json.loads(body)
        form = dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
        )
        return json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError):
        return None


async def _look(request: web.Request) -> web.Response:
    """Slack looks at the certificate now and then."""
    return web.Response(status=200 if "ssl_check" in request.query else 405)


async def _read(request: web.Request) -> bytes:
    """The body. Raises what answers one that is too long, too slow or cut off."""
    if (request.content_length or 0) > LIMIT:
        raise web.HTTPRequestEntityTooLarge(LIMIT, request.content_length or 0)
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError:
        raise web.HTTPBadRequest from None
    if len(body) > LIMIT:
        raise web.HTTPRequestEntityTooLarge(LIMIT, len(body))
    return body

"""What Slack brings over HTTP: the door it comes in by."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast
from urllib.parse import parse_qsl

from aiohttp import web

from adapters.slack import signature
from adapters.slack.heard import Unreadable
from adapters.slack.hearing import Ear, Kind
from adapters.slack.manifest import PATH
from bot import observe
from bot.surface import Accept

LIMIT: Final = 1024 * 1024
"""Bytes of a request; Slack's longest are some hundred KB."""
BODY_PATIENCE: Final = 10.0
"""Seconds for a body to arrive whole."""
FIELDS: Final = 100
"""Fields of a form; a command has some fifteen."""
CHALLENGE: Final = 4096  # characters that are given back
TOLD: Final = 300.0  # seconds between words about signatures that do not fit

_FORM: Final = "application/x-www-form-urlencoded"

_log = observe.get_logger(__name__)


class Door:
    """`secret` is the app's signing secret; `clock` tells the seconds since 1970."""

    def __init__(self, ear: Ear, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._ear = ear
        self._secret = secret
        self._clock = clock
        self._told_at = -TOLD

    def routes(self, accept: Accept) -> Sequence[web.RouteDef]:
        async def receive(request: web.Request) -> web.Response:
            return await self._receive(request, accept)

        return [web.post(PATH, receive), web.get(PATH, _look)]

    async def _receive(self, request: web.Request, accept: Accept) -> web.Response:
        """Raises Busy; Slack then comes again with an event."""
        body = await _read(request)
        if not signature.is_good(self._secret, request.headers, body, now=self._clock()):
            self._tell_refused()
            return web.Response(status=401)
        try:
            return await self._answer(request.content_type, body, accept)
        except (Unreadable, ValueError, RecursionError) as error:
            observe.EVENTS.labels("unreadable").inc()
            _log.warning("what slack has sent cannot be read", error=type(error).__name__)
            # It would be the same every time.
            return web.Response(status=400, headers={"X-Slack-No-Retry": "1"})

    async def _answer(self, media_type: str, body: bytes, accept: Accept) -> web.Response:
        if media_type != _FORM:
            return await self._told(json.loads(body), accept)
        form = dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
        )
        if form.get("ssl_check"):
            return web.Response()
        if "payload" in form:
            return await self._hear("interaction", json.loads(form["payload"]), accept)
        if "command" not in form:
            raise Unreadable("no form of Slack's")
        return await self._hear("command", form, accept)

    async def _told(self, told: object, accept: Accept) -> web.Response:
        kind = told.get("type") if isinstance(told, Mapping) else None
        if kind == "event_callback":
            return await self._hear("event", told, accept)
        if kind == "app_rate_limited":
            note_rate_limit(cast(Mapping[str, object], told))
            return web.Response()
        challenge = told.get("challenge") if isinstance(told, Mapping) else None
        if kind == "url_verification" and isinstance(challenge, str):
            return web.json_response({"challenge": challenge[:CHALLENGE]})
        raise Unreadable("nothing that Slack says")

    async def _hear(self, kind: Kind, told: object, accept: Accept) -> web.Response:
        reply = await self._ear.hear(kind, told, accept)
        return web.json_response(reply) if reply else web.Response()

    def _tell_refused(self) -> None:
        """Now and then: either somebody knocks, or the secret is not the app's."""
        now = self._clock()
        if now - self._told_at >= TOLD:
            self._told_at = now
            _log.warning(
                "a request was not signed as it should be; "
                "if it was Slack's, compare SLACK_SIGNING_SECRET and this machine's clock"
            )


def note_rate_limit(told: Mapping[str, object]) -> None:
    """Slack leaves out events of a workspace that has more than 30,000 in an hour."""
    observe.EVENTS.labels("withheld").inc()
    _log.error("slack withholds events: too many in an hour", team=str(told.get("team_id"))[:64])


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

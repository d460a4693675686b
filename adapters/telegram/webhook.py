"""Updates that Telegram brings: the door they come in by, and its address kept at Telegram."""

import asyncio
import hashlib
import hmac
import json
from typing import Final

from aiohttp import web

from adapters.telegram.account import Account
from adapters.telegram.errors import Unauthorized
from adapters.telegram.hearing import Ear
from adapters.telegram.updates import ALLOWED
from bot import observe
from bot.surface import Accept, Busy, SurfaceError

HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
LIMIT: Final = 1024 * 1024
"""Bytes of an update; Telegram's longest are some hundred KB."""
BODY_PATIENCE: Final = 10.0
"""Seconds for a body to arrive whole."""
CHECKED: Final = 300.0
"""Seconds between looks at what Telegram has as our address: a setWebhook of somebody else, for
the same token, would take all updates away and nobody would say so."""
SOON: Final = (5.0, 15.0, 40.0)
"""Seconds before the first looks: who has just begun is waiting for a first message, and only
Telegram knows why none is brought."""
SETTLING: Final = 60.0  # seconds for the few calls of one look
CONNECTIONS: Final = 100
"""Updates that Telegram brings at once, its most: storing one takes a few ms."""

_log = observe.get_logger(__name__)


def secret_of(token: str) -> str:
    """A secret for the door of the bot with this token, the same at every start."""
    return hmac.new(token.encode(), b"parley: telegram webhook", hashlib.sha256).hexdigest()


class Webhook:
    """One account's door. `url` is where Telegram reaches it."""

    def __init__(self, account: Account, ear: Ear, *, url: str, secret: str) -> None:
        self.account = account
        self.health = account.health
        self._ear = ear
        self._url = url
        self._secret = secret
        self._settled: tuple[object, object] | None = None  # url and kinds, as Telegram has them
        self._last_error: object = None

    def route(self, path: str, accept: Accept) -> web.RouteDef:
        async def receive(request: web.Request) -> web.Response:
            return await self._receive(request, accept)

        return web.post(path, receive)

    # The door

    async def _receive(self, request: web.Request, accept: Accept) -> web.Response:
        """Raises Busy; Telegram then comes again."""
        if not self._knows_secret(request):
            return web.Response(status=401)
        if not self.account.username:  # nobody could be told by name
            raise Busy
        update = await _read(request)
        press = await self._ear.hear(update, accept)
        if not press or await self.account.presses.answered(press):
            return web.Response()
        # The answer may itself be a call, which spares one of our own.
        return web.json_response({"method": "answerCallbackQuery", "callback_query_id": press})

    def _knows_secret(self, request: web.Request) -> bool:
        given = request.headers.getall(HEADER, [])
        return len(given) == 1 and hmac.compare_digest(
            given[0].encode("utf-8", "surrogateescape"), self._secret.encode()
        )

    # Its address

    async def run(self, accept: Accept) -> None:
        """Keep the address at Telegram, until cancelled."""
        soon = iter(SOON)
        while True:
            try:
                async with asyncio.timeout(SETTLING):
                    await self._settle()
            except (SurfaceError, TimeoutError) as error:
                # Once it is set, updates come even while Telegram answers no calls.
                deaf = self._settled is None or isinstance(error, Unauthorized)
                pause = self.health.fail(error, deaf=deaf)
            else:
                self.health.recover(name=self.account.username, by="webhook")
                pause = next(soon, CHECKED)
            await asyncio.sleep(pause)

    async def _settle(self) -> None:
        if not self.account.username:
            await self.account.meet()
        if self._settled is not None and not await self._has_changed():
            return
        self._settled = None
        # Always at the start: whether Telegram has our secret cannot be asked.
        await self.account.calls.set_webhook(
            self._url, secret=self._secret, allowed=ALLOWED, max_connections=CONNECTIONS
        )
        info = await self.account.calls.webhook_info()
        self._last_error = info.get("last_error_date")
        # A server lists those kinds of ours that it knows.
        self._settled = (self._url, info.get("allowed_updates"))

    async def _has_changed(self) -> bool:
        info = await self.account.calls.webhook_info()
        refused = self._tell_error(info.get("last_error_date"), info.get("last_error_message"))
        if (info.get("url"), info.get("allowed_updates")) != self._settled:
            _log.warning("somebody has changed the webhook; it is set again", bot=self.account.id)
            return True
        return refused

    def _tell_error(self, at: object, words: object) -> bool:
        """Log why Telegram could not deliver, once; True when it was for the secret."""
        if at == self._last_error:
            return False
        self._last_error = at
        _log.warning("telegram could not deliver", bot=self.account.id, reason=str(words)[:200])
        return "401" in str(words)


async def _read(request: web.Request) -> object:
    """The update, None for JSON that no update can be. Raises what answers anything else."""
    if (request.content_length or 0) > LIMIT:
        raise web.HTTPRequestEntityTooLarge(LIMIT, request.content_length or 0)
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError:  # it is cut off
        raise web.HTTPBadRequest from None
    if len(body) > LIMIT:
        raise web.HTTPRequestEntityTooLarge(LIMIT, len(body))
    try:
        return json.loads(body)
    except RecursionError:
        return None
    except ValueError:
        raise web.HTTPBadRequest from None

"""Bolt between the doors and the ear: it takes each payload, and answers when that is kept.

Of Bolt only the dispatcher is used. It gets payloads that are checked and parsed: it would parse
before it verifies, and takes a command whose words hold "payload" for an empty form. A middleware
before everything else of Bolt's keeps the payload and answers by itself, so that no listener runs,
nothing is acknowledged before it is kept, and nothing is a 404.
"""

import json
import logging
import math
from collections.abc import Mapping
from typing import Final, NoReturn

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request import payload_utils
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import heard, routing
from adapters.slack.heard import Unreadable
from adapters.slack.hearing import Ear, Reply
from bot import observe
from bot.surface import Accept, Busy

CHALLENGE: Final = 4096  # characters that are given back

_ACCEPT: Final = "accept"
_UNREADABLE_TO_BOLT: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError)

_log = observe.get_logger(__name__)


class Dispatching:
    def __init__(self, ear: Ear) -> None:
        # What it says would be of tokens that the environment holds and it is not to use.
        logger = logging.getLogger("slack_bolt.parley")
        logger.setLevel(logging.CRITICAL)
        self._app = AsyncApp(
            name=logger.name,
            logger=logger,
            client=AsyncWebClient(),
            authorize=_authorize,
            before_authorize=_Keeping(ear),
            process_before_response=True,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
            ignoring_self_assistant_message_events_enabled=False,
            ssl_check_enabled=False,
            url_verification_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )

    async def dispatch(self, payload: object, accept: Accept) -> BoltResponse:
        """200 when it is kept, with what Slack is to show; 503 while the bot is busy, 400 for what
        Slack does not send."""
        try:
            told = dict(heard.mapping(payload))
            routing.route(told)
            request = AsyncBoltRequest(body=told, context={_ACCEPT: accept}, mode="socket_mode")
        except (Unreadable, RecursionError, *_UNREADABLE_TO_BOLT) as error:
            return _unreadable(error)
        return await self._app.async_dispatch(request)


class _Keeping(AsyncMiddleware):
    """Keeps each payload and answers. No function, for which Bolt would first take the payload
    apart into arguments, and fail where it has another shape."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: object
    ) -> BoltResponse:
        try:
            reply = await self._hear(req.body, req.context[_ACCEPT])
        except Unreadable as error:
            return _unreadable(error)
        except Busy as busy:
            pause = str(math.ceil(busy.retry_after))
            return BoltResponse(status=503, headers={"Retry-After": pause})
        except Exception as error:  # a fault of ours; Bolt would print what people said with it
            _log.error("a payload cannot be taken", trace=observe.trace(error))
            return BoltResponse(status=500)
        return BoltResponse(status=200, body=dict(reply) if reply else "")

    async def _hear(self, told: dict[str, object], accept: Accept) -> Reply:
        if payload_utils.is_slash_command(told):
            return await self._ear.hear("command", told, accept)
        kind = told.get("type")
        if kind == "event_callback":
            return await self._ear.hear("event", told, accept)
        if kind == "app_rate_limited":
            _note_rate_limit(told)
            return None
        if "ssl_check" in told:  # Slack looks at the certificate
            return None
        challenge = told.get("challenge")
        if kind == "url_verification" and isinstance(challenge, str):
            return {"challenge": challenge[:CHALLENGE]}
        if "user" in told:  # everything that somebody does tells who
            return await self._ear.hear("interaction", told, accept)
        raise Unreadable("nothing that Slack says")


def shown(response: BoltResponse) -> Reply:
    """What Slack is to show."""
    return json.loads(response.body) if response.body else None


def pause(response: BoltResponse) -> float:
    """Seconds to wait before it is brought again, where the bot is busy."""
    return float(response.first_headers().get("retry-after", 1))


async def _authorize() -> NoReturn:
    """Nothing comes so far."""
    raise AssertionError("everything is answered before it is authorized")


def _note_rate_limit(told: Mapping[str, object]) -> None:
    """Slack leaves out events of a workspace that has more than 30,000 in an hour."""
    observe.EVENTS.labels("withheld").inc()
    _log.error("slack withholds events: too many in an hour", team=str(told.get("team_id"))[:64])


def _unreadable(error: Exception) -> BoltResponse:
    observe.EVENTS.labels("unreadable").inc()
    _log.warning("what slack has sent cannot be read", error=type(error).__name__)
    # It would be the same every time.
    return BoltResponse(status=400, headers={"X-Slack-No-Retry": "1"})

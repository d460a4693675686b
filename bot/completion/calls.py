"""One HTTP call to the Completion API: how it is sent, how often, and what comes of it.

Every httpx error ends here. A request of which no byte left is sent again; one whose bytes left
is sent again only when doing it twice does no harm; and a server that says it is busy is believed.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from bot.completion.errors import (
    Busy,
    CompletionError,
    Interrupted,
    ServiceFailed,
    Unreachable,
    Unreadable,
    refusal,
)
from bot.completion.patience import Patience
from bot.completion.reading import read_json

RETRIES = 2
ERROR_LIMIT = 64 * 1024
"""Bytes of an error's body that are looked at."""
JSON_LIMIT = 4 * 1024 * 1024
"""Bytes of a JSON answer; the largest, a page of feedbacks, is a hundredth of it."""

# Raised before a byte of the request was written. LocalProtocolError is not among them: it comes
# of whatever the libraries below found wrong, and they may find it in the answer.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

_Result = TypeVar("_Result")
_jitter = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A 2xx answer, read to its end."""

    media_type: str
    body: bytes

    def json(self) -> object:
        """Raises Unreadable when it is none: a page of a proxy, or the web app's own."""
        if self.media_type != "application/json":
            raise Unreadable
        try:
            return read_json(self.body)
        except ValueError:
            raise Unreadable from None


class Sender(httpx.AsyncClient):
    """Sends requests as they are: it keeps no cookies, follows nothing, and logs in nowhere."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
    ) -> None:
        super().__init__(transport=transport, headers=headers, timeout=timeout, trust_env=False)
        self._straight = transport
        json = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        self._json_headers = httpx.Headers(self.headers)
        self._json_headers.update(json)
        self._settings = {"timeout": timeout.as_dict()}

    def post_of(self, address: str, json: bytes) -> httpx.Request:
        """A POST with this body: built by hand, since httpx merges each time what never changes."""
        return httpx.Request(
            "POST",
            _parsed(address),
            headers=self._json_headers,
            content=json,
            extensions=self._settings,
        )

    async def send(
        self, request: httpx.Request, *, stream: bool = False, **_: object
    ) -> httpx.Response:
        response = await self._straight.handle_async_request(request)
        response.request = request
        if not stream:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response


@lru_cache(maxsize=16)
def _parsed(address: str) -> httpx.URL:
    return httpx.URL(address)


async def persist(
    attempt: Callable[[], Awaitable[_Result]], *, repeatable: bool, patience: Patience
) -> _Result:
    """The result of `attempt`, tried at most three times; raises its last error.

    `repeatable` says that doing it twice does no harm.
    """
    for retry in range(RETRIES):
        try:
            return await attempt()
        except CompletionError as error:
            wait = _wait_before_retry(error, retry, repeatable, patience)
            if wait is None:
                raise
        await asyncio.sleep(wait)
    return await attempt()


def _wait_before_retry(
    error: CompletionError, retry: int, repeatable: bool, patience: Patience
) -> float | None:
    """Seconds, or None when trying again would do harm or no good."""
    backoff = patience.backoff * (1 << retry) * _jitter.uniform(0.5, 1.5)
    match error:
        case Busy(retry_after=seconds):
            # Nothing ran and nothing was billed, so even a generation may be asked for again.
            wait = backoff if seconds is None else seconds + backoff / 2
            return wait if wait <= patience.busy else None
        case Unreachable(sent=False):
            return backoff
        case Unreachable() | ServiceFailed() | Interrupted():
            return backoff if repeatable else None
        case _:
            return None


async def open_response(
    client: httpx.AsyncClient, request: httpx.Request, *, seconds: float, hint: str = ""
) -> httpx.Response:
    """The beginning of a 200 or 201 answer; whatever else comes is raised.

    `seconds` bounds the wait for it, and `hint` says what to do when that was too short. The caller
    closes it.
    """
    try:
        async with asyncio.timeout(seconds):
            response = await client.send(request, stream=True)
    except _UNSENT as error:
        raise Unreachable(_why(error, request), sent=False) from None
    except TimeoutError:
        raise Unreachable(f"No answer within {seconds:.0f} s. {hint}".strip(), sent=True) from None
    except httpx.HTTPError as error:
        raise Unreachable(_why(error, request), sent=True) from None
    if response.status_code in (200, 201):
        return response
    try:
        raise await _failure(response, seconds)
    finally:
        await response.aclose()


async def call(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    seconds: float,
    limit: int = JSON_LIMIT,
    hint: str = "",
) -> Reply:
    """The whole answer to one request, within `seconds` and `limit` bytes."""
    deadline = asyncio.get_running_loop().time() + seconds
    response = await open_response(client, request, seconds=seconds, hint=hint)
    try:
        async with asyncio.timeout_at(deadline):
            body = await read_body(response, limit)
    except (httpx.HTTPError, TimeoutError):
        raise Interrupted(reason="broken") from None
    finally:
        await response.aclose()
    if len(body) > limit:
        raise Unreadable(f"The answer is larger than {limit} bytes.")
    return Reply(media_type=media_type(response.headers), body=body)


def media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _failure(response: httpx.Response, seconds: float) -> CompletionError:
    if response.has_redirect_location:
        host = _host(response.headers["location"]) or "another path"
        return Unreadable(
            f"The address redirects to {host}; set COMPLETION_API_URL to where it is."
        )
    if response.status_code < 400:
        return Unreadable()
    try:
        async with asyncio.timeout(seconds):
            body = await read_body(response, ERROR_LIMIT)
    except (httpx.HTTPError, TimeoutError):
        body = b""
    return refusal(response.status_code, response.headers, body[:ERROR_LIMIT])


def _why(error: httpx.HTTPError, request: httpx.Request) -> str | None:
    """Whoever sets a server up needs the reason: a name, a port, a certificate, a proxy."""
    reason = str(error)
    if not reason or request.headers.get("Authorization", "").rpartition(" ")[2] in reason:
        return None
    return f"The Completion API does not answer: {reason}."


def _host(location: str) -> str | None:
    try:
        return urlsplit(location).hostname
    except ValueError:
        return None


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The body, or a little more than `limit` of it."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            break
    return bytes(body)

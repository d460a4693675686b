"""The doorman: who does not know the token, or comes from another site, learns nothing."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from urllib.parse import urlsplit

from aiohttp import web

from bot.surface import Busy

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_DISK = 5.0  # seconds until a full disk may have room again
JSON_LIMIT = 256 * 1024  # bytes; a text of 20,000 characters with every one escaped
_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Refused(Exception):
    """What cannot be; the text is a sentence for the person."""

    status = 409

    def __init__(self, sentence: str, *, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.faults = dict(faults or {})


class Faulty(Refused):
    """A form with something to correct."""

    status = 422


class Malformed(Refused):
    """Nothing our page would send."""

    status = 400


class TooMuch(Refused):
    status = 413


class Guard:
    """Wraps handlers; nothing of a request is parsed before it has passed."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def __call__(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._check(request)
                response = await _answer(handler, request)
            except web.HTTPException as exception:
                exception.headers.update(HEADERS)
                raise
            if not response.prepared:
                response.headers.update(HEADERS)
            return response

        return guarded

    def _check(self, request: web.Request) -> None:
        """Raises HTTPNotFound or HTTPForbidden."""
        given = request.match_info["token"].encode(errors="replace")
        if not hmac.compare_digest(given, self._token):
            raise web.HTTPNotFound
        # A name that an attacker's DNS points here is not one of ours.
        if not _is_ours(request.headers.get("Host", ""), _port(request)):
            raise web.HTTPForbidden(text="Open the playground by the address it printed.\n")
        if request.method == "POST" and not _same_site(request):
            raise web.HTTPForbidden(text="Only the playground's own page may do this.\n")


def refusal(
    status: int, sentence: str, *, faults: Mapping[str, str] | None = None, wait: float = 0.0
) -> web.Response:
    """A refusal the page can show; `wait` is in how many seconds it may come again."""
    content: dict[str, object] = {"error": sentence}
    if faults:
        content["faults"] = dict(faults)
    headers = {"Retry-After": str(ceil(wait))} if wait else {}
    return web.json_response(content, status=status, headers=headers)


async def _answer(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return refusal(refused.status, str(refused), faults=refused.faults)
    except Busy as busy:
        return refusal(503, "Too much is going on. It is tried again.", wait=busy.retry_after)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise  # the tab is gone; nobody reads an answer
        return refusal(503, "The playground cannot write to its disk.", wait=_DISK)


def _port(request: web.Request) -> int | None:
    transport = request.transport
    address = transport.get_extra_info("sockname") if transport else None
    return address[1] if address else None


def _is_ours(host: str, port: int | None) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname in _NAMES and (parts.port or 80) == port
    except ValueError:
        return False


def _same_site(request: web.Request) -> bool:
    """Browsers name the origin of every POST; what names none is no browser."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.headers['Host']}":
        return False
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


async def body(request: web.Request, limit: int) -> bytes:
    """The request's bytes, read no further than `limit`. Raises TooMuch."""
    if (request.content_length or 0) > limit:
        raise _too_much(limit)
    parts, size = [], 0
    async for part in request.content.iter_chunked(64 * 1024):
        size += len(part)
        if size > limit:
            raise _too_much(limit)
        parts.append(part)
    return b"".join(parts)


def _too_much(limit: int) -> TooMuch:
    size = f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} KB"
    return TooMuch(f"That is more than {size}. Send something smaller.")

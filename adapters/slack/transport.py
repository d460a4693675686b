"""How calls travel: over one aiohttp session, which holds hundreds of them in parallel cheaply.

slack_sdk's own client is not on this road: it puts the arguments of many methods into the address,
reads answers of any size, prints whole payloads when it debugs, and cannot tell whether a call that
failed may have been heard. Here `NotSent` means that not one byte of it left, `Lost` that nobody
knows. Errors name no address and have no cause, because addresses of Slack's hooks are secrets.
"""

import json
import urllib.request
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from adapters.slack.errors import Lost, NotSent, Overlong

API_URL: Final = "https://slack.com/api/"

KEEP_ALIVE: Final = 30.0
"""Seconds an idle connection is kept; load balancers hang up after 60 by default, and we must be
first, or a call meets a closing connection and may be lost."""

CONNECTIONS: Final = 512
"""Calls in flight at once; those of all workspaces together."""

ANSWER_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of one answer. The longest message with all its blocks stays far below."""

CONNECT: Final = 5.0
"""Seconds to connect, or to wait for a free connection; at most half of what the call may take."""

Answer: TypeAlias = tuple[int, Mapping[str, str], bytes]
"""Status, headers, body."""

FORMS: Final = frozenset(
    {
        "apps.uninstall",
        "auth.revoke",
        "chat.getPermalink",
        "conversations.info",
        "files.getUploadURLExternal",
        "files.info",
        "oauth.v2.access",
        "users.info",
    }
)
"""Methods that read no JSON; all the others do."""

_NEVER_CONNECTED: Final = (
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
_FAILURES: Final = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)


class Transport(Protocol):
    """Carries calls of any workspace. Never makes one twice, never follows a redirect.

    Every call raises NotSent, Lost or Overlong, and nothing else. `timeout` is in seconds.
    """

    async def send(
        self, method: str, args: Mapping[str, object], token: str, *, timeout: float
    ) -> Answer:
        """A method of the Web API."""
        ...

    async def get(self, url: str, *, token: str, limit: int, timeout: float) -> Answer:
        """At most `limit` bytes; the token goes along unless it is ""."""
        ...

    async def post(self, url: str, data: bytes, *, media_type: str, timeout: float) -> Answer:
        """To a hook or an upload address; without any token."""
        ...


class AiohttpTransport:
    """Opens with its first call, and belongs to the loop of that one.

    Keeps no cookies, asks for no compression, reads no more than ANSWER_LIMIT. The proxies that the
    environment names count as they are at the first call to a host.
    """

    def __init__(self, *, api_url: str = API_URL, connections: int = CONNECTIONS) -> None:
        self._base = api_url.rstrip("/") + "/"
        self._connections = connections
        self._closed = False
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, URL | None] = {}
        self._methods: dict[str, URL] = {}

    async def aclose(self) -> None:
        """Calls in flight break off, and no more can be made."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self, method: str, args: Mapping[str, object], token: str, *, timeout: float
    ) -> Answer:
        address = self._methods.get(method)
        if address is None:
            address = self._methods[method] = URL(self._base + method)
        body, media_type = encoded(method, args)
        headers = {"Content-Type": media_type}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self._request("POST", address, headers, body, ANSWER_LIMIT, timeout)

    async def get(self, url: str, *, token: str, limit: int, timeout: float) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self._request("GET", _address(url), headers, None, limit, timeout)

    async def post(self, url: str, data: bytes, *, media_type: str, timeout: float) -> Answer:
        headers = {"Content-Type": media_type}
        return await self._request("POST", _address(url), headers, data, ANSWER_LIMIT, timeout)

    async def _request(
        self,
        verb: str,
        address: URL,
        headers: Mapping[str, str],
        data: bytes | None,
        limit: int,
        timeout: float,
    ) -> Answer:
        if self._closed:
            raise NotSent("the transport is closed")
        if self._session is None:
            self._session = _open_session(self._connections)
        try:
            async with self._session.request(
                verb,
                address,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=min(CONNECT, timeout / 2)),
                proxy=self._proxy(address),
            ) as response:
                return response.status, response.headers, await _whole(response, limit)
        except Overlong:
            raise
        except (TimeoutError, *_FAILURES) as error:
            failure = _told(error)
        # Outside of the block above: aiohttp's errors name the address.
        raise failure

    def _proxy(self, address: URL) -> URL | None:
        host = address.host or ""
        if host not in self._proxies:
            self._proxies[host] = _proxy_for(address)
        return self._proxies[host]


def encoded(method: str, args: Mapping[str, object]) -> tuple[bytes, str]:
    """The body of a call and its media type. Half a surrogate pair becomes "?"."""
    if method in FORMS:
        fields = {name: _field(value) for name, value in args.items()}
        return urlencode(fields, errors="replace").encode(), _FORM
    return json_bytes(args), _JSON


def json_bytes(value: object) -> bytes:
    """Half a surrogate pair, which UTF-8 cannot carry, becomes "?"."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False).encode(errors="replace")


_JSON: Final = "application/json; charset=utf-8"
_FORM: Final = "application/x-www-form-urlencoded"


def _field(value: object) -> str:
    return value if isinstance(value, str) else json_bytes(value).decode()


def _address(url: str) -> URL:
    try:
        return URL(url)
    except ValueError:
        pass  # its text quotes the address
    raise NotSent("no address")


def _told(error: Exception) -> Exception:
    """What is told of it: whether the call may have been heard, and not where it went."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSent("no connection in time")
    if isinstance(error, TimeoutError):
        return Lost("no answer in time")
    kind = NotSent if isinstance(error, _NEVER_CONNECTED) else Lost
    return kind(f"no answer ({type(error).__name__})")


def _open_session(connections: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": "parley"},
        auto_decompress=False,
    )


async def _whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    length = response.content_length
    if length is not None:
        if length > limit:
            raise Overlong("the answer is too long")
        return await response.read()
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > limit:
            raise Overlong("the answer is too long")
    return bytes(body)


def _proxy_for(address: URL) -> URL | None:
    proxies = urllib.request.getproxies()
    named = proxies.get(address.scheme) or proxies.get("all")
    if not named or urllib.request.proxy_bypass(address.host or ""):
        return None
    proxy = URL(named if "://" in named else f"http://{named}")
    if proxy.scheme not in ("http", "https"):
        raise NotSent(f"a proxy of kind {proxy.scheme} is not supported")
    return proxy

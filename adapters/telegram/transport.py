"""How calls travel: PTB's request over aiohttp, which holds hundreds of them in parallel cheaply.

PTB's own transport costs three times as much for one call and ten times as much among a hundred.
Errors say whether the call may have been heard: `NotSent` means that not one byte of it left, every
other one that nobody knows. They hold no address, because the token is part of it, and have no
cause, because aiohttp's name the address.
"""

import asyncio
import io
import secrets
import urllib.request
from typing import Final

import aiohttp
import msgspec
from aiohttp.http_exceptions import HttpProcessingError
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

from adapters.telegram.errors import Broken, NotSent
from bot import exchange
from bot.exchange import Exchange, Failure, Head, Origin, Pool

KEEP_ALIVE: Final = 60.0
"""Seconds an idle connection is kept; nginx, which stands before Telegram, hangs up after 75 by
default, and we must be first, or a call meets a closing connection and may be lost."""

CONNECTIONS: Final = 512
"""Calls in flight at once: at 50 ms each ten thousand a second, more than any bot may do."""

ANSWER_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one answer. A hundred updates of the longest rich messages stay well below."""

MOMENT: Final = 0.01
"""Seconds between the moments at which answers to frames are taken in, each at the second one."""

CONNECT, WRITE, READ = 5.0, 10.0, 10.0
"""Seconds, unless a call names its own."""

_HEADERS: Final = (
    (b"Accept-Encoding", b"identity"),
    (b"User-Agent", b"parley"),
    (b"Content-Type", b"application/json"),
)

_NEVER_CONNECTED: Final = (
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
_FAILURES: Final = (aiohttp.ClientError, HttpProcessingError, OSError)


class BotRequest(BaseRequest):
    """Give it to an `Account`. Opens with its first call, and belongs to the loop of that one.

    - The time for a call is that of connecting, writing and reading together, so that no trickle
      keeps it alive; waiting for a free connection counts as connecting.
    - Never follows redirects, keeps no cookies, asks for no compression, reads no more than
      ANSWER_LIMIT. Never makes a call a second time.
    - `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count as they are at the start.
    """

    __slots__ = ("_closed", "_connections", "_frames", "_pool", "_session", "_ways")

    def __init__(self, *, connections: int = CONNECTIONS) -> None:
        self._connections = connections
        self._closed = False
        self._frames = 0  # on their way
        self._pool: Pool | None = None
        self._session: aiohttp.ClientSession | None = None
        self._ways: dict[str, _Way] = {}

    @property
    def read_timeout(self) -> float:
        return READ

    async def initialize(self) -> None:
        self._closed = False

    async def shutdown(self) -> None:
        """Calls in flight break off, and none can be made until it is initialized again."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """The status and the body. Timeouts in seconds; ours for what is no number.

        Raises NotSent, TimedOut or Broken.
        """
        if self._closed:
            raise NotSent("the transport is closed")
        connect = _seconds(connect_timeout, CONNECT) + _seconds(pool_timeout, 0.0)
        after = _seconds(write_timeout, WRITE) + _seconds(read_timeout, READ)
        body, headers = _encoded(request_data)
        way = self._ways.get(url)
        if way is None:
            way = _Way(URL(url, encoded=True))
            if method == "POST":  # those are few, but each file has an address of its own
                self._ways[url] = way
        if way.proxy or method != "POST" or not isinstance(body, bytes):
            patience = aiohttp.ClientTimeout(total=connect + after, connect=connect)
            return await self._otherwise(method, way, body, headers, patience)
        return await self._exchange(way, body, connect, after)

    async def _exchange(
        self, way: "_Way", body: bytes, connect: float, after: float
    ) -> tuple[int, bytes]:
        """What nearly all calls are: small, and many. `after`: seconds once it is connected."""
        if self._pool is None:
            self._pool = Pool(keep_alive=KEEP_ALIVE, most=self._connections)
        try:
            request = way.head.with_body(body)
            sent = await self._pool.send(way.origin, request, connect=connect)
            self._frames += way.is_frame
            try:
                sent.end_within(after)
                if way.is_frame and self._frames > 1:
                    rest_together(sent)
                await sent.opened()
                return sent.status, await sent.whole(ANSWER_LIMIT)
            finally:
                self._frames -= way.is_frame
                sent.close()
        except Failure as error:
            failure = _failed(error)
        raise failure

    async def _otherwise(
        self,
        method: str,
        way: "_Way",
        body: bytes | io.BytesIO | None,
        headers: dict[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> tuple[int, bytes]:
        """Files, and everything where there is a proxy."""
        if self._session is None:
            self._session = open_session(self._connections)
        try:
            async with self._session.request(
                method,
                way.address,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=timeout,
                proxy=way.proxy,
            ) as response:
                return response.status, await read_whole(response, ANSWER_LIMIT)
        except (TimeoutError, TooLong, *_FAILURES) as error:
            failure = _told(error)
        raise failure


def rest_together(sent: Exchange) -> None:
    """Leave its answer to the kernel until those of its neighbours have come, too.

    Each would wake the processor for next to nothing, and nobody waits for any of them.
    """
    loop = asyncio.get_running_loop()
    if sent.rest():
        loop.call_at((loop.time() // MOMENT + 2) * MOMENT, sent.wake_up)


class _Way:
    """Where calls of one method go."""

    def __init__(self, address: URL) -> None:
        """Raises NotSent."""
        self.address = address
        self.is_frame = address.name == "sendMessageDraft"
        self.proxy = proxy_for(address)
        secure, host = address.scheme == "https", address.raw_host or ""
        self.origin = Origin(secure, host, address.port or (443 if secure else 80))
        named = (b"Host", address.authority.encode("idna" if not host.isascii() else "ascii"))
        try:
            self.head = Head(b"POST", address.raw_path_qs.encode("ascii"), (named, *_HEADERS))
        except ValueError:
            raise NotSent("the address cannot be put on the wire") from None


class TooLong(Exception):
    """A body has more bytes than may be read."""


def _told(error: Exception) -> NetworkError:
    """What is told of it: whether the call may have been heard, and not where it went."""
    if isinstance(error, TooLong):
        return Broken("the answer is too long")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NotSent("no connection in time")
    if isinstance(error, TimeoutError):
        return TimedOut("no answer in time")
    kind = NotSent if isinstance(error, _NEVER_CONNECTED) else Broken
    return kind(f"no answer ({type(error).__name__})")


def _failed(failure: Failure) -> NetworkError:
    match failure:
        case exchange.NotSent():
            return NotSent(str(failure))
        case exchange.Silent():
            return TimedOut("no answer in time")
        case exchange.TooLong():
            return Broken("the answer is too long")
        case _:
            return Broken(f"no answer ({failure})")


def open_session(connections: int) -> aiohttp.ClientSession:
    """Sends no more than is needed: no cookies, and nothing that would have to be unpacked."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": "parley"},
        auto_decompress=False,
    )


async def read_whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body. Raises TooLong as soon as it is known to have more than `limit` bytes."""
    length = response.content_length
    if length is not None:
        if length > limit:
            raise TooLong
        return await response.read()
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > limit:
            raise TooLong
    return bytes(body)


def proxy_for(address: URL) -> URL | None:
    """The proxy that the environment names for this address."""
    proxies = urllib.request.getproxies()
    named = proxies.get(address.scheme) or proxies.get("all")
    if not named or urllib.request.proxy_bypass(address.host or ""):
        return None
    proxy = URL(named if "://" in named else f"http://{named}")
    if proxy.scheme not in ("http", "https"):
        raise NotSent(f"a proxy of kind {proxy.scheme} is not supported")
    return proxy


def _encoded(data: RequestData | None) -> tuple[bytes | io.BytesIO | None, dict[str, str]]:
    """Values travel as they are, not as JSON within JSON, unless files go with them."""
    if data is None:
        return None, {}
    if data.contains_files:
        return _multipart(data)
    return msgspec.json.encode(data.parameters), {"Content-Type": "application/json"}


def _multipart(data: RequestData) -> tuple[io.BytesIO, dict[str, str]]:
    boundary = secrets.token_hex(16)
    body = io.BytesIO()
    for name, text in data.json_parameters.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body.write(head.encode() + text.encode() + b"\r\n")
    for name, (filename, content, media_type) in data.multipart_data.items():
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="{name}"; filename="{filename.translate(_UNQUOTABLE)}"\r\n'
            f"Content-Type: {media_type.translate(_UNQUOTABLE)}\r\n\r\n"
        )
        body.write(head.encode())
        body.write(content if isinstance(content, bytes) else content.read())
        body.write(b"\r\n")
    body.write(f"--{boundary}--\r\n".encode())
    body.seek(0)
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


_UNQUOTABLE: Final = str.maketrans(dict.fromkeys('"\\\r\n\x00', "_"))
"""What would end the quotes around a file's name, or its line."""


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) else otherwise

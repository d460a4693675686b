"""How requests travel: httpx in front, aiohttp's connections behind it.

httpx's own transport costs about 100 us for every chunk of a stream, aiohttp's parser a quarter of
that, and a thousand answers growing at once arrive in tens of thousands of chunks a second.

The errors are the promise here. `httpx.ConnectError` and `httpx.ConnectTimeout` mean that not one
byte of the request was sent, so that it may be sent again. Every other error means that the server
may have begun to write, and to charge. Errors are raised without a cause, because aiohttp's hold
the request's headers and the key among them.
"""

import asyncio
import ipaddress
import ssl
import urllib.request
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Final, cast

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from bot.completion.naps import LOOK, Alarm
from bot.completion.posted import post
from bot.exchange import Pool

KEEP_ALIVE: Final = 30.0
"""Seconds an idle connection is kept. nginx hangs up after 65 to 75 and AWS's balancers after 60;
we must be first, or a POST meets a closing connection and nobody knows whether it was read."""

HEADER_LIMIT: Final = 32 * 1024
"""Bytes in one header line: content security policies outgrow aiohttp's 8 KiB, none needs this."""

READ_BUFFER: Final = 64 * 1024
"""Bytes after which the server has to wait for us: a thousand streams may hold twice this each."""

BODY_PIECE: Final = 64 * 1024
"""Bytes of a request body written at a time; a smaller body fits the socket and never waits."""

_HTTPX_ADDS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")

_FAILURES: Final = (
    aiohttp.ClientError,
    HttpProcessingError,
    TimeoutError,
    OSError,
)


class Transport(httpx.AsyncBaseTransport):
    """Give it to `httpx.AsyncClient(transport=...)`. Belongs to the loop of its first request.

    - Never follows redirects, keeps no cookies, reads no netrc, decodes no content encoding (httpx
      does), puts no limit on the number of connections.
    - The timeouts are httpx's: `connect` covers looking up the name, TCP and TLS; `write` is for a
      piece of a body over 64 KiB; `read` waits for the next bytes, and None sets no timer at all.
      `pool` means nothing, because nobody waits for a connection.
    - `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count, except for loopback.
    - A GET is sent a second time when the kept connection it took turns out to be closed; a POST
      never is.
    - `response.extensions["read"]` is the fast way through a stream: `await read()` gives the bytes
      that are there, and b"" at the end. `["rest"](seconds)` lets bytes pile up for so long, so
      that the next read takes longer and gives more: at most so long, and less where it is no more
      text that comes; `["wake"]()` ends that early.
    """

    def __init__(
        self, *, ssl_context: ssl.SSLContext | None = None, trust_environment: bool = True
    ) -> None:
        self._ssl: ssl.SSLContext | bool = ssl_context or True
        self._proxies = urllib.request.getproxies() if trust_environment else {}
        self._session: aiohttp.ClientSession | None = None
        self._pool = Pool(keep_alive=KEEP_ALIVE, ssl_context=ssl_context)
        self._alarm = Alarm()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises an `httpx.TransportError`, and says by its class whether the request left."""
        address = request.url
        if address.userinfo:
            address = address.copy_with(userinfo=b"")
        url = URL(str(address), encoded=True)
        proxy = self._proxy(url)
        content = _small(request)
        if content is not None and proxy is None:
            return await post(self._pool, request, content, self._alarm)
        patience = asyncio.timeout(None)
        body = _Body(request, patience)
        try:
            async with patience:
                response = await self._open_session().request(
                    request.method,
                    url,
                    headers=_headers(request),
                    data=body.as_data(),
                    allow_redirects=False,
                    skip_auto_headers=_HTTPX_ADDS,
                    timeout=_timeout(request),
                    ssl=self._ssl,
                    proxy=proxy,
                )
            return _httpx_response(response, self._alarm)
        except _FAILURES as error:
            failure: httpx.TransportError = _translated(error, stalled=patience.expired())
        except ValueError:
            # Not its text: that quotes the header, and the header may be the key.
            failure = httpx.LocalProtocolError("the request cannot be put on the wire")
        finally:
            body.let_go()
        raise failure

    async def aclose(self) -> None:
        self._pool.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=READ_BUFFER,
                max_line_size=HEADER_LIMIT,
                max_field_size=HEADER_LIMIT,
            )
        return self._session

    def _proxy(self, url: URL) -> URL | None:
        address = self._proxies.get(url.scheme) or self._proxies.get("all")
        host = url.host or ""
        if not address or _is_loopback(host) or urllib.request.proxy_bypass(host):
            return None
        try:
            proxy = URL(address if "://" in address else f"http://{address}")
        except ValueError:
            # Not its text: that quotes the address, and the address may hold a password.
            raise httpx.UnsupportedProtocol("the proxy's address is no address") from None
        if proxy.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"a proxy of kind {proxy.scheme} is not supported")
        return proxy


class ResponseStream(httpx.AsyncByteStream):
    """The body of a response, as it comes. Has one reader at a time."""

    def __init__(self, response: aiohttp.ClientResponse, alarm: Alarm) -> None:
        self._response = response
        self._alarm = alarm
        self._rests = False
        self._read = response.content.readany
        self._closed = False
        connection = response.connection
        protocol = connection.protocol if connection is not None else None
        self._lost = protocol.closed if protocol is not None else None
        if self._lost is not None:
            self._lost.remove_done_callback(_notice)  # once is enough for a kept connection
            self._lost.add_done_callback(_notice)
            self._lost.add_done_callback(self._wake)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    async def read(self) -> bytes:
        """All bytes that are there, waiting for the first; b"" at the end.

        A body without length that the server does not chunk ends with its connection: there alone
        the end and a cut look the same.
        """
        if self._closed:
            raise httpx.StreamClosed
        try:
            return await self._read()
        except _FAILURES as error:
            failure = _translated(error)
        raise failure

    def rest(self, seconds: float) -> None:
        """Leave what comes to the kernel. It is not even known then that the connection breaks."""
        connection = self._response.connection
        if connection is not None and connection.transport is not None and not self._rests:
            self._rests = True
            connection.transport.pause_reading()
            self._alarm.set(min(seconds, LOOK), self.wake)

    def wake(self) -> None:
        """Read again; nothing happens when there is no rest to end."""
        connection = self._response.connection
        if self._rests and connection is not None and connection.transport is not None:
            connection.transport.resume_reading()
        self._rests = False

    async def aclose(self) -> None:
        """Keep the connection for the next request if the body was read to its end; or drop it."""
        self._closed = True
        if self._lost is not None:
            self._lost.remove_done_callback(self._wake)
        self._response.close()

    def _wake(self, _: object) -> None:
        # A broken chunk header makes aiohttp drop the connection, but not the reader's wait for it.
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection was dropped"))


def _notice(lost: asyncio.Future[None]) -> None:
    """Look at the error, or asyncio logs that nobody did; whoever reads gets it in its own way."""
    if not lost.cancelled():
        lost.exception()


class _Body:
    """A request's body on its way out, which may not stand still for longer than `write`."""

    def __init__(self, request: httpx.Request, patience: asyncio.Timeout) -> None:
        self._request = request
        self._patience: asyncio.Timeout | None = patience

    def as_data(self) -> bytes | AsyncIterator[bytes] | None:
        try:
            content = self._request.content
        except httpx.RequestNotRead:
            return self._pieces(cast(httpx.AsyncByteStream, self._request.stream))
        if len(content) <= BODY_PIECE:
            return content or None
        return self._pieces(_cut(content))

    def let_go(self) -> None:
        """The wait is over, though a server may answer before it has read everything."""
        self._patience = None

    async def _pieces(self, source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        write = _timeouts(self._request).get("write")
        async for piece in source:
            self._wait_at_most(write)
            yield piece
        self._wait_at_most(None)

    def _wait_at_most(self, seconds: float | None) -> None:
        if self._patience is not None and not self._patience.expired():
            now = asyncio.get_running_loop().time()
            self._patience.reschedule(None if seconds is None else now + seconds)


async def _cut(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), BODY_PIECE):
        yield content[start : start + BODY_PIECE]


def _small(request: httpx.Request) -> bytes | None:
    """The body of a POST that is written in one piece; None for any other request."""
    if request.method != "POST" or request.url.scheme not in ("http", "https"):
        return None
    try:
        content = request.content
    except httpx.RequestNotRead:
        return None
    return content if len(content) <= BODY_PIECE else None


def _headers(request: httpx.Request) -> CIMultiDict[str]:
    """Raises ValueError where a header would not arrive as it is."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in request.headers.raw:
        if name.lower() != b"transfer-encoding":  # aiohttp says it itself
            headers.add(name.decode("ascii"), value.decode("utf-8"))
    if any(character in text for text in headers.values() for character in "\r\n\0"):
        raise ValueError("a header holds a line break")
    return headers


def _timeouts(request: httpx.Request) -> Mapping[str, float | None]:
    return cast(Mapping[str, float | None], request.extensions.get("timeout", {}))


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    timeouts = _timeouts(request)
    return aiohttp.ClientTimeout(connect=timeouts.get("connect"), sock_read=timeouts.get("read"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _httpx_response(response: aiohttp.ClientResponse, alarm: Alarm) -> httpx.Response:
    stream = ResponseStream(response, alarm)
    version = response.version or aiohttp.HttpVersion11
    return httpx.Response(
        response.status,
        headers=list(response.raw_headers),
        stream=stream,
        extensions={
            "http_version": f"HTTP/{version.major}.{version.minor}".encode("ascii"),
            "reason_phrase": (response.reason or "").encode("ascii", "ignore"),
            "read": stream.read,
            "rest": stream.rest,
            "wake": stream.wake,
        },
    )


def _translated(error: Exception, *, stalled: bool = False) -> httpx.TransportError:
    """The httpx error that tells whether the request may have left."""
    kind = type(error).__name__
    match error:
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout("no connection in time")
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return httpx.ConnectError(f"no connection ({kind}: {_reason(error)})")
        case aiohttp.ClientHttpProxyError(status=status):
            return httpx.ProxyError(f"the proxy refused the connection with status {status}")
        case aiohttp.ServerTimeoutError():
            return httpx.ReadTimeout("the server was silent for too long")
        case TimeoutError() if stalled:
            return httpx.WriteTimeout("the server stopped reading the request")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return httpx.RemoteProtocolError(f"the server hung up too early ({kind})")
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return httpx.RemoteProtocolError(f"the server does not speak proper HTTP ({kind})")
        case _:
            return httpx.ReadError(f"the connection broke ({kind}: {_reason(error)})")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "no reason given"

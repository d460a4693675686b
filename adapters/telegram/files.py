"""What people sent, by its path at Telegram: read piece by piece, never more than allowed."""

import asyncio
from typing import Final, Protocol
from urllib.parse import quote

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from telegram.error import TelegramError
from telegram.request import BaseRequest
from yarl import URL

from adapters.telegram.errors import NotSent
from adapters.telegram.transport import TooLong, open_session, proxy_for, read_whole
from bot.surface import Gone, SurfaceError, TooLarge, Unreachable

AT_ONCE: Final = 4
"""Files read at the same time; each may be as large as the limit, and all of it is in memory."""

WAITING, READING, SILENCE = 30.0, 60.0, 15.0
"""Seconds: for a turn; for a whole file, so 20 MB at 2.7 Mbit/s; without a single byte."""


class Files(Protocol):
    """Where the files of one account are."""

    async def aclose(self) -> None: ...

    async def read(self, path: str, *, limit: int) -> bytes:
        """The bytes. Raises Gone, TooLarge beyond `limit`, Unreachable."""
        ...


class Downloads:
    """Reads over a session of its own, so that no answer waits for a picture.

    The token is part of every address, hence no redirects, and no address in any error.
    """

    def __init__(self, *, api_url: str, token: str) -> None:
        self._base = _base(api_url, token)
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._proxy: URL | None = None

    async def aclose(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def read(self, path: str, *, limit: int) -> bytes:
        try:
            async with asyncio.timeout(WAITING):
                await self._turns.acquire()
        except TimeoutError:
            raise Unreachable(sent=False) from None
        try:
            return await self._read(_address(self._base, path), limit)
        finally:
            self._turns.release()

    async def _read(self, address: str, limit: int) -> bytes:
        failure: SurfaceError = Unreachable(sent=False)
        try:
            if self._session is None:
                self._proxy = proxy_for(URL(self._base))
                self._session = open_session(AT_ONCE)
            async with self._session.get(
                URL(address, encoded=True),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=READING, sock_read=SILENCE),
                proxy=self._proxy,
            ) as response:
                if response.status == 200:
                    return await read_whole(response, limit)
                failure = _missing(response.status)
        except (aiohttp.ClientError, HttpProcessingError, OSError, NotSent):
            pass  # raised below, without what names the address
        except TooLong:
            failure = TooLarge(f"the file has more than {limit} bytes")
        raise failure


class RequestFiles:
    """Reads through the transport that the calls go by, whatever it is."""

    def __init__(self, request: BaseRequest, *, api_url: str, token: str) -> None:
        self._request = request
        self._base = _base(api_url, token)

    async def aclose(self) -> None:
        return

    async def read(self, path: str, *, limit: int) -> bytes:
        try:
            status, data = await self._request.do_request(_address(self._base, path), "GET")
        except TelegramError:
            status, data = 0, b""
        if status != 200:
            raise _missing(status)
        if len(data) > limit:
            raise TooLarge(f"the file has more than {limit} bytes")
        return data


def _base(api_url: str, token: str) -> str:
    return f"{api_url}/file/bot{token}"


def _address(base: str, path: str) -> str:
    if ".." in path.split("/"):
        raise Gone("there is no such file")
    return f"{base}/{quote(path.lstrip('/'), safe='/')}"


def _missing(status: int) -> SurfaceError:
    if 400 <= status < 500:
        return Gone("the file is not there any more")
    return Unreachable(sent=False)

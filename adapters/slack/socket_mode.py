"""What Slack brings over sockets that the bot opens: no address of its own is needed for that.

Two are open, so that one may fail, and each is replaced by a new one before Slack closes it.
Envelopes come over either; what is not acknowledged comes again.
"""

import asyncio
from typing import Final

import aiohttp

from adapters.slack.dispatching import Dispatching
from adapters.slack.errors import Refused
from adapters.slack.health import LONGEST, Health
from adapters.slack.socket import HELLO, Socket
from adapters.slack.workspace import Line
from bot.surface import Accept, RateLimited, Unreachable

SOCKETS: Final = 2
"""Of the ten that Slack allows, so that a restart may overlap."""
SOONEST: Final = 2.0
"""Seconds from opening a socket to opening its successor; Slack lets 50 be opened in a minute."""


class SocketMode:
    """All sockets of one app; `token` is the app's own, which begins with "xapp-"."""

    def __init__(self, line: Line, token: str, dispatching: Dispatching) -> None:
        self._line = line
        self._token = token
        self._dispatching = dispatching
        self._health = Health("SLACK_APP_TOKEN")
        self._open: set[Socket] = set()

    @property
    def missing(self) -> str:
        """Why nothing is heard, "" while one socket is open."""
        return "" if self._open else self._health.missing or "Slack's socket is closed"

    async def run(self, accept: Accept) -> None:
        """Until cancelled; what was not acknowledged then comes again."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=HELLO)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(SOCKETS):
                group.create_task(self._keep(session, accept))

    async def _keep(self, session: aiohttp.ClientSession, accept: Accept) -> None:
        """One socket after the other, and each listens until the next one does."""
        loop = asyncio.get_running_loop()
        old: Socket | None = None
        async with asyncio.TaskGroup() as group:
            while True:
                began = loop.time()
                socket = Socket(self._dispatching, accept, self._open)
                group.create_task(socket.run(session, self._address))
                await socket.settled.wait()
                if socket.has_opened:
                    self._health.recover()
                    if old is not None:
                        old.leave()
                    old = socket
                await socket.is_ending.wait()
                await asyncio.sleep(max(self._pause(socket), SOONEST - (loop.time() - began)))

    async def _address(self) -> str:
        """Where a socket may be opened, once. Raises SurfaceError."""
        found = await self._line.ask("apps.connections.open", {}, token=self._token)
        url = found.get("url")
        plain = self._line.api_url.startswith("http://")
        if not isinstance(url, str) or not url.startswith("ws://" if plain else "wss://"):
            raise Unreachable(sent=False)
        return url

    def _pause(self, socket: Socket) -> float:
        """Seconds until the next one is opened. One that Slack wants replaced has not failed."""
        if socket.failure is not None:
            return self._health.fail(socket.failure, deaf=not self._open)
        if socket.reason == "link_disabled":
            return self._health.fail(Refused("Socket Mode is off"), deaf=not self._open)
        if socket.reason == "too_many_websockets":
            return self._health.fail(RateLimited(LONGEST), deaf=not self._open)
        return 0.0

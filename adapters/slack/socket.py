"""One socket that Slack sends envelopes over, from its opening to its end."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableSet
from http import HTTPStatus
from typing import Final

import aiohttp
from slack_bolt import BoltResponse

from adapters.slack.dispatching import Dispatching, pause, shown
from bot import observe
from bot.surface import Accept, SurfaceError

SILENCE: Final = 30.0
"""Seconds without a ping of Slack's, which come every few, or an envelope: the socket is deaf.
That it answers ours would say less, since something in between may do so."""
HELLO: Final = 10.0
"""Seconds for Slack to say hello, which it does at once."""
LIMIT: Final = 4 * 1024 * 1024
"""Bytes of an envelope; Slack's longest are some hundred KB."""
AT_ONCE: Final = 200
"""Envelopes being kept at a time; what comes beyond them comes again, since it is not
acknowledged."""
HELD: Final = 30.0
"""Seconds an event is held while the bot is busy; Slack has sent it again by then."""
LEAVING: Final = 5.0
"""Seconds that a replaced socket goes on, for what was on its way."""

_KINDS: Final = frozenset({"events_api", "slash_commands", "interactive"})

_BROKEN: Final = (aiohttp.ClientError, OSError, SurfaceError)  # a TimeoutError is an OSError

_log = observe.get_logger(__name__)

Address = Callable[[], Awaitable[str]]


class Socket:
    """`settled`: it is open, or never will be. `is_ending`: another one is needed.

    `failure`: why it broke. `reason`: why Slack wants it replaced. While it is open it is in
    `opened`.
    """

    def __init__(
        self, dispatching: Dispatching, accept: Accept, opened: "MutableSet[Socket]"
    ) -> None:
        self.settled = asyncio.Event()
        self.is_ending = asyncio.Event()
        self.has_opened = False
        self.failure: Exception | None = None
        self.reason = ""
        self._dispatching = dispatching
        self._accept = accept
        self._opened = opened
        self._deadline: asyncio.Timeout | None = None
        self._has_left = False
        self._taking = 0

    async def run(self, session: aiohttp.ClientSession, address: Address) -> None:
        """Listen until it is closed; raises nothing."""
        try:
            async with asyncio.timeout(HELLO) as self._deadline:
                url = await address()
                async with session.ws_connect(url, autoping=False, max_msg_size=LIMIT) as socket:
                    await self._listen(socket)
        except _BROKEN as error:
            self.failure = None if self._has_left else error
        finally:
            self._opened.discard(self)
            self.settled.set()
            self.is_ending.set()

    def leave(self) -> None:
        """Another one listens now; this one goes on for a moment."""
        self._has_left = True
        if self._deadline is not None and self in self._opened:
            self._deadline.reschedule(asyncio.get_running_loop().time() + LEAVING)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async with asyncio.TaskGroup() as taking:
            # Raised in here, it would come out as a group of errors.
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                async for message in socket:
                    self._expect_more()
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._read(socket, message.data, taking)
                    elif message.type is aiohttp.WSMsgType.PING:
                        await socket.pong(message.data)
        if not self.reason:
            raise socket.exception() or ConnectionResetError("closed without a word")

    def _expect_more(self) -> None:
        if self._deadline is not None and not self._has_left:
            self._deadline.reschedule(asyncio.get_running_loop().time() + SILENCE)

    def _read(
        self, socket: aiohttp.ClientWebSocketResponse, text: str, taking: asyncio.TaskGroup
    ) -> None:
        told = _envelope(text)
        kind, id = told.get("type"), told.get("envelope_id")
        if kind == "hello":
            self.has_opened = True
            self._opened.add(self)
            self.settled.set()
        elif kind == "disconnect":
            self.reason = str(told.get("reason", ""))[:64] or "no reason"
            _log.info("slack wants a socket replaced", reason=self.reason)
            self.is_ending.set()
        elif isinstance(id, str) and self._taking < AT_ONCE:
            self._taking += 1
            taking.create_task(self._take(socket, id, told))

    async def _take(
        self, socket: aiohttp.ClientWebSocketResponse, id: str, told: Mapping[str, object]
    ) -> None:
        """Keep what is in an envelope, and only then acknowledge it; else it comes again."""
        try:
            answer: dict[str, object] = {"envelope_id": id}
            if told.get("type") in _KINDS:  # others are not known, and would come again and again
                taken = await self._dispatched(told.get("payload"))
                if taken.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    return
                reply = shown(taken)
                if reply and told.get("accepts_response_payload"):
                    answer["payload"] = reply
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await socket.send_json(answer)
        finally:
            self._taking -= 1

    async def _dispatched(self, payload: object) -> BoltResponse:
        """As over HTTP, but that it is tried again here while the bot is busy."""
        until = asyncio.get_running_loop().time() + HELD
        while True:
            taken = await self._dispatching.dispatch(payload, self._accept)
            busy = taken.status == HTTPStatus.SERVICE_UNAVAILABLE
            if not busy or asyncio.get_running_loop().time() + pause(taken) > until:
                return taken
            await asyncio.sleep(pause(taken))


def _envelope(text: str) -> Mapping[str, object]:
    """What the frame holds; nothing where it is no envelope."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        return told
    observe.EVENTS.labels("unreadable").inc()
    return {}

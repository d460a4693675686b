"""Socket Mode: envelopes go to one connection of many, again when nobody acknowledged them."""

import asyncio
import itertools
import json
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tests.fakes.slack_api.payloads import Delivery

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

MOST = 10  # connections of an app
PATIENCE = 3.0  # seconds until an envelope is acknowledged, or brought again
RETRIES = 3
TICKET_LASTS = 30.0  # seconds an address is good for
PING = 5.0  # seconds between pings
_TYPES = {"events": "events_api", "commands": "slash_commands", "interactive": "interactive"}


@dataclass(eq=False)
class Connection:
    """One WebSocket. A `deaf` one is open and brings nothing, not even pings."""

    number: int
    socket: web.WebSocketResponse
    deaf: bool = False
    ending: bool = False  # told to go: nothing new comes here
    sent: int = 0

    @property
    def hears(self) -> bool:
        return not (self.deaf or self.ending or self.socket.closed)


@dataclass
class Sockets:
    """The app's connections. `acks` are the envelopes acknowledged, with the answers in them.

    `speed` shortens the pauses between pings.
    """

    slack: "Slack"
    speed: float = 1.0
    patience: float = PATIENCE
    seed: int = 7
    connections: list[Connection] = field(default_factory=list)
    acks: dict[str, object] = field(default_factory=dict)
    unknown_acks: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)  # when an envelope met no open connection
    opened: int = 0
    refuses: bool = False  # apps.connections.open gives addresses that nobody answers
    twice: bool = False  # every event is brought once more, as if its first ack had been lost
    _tickets: dict[str, float] = field(default_factory=dict)
    _waiting: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._numbers = itertools.count(1)

    def address(self, api: str) -> str:
        """A new address to connect to, for one connection, soon."""
        ticket = self.slack.new_id("t")
        self._tickets[ticket] = self.slack.clock()
        host = api.replace("https://", "wss://").replace("http://", "ws://")
        return f"{host}/link/?ticket={ticket}&app_id={self.slack.app.id}"

    # --- connections ---------------------------------------------------------------------------

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket until it ends."""
        given_at = self._tickets.pop(request.query.get("ticket", ""), -TICKET_LASTS)
        if self.refuses or self.slack.clock() - given_at > TICKET_LASTS:
            return web.Response(status=400, text="bad ticket")
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        connection = Connection(next(self._numbers), socket)
        self.connections.append(connection)
        self.opened += 1
        pings = asyncio.create_task(self._ping(connection))
        try:
            if len(self.connections) > MOST:
                await self._say(connection, {"type": "disconnect", "reason": "too_many_websockets"})
                return socket
            await self._hello(connection)
            self.slack.changed()
            await self._hear(connection)
        finally:
            pings.cancel()
            self.connections.remove(connection)
            self.slack.changed()
        return socket

    async def _hello(self, connection: Connection) -> None:
        about = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060}
        await self._say(
            connection,
            {
                "type": "hello",
                "num_connections": len(self.connections),
                "debug_info": about,
                "connection_info": {"app_id": self.slack.app.id},
            },
        )

    async def _hear(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                continue
            said = json.loads(message.data)
            number = str(said.get("envelope_id", ""))
            if number not in self._waiting:
                self.unknown_acks.append(number)
                continue
            self.acks[number] = said.get("payload")
            self._waiting[number].set()

    async def _ping(self, connection: Connection) -> None:
        with suppress(ConnectionError):
            while not connection.socket.closed:
                await asyncio.sleep(PING / self.speed)
                if not connection.deaf:
                    await connection.socket.ping(b"Ping from applink-1")

    async def _say(self, connection: Connection, what: dict[str, object]) -> None:
        if not connection.deaf:
            with suppress(ConnectionError):
                await connection.socket.send_json(what)

    async def refresh(self, connection: Connection, *, within: float = 0.5) -> None:
        """Ask to connect anew, as happens to every connection from time to time, then close it."""
        connection.ending = True
        await self._say(connection, {"type": "disconnect", "reason": "warning"})
        await self._say(connection, {"type": "disconnect", "reason": "refresh_requested"})
        await asyncio.sleep(within)
        await connection.socket.close()

    async def cut(self, connection: Connection) -> None:
        """Break the connection without a word."""
        transport = connection.socket._req.transport if connection.socket._req else None
        if transport:
            transport.abort()

    def deafen(self) -> None:
        """From now on nothing comes over the connections that are open, nor over new ones."""
        self.refuses = True
        for connection in self.connections:
            connection.deaf = True

    def heal(self) -> None:
        """New connections bring things again."""
        self.refuses = False

    # --- envelopes -----------------------------------------------------------------------------

    async def bring(self, delivery: Delivery) -> None:
        """Bring an envelope until it is acknowledged; commands and interactions once."""
        tries = RETRIES + 1 if delivery.kind == "events" else 1
        self.slack.delivered.append(delivery)
        acked, answer = False, b""
        for number in range(tries):
            envelope = self._envelope(delivery, number)
            acked = await self._carry(envelope)
            delivery.tries.append(200 if acked else 0)
            if acked and not (self.twice and number == 0):
                told = self.acks[str(envelope["envelope_id"])]
                answer = json.dumps(told).encode() if told is not None else b""
                break
        delivery.done = acked
        if delivery.answered:
            delivery.answered(200 if acked else 0, answer)
        self.slack.changed()

    def _envelope(self, delivery: Delivery, number: int) -> dict[str, object]:
        envelope: dict[str, object] = {
            "envelope_id": self.slack.new_id("env"),
            "payload": delivery.payload,
            "type": _TYPES[delivery.kind],
            "accepts_response_payload": delivery.kind != "events",
        }
        if delivery.kind == "events":
            reason = "timeout" if number else ""
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        return envelope

    async def _carry(self, envelope: dict[str, object]) -> bool:
        """Send it over one connection at random, and wait for its ack."""
        until = asyncio.get_running_loop().time() + self.patience
        able = [connection for connection in self.connections if not connection.socket.closed]
        while not any(connection.hears for connection in able):
            if not able:
                self.gaps.append(self.slack.clock())
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(0.02)
            able = [connection for connection in self.connections if not connection.socket.closed]
        chosen = self._random.choice([connection for connection in able if connection.hears])
        chosen.sent += 1
        number = str(envelope["envelope_id"])
        acked = self._waiting[number] = asyncio.Event()
        await self._say(chosen, envelope)
        try:
            await asyncio.wait_for(acked.wait(), self.patience)
        except TimeoutError:
            return False
        finally:
            del self._waiting[number]
        return True


async def run(slack: "Slack") -> None:
    """Bring what is in the outbox over Socket Mode, until cancelled."""
    woken = asyncio.Event()
    unlisten = slack.listen(woken.set)
    try:
        async with asyncio.TaskGroup() as group:
            while True:
                woken.clear()
                while slack.outbox and not slack.app.request_url:
                    group.create_task(slack.sockets.bring(slack.outbox.pop(0)))
                await woken.wait()
    finally:
        unlisten()

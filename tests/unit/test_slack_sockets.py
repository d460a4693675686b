"""What Slack brings over sockets: kept before it is acknowledged, and without a gap."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import ClientConnectionResetError, ClientWebSocketResponse
from structlog.testing import capture_logs

from adapters.slack import health, socket, socket_mode
from adapters.slack.dispatching import Dispatching
from adapters.slack.hearing import Ear
from adapters.slack.page import Page, Words
from adapters.slack.socket_mode import SocketMode
from adapters.slack.workspace import Line, SingleWorkspace
from bot.events import Command, Event, Message
from bot.pace import Pace
from bot.surface import Busy
from tests.fakes.slack_api import Served, Slack, serve, wait_until
from tests.fakes.slack_intake import Noting

pytestmark = pytest.mark.real_time

WORDS = Words(busy="Please try again in a minute.")


class Wired:
    """The adapter on a Slack that listens, by sockets; what it hands in is in `accepted`."""

    def __init__(self, served: Served) -> None:
        self.slack = served.slack
        self.team = self.slack.team()
        self.seat = self.slack.dm(self.slack.person("Ada"))
        self.sockets = self.slack.sockets
        line = Line(api_url=f"{served.url}/api/")
        token = self.slack.installed(self.team.id).token
        self.adapter = Noting(
            [],
            workspaces=SingleWorkspace(token, line),
            slots=Pace(),
            line=line,
            app_token=self.slack.app.token,
            page=Page(words=lambda _: WORDS),
        )
        self.accepted: list[Event] = []
        self.busy: list[float] = []

    async def accept(self, event: Event) -> bool:
        if self.busy:
            raise Busy(self.busy.pop())
        new = all(event.id != known.id for known in self.accepted)
        if new:
            self.accepted.append(event)
        return new

    async def until(self, wanted: object, *, within: float = 5.0) -> None:
        assert callable(wanted)
        await wait_until(self.slack, wanted, within=within)


@asynccontextmanager
async def wired(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wired]:
    """Both sockets are open; nobody waits long for another one."""
    monkeypatch.setattr(socket_mode, "SOONEST", 0.0)
    monkeypatch.setattr(health, "LONGEST", 0.05)
    async with serve(Slack()) as served:
        made = Wired(served)
        task = asyncio.create_task(made.adapter.run(made.accept))
        try:
            await made.until(lambda: len(made.sockets.connections) == socket_mode.SOCKETS)
            yield made
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class TestListening:
    async def test_what_happens_is_kept_and_acknowledged(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with wired(monkeypatch) as made:
            made.seat.say("What is tea?")
            made.seat.command("stop")
            await made.until(lambda: len(made.sockets.acks) == 2)
            kinds = {type(event) for event in made.accepted}
            assert kinds == {Message, Command} and set(made.sockets.acks.values()) == {None}
            assert await made.adapter.missing() == ""

    async def test_while_the_bot_is_busy_nothing_is_acknowledged(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with wired(monkeypatch) as made:
            made.busy = [1.0]
            made.seat.say("What is tea?")
            await asyncio.sleep(0.1)
            assert made.accepted == [] and made.sockets.acks == {}
            await made.until(lambda: made.sockets.acks)
            assert len(made.accepted) == 1

    async def test_who_commands_meanwhile_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with wired(monkeypatch) as made:
            made.busy = [0.2]
            made.seat.command("What is tea?")
            await made.until(lambda: made.seat.ephemerals)
            assert WORDS.busy in made.seat.ephemerals[0].readable

    async def test_what_cannot_be_read_is_not_brought_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with wired(monkeypatch) as made:
            made.seat.say("hi").text = ""
            made.slack.outbox[-1].payload["event"] = {"type": "message", "user": 7}
            connection = made.sockets.connections[0]
            for junk in ("no json", "[]", "[" * 5000, '{"type":"x","envelope_id":"e1"}'):
                await connection.socket.send_str(junk)
            await made.until(lambda: made.sockets.acks)
            await made.until(lambda: "e1" in made.sockets.unknown_acks)
            assert made.accepted == [] and len(made.sockets.connections) == 2

    async def test_that_slack_withholds_events_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with wired(monkeypatch) as made:
            with capture_logs() as logs:
                made.seat.say("hi")
                made.slack.outbox[-1].payload = {"type": "app_rate_limited", "team_id": "T1"}
                await made.until(lambda: made.sockets.acks)
            assert [log["log_level"] for log in logs] == ["error"]

    async def test_a_failure_breaks_no_socket(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with wired(monkeypatch) as made:

            async def fails(*_: object) -> None:
                raise ValueError("nobody thought of it")

            monkeypatch.setattr(Ear, "hear", fails)
            with capture_logs() as logs:
                made.seat.say("hi")
                await made.until(lambda: logs)
            assert len(made.sockets.connections) == 2 and made.sockets.acks == {}


class TestReplacing:
    async def test_a_new_socket_is_open_before_the_old_one_closes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with wired(monkeypatch) as made:
            old = list(made.sockets.connections)
            replacing = [asyncio.create_task(made.sockets.refresh(one, within=2.0)) for one in old]
            for n in range(10):
                made.seat.say(f"{n}")
                await asyncio.sleep(0.01)
            await asyncio.gather(*replacing)
            await made.until(lambda: len(made.accepted) == 10)
            assert made.sockets.gaps == [] and made.sockets.opened == 4
            assert all(len(one.tries) == 1 for one in made.slack.delivered)

    async def test_the_old_one_leaves_by_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "LEAVING", 0.1)
        async with wired(monkeypatch) as made:
            [old, _] = made.sockets.connections
            old.ending = True
            await old.socket.send_json({"type": "disconnect", "reason": "warning"})
            await made.until(lambda: old not in made.sockets.connections)
            await made.until(lambda: len(made.sockets.connections) == 2)

    async def test_one_that_breaks_is_opened_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with wired(monkeypatch) as made:
            await made.sockets.cut(made.sockets.connections[0])
            made.seat.say("What is tea?")
            await made.until(lambda: made.accepted)
            assert await made.adapter.missing() == ""
            await made.until(lambda: made.sockets.opened == 3)

    async def test_one_that_breaks_under_an_answer_is_opened_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with wired(monkeypatch) as made:
            pong = ClientWebSocketResponse.pong
            broken: list[bytes] = []

            async def breaks(socket: ClientWebSocketResponse, message: bytes = b"") -> None:
                if len(broken) < 2:
                    broken.append(message)
                    raise ClientConnectionResetError("it went while it was written to")
                await pong(socket, message)

            monkeypatch.setattr(ClientWebSocketResponse, "pong", breaks)
            for one in made.sockets.connections:
                await one.socket.ping()
            await made.until(lambda: made.sockets.opened >= 4)
            made.seat.say("What is tea?")
            await made.until(lambda: made.accepted)

    async def test_deafness_is_noticed_and_healed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "SILENCE", 0.2)
        async with wired(monkeypatch) as made:
            made.sockets.deafen()
            await asyncio.sleep(0.3)
            assert await made.adapter.missing() != ""
            made.sockets.heal()
            made.seat.say("What is tea?")
            await made.until(lambda: made.accepted)
            assert await made.adapter.missing() == ""


class TestRefusals:
    async def test_a_token_that_is_wrong_is_named(self) -> None:
        async with serve(Slack()) as served:
            made = Wired(served)
            made.slack.app.token = "xapp-another"
            task = asyncio.create_task(made.adapter.run(made.accept))
            began = time.monotonic()
            while "SLACK_APP_TOKEN" not in (missing := await made.adapter.missing()):
                assert time.monotonic() - began < 5, missing
                await asyncio.sleep(0.02)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("link_disabled", "Slack refuses SLACK_APP_TOKEN: Socket Mode is off"),
            ("too_many_websockets", "Slack wants to be left alone for a while"),
        ],
    )
    async def test_why_slack_lets_nobody_in_is_told(
        self, monkeypatch: pytest.MonkeyPatch, reason: str, words: str
    ) -> None:
        async with wired(monkeypatch) as made:
            for one in list(made.sockets.connections):
                await one.socket.send_json({"type": "disconnect", "reason": reason})
                await one.socket.close()
            await asyncio.sleep(0.05)
            assert await made.adapter.missing() == words

    async def test_an_address_that_is_no_sockets_is_none(self) -> None:
        async with serve(Slack()) as served:
            line = Line(api_url=f"{served.url}/api/")
            sockets = SocketMode(
                line, served.slack.app.token, Dispatching(Wired(served).adapter.ear)
            )
            assert (await sockets._address()).startswith("ws://")
            await line.aclose()
            assert sockets.missing == "Slack has not been reached yet"

"""How things come in: nothing is lost or done twice, nobody else is believed."""

import asyncio
import io
import json
import signal
import time
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.nursery import Nursery
from tests.fakes.slack_api import signed
from tests.fakes.slack_bot import House, answered, secrets, slack_bot, told

pytestmark = pytest.mark.real_time


async def knock(
    house: House, body: bytes, *, media_type: str = "application/json", **changes: str | None
) -> tuple[int, str]:
    """Status and body of a delivery; `changes` are headers that differ from the right ones."""
    headers: dict[str, str | None] = dict(signed(house.slack, media_type, body))
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    sent = {name: value for name, value in headers.items() if value is not None}
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.slack.app.request_url, data=io.BytesIO(body), headers=sent) as answer,
    ):
        return answer.status, await answer.text()


async def test_only_slack_is_believed_and_no_body_breaks_the_door(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with slack_bot(nursery, tmp_path, PARLEY_LOG_LEVEL="debug") as house:
        body = json.dumps({"type": "event_callback", "event_id": "Ev1"}).encode()
        old = str(int(time.time()) - 400)
        for changes in (
            {"X_Slack_Signature": None},
            {"X_Slack_Request_Timestamp": None},
            {"X_Slack_Signature": "v0=" + "0" * 64},
            {"X_Slack_Signature": "v0=é"},
            {"X_Slack_Request_Timestamp": old},
            {"X_Slack_Request_Timestamp": "tomorrow"},
        ):
            assert (await knock(house, body, **changes))[0] == 401, changes
        assert (await knock(house, b"x" * (1 << 20) + b"x"))[0] == 413
        for junk in (b"", b"{", b"[1]", b"null", b"\xff\xfe", b"[" * 100_000):
            assert (await knock(house, junk))[0] == 400, junk[:20]
        form = "application/x-www-form-urlencoded"
        assert (await knock(house, b"payload=%7Bno", media_type=form))[0] == 400
        assert (await knock(house, b"ssl_check=1&token=t", media_type=form))[0] == 200
        assert await house.pusher.verify()
        limited = {"type": "app_rate_limited", "team_id": house.team.id, "minute_rate_limited": 9}
        assert (await knock(house, json.dumps(limited).encode()))[0] == 200

        await _is_answered_once_however_often_it_comes(house)
        await _says_no_secret(house)


async def _is_answered_once_however_often_it_comes(house: House) -> None:
    house.pusher.twice = True
    seat = house.channel()
    asked = seat.mention("n=2")
    await answered(house, seat, asked)
    brought = house.slack.delivered
    await house.until(lambda: [len(each.tries) for each in brought[:2]] == [2, 2])
    mention, again = house.slack.delivered[:2]
    assert {mention.event["type"], again.event["type"]} == {"message", "app_mention"}
    assert len(seat.answers) == 1
    assert len(house.sandbox.writings) == 1


async def _says_no_secret(house: House) -> None:
    for method in ("chat.postMessage", "users.info", "agents.sessions.setStatus"):
        house.slack.faults.add("cut", method)
        house.slack.faults.add("500", method)
    seat = house.visit()
    seat.say("n=2", files=[seat.file(b"no picture")])
    seat.command("n=2")
    await told(house, seat, "")
    await house.end(signal.SIGTERM)
    for secret in secrets(house):
        assert secret not in house.said
        assert secret.encode() not in house.kept()


@pytest.mark.parametrize("way", ["http", "socket"])
async def test_what_was_said_while_the_bot_was_killed_is_answered_once(
    nursery: Nursery, tmp_path: Path, way: str
) -> None:
    async with slack_bot(nursery, tmp_path, way) as house:  # type: ignore[arg-type]
        early = house.visit()
        asked = early.say("n=30 d=0.02 wait=0.2")
        await house.until(lambda: house.sandbox.writings)
        await house.end(signal.SIGKILL)
        late = house.visit()
        missed = late.say("n=2")
        await house.start()
        await answered(house, late, missed, within=30)
        await house.until(lambda: early.thread(asked))
        assert len(late.answers) == 1
        assert len(early.answers) == 1


async def test_connections_are_renewed_without_a_gap_and_a_deaf_bot_is_told_at_readyz(
    nursery: Nursery, tmp_path: Path
) -> None:
    async with slack_bot(nursery, tmp_path, "socket") as house:
        sockets = house.slack.sockets
        await house.until(lambda: len(sockets.connections) == 2)
        seat = house.visit()
        async with asyncio.TaskGroup() as renewing:
            for connection in list(sockets.connections):
                renewing.create_task(sockets.refresh(connection, within=2.2))
            for number in range(3):
                seat.say(f"n={number + 2}")
                await asyncio.sleep(0.3)
        await answered(house, seat, count=3)
        assert sockets.gaps == []
        assert len(seat.answers) == 3

        sockets.twice = True
        seat = house.channel()
        asked = seat.mention("n=2")
        await answered(house, seat, asked)
        await house.until(lambda: len(house.slack.delivered[-1].tries) == 2)
        sockets.twice = False
        assert len(seat.answers) == 1

        sockets.refuses = True
        for connection in list(sockets.connections):
            await sockets.cut(connection)
        await house.until(lambda: not sockets.connections)
        async with asyncio.timeout(10):
            while await house.ready():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
        sockets.heal()
        await house.until(lambda: sockets.connections)
        await answered(house, seat, seat.mention("n=3"), 1)
        assert await house.ready()

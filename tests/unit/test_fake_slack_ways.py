"""How the project's own Slack is reached, and how it brings things: HTTP, Socket Mode, OAuth."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientWebSocketResponse

from tests.fakes.slack_api import Pusher, Seat, Served, Slack, serve, wait_until

Request = tuple[float, Mapping[str, str], bytes]


def seat_of(slack: Slack) -> Seat:
    slack.team()
    return slack.dm(slack.person("Ada"))


class Door:
    """An app that answers as it is told to: a status, or None for silence."""

    def __init__(self, *statuses: int | None, body: bytes = b"") -> None:
        self.statuses = list(statuses)
        self.body = body
        self.requests: list[Request] = []

    async def send(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        now = asyncio.get_running_loop().time()
        self.requests.append((now, headers, body))
        status = self.statuses.pop(0) if self.statuses else 200
        if status is None:
            await asyncio.sleep(60)
        return status or 0, {}, self.body


async def pushed(slack: Slack, door: Door, seconds: float) -> None:
    slack.app.request_url = "https://app.example/slack/events"
    async with Pusher(slack, door.send):
        await asyncio.sleep(seconds)


async def test_events_are_signed_and_brought_again_until_they_are_taken() -> None:
    slack = Slack(asyncio.get_running_loop().time)
    seat_of(slack).say("hello")
    door = Door(500, None, 503)

    await pushed(slack, door, 500)

    assert [round(at) for at, _, _ in door.requests] == [0, 0, 63, 363]
    numbers = [headers.get("X-Slack-Retry-Num") for _, headers, _ in door.requests]
    assert numbers == [None, "1", "2", "3"]
    _, headers, body = door.requests[0]
    base = f"v0:{headers['X-Slack-Request-Timestamp']}:".encode() + body
    proof = hmac.new(slack.app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    assert headers["X-Slack-Signature"] == f"v0={proof}"
    assert slack.delivered[0].tries == [500, 0, 503, 200]


async def test_a_command_is_brought_once_and_its_answer_is_shown() -> None:
    slack = Slack(asyncio.get_running_loop().time)
    seat = seat_of(slack)
    seat.command("hello & goodbye")
    door = Door(body=b'{"text":"One moment"}')

    await pushed(slack, door, 10)

    assert [post.readable for post in seat.ephemerals] == ["One moment"]
    assert parse_qs(door.requests[0][2].decode())["text"] == ["hello &amp; goodbye"]
    seat.command("again")
    await pushed(slack, Door(None), 10)
    assert "operation_timeout" in seat.ephemerals[-1].readable


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with serve(Slack()) as served:
        yield served


@pytest.mark.real_time
async def test_calls_are_read_from_query_form_and_json(served: Served) -> None:
    seat = seat_of(served.slack)
    token = {"Authorization": f"Bearer {served.slack.token(seat.team)}"}
    here = {"channel": seat.channel.id}
    url = f"{served.url}/api/chat.postMessage"
    async with ClientSession(headers=token) as session:
        for how in ({"json": here | {"text": "a"}}, {"data": here | {"text": "b"}}):
            async with session.post(url, **how) as answer:  # type: ignore[arg-type]
                assert (await answer.json())["ok"]
        assert seat.shown() == ["a", "b"]
        served.slack.tiers.enforced = False
        await session.post(url, params=here | {"text": "seen by proxies"})
        assert served.slack.violations() == ["chat.postMessage: text in the URL"]
        async with session.post(
            f"{served.url}/api/users.info", json={"user": seat.person.id}
        ) as answer:
            assert (await answer.json())["error"] == "invalid_arguments"


async def _connected(served: Served, session: ClientSession) -> ClientWebSocketResponse:
    token = {"Authorization": f"Bearer {served.slack.app.token}"}
    async with session.post(f"{served.url}/api/apps.connections.open", headers=token) as answer:
        socket = await session.ws_connect((await answer.json())["url"])
    assert (await socket.receive_json())["type"] == "hello"
    return socket


@pytest.mark.real_time
async def test_an_envelope_comes_again_until_it_is_acknowledged(served: Served) -> None:
    served.slack.sockets.patience = 0.05
    seat = seat_of(served.slack)
    async with ClientSession() as session, await _connected(served, session) as socket:
        seat.say("hello")
        first = await socket.receive_json()
        again = await socket.receive_json()
        assert (first["retry_attempt"], again["retry_attempt"]) == (0, 1)
        assert first["payload"] == again["payload"]
        await socket.send_json({"envelope_id": again["envelope_id"]})
        await wait_until(served.slack, lambda: served.slack.delivered[0].done)

        seat.command("x")
        command = await socket.receive_json()
        answer = {"envelope_id": command["envelope_id"], "payload": {"text": "One moment"}}
        await socket.send_json(answer)
        seen = await wait_until(served.slack, lambda: seat.ephemerals)
        assert seen[0].readable == "One moment"


@pytest.mark.real_time
async def test_connections_are_refreshed_deafened_and_cut(served: Served) -> None:
    sockets = served.slack.sockets
    async with ClientSession() as session:
        socket = await _connected(served, session)
        await sockets.refresh(sockets.connections[0], within=0.01)
        told = [json.loads((await socket.receive()).data) for _ in range(2)]
        assert [each["reason"] for each in told] == ["warning", "refresh_requested"]
        await socket.receive()
        assert socket.closed
        await _connected(served, session)
        sockets.deafen()
        with pytest.raises(Exception, match="400"):
            await _connected(served, session)
        sockets.heal()
        socket = await _connected(served, session)
        await sockets.cut(sockets.connections[-1])
        await socket.receive()
        assert socket.closed


@pytest.mark.real_time
async def test_an_app_is_installed_by_oauth_in_one_workspace_or_a_whole_house(
    served: Served,
) -> None:
    slack = served.slack
    house = slack.team("House", enterprise="E0HOUSE", install=False)
    slack.person("Ada", team=house)
    back = "https://app.example/slack/oauth_redirect"
    slack.app.redirect_urls = (back,)
    app = {"client_id": slack.app.client_id}
    asked = app | {"scope": "chat:write,commands", "state": "s", "redirect_uri": back}
    secret = app | {"client_secret": slack.app.client_secret, "redirect_uri": back}
    slack.app.rotates = slack.org_wide = True
    async with ClientSession() as session:
        page = f"{served.url}/oauth/v2/authorize"
        async with session.get(page, params=asked, allow_redirects=False) as answer:
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert query["state"] == ["s"]

        async def access(**given: str) -> dict[str, object]:
            url = f"{served.url}/api/oauth.v2.access"
            async with session.post(url, data=secret | given) as answer:
                return dict(await answer.json())

        granted = await access(code=query["code"][0])
        assert (granted["team"], granted["is_enterprise_install"]) == (None, True)
        assert str(granted["access_token"]).startswith("xoxe.xoxb-")
        assert (await access(code=query["code"][0]))["error"] == "invalid_code"
        fresh = await access(
            grant_type="refresh_token", refresh_token=str(granted["refresh_token"])
        )
        assert fresh["access_token"] != granted["access_token"]
    assert slack.call(str(fresh["access_token"]), "auth.test")[2]["is_enterprise_install"]

"""The door for what Slack brings, and whoever else knocks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from adapters.slack import door
from adapters.slack.hearing import Ear
from adapters.slack.manifest import PATH
from adapters.slack.page import Page, Words
from adapters.slack.signature import SIGNATURE, TIMESTAMP, sign
from bot import web
from bot.events import Command, Event, Message
from bot.surface import Busy
from tests.fakes.slack_intake import House, running
from tests.fakes.slack_payloads import payload

pytestmark = pytest.mark.real_time

Json = dict[str, object]

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
WORDS = Words(busy="Please try again in a minute.")


class Front:
    """The one HTTP server with the door in it."""

    def __init__(self, house: House, client: TestClient) -> None:  # type: ignore[type-arg]  # its two are the server's own
        self.house = house
        self.client = client

    async def knock(
        self,
        body: bytes,
        media_type: str = JSON,
        *,
        headers: dict[str, str] | None = None,
    ) -> ClientResponse:
        """A request as Slack signs it; `headers` go over what it has."""
        stamp = str(int(time.time()))
        signed = {
            "Content-Type": media_type,
            TIMESTAMP: stamp,
            SIGNATURE: sign(self.house.slack.app.signing_secret, stamp, body),
        }
        answer = await self.client.post(PATH, data=body, headers={**signed, **(headers or {})})
        await answer.read()
        return answer

    async def tell(self, told: Json) -> ClientResponse:
        return await self.knock(json.dumps(told).encode())

    async def brought(self) -> ClientResponse:
        """What people have done last, brought as Slack does."""
        media_type, body = self.house.slack.outbox.pop().body()
        return await self.knock(body, media_type)


@asynccontextmanager
async def opened(page: Page | None = None) -> AsyncIterator[Front]:
    async with running(House(page=page)) as house:
        application = web.build([house.adapter.missing], house.adapter.routes(house.accept))
        server = TestServer(application)
        await server.start_server(auto_decompress=False)  # as the bot's own
        async with TestClient(server) as client:
            yield Front(house, client)


async def no_room(_: Event) -> None:
    raise Busy(7)


class TestWhoKnocks:
    async def test_an_event_is_kept_before_it_is_answered(self) -> None:
        async with opened() as front:
            keep = asyncio.Event()

            async def slowly(_: Event) -> None:
                await keep.wait()

            front.house.refuse = slowly
            front.house.slack.dm(front.house.slack.person()).say("What is tea?")
            answer = asyncio.create_task(front.brought())
            await asyncio.sleep(0.05)
            assert not answer.done()
            keep.set()
            assert (await answer).status == 200
            [event] = front.house.accepted
            assert isinstance(event, Message) and event.text == "What is tea?"

    async def test_whoever_is_not_slack_hears_nothing(self) -> None:
        async with opened() as front:
            body = json.dumps(payload("url_verification")).encode()
            old = str(int(time.time()) - 301)
            secret = front.house.slack.app.signing_secret
            strangers: list[dict[str, str]] = [
                {SIGNATURE: ""},
                {SIGNATURE: "v0=" + "0" * 64},
                {SIGNATURE: "v0=\u00e9"},
                {SIGNATURE: sign("another", old, body)},
                {TIMESTAMP: "soon"},
                {TIMESTAMP: old, SIGNATURE: sign(secret, old, body)},
                {TIMESTAMP: "9" * 30},
            ]
            for headers in strangers:
                answer = await front.knock(body, headers=headers)
                assert (answer.status, await answer.text()) == (401, ""), headers
            for name in (SIGNATURE, TIMESTAMP):
                bare = {TIMESTAMP: "1", SIGNATURE: "v0="}
                del bare[name]
                async with front.client.post(PATH, data=body, headers=bare) as answer:
                    assert answer.status == 401

    async def test_a_header_that_comes_twice_is_none(self) -> None:
        async with opened() as front:
            body, stamp = b"{}", str(int(time.time()))
            signature = sign(front.house.slack.app.signing_secret, stamp, body)
            for double in (SIGNATURE, TIMESTAMP):
                pairs = [(TIMESTAMP, stamp), (SIGNATURE, signature)]
                pairs += [pair for pair in pairs if pair[0] == double]
                async with front.client.post(PATH, data=body, headers=pairs) as answer:
                    assert answer.status == 401

    async def test_nothing_is_parsed_before_it_is_known_whose_it_is(self) -> None:
        async with opened() as front:
            for body in (b"{not json", b"\xff\xfe", b"[" * 100_000, b"payload=%ff"):
                answer = await front.knock(body, headers={SIGNATURE: "v0=" + "0" * 64})
                assert answer.status == 401
            async with front.client.get(PATH) as answer:
                assert answer.status == 405

    async def test_the_operator_hears_of_it_once_in_a_while(self) -> None:
        async with opened() as front:
            with capture_logs() as logs:
                for _ in range(3):
                    await front.knock(b"{}", headers={SIGNATURE: ""})
            assert len(logs) == 1 and "SLACK_SIGNING_SECRET" in logs[0]["event"]

    async def test_a_megabyte_is_the_most(self) -> None:
        async with opened() as front:

            async def spaces() -> AsyncIterator[bytes]:
                for _ in range(11):
                    yield b" " * 100_000

            claim = {TIMESTAMP: str(int(time.time())), SIGNATURE: "v0=" + "0" * 64}
            for length in ({"Content-Length": str(door.LIMIT + 1)}, {}):
                headers = {**claim, **length}
                async with front.client.post(PATH, data=spaces(), headers=headers) as answer:
                    assert answer.status == 413

    @pytest.mark.parametrize(("claims", "status"), [(False, b"401"), (True, b"408")])
    async def test_the_body_of_a_stranger_is_not_waited_for(
        self, monkeypatch: pytest.MonkeyPatch, claims: bool, status: bytes
    ) -> None:
        monkeypatch.setattr(door, "BODY_PATIENCE", 0.05)
        async with opened() as front:
            assert front.client.port is not None
            reader, writer = await asyncio.open_connection("127.0.0.1", front.client.port)
            claim = f"{TIMESTAMP}: {int(time.time())}\r\n{SIGNATURE}: v0={'0' * 64}\r\n"
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            writer.write((head + claim * claims + "\r\n").encode())
            async with asyncio.timeout(5):
                assert (await reader.readline()).split()[1] == status
            writer.close()
            await writer.wait_closed()


class TestWhatSlackAsks:
    async def test_the_address_is_verified(self) -> None:
        async with opened() as front:
            told = payload("url_verification")
            answer = await front.tell(told)
            assert (answer.status, await answer.json()) == (200, {"challenge": told["challenge"]})

    async def test_so_is_the_certificate(self) -> None:
        async with opened() as front:
            assert (await front.knock(b"ssl_check=1&token=x", FORM)).status == 200
            async with front.client.get(PATH, params={"ssl_check": "1"}) as answer:
                assert answer.status == 200

    async def test_that_it_withholds_events_is_told_and_answered(self) -> None:
        async with opened() as front:
            with capture_logs() as logs:
                assert (await front.tell(payload("rate_limited"))).status == 200
            assert [log["log_level"] for log in logs] == ["error"]

    async def test_what_nobody_knows_yet_is_taken(self) -> None:
        async with opened() as front:
            told = payload("dm") | {"event": {"type": "from_the_future"}}
            assert (await front.tell(told)).status == 200
            later = {"type": "from_the_future", "user": {"id": "U1", "team_id": "T1"}}
            unknown = {"payload": json.dumps(later)}
            assert (await front.knock(urlencode(unknown).encode(), FORM)).status == 200


class TestJunk:
    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (b"", JSON),
            (b"{not json", JSON),
            (b"\xff\xfe\x00", JSON),
            (b"[" * 100_000, JSON),
            (b"3", JSON),
            (b"[]", JSON),
            (b"{}", JSON),
            (b'{"type":"unknown"}', JSON),
            (b'{"type":["event_callback"]}', JSON),
            (b'{"type":"event_callback","event":"x","team_id":"T"}', JSON),
            (b'{"type":"event_callback","team_id":{"a":1}}', JSON),
            (b'{"type":"url_verification","challenge":7}', JSON),
            (b'{"type":"event_callback"}', "text/plain"),
            (b"", FORM),
            (b"a=b", FORM),
            (b"payload=", FORM),
            (b"payload={", FORM),
            (b"payload=%ff", FORM),
            (b"payload=[]", FORM),
            (b"payload=" + b"[" * 100_000, FORM),
            (b"command=%2Fask&team_id=T%3A1", FORM),
            (b"&".join(b"a=b" for _ in range(200)), FORM),
            (
                b'{"type":"event_callback","event":{"type":"message","ts":NaN},"event_time":-5}',
                JSON,
            ),
        ],
    )
    async def test_well_signed_it_is_a_bad_request(self, body: bytes, media_type: str) -> None:
        async with opened() as front:
            house = front.house
            body = body.replace(b'"T"', f'"{house.team.id}"'.encode())
            answer = await front.knock(body, media_type)
            assert answer.status == 400 and answer.headers["X-Slack-No-Retry"] == "1"
            assert house.accepted == []


class TestFaults:
    async def test_one_of_ours_is_told_without_what_people_said(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fails(*_: object) -> None:
            raise ValueError("a secret question")

        monkeypatch.setattr(Ear, "hear", fails)
        async with opened() as front:
            front.house.slack.dm(front.house.slack.person()).say("a secret question")
            with capture_logs() as logs:
                assert (await front.brought()).status == 500
            assert len(logs) == 1 and "secret" not in str(logs)

    async def test_the_dispatcher_uses_no_secret_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for name in ("BOT_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "SIGNING_SECRET"):
            monkeypatch.setenv(f"SLACK_{name}", "xoxb-of-the-environment")
        monkeypatch.setenv("HOME", str(tmp_path))
        async with opened() as front:
            front.house.slack.dm(front.house.slack.person()).say("hi")
            assert (await front.brought()).status == 200
        assert not list(tmp_path.iterdir()) and caplog.records == []


class TestDeeds:
    async def test_a_command_is_taken_without_a_word(self) -> None:
        async with opened() as front:
            front.house.slack.dm(front.house.slack.person()).command("What is tea? ä&<b>")
            answer = await front.brought()
            assert (answer.status, await answer.text()) == (200, "")
            [event] = front.house.accepted
            assert isinstance(event, Command) and event.text == "What is tea? ä&<b>"

    async def test_words_that_slack_uses_itself_are_words(self) -> None:
        async with opened() as front:
            seat = front.house.slack.dm(front.house.slack.person())
            for text in ("what is a payload?", "command=1&ssl_check=1&payload={}"):
                seat.command(text)
                assert (await front.brought()).status == 200
                event = front.house.accepted[-1]
                assert isinstance(event, Command) and event.text == text

    async def test_a_busy_bot_asks_slack_to_come_again_and_people_to_try(self) -> None:
        async with opened(Page(words=lambda _: WORDS)) as front:
            seat = front.house.slack.dm(front.house.slack.person())
            front.house.refuse = no_room
            seat.say("hi")
            answer = await front.brought()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
            seat.command("hi")
            answer = await front.brought()
            told = {"response_type": "ephemeral", "text": WORDS.busy}
            assert (answer.status, await answer.json()) == (200, told)

    @pytest.mark.unmeasured
    async def test_a_hundred_at_once_are_taken_in_time(self) -> None:
        async with opened() as front:
            slack = front.house.slack
            room = slack.channel(*(slack.person(f"P{n}") for n in range(100)))
            for person in list(slack.people.values()):
                room.seat(person).mention("hi")
            # Whose language is not known in time is answered all the same.
            began = time.monotonic()
            answers = await asyncio.gather(*(front.brought() for _ in range(len(slack.outbox))))
            assert {answer.status for answer in answers} == {200}
            assert len(front.house.accepted) == 100
            assert time.monotonic() - began < 3

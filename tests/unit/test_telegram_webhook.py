"""The door for Telegram's updates, and whoever else knocks; its address kept at Telegram."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer, unused_port
from structlog.testing import capture_logs

from adapters.telegram import webhook
from adapters.telegram.adapter import Telegram
from adapters.telegram.updates import ALLOWED
from bot import web
from bot.events import Action, Event, Message
from bot.pace import Pace
from bot.surface import Busy
from tests.fakes import bot_api
from tests.fakes.bot_api import InMemoryRequest

PAYLOADS = Path(__file__).parent.parent / "payloads" / "telegram"
TOKEN, OTHER = "42:secret-of-the-bot", "43:secret-of-the-other"
PATH, SECRET = "/telegram/webhook", "a-long-random-word"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
TEXT = (PAYLOADS / "text.json").read_bytes()
PRESS = (PAYLOADS / "press.json").read_bytes()


class House:
    """The adapter with a door, the server whose calls go in memory, and what is accepted."""

    def __init__(self, *tokens: str, secret: str = SECRET, api: str = "10.3") -> None:
        self.telegram = bot_api.Telegram(asyncio.get_running_loop().time, api=api)
        self.bot = self.telegram.bot(TOKEN, "parley_bot")
        self.other = self.telegram.bot(OTHER, "other_bot")
        self.adapter = Telegram(
            tokens=tokens or (TOKEN,),
            slots=Pace(),
            public_url="https://bot.example.com/",
            secret=secret,
            requests=lambda: InMemoryRequest(self.telegram),
        )
        self.accepted: list[Event] = []
        self.refuse: Callable[[Event], Awaitable[None]] | None = None

    async def accept(self, event: Event) -> bool:
        if self.refuse is not None:
            await self.refuse(event)
        self.accepted.append(event)
        return True


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    task = asyncio.create_task(house.adapter.run(house.accept))
    try:
        yield house
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@asynccontextmanager
async def opened(house: House | None = None) -> AsyncIterator[tuple[House, TestClient]]:  # type: ignore[type-arg]  # its two are the server's own
    """The one HTTP server with the door in it; the bot's name is known."""
    house = house or House()
    application = web.build([house.adapter.missing], house.adapter.routes(house.accept))
    for account in house.adapter.accounts.values():
        await account.meet()
    server = TestServer(application)
    await server.start_server(auto_decompress=False)  # as the bot's own
    async with TestClient(server) as client:
        yield house, client


async def knock(client: TestClient, body: bytes, *, path: str = PATH, **headers: str) -> int:  # type: ignore[type-arg]
    async with client.post(path, data=body, headers={HEADER: SECRET, **headers}) as answer:
        return answer.status


async def spaces(count: int) -> AsyncIterator[bytes]:
    while count > 0:
        yield b" " * min(count, 100_000)
        count -= 100_000


@pytest.mark.real_time
class TestTheDoor:
    async def test_an_update_is_kept_before_it_is_answered(self) -> None:
        async with opened() as (house, client):
            keep = asyncio.Event()

            async def slowly(_: Event) -> None:
                await keep.wait()

            house.refuse = slowly
            answer = asyncio.create_task(knock(client, TEXT))
            await asyncio.sleep(0.05)
            assert not answer.done()
            keep.set()
            assert await answer == 200
            [event] = house.accepted
            assert isinstance(event, Message) and event.text == "What is tea?"

    async def test_the_answer_to_a_press_acknowledges_it(self) -> None:
        async with opened() as (house, client):
            async with client.post(PATH, data=PRESS, headers={HEADER: SECRET}) as answer:
                assert await answer.json() == {
                    "method": "answerCallbackQuery",
                    "callback_query_id": "778899",
                }
            assert [e.name for e in house.accepted if isinstance(e, Action)] == ["like"]
            forged = (PAYLOADS / "press_forged.json").read_bytes()
            async with client.post(PATH, data=forged, headers={HEADER: SECRET}) as answer:
                assert (await answer.json())["callback_query_id"] == "778899"
            assert len(house.accepted) == 1

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [(HEADER, "")],
            [(HEADER, "wrong")],
            [(HEADER, SECRET + "x")],
            [(HEADER, SECRET.upper())],
            [(HEADER, "säcret-ÿ")],
            [(HEADER, SECRET), (HEADER, SECRET)],
            [(HEADER, "wrong"), (HEADER, SECRET)],
            [("Authorization", SECRET)],
        ],
    )
    async def test_who_does_not_know_the_secret_is_sent_away(
        self, headers: list[tuple[str, str]]
    ) -> None:
        async with opened() as (house, client):
            for body in (TEXT, b"{", b"a" * 1_000_000):
                async with client.post(PATH, data=body, headers=headers) as answer:
                    assert answer.status == 401 and await answer.read() == b""
            assert house.accepted == []

    async def test_the_body_of_a_stranger_is_not_waited_for(self) -> None:
        async with opened() as (_, client):
            assert client.port is not None
            reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(
                f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode()
            )
            async with asyncio.timeout(5):
                assert (await reader.readline()).split()[1] == b"401"
            writer.close()
            await writer.wait_closed()

    async def test_more_than_a_megabyte_is_no_update(self) -> None:
        async with opened() as (house, client):
            for length in ({"Content-Length": str(webhook.LIMIT + 1)}, {}):
                async with client.post(
                    PATH, data=spaces(webhook.LIMIT + 1), headers={HEADER: SECRET, **length}
                ) as answer:
                    assert answer.status == 413
            padded = TEXT + b" " * (webhook.LIMIT - len(TEXT))
            assert await knock(client, padded) == 200
            assert len(house.accepted) == 1

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"\xff\xfe\x00", b"hello", b'{"update_id": ', b'{"a": 01}']
    )
    async def test_what_is_no_json_is_refused(self, body: bytes) -> None:
        async with opened() as (house, client):
            assert await knock(client, body) == 400 and house.accepted == []

    @pytest.mark.parametrize(
        "body",
        [
            b"null",
            b"[]",
            b"3",
            b'"update_id"',
            b"{}",
            b'{"update_id": "1"}',
            b'{"update_id": 1}',
            b'{"update_id": 1, "message": []}',
            b'{"update_id": 1, "message": {"chat": null}}',
            b'{"update_id": 1, "tomorrow": {"a": 1}}',
            b'{"update_id": NaN, "message": Infinity}',
            b'{"update_id": 1e400, "\\ud800": 1}',
            b'{"update_id":1,"message":' + b'{"reply_to_message":' * 20_000 + b"1" + b"}" * 20_001,
            b"[" * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
        ],
        ids=lambda body: body[:30].decode(),
    )
    async def test_json_that_no_update_can_be_is_let_go_and_counted(self, body: bytes) -> None:
        with capture_logs() as logs:
            async with opened() as (house, client):
                assert await knock(client, body) == 200 and house.accepted == []
        assert not [line for line in logs if line["log_level"] == "error"]

    async def test_a_body_that_is_packed_or_says_so_is_refused(self) -> None:
        async with opened() as (house, client):
            for packing in ("gzip", "deflate", "br", "unknown"):
                for body in (b"no such thing", gzip.compress(TEXT)):
                    assert await knock(client, body, **{"Content-Encoding": packing}) == 400
            assert house.accepted == []

    async def test_a_body_that_never_ends_is_given_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhook, "BODY_PATIENCE", 0.05)

        async def trickle() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(0.3)
            yield b"}"

        async with (
            opened() as (_, client),
            client.post(PATH, data=trickle(), headers={HEADER: SECRET}) as answer,
        ):
            assert answer.status == 408

    async def test_while_the_bot_is_busy_telegram_is_to_come_again(self) -> None:
        async def refuse(_: Event) -> None:
            raise Busy(6.2)

        async with opened() as (house, client):
            house.refuse = refuse
            async with client.post(PATH, data=TEXT, headers={HEADER: SECRET}) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "7")

    async def test_before_the_bot_knows_its_name_telegram_is_to_come_again(self) -> None:
        async with opened() as (house, client):
            house.adapter.accounts["42"].username = ""
            assert await knock(client, TEXT) == 503 and house.accepted == []
            assert await knock(client, TEXT, **{HEADER: "wrong"}) == 401

    async def test_only_what_is_brought_is_taken(self) -> None:
        async with opened() as (_, client):
            async with client.get(PATH, headers={HEADER: SECRET}) as answer:
                assert answer.status == 405
            assert await knock(client, TEXT, path=f"{PATH}/42") == 404

    async def test_each_of_several_bots_has_a_door_of_its_own(self) -> None:
        async with opened(House(TOKEN, OTHER, secret="")) as (house, client):
            for bot, token in (("42", TOKEN), ("43", OTHER)):
                secret = webhook.secret_of(token)
                assert await knock(client, TEXT, path=f"{PATH}/{bot}", **{HEADER: secret}) == 200
                wrong = webhook.secret_of(TOKEN if token == OTHER else OTHER)
                assert await knock(client, TEXT, path=f"{PATH}/{bot}", **{HEADER: wrong}) == 401
            assert await knock(client, TEXT, **{HEADER: webhook.secret_of(TOKEN)}) == 404
            assert [event.place.chat.workspace for event in house.accepted] == ["42", "43"]

    async def test_telegram_pushing_and_the_door_understand_each_other(self) -> None:
        telegram = bot_api.Telegram()
        bot = telegram.bot(TOKEN, "parley_bot")
        async with bot_api.serve(telegram) as served:
            house, port = House(), unused_port()
            house.adapter = Telegram(
                tokens=[TOKEN],
                slots=Pace(),
                api_url=served.url,
                public_url=f"http://127.0.0.1:{port}",
            )
            application = web.build([], house.adapter.routes(house.accept))
            async with TestServer(application, port=port):
                task = asyncio.create_task(house.adapter.run(house.accept))
                seat = telegram.private(telegram.person("Ada"), bot)
                seat.say("What is tea?")
                await bot_api.wait_until(telegram, lambda: house.accepted)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        assert telegram.violations() == []


class TestItsAddress:
    async def test_it_is_told_with_the_secret_and_every_kind_that_is_read(self) -> None:
        async with running(House()) as house:
            assert "not been reached" in await house.adapter.missing()
            await asyncio.sleep(1)
            assert await house.adapter.missing() == ""
            hook = house.bot.webhook
            assert hook is not None and house.bot.allowed == frozenset(ALLOWED)
            assert (hook.url, hook.secret) == (f"https://bot.example.com{PATH}", SECRET)
            assert hook.most == 100 and house.telegram.violations() == []

    async def test_without_a_setting_the_secret_is_made_of_the_token_and_does_not_show_it(
        self,
    ) -> None:
        async with running(House(TOKEN, OTHER, secret="")) as house:
            await asyncio.sleep(1)
            one, other = house.bot.webhook, house.other.webhook
            assert one is not None and other is not None and one.secret != other.secret
            assert one.secret == webhook.secret_of(TOKEN) and "secret-of" not in one.secret
            assert one.url == f"https://bot.example.com{PATH}/42"

    async def test_it_is_told_again_until_telegram_has_it(self) -> None:
        house = House()
        house.telegram.faults.add("502", "setWebhook", times=20)
        with capture_logs() as logs:
            async with running(house):
                await asyncio.sleep(10)
                assert "does not answer" in await house.adapter.missing()
                await asyncio.sleep(300)
                assert await house.adapter.missing() == "" and house.bot.webhook
        assert [line["event"] for line in logs].count("Telegram does not answer") == 1

    async def test_a_wrong_token_is_named_by_its_setting(self) -> None:
        async with running(House("44:not-a-token")) as house:
            await asyncio.sleep(1)
            missing = await house.adapter.missing()
            assert "TELEGRAM_BOT_TOKEN" in missing and "not-a-token" not in missing

    @pytest.mark.parametrize(
        "change", [{"url": "https://thief.example.com/"}, {"url": ""}, {"allowed_updates": []}]
    )
    async def test_what_somebody_else_has_set_is_set_back(self, change: dict[str, object]) -> None:
        async with running(House()) as house:
            await asyncio.sleep(10)
            here = {"url": f"https://bot.example.com{PATH}", "secret_token": SECRET}
            house.telegram.call(TOKEN, "setWebhook", here | {"max_connections": 100} | change)
            with capture_logs() as logs:
                await asyncio.sleep(webhook.CHECKED)
            hook = house.bot.webhook
            assert hook is not None and hook.url == f"https://bot.example.com{PATH}"
            assert house.bot.allowed == frozenset(ALLOWED)
            assert [line["log_level"] for line in logs] == ["warning"]

    async def test_it_is_told_once_as_whom_each_bot_hears_and_how(self) -> None:
        with capture_logs() as logs:
            async with running(House()):
                await asyncio.sleep(3 * webhook.CHECKED)
        heard = [line for line in logs if line["event"] == "telegram is heard"]
        assert [(line["bot"], line["name"], line["by"]) for line in heard] == [
            ("42", "@parley_bot", "webhook")
        ]

    async def test_what_has_not_changed_is_not_set_again(self) -> None:
        house = House(api="10.0")  # a server that does not know the stop of drafts
        async with running(house):
            await asyncio.sleep(4 * webhook.CHECKED)
            old = house.telegram
            assert old.counted["setWebhook"] == 1 and old.counted["getWebhookInfo"] > 3

    async def test_why_telegram_could_not_deliver_is_told_once(self) -> None:
        async with running(House()) as house:
            await asyncio.sleep(10)
            assert house.bot.webhook is not None
            house.bot.webhook.last_error = "Connection refused"
            house.bot.webhook.last_error_at = 1_795_330_000
            with capture_logs() as logs:
                await asyncio.sleep(3 * webhook.CHECKED)
            assert [(line["event"], line["reason"]) for line in logs] == [
                ("telegram could not deliver", "Connection refused")
            ]

    async def test_why_nothing_comes_is_told_soon_after_the_start(self) -> None:
        async with running(House()) as house:
            await asyncio.sleep(1)
            assert house.bot.webhook is not None
            house.bot.webhook.last_error = "Connection refused"
            house.bot.webhook.last_error_at = 1_795_330_000
            with capture_logs() as logs:
                await asyncio.sleep(70)
            assert [line["event"] for line in logs] == ["telegram could not deliver"]

    async def test_a_secret_that_somebody_else_has_set_is_set_back(self) -> None:
        async with running(House()) as house:
            await asyncio.sleep(10)
            assert house.bot.webhook is not None
            house.bot.webhook.secret = "of-somebody-else"
            house.bot.webhook.last_error = "Wrong response from the webhook: 401 Unauthorized"
            house.bot.webhook.last_error_at = 1_795_330_000
            await asyncio.sleep(webhook.CHECKED)
            assert house.bot.webhook.secret == SECRET

    async def test_while_telegram_answers_no_calls_updates_still_come(self) -> None:
        async with running(House()) as house:
            await asyncio.sleep(10)
            house.telegram.faults.add("502", times=100)
            with capture_logs() as logs:
                await asyncio.sleep(2 * webhook.CHECKED)
            assert await house.adapter.missing() == ""
            assert "Telegram does not answer" in [line["event"] for line in logs]


def test_the_samples_are_json() -> None:
    assert json.loads(TEXT) and json.loads(PRESS)

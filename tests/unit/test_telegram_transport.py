"""The transport over a real loopback server: what is sent, what is awaited, what errors tell."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from aiohttp import web
from telegram.error import TimedOut
from telegram.request import RequestData

from adapters.telegram import calling, transport
from adapters.telegram.account import Account
from adapters.telegram.errors import Broken, NotSent
from adapters.telegram.shapes import To
from adapters.telegram.transport import BotRequest
from bot.surface import Unreachable
from tests.fakes.telegram_server import (
    TOKEN,
    Server,
    answering,
    dripping,
    hang_up,
    serving,
    stay_silent,
)

pytestmark = pytest.mark.real_time


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
async def request_() -> AsyncIterator[BotRequest]:
    request = BotRequest()
    yield request
    await request.shutdown()


@pytest.fixture
async def account(server: Server) -> AsyncIterator[Account]:
    async with Account(TOKEN, api_url=server.url) as account:
        yield account


@pytest.mark.unmeasured
async def test_hundreds_of_calls_are_in_flight_at_once(server: Server, account: Account) -> None:
    everybody = asyncio.Barrier(300)

    async def answer(request: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(20):
            await everybody.wait()
        return await server.ok(request)

    server.answer = answer
    await asyncio.gather(*(account.calls.draft(To(chat=chat), 1, "a") for chat in range(1, 301)))
    assert len(server.requests) == 300


async def test_connection_is_kept_for_the_next_call(server: Server, account: Account) -> None:
    for _ in range(5):
        await account.calls.chat_action(To(chat=1), "typing")
    assert len(server.connections) == 1


async def test_call_asks_for_nothing_packed_and_keeps_no_cookies(
    server: Server, account: Account
) -> None:
    server.answer = answering(body=b'{"ok":true,"result":true}', **{"Set-Cookie": "a=b"})
    for _ in range(2):
        await account.calls.chat_action(To(chat=1), "typing")
    headers = server.requests[-1].headers
    assert headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in headers


async def test_file_travels_whole_under_any_name(server: Server, account: Account) -> None:
    came: dict[str, object] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        came.update(await request.post())
        field = came["document"]
        assert isinstance(field, web.FileField)
        came["data"] = field.file.read()
        message = {"message_id": 9, "date": 1, "chat": {"id": 1, "type": "private"}}
        return web.json_response({"ok": True, "result": message})

    server.answer = answer
    data = bytes(range(256)) * 4096 + b"\r\n--"
    name = 'Отчёт\r\n"x"; filename=\\.md'
    sent = await account.calls.send_document(
        To(chat=1), name, data, "text/markdown", caption="käse \ud83d"
    )
    field = came["document"]
    assert isinstance(field, web.FileField)
    assert sent == 9
    assert came["data"] == data
    assert (field.filename, field.content_type) == ("Отчёт___x_; filename=_.md", "text/markdown")
    assert (came["chat_id"], came["caption"]) == ("1", "käse \ufffd")


async def test_answer_that_does_not_come_in_time_may_still_mean_something(
    server: Server, request_: BotRequest
) -> None:
    server.answer = stay_silent
    with pytest.raises(TimedOut):
        await request_.do_request(
            server.url, "POST", connect_timeout=0.05, write_timeout=0.05, read_timeout=0.05
        )


async def test_trickle_does_not_keep_a_call_alive(server: Server, request_: BotRequest) -> None:
    server.answer = dripping(1000, pause=0.02)
    with pytest.raises(TimedOut):
        await request_.do_request(
            server.url, "POST", connect_timeout=0.05, write_timeout=0.05, read_timeout=0.1
        )


async def test_connection_cut_after_sending_is_no_proof_that_nothing_happened(
    server: Server, request_: BotRequest
) -> None:
    server.answer = hang_up
    with pytest.raises(Broken):
        await request_.do_request(server.url, "POST")


async def test_refused_connection_is_known_to_have_carried_nothing(
    request_: BotRequest, unused_tcp_port: int
) -> None:
    for url in (f"http://127.0.0.1:{unused_tcp_port}", "http://"):
        with pytest.raises(NotSent):
            await request_.do_request(url, "POST")


async def test_waiting_for_a_free_connection_ends_and_nothing_was_sent(server: Server) -> None:
    server.answer = stay_silent
    request = BotRequest(connections=1)
    first = asyncio.ensure_future(request.do_request(server.url, "POST"))
    await asyncio.sleep(0.05)
    with pytest.raises(NotSent):
        await request.do_request(server.url, "POST", connect_timeout=0.05)
    assert len(server.requests) == 1
    await request.shutdown()
    with pytest.raises(Broken):
        await first


async def test_closed_transport_sends_nothing_until_it_is_opened_again(
    server: Server, request_: BotRequest
) -> None:
    await request_.shutdown()
    with pytest.raises(NotSent):
        await request_.do_request(server.url, "POST")
    await request_.initialize()
    assert (await request_.do_request(server.url, "POST"))[0] == 200


@pytest.mark.parametrize("declared", [True, False])
async def test_answer_beyond_the_limit_is_not_read(
    server: Server,
    request_: BotRequest,
    monkeypatch: pytest.MonkeyPatch,
    declared: bool,
) -> None:
    monkeypatch.setattr(transport, "ANSWER_LIMIT", 5000)
    server.answer = answering(body=bytes(5001)) if declared else dripping(6)
    with pytest.raises(Broken, match="too long"):
        await request_.do_request(server.url, "POST")
    server.answer = answering(body=bytes(5000)) if declared else dripping(5)
    assert len((await request_.do_request(server.url, "POST"))[1]) == 5000


async def test_redirect_is_not_followed(server: Server, account: Account) -> None:
    server.answer = answering(302, Location=f"{server.url}/elsewhere")
    with pytest.raises(Unreachable):
        await account.calls.chat_action(To(chat=1), "typing")
    assert {request.path for request in server.requests} == {f"/bot{TOKEN}/sendChatAction"}


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b"[]",
        b'{"ok":true}',
        b'{"ok":true,"result":' + b"[" * 100_000,
        b'{"ok":true,"result":{"message_id":1}}',
        b'{"ok":true,"result":[]}',
        b"\xff\xfe",
        b"",
    ],
)
async def test_answer_that_nobody_understands_is_none(
    server: Server, account: Account, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = answering(200, body)
    with pytest.raises(Unreachable) as failed:
        await account.calls.send_text(To(chat=1), "a")
    assert failed.value.sent
    assert not [record for record in caplog.records if record.name.startswith("telegram")]


@pytest.mark.parametrize("body", [b'{"ok":true,"result":true}', b'{"ok":true,"result":[1]}'])
async def test_what_is_no_list_of_updates_is_no_answer(
    server: Server, account: Account, body: bytes
) -> None:
    server.answer = answering(200, body)
    with pytest.raises(Unreachable):
        await account.calls.get_updates(0, timeout=0, allowed=["message"])


async def test_half_a_surrogate_pair_in_an_answer_is_taken(
    server: Server, account: Account
) -> None:
    server.answer = answering(200, rb'{"ok":true,"result":{"id":1,"username":"a\ud83d"}}')
    await account.meet()
    assert account.username.startswith("a")


@pytest.mark.parametrize("status", [401, 403, 404, 409, 502, 504])
async def test_page_of_a_proxy_says_only_that_telegram_is_not_there(
    server: Server, account: Account, status: int
) -> None:
    server.answer = answering(status, b"<html>nginx</html>")
    with pytest.raises(Unreachable) as failed:
        await account.calls.send_text(To(chat=1), "a")
    assert failed.value.sent


async def test_proxy_of_the_environment_is_used(
    server: Server, request_: BotRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert (await request_.do_request("http://telegram.test/bot", "POST"))[0] == 200
    assert server.requests[0].raw_path == "http://telegram.test/bot"
    assert (await request_.do_request(f"{server.url}/bot", "POST"))[0] == 200
    assert server.requests[1].raw_path == "/bot"


async def test_proxy_of_a_kind_that_is_not_spoken_is_told(
    request_: BotRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(NotSent, match="socks5"):
        await request_.do_request("http://telegram.test/bot", "POST")


class Hurry:
    """No pauses between tries."""

    async def __call__(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def test_token_is_in_no_error_and_no_line(
    server: Server,
    account: Account,
    unused_tcp_port: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(calling, "asyncio", SimpleNamespace(sleep=Hurry()))
    told = ""
    nowhere = Account(TOKEN, api_url=f"http://127.0.0.1:{unused_tcp_port}")
    for answer in (hang_up, answering(401), answering(404), answering(200, b"no"), server.ok):
        server.answer = answer
        for asked in (account, nowhere):
            for call in (
                asked.meet(),
                asked.calls.send_text(To(chat=1), "a"),
                asked.calls.send_rich(To(chat=1), "<p>a</p>"),
                asked.calls.send_voice(To(chat=1), b"a", seconds=1),
                asked.calls.download("a/b.jpg", limit=10),
            ):
                try:
                    await call
                except Exception:  # whatever it is, it is looked at
                    told += traceback.format_exc()
    told += repr(account) + repr(account.calls) + repr(vars(account)) + repr(vars(account.calls))
    told += caplog.text
    assert "Unreachable" in told
    assert "secret" not in told
    await nowhere.aclose()


async def test_request_of_unknown_data_is_empty(server: Server, request_: BotRequest) -> None:
    status, body = await request_.do_request(server.url, "POST", RequestData([]))
    assert (status, body) == (200, b'{"ok": true, "result": true}')


def test_read_timeout_is_known() -> None:
    assert BotRequest().read_timeout == transport.READ

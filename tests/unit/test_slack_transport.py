"""The transport over a real loopback server: what is sent, what is awaited, what errors tell."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from adapters.slack import transport
from adapters.slack.errors import Lost, NotSent, Overlong
from adapters.slack.transport import FORMS, AiohttpTransport
from tests.fakes.raw_http import refusing_address
from tests.fakes.slack_api.spec import METHODS
from tests.fakes.telegram_server import (
    Server,
    answering,
    dripping,
    hang_up,
    serving,
    stay_silent,
)

pytestmark = pytest.mark.real_time
TOKEN = "xoxb-1-2-sesame"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[AiohttpTransport]:
    wire = AiohttpTransport(api_url=f"{server.url}/api/")
    yield wire
    await wire.aclose()


async def heard(server: Server) -> list[tuple[str, str]]:
    """What every further request holds: its content type and its body."""
    came: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        came.append((request.headers["Content-Type"], await request.text()))
        return await server.ok(request)

    server.answer = answer
    return came


async def test_words_travel_in_the_body_and_never_in_the_address(
    server: Server, wire: AiohttpTransport
) -> None:
    came = await heard(server)
    words = "secret & ä ✓ \ud83d"
    await wire.send("chat.postMessage", {"text": words, "blocks": [1]}, TOKEN, timeout=5)
    await wire.send("files.info", {"file": words, "limit": 3, "some": True}, TOKEN, timeout=5)
    for request in server.requests:
        assert request.query_string == ""
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    [(json_type, said), (form_type, asked)] = came
    assert (json_type, form_type) == (
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
    )
    assert json.loads(said) == {"text": "secret & ä ✓ ?", "blocks": [1]}
    assert parse_qs(asked) == {"file": ["secret & ä ✓ ?"], "limit": ["3"], "some": ["true"]}


def test_methods_that_read_no_json_get_forms() -> None:
    listed = {method for method, about in METHODS.items() if not about.takes_json}
    assert listed <= FORMS
    assert not FORMS & {method for method, about in METHODS.items() if about.takes_json}


async def test_call_without_a_token_names_none(server: Server, wire: AiohttpTransport) -> None:
    await wire.send("oauth.v2.access", {"code": "a"}, "", timeout=5)
    assert "Authorization" not in server.requests[0].headers


async def test_hook_and_upload_get_bytes_and_no_token(
    server: Server, wire: AiohttpTransport
) -> None:
    came = await heard(server)
    await wire.post(f"{server.url}/up%2Fload?a=b%20c", b"abc", media_type="a/b", timeout=5)
    assert came == [("a/b", "abc")]
    assert server.requests[0].raw_path == "/up%2Fload?a=b%20c"
    assert "Authorization" not in server.requests[0].headers


async def test_token_goes_with_a_file_only_when_it_is_given(
    server: Server, wire: AiohttpTransport
) -> None:
    for token in (TOKEN, ""):
        status, _, _ = await wire.get(f"{server.url}/f", token=token, limit=99, timeout=5)
        assert status == 200
    sent = [request.headers.get("Authorization") for request in server.requests]
    assert sent == [f"Bearer {TOKEN}", None]


async def test_more_than_a_hundred_calls_are_in_flight_at_once(
    server: Server, wire: AiohttpTransport
) -> None:
    everybody = asyncio.Barrier(120)

    async def answer(request: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(20):
            await everybody.wait()
        return await server.ok(request)

    server.answer = answer
    await asyncio.gather(*(wire.send("chat.update", {}, TOKEN, timeout=20) for _ in range(120)))
    assert len(server.requests) == 120


async def test_connection_is_kept_and_cookies_are_not(
    server: Server, wire: AiohttpTransport
) -> None:
    server.answer = answering(200, b"{}", **{"Set-Cookie": "a=b"})
    for _ in range(3):
        await wire.send("chat.update", {}, TOKEN, timeout=5)
    assert len(server.connections) == 1
    assert server.requests[-1].headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in server.requests[-1].headers


async def test_silence_and_trickle_end_in_time_and_prove_nothing(
    server: Server, wire: AiohttpTransport
) -> None:
    for answer in (stay_silent, dripping(1000, pause=0.02)):
        server.answer = answer
        with pytest.raises(Lost, match="in time"):
            await wire.send("chat.update", {}, TOKEN, timeout=0.1)


async def test_connection_cut_after_sending_is_no_proof_that_nothing_happened(
    server: Server, wire: AiohttpTransport
) -> None:
    server.answer = hang_up
    with pytest.raises(Lost):
        await wire.send("chat.postMessage", {}, TOKEN, timeout=5)
    assert len(server.requests) == 1  # never twice


async def test_refused_connection_is_known_to_have_carried_nothing(wire: AiohttpTransport) -> None:
    with refusing_address() as nowhere:
        for url in (nowhere, "http://", "http://[", "no address"):
            with pytest.raises(NotSent):
                await wire.post(url, b"", media_type="a/b", timeout=5)


async def test_waiting_for_a_free_connection_ends_and_nothing_was_sent(server: Server) -> None:
    server.answer = stay_silent
    wire = AiohttpTransport(api_url=server.url, connections=1)
    first = asyncio.ensure_future(wire.send("chat.update", {}, TOKEN, timeout=5))
    await asyncio.sleep(0.05)
    with pytest.raises(NotSent):
        await wire.send("chat.update", {}, TOKEN, timeout=0.05)
    assert len(server.requests) == 1
    await wire.aclose()
    with pytest.raises(Lost):
        await first
    with pytest.raises(NotSent):
        await wire.send("chat.update", {}, TOKEN, timeout=5)


@pytest.mark.parametrize("declared", [True, False])
async def test_answer_beyond_the_limit_is_not_read(
    server: Server, wire: AiohttpTransport, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(transport, "ANSWER_LIMIT", 5000)
    server.answer = answering(body=bytes(5001)) if declared else dripping(6)
    with pytest.raises(Overlong):
        await wire.send("chat.update", {}, TOKEN, timeout=5)
    with pytest.raises(Overlong):
        await wire.get(f"{server.url}/f", token="", limit=4000, timeout=5)
    server.answer = answering(body=bytes(5000)) if declared else dripping(5)
    assert len((await wire.send("chat.update", {}, TOKEN, timeout=5))[2]) == 5000


async def test_redirect_is_not_followed(server: Server, wire: AiohttpTransport) -> None:
    server.answer = answering(302, Location=f"{server.url}/elsewhere")
    status, headers, _ = await wire.send("chat.update", {}, TOKEN, timeout=5)
    assert (status, headers["Location"]) == (302, f"{server.url}/elsewhere")
    assert [request.path for request in server.requests] == ["/api/chat.update"]


async def test_proxy_of_the_environment_is_used(
    server: Server, wire: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    await wire.get("http://files.test/a", token="", limit=99, timeout=5)
    assert server.requests[0].raw_path == "http://files.test/a"
    await wire.get(f"{server.url}/a", token="", limit=99, timeout=5)
    assert server.requests[1].raw_path == "/a"


async def test_proxy_of_a_kind_that_is_not_spoken_is_told(
    wire: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(NotSent, match="socks5"):
        await wire.get("http://files.test/a", token="", limit=99, timeout=5)


async def test_neither_token_nor_address_is_in_any_error_or_line(
    server: Server, wire: AiohttpTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = ""
    with refusing_address() as nowhere:
        for answer in (hang_up, stay_silent, dripping(10)):
            server.answer = answer
            for base in (server.url, nowhere, "http://["):
                hook = f"{base}/services/sesame"
                for call in (
                    wire.send("chat.update", {"text": "sesame"}, TOKEN, timeout=0.1),
                    wire.get(hook, token=TOKEN, limit=10, timeout=0.1),
                    wire.post(hook, b"sesame", media_type="a/b", timeout=0.1),
                ):
                    try:
                        await call
                    except (NotSent, Lost, Overlong):
                        told += traceback.format_exc()
    assert "Lost" in told and "NotSent" in told
    assert "sesame" not in told + caplog.text + repr(wire) + repr(vars(wire))

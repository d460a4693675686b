"""Start, end, and many at once."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox import Config, EngineUnavailable, StateUnavailable, build, serve
from tests.fakes.sandbox_door import Door, first, open_door

pytestmark = pytest.mark.real_time


async def until_free(door: Door) -> None:
    """Wait until the app with one stream takes another; two seconds at most."""
    for _ in range(200):
        if (await door.ask("n=1", key="app-limited")).status == 200:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the stream was never freed")


async def test_an_engine_nobody_knows_keeps_the_server_from_starting() -> None:
    with pytest.raises(EngineUnavailable):
        async with serve(Config(port=0, engine="nonsense")):
            pass


@pytest.mark.parametrize("name", ["", "missing/state.db", "text"])
async def test_a_state_that_cannot_be_kept_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    path = str(tmp_path / name)
    with pytest.raises(StateUnavailable, match=f"cannot be kept in {path}: .* another file"):
        async with serve(Config(port=0, state_file=path)):
            pass


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    async with serve(Config(port=0)) as first:
        port = int(first.url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="address already in use"):
            async with serve(Config(port=port)):
                pass


async def test_the_address_of_another_family_can_be_called() -> None:
    async with serve(Config(port=0, host="::1")) as running:
        assert running.url.startswith("http://[::1]:")


async def test_the_server_ends_though_a_stream_is_open() -> None:
    opened = open_door()
    door = await opened.__aenter__()
    async with aclosing(door.follow("n=9 d=100")) as events:
        await anext(events)
        async with asyncio.timeout(3):
            await opened.__aexit__(None, None, None)


@pytest.mark.unmeasured
async def test_a_hundred_streams_at_once_are_all_whole() -> None:
    async with open_door() as door:
        replies = await asyncio.gather(
            *(door.ask("n=10 d=0.02", user=f"user {number}") for number in range(100))
        )
    assert {len(reply.kinds) for reply in replies} == {12}
    assert len({reply.events[0]["task_id"] for reply in replies}) == 100


async def test_who_leaves_is_noticed_though_the_runner_does_not_cancel_handlers() -> None:
    runner = web.AppRunner(build(Config(speed=50)), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        door = Door(session, f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        await first(door.follow("n=90 d=0.5", key="app-limited"), 1)
        await until_free(door)
    await runner.cleanup()


async def test_a_client_that_does_not_read_loses_its_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.sandbox.sending.PATIENCE", 0.3)
    async with open_door() as door:
        port = int(door.url.split(":")[2].removesuffix("/v1"))
        question = {"query": f"ECHO {'x' * 12_000_000}"}
        body = json.dumps({"inputs": question, "user": "ann", "response_mode": "streaming"})
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(
            b"POST /v1/completion-messages HTTP/1.1\r\nHost: here\r\n"
            b"Authorization: Bearer app-limited\r\nContent-Type: application/json\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await writer.drain()
        await reader.read(10)
        assert (await door.ask("x", key="app-limited")).status == 400  # it holds the only stream
        await until_free(door)
        writer.close()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("completion-messages", "application/json"),
        ("files/upload", "multipart/form-data; boundary=B"),
    ],
)
async def test_a_body_that_never_comes_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, path: str, media_type: str
) -> None:
    monkeypatch.setattr("bot.sandbox.requests.PATIENCE", 0.1)
    async with open_door() as door:
        port = int(door.url.split(":")[2].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST /v1/{path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer app-plain\r\n"
            f"Content-Type: {media_type}\r\nContent-Length: 99\r\n\r\n--B\r\n".encode()
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        writer.close()


def test_building_starts_nothing() -> None:
    assert build(Config()).frozen is False

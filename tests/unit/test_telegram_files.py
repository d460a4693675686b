"""Files of people over a real loopback server: read whole, up to a limit, in turn."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.telegram import files
from adapters.telegram.account import Account
from adapters.telegram.files import Downloads
from adapters.telegram.transport import BotRequest
from bot.surface import Gone, TooLarge, Unreachable
from tests.fakes.telegram_server import (
    TOKEN,
    Answer,
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
async def downloads(server: Server) -> AsyncIterator[Downloads]:
    downloads = Downloads(api_url=server.url, token=TOKEN)
    yield downloads
    await downloads.aclose()


async def test_file_is_read_whole_at_its_path(server: Server, downloads: Downloads) -> None:
    server.answer = answering(200, bytes(5000))
    assert len(await downloads.read("photos/a b?.jpg", limit=5000)) == 5000
    assert server.requests[0].raw_path == f"/file/bot{TOKEN}/photos/a%20b%3F.jpg"


@pytest.mark.parametrize("declared", [True, False])
async def test_file_beyond_the_limit_is_dropped_on_the_way(
    server: Server, downloads: Downloads, declared: bool
) -> None:
    server.answer = answering(200, bytes(5001)) if declared else dripping(10_000, pause=0.001)
    with pytest.raises(TooLarge):
        await downloads.read("photos/a.jpg", limit=5000)


async def test_file_elsewhere_is_not_fetched(server: Server, downloads: Downloads) -> None:
    server.answer = answering(302, Location=f"{server.url}/elsewhere")
    with pytest.raises(Unreachable):
        await downloads.read("photos/a.jpg", limit=10)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [(answering(404), Gone), (answering(500), Unreachable), (hang_up, Unreachable)],
)
async def test_file_that_cannot_be_read_is_told(
    server: Server, downloads: Downloads, answer: Answer, error: type[Exception]
) -> None:
    server.answer = answer
    with pytest.raises(error):
        await downloads.read("photos/a.jpg", limit=10)


async def test_files_take_turns_and_nobody_waits_for_ever(
    server: Server, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "WAITING", 0.05)
    server.answer = stay_silent
    slow = [asyncio.ensure_future(downloads.read("a", limit=10)) for _ in range(files.AT_ONCE)]
    await asyncio.sleep(0.02)
    with pytest.raises(Unreachable):
        await downloads.read("a", limit=10)
    assert len(server.requests) == files.AT_ONCE
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_files_behind_another_transport_are_read_through_it(server: Server) -> None:
    request = BotRequest()
    async with Account(TOKEN, api_url=server.url, request=request) as account:
        server.answer = answering(200, b"abc")
        assert await account.calls.download("a.jpg", limit=3) == b"abc"
        with pytest.raises(TooLarge):
            await account.calls.download("a.jpg", limit=2)
        server.answer = hang_up
        with pytest.raises(Unreachable):
            await account.calls.download("a.jpg", limit=2)

"""Names are looked up once in a while, and again as soon as nobody is at home there."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from bot.exchange import NotSent, Pool, pool
from tests.fakes.exchanged import ask, origin
from tests.fakes.raw_http import RawServer, deaf_address, refusing_address, whole

pytestmark = pytest.mark.real_time

CLOSED = whole(b"ok", headers=b"Connection: close\r\n")


class Names:
    """Where any name leads to, and how often that was asked."""

    def __init__(self, patch: pytest.MonkeyPatch, url: str) -> None:
        self.asked = 0
        self.port = origin(url).port
        loop = asyncio.get_running_loop()
        self._usual = loop.getaddrinfo
        patch.setattr(loop, "getaddrinfo", self._look_up)

    async def _look_up(self, host: str, *rest: int, **more: int) -> object:
        if host != "app.test":  # the loops themselves ask for what are no names
            return await self._usual(host, *rest, **more)
        self.asked += 1
        place = ("127.0.0.1", self.port)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Names]:
    return lambda url: Names(monkeypatch, url)


async def test_connections_within_seconds_share_one_look_up(names: Callable[[str], Names]) -> None:
    async with RawServer(*[(CLOSED,)] * 5) as server:
        known, connections = names(server.url), Pool(keep_alive=1.0)
        for _ in range(5):
            assert await ask(connections, "http://app.test/") == b"ok"
        assert server.connections == 5
        assert known.asked == 1
        connections.close()


async def test_name_is_looked_up_anew_after_a_while(
    names: Callable[[str], Names], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "NAME_KEPT", 0.05)
    async with RawServer((CLOSED,), (CLOSED,)) as server:
        known, connections = names(server.url), Pool(keep_alive=1.0)
        await ask(connections, "http://app.test/")
        await asyncio.sleep(0.1)
        await ask(connections, "http://app.test/")
        assert known.asked == 2
        connections.close()


@pytest.mark.parametrize("nobody", [refusing_address, deaf_address])
async def test_name_that_led_nowhere_is_looked_up_again(
    names: Callable[[str], Names], nobody: Callable[[], AbstractContextManager[str]]
) -> None:
    async with RawServer((CLOSED,)) as server:
        with nobody() as address:
            known, connections = names(address), Pool(keep_alive=1.0)
            with pytest.raises(NotSent):
                await ask(connections, "http://app.test/", connect=0.1)
        known.port = origin(server.url).port
        assert await ask(connections, "http://app.test/") == b"ok"
        assert known.asked == 2
        connections.close()

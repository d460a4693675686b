import asyncio

import aiohttp
import pytest

from bot import web

pytestmark = pytest.mark.real_time


async def fetch(port: int, path: str) -> tuple[int, str]:
    address = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return response.status, await response.text()


async def test_health_readiness_and_metrics_answer() -> None:
    missing = ""

    async def ready() -> str:
        return missing

    async with web.listening(web.build(ready), host="127.0.0.1", port=0) as port:
        assert await fetch(port, "/healthz") == (200, "alive\n")
        assert await fetch(port, "/readyz") == (200, "ready\n")
        missing = "the database is asleep"
        assert await fetch(port, "/readyz") == (503, "the database is asleep\n")
        status, text = await fetch(port, "/metrics")
        assert (status, "python_info" in text) == (200, True)
        assert (await fetch(port, "/nothing"))[0] == 404


async def test_a_database_that_hangs_turns_readiness_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.05)

    async def ready() -> str:
        await asyncio.sleep(60)
        return ""

    async with web.listening(web.build(ready), host="127.0.0.1", port=0) as port:
        assert await fetch(port, "/readyz") == (503, "the database does not answer\n")

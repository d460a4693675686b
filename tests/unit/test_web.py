import asyncio
import gzip
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import structlog
from aiohttp import web as server

from bot import web
from bot.surface import Busy

pytestmark = pytest.mark.real_time

Route = Callable[[server.Request], Awaitable[server.StreamResponse]]


async def fetch(port: int, path: str) -> tuple[int, str]:
    address = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return response.status, await response.text()


@asynccontextmanager
async def serving(*checks: web.Ready, route: Route | None = None) -> AsyncIterator[int]:
    routes = [server.route("*", "/secret-token/route", route)] if route else []
    async with web.listening(web.build(checks, routes), host="127.0.0.1", port=0) as port:
        yield port


async def test_health_readiness_and_metrics_answer() -> None:
    missing = ""

    async def ready() -> str:
        return missing

    async with serving(ready) as port:
        assert await fetch(port, "/healthz") == (200, "alive\n")
        assert await fetch(port, "/readyz") == (200, "ready\n")
        missing = "the database is asleep"
        assert await fetch(port, "/readyz") == (503, "the database is asleep\n")
        status, text = await fetch(port, "/metrics")
        assert (status, "python_info" in text) == (200, True)
        assert "parley_inbox_depth" in text
        assert (await fetch(port, "/nothing"))[0] == 404


async def test_a_packed_body_stays_packed_and_keeps_nobody_waiting() -> None:
    async def read(request: server.Request) -> server.Response:
        return server.Response(body=await request.read())

    packed = gzip.compress(bytes(2**22))
    async with serving(route=read) as port, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{port}/secret-token/route"
        for packing in ("gzip", "br", "unknown"):
            headers = {"Content-Encoding": packing}
            async with session.post(address, data=packed, headers=headers) as response:
                assert (response.status, await response.read()) == (200, packed)


async def test_a_database_that_hangs_turns_readiness_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.05)

    async def ready() -> str:
        await asyncio.sleep(60)
        return ""

    async with serving(ready) as port:
        assert await fetch(port, "/readyz") == (503, "the database does not answer\n")


async def test_readiness_tells_everything_that_is_missing_once() -> None:
    def says(text: str) -> web.Ready:
        async def check() -> str:
            return text

        return check

    async with serving(says("a is away"), says(""), says("b is away"), says("a is away")) as port:
        assert await fetch(port, "/readyz") == (503, "a is away; b is away\n")


async def test_a_deleted_database_file_turns_readiness_red(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    path.write_text("rows")
    async with serving(web.file_stays(path)) as port:
        path.write_text("more rows")
        assert await fetch(port, "/readyz") == (200, "ready\n")
        path.rename(tmp_path / "elsewhere.db")
        assert await fetch(port, "/readyz") == (503, "the database file is gone\n")
        path.write_text("rows")
        status, text = await fetch(port, "/readyz")
        assert (status, text) == (503, "the database file is another one than at the start\n")


async def test_a_busy_bot_says_when_to_come_again() -> None:
    async def route(_: server.Request) -> server.Response:
        raise Busy(2.5)

    async with (
        serving(route=route) as port,
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/secret-token/route") as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (503, "3")


async def test_an_error_in_a_route_tells_the_caller_nothing_and_the_log_where() -> None:
    async def route(_: server.Request) -> server.Response:
        raise RuntimeError("what Ann wrote")

    with structlog.testing.capture_logs() as logs:
        async with serving(route=route) as port:
            answer = await fetch(port, "/secret-token/route?words=private")
            assert answer == (500, "something went wrong\n")
    (entry,) = logs
    assert entry["event"] == "a request failed"
    assert entry["handler"].endswith("route")
    assert any("tests/unit/test_web.py" in line for line in entry["trace"])
    for secret in ("what Ann wrote", "secret-token", "private"):
        assert secret not in repr(logs)


async def test_a_refusal_of_a_route_reaches_the_caller() -> None:
    async def route(_: server.Request) -> server.Response:
        raise server.HTTPForbidden(text="not you")

    async with serving(route=route) as port:
        assert await fetch(port, "/secret-token/route") == (403, "not you")


async def test_a_body_over_the_limit_is_refused() -> None:
    async def route(request: server.Request) -> server.Response:
        await request.read()
        return server.Response()

    async with serving(route=route) as port, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{port}/secret-token/route"
        async with session.post(address, data=io.BytesIO(b"x" * web.BODY_LIMIT)) as response:
            assert response.status == 200
        async with session.post(address, data=io.BytesIO(b"x" * web.BODY_LIMIT + b"x")) as response:
            assert response.status == 413


async def test_half_an_answer_breaks_off_instead_of_ending_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def route(request: server.Request) -> server.StreamResponse:
        response = server.StreamResponse()
        await response.prepare(request)
        await response.write(b"the first half")
        raise RuntimeError("words")

    with structlog.testing.capture_logs() as logs:
        async with serving(route=route) as port:
            with pytest.raises(aiohttp.ClientError):
                await fetch(port, "/secret-token/route")
    assert [entry["event"] for entry in logs] == ["a request failed"]
    assert caplog.records == []


async def test_a_caller_who_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    left, ended = asyncio.Event(), asyncio.Event()

    async def route(request: server.Request) -> server.StreamResponse:
        response = server.StreamResponse()
        await response.prepare(request)
        await left.wait()
        try:
            for _ in range(100):
                await response.write(b"x" * 10_000)
                await asyncio.sleep(0.005)
        finally:
            ended.set()
        return response

    with structlog.testing.capture_logs() as logs:
        async with serving(route=route) as port:
            address = f"http://127.0.0.1:{port}/secret-token/route"
            async with aiohttp.ClientSession() as session, session.get(address):
                pass
            left.set()
            await asyncio.wait_for(ended.wait(), 5)
    assert logs == []
    assert caplog.records == []

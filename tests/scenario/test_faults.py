"""Whatever goes wrong, an operator reads a sentence: no traceback, no secret, its own status."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.sandbox import Config, serve
from tests.fakes.nursery import Nursery
from tests.fakes.process import Outcome, run

pytestmark = pytest.mark.real_time

KEY = "app-sandbox"
SECRET = "app-sesame0123456789abcdef"


@pytest.fixture
async def sandbox() -> AsyncIterator[str]:
    async with serve(Config(port=0)) as running:
        yield running.url


@pytest.fixture
async def web_page() -> AsyncIterator[str]:
    """A web server that is no Completion API, such as the address without its /v1."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html><h1>Welcome</h1></html>", content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def is_clean(told: Outcome, secret: str = SECRET) -> bool:
    """Nothing but sentences, and no secret in them."""
    return "Traceback" not in told.said and secret not in told.said and told.seconds < 30


async def test_a_wrong_key(nursery: Nursery, tmp_path: Path, sandbox: str) -> None:
    told = await nursery.run(
        tmp_path, "ask", "hello", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=SECRET
    )
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("The API does not know this key.")
    assert is_clean(told)


async def test_a_server_that_is_down(nursery: Nursery, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    told = await nursery.run(
        tmp_path, "ask", "hello", COMPLETION_API_URL=address, COMPLETION_API_KEY=SECRET
    )
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("The API does not answer.")
    assert is_clean(told)


async def test_an_address_that_is_a_web_page(
    nursery: Nursery, tmp_path: Path, web_page: str
) -> None:
    told = await nursery.run(
        tmp_path, "ask", "hello", COMPLETION_API_URL=web_page, COMPLETION_API_KEY=SECRET
    )
    assert (told.status, told.out) == (1, "")
    assert "usually ends in /v1" in told.err
    assert is_clean(told)


async def test_an_address_without_its_v1(nursery: Nursery, tmp_path: Path, sandbox: str) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "hello"),
        COMPLETION_API_URL=sandbox.removesuffix("/v1"),
        COMPLETION_API_KEY=SECRET,
    )
    assert (told.status, told.out) == (1, "")
    assert "usually ends in /v1" in told.err
    assert is_clean(told)


@pytest.mark.parametrize(
    ("question", "out", "sentence"),
    [
        ("/quota", "", "The model provider's allowance is used up."),
        ("/error-first", "", "The model behind the app failed."),
        ("/error-after-text", "…", "The model behind the app failed."),
        ("/cut", "…", "The answer broke off; what came is kept."),
        ("/502", "", "The API failed inside."),
        ("/unavailable", "", "The app cannot answer as it is set up"),
    ],
)
async def test_an_answer_that_fails(
    nursery: Nursery, tmp_path: Path, sandbox: str, question: str, out: str, sentence: str
) -> None:
    told = await nursery.run(
        tmp_path, "ask", question, COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY
    )
    assert told.status == 1
    assert bool(told.out) == bool(out), told.out
    assert sentence in told.err
    assert is_clean(told)


async def test_a_key_that_would_write_its_own_header(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    hostile = f"{SECRET}\r\nX-Evil: 1"
    told = await nursery.run(
        tmp_path, "ask", "hello", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=hostile
    )
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith("COMPLETION_API_KEY: holds a blank, a line end")
    assert is_clean(told)


async def test_a_server_with_hostile_headers(nursery: Nursery, tmp_path: Path) -> None:
    import asyncio

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        told = await nursery.run(
            tmp_path,
            *("ask", "hello"),
            COMPLETION_API_URL=f"http://127.0.0.1:{port}/v1",
            COMPLETION_API_KEY=SECRET,
        )
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("The API does not answer.")
    assert is_clean(told)


async def test_settings_that_are_wrong_are_told_all_at_once(
    nursery: Nursery, tmp_path: Path
) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "hello"),
        COMPLETION_API_URL="http://example.com/v1",
        PORT="x",
        PARLEY_LOGLEVEL="x",
    )
    assert (told.status, told.out) == (2, "")
    assert [line.partition(":")[0] for line in told.err.splitlines()] == [
        "COMPLETION_API_URL",
        "PARLEY_LOGLEVEL",
        "PORT",
    ]


async def test_serve_without_a_key_ends_at_once_and_names_the_variable(tmp_path: Path) -> None:
    told = await run(tmp_path, "serve")
    assert told.status == 2
    assert told.err.startswith("COMPLETION_API_KEY: is not set")
    assert told.seconds < 10


async def test_an_engine_that_is_not_there_is_told_with_its_cure(
    nursery: Nursery, tmp_path: Path
) -> None:
    told = await nursery.run(tmp_path, "ask", "hello", PARLEY_SANDBOX_ENGINE="openai")
    assert told.status == 1
    assert "PARLEY_SANDBOX_UPSTREAM" in told.err
    assert is_clean(told)


async def test_an_unknown_fault_is_told_with_the_list(nursery: Nursery, tmp_path: Path) -> None:
    told = await nursery.run(tmp_path, "ask", "hello", PARLEY_SANDBOX_FAULT="earthquake")
    assert told.status == 1
    assert "The sandbox knows no such fault. It knows: quota," in told.err
    assert is_clean(told)

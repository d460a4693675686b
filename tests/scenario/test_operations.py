"""What an operator does: check, migrate, serve, export ratings, run the sandbox.

Each verb begins at least once as a process of its own from the first import on.
"""

import asyncio
import csv
import io
import json
import re
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.completion import CompletionClient
from bot.sandbox import Config, serve
from bot.store.migrate import head
from tests.fakes.nursery import Nursery
from tests.fakes.process import PATIENCE, read_until, run, started

pytestmark = pytest.mark.real_time

KEY = "app-sandbox"


@pytest.fixture
async def sandbox() -> AsyncIterator[str]:
    async with serve(Config(port=0)) as running:
        yield running.url


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


async def get(address: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return response.status, await response.text()


async def test_the_version_is_told_installed_or_not(tmp_path: Path) -> None:
    told = await run(tmp_path, "--version")
    assert told.status == 0
    assert re.fullmatch(r"Parley \d+\.\d+\.\d+\n", told.out)


async def test_check_names_the_cure_and_is_green_once_it_is_taken(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    told = await nursery.run(tmp_path, "check")
    assert told.status == 1
    assert "FAIL  settings    COMPLETION_API_KEY is not set →" in told.out
    assert "ok    database    sqlite, made when serve begins" in told.out
    assert (await run(tmp_path, "migrate")).out == f"The database is at revision {head()}.\n"
    told = await run(tmp_path, "check", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY)
    assert told.status == 0, told.said
    assert [line[:16].split()[1] for line in told.out.splitlines()] == [
        "settings",
        "API",
        "app",
        "platforms",
        "database",
        "voice",
    ]
    assert "query*" in told.out
    assert "none is switched on; TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN" in told.out


async def test_check_tells_a_chat_app_and_a_wrong_key_apart(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    told = await nursery.run(
        tmp_path, "check", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY="app-chat"
    )
    assert told.status == 1
    assert "but it is a chat app → use the key of a completion" in told.out
    told = await nursery.run(
        tmp_path, "check", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY="app-no"
    )
    assert told.status == 1
    assert "→ The API does not know this key." in told.out
    told = await nursery.run(tmp_path, "check", PORT="x")
    assert told.status == 2
    assert "PORT: is not a whole number" in told.out


async def test_a_database_that_is_down_is_told(nursery: Nursery, tmp_path: Path) -> None:
    address = "postgresql://parley:sesame@127.0.0.1:1/parley"
    for verb in ("check", "migrate"):
        told = await nursery.run(tmp_path, verb, DATABASE_URL=address)
        assert told.status == 1
        assert "check DATABASE_URL" in told.said.replace("Check", "check")
        assert "sesame" not in told.said
        assert "Traceback" not in told.said


async def test_serve_answers_probes_and_ends_when_told(tmp_path: Path, sandbox: str) -> None:
    port = free_port()
    variables = {
        "COMPLETION_API_URL": sandbox,
        "COMPLETION_API_KEY": KEY,
        "PORT": str(port),
    }
    async with started(tmp_path, "serve", **variables) as process:
        said = await read_until(process.stderr, '"serving"')
        lines = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
        assert {"event": "serving", "port": port}.items() <= lines[-1].items()
        assert any("no platform is switched on" in line["event"] for line in lines)
        assert await get(f"http://127.0.0.1:{port}/healthz") == (200, "alive\n")
        async with asyncio.timeout(PATIENCE):
            while await get(f"http://127.0.0.1:{port}/readyz") != (200, "ready\n"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(process.communicate(), 15)
        assert process.returncode == 0
        assert "sesame" not in said + out.decode() + err.decode()


async def test_a_port_that_is_taken_is_told(nursery: Nursery, tmp_path: Path, sandbox: str) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104 - to be in the way
        port = str(taken.getsockname()[1])
        told = await nursery.run(
            tmp_path, "serve", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY, PORT=port
        )
        assert told.status == 1
        assert f"Port {port} cannot be opened: Address already in use. Set PORT." in told.err
        told = await nursery.run(tmp_path, "sandbox", "--port", port)
        assert told.status == 1
        assert "cannot be opened: Address already in use. Try another" in told.err


async def test_ratings_are_listed_and_exported(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    async with CompletionClient(sandbox, KEY) as client:
        for rating, words in (("like", "clear"), ("dislike", "=cmd|'/c calc'!A1\nsecond line")):
            answer = await client.complete({"query": "n=1"}, user="u")
            await client.rate(answer.message_id, rating, user="u", content=words)
    variables = {"COMPLETION_API_URL": sandbox, "COMPLETION_API_KEY": KEY}
    told = await run(tmp_path, "feedbacks", **variables)
    assert told.status == 0
    assert len(told.out.splitlines()) == 2
    told = await nursery.run(tmp_path, "feedbacks", "--format", "json", **variables)
    assert {row["content"] for row in json.loads(told.out)} == {
        "clear",
        "=cmd|'/c calc'!A1\nsecond line",
    }
    told = await nursery.run(
        tmp_path, "feedbacks", "--format", "csv", "--output", "r.csv", **variables
    )
    assert told.err == "2 ratings in r.csv.\n"
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text(), newline="")))
    assert [row["rating"] for row in rows] == ["dislike", "like"]
    assert rows[0]["content"].startswith("'=cmd")
    told = await nursery.run(
        tmp_path, "feedbacks", "--rating", "like", "--format", "json", **variables
    )
    assert [row["rating"] for row in json.loads(told.out)] == ["like"]
    told = await nursery.run(tmp_path, "feedbacks", "--output", "no/r.csv", **variables)
    assert told.status == 1
    assert "cannot be written" in told.err


async def test_ratings_need_a_key_and_a_server(nursery: Nursery, tmp_path: Path) -> None:
    assert (await nursery.run(tmp_path, "feedbacks")).err.startswith(
        "COMPLETION_API_KEY: is not set"
    )
    told = await nursery.run(
        tmp_path,
        "feedbacks",
        COMPLETION_API_URL="http://127.0.0.1:1/v1",
        COMPLETION_API_KEY="app-1",
    )
    assert (told.status, told.err) == (
        1,
        "The API does not answer. Check COMPLETION_API_URL and whether the server is up.\n",
    )


async def test_the_sandbox_serves_whoever_asks_and_keeps_its_state_in_a_file(
    nursery: Nursery,
    tmp_path: Path,
) -> None:
    async def rate_one(port: int) -> int:
        async with CompletionClient(f"http://127.0.0.1:{port}/v1", KEY) as client:
            answer = await client.complete({"query": "n=1"}, user="u")
            await client.rate(answer.message_id, "like", user="u")
            return len([each async for each in client.feedbacks()])

    for expected, started_somehow in enumerate((started, nursery.started), start=1):
        port = free_port()
        arguments = ("sandbox", "--port", str(port), "--state", "state.db")
        async with started_somehow(tmp_path, *arguments) as process:
            said = await read_until(process.stderr, "COMPLETION_API_KEY=app-sandbox")
            assert f"COMPLETION_API_URL=http://127.0.0.1:{port}/v1" in said
            assert await rate_one(port) == expected
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 15)
            assert process.returncode == 0

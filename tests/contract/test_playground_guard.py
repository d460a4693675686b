"""Who may come in: the token, the names, the origins, the sizes."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.playground_house import TOKEN, House, opened

pytestmark = pytest.mark.real_time


async def status(house: House, path: str = "/", **headers: str) -> int:
    async with house.session.get(house.base + path, headers=headers) as response:
        return response.status


async def test_the_page_comes_with_its_files_under_a_strict_policy() -> None:
    async with opened() as house:
        async with house.session.get(house.base) as response:
            assert response.status == 200 and str(response.url) == house.base + "/"
            assert response.content_type == "text/html"
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy and "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Cache-Control"] == "no-store"
        async with house.session.get(house.base + "/page.js") as response:
            assert response.content_type == "text/javascript"
        assert await status(house, "/nothing.js") == 404
        assert await status(house, "/page.py") == 404
        assert await status(house, "/%2e%2e%2fadapter.py") == 404


@pytest.mark.parametrize("token", ["x", TOKEN + "0", TOKEN[:-1], "%C3%A9", "%FF"])
async def test_without_the_token_there_is_nothing(token: str) -> None:
    async with opened() as house:
        house.base = house.base.replace(TOKEN, token)
        for path in ("/", "/page.js", "/events", "/file/" + "0" * 32):
            assert await status(house, path) == 404
        async with house.session.post(house.base + "/send", data=b"{") as response:
            assert response.status == 404


async def test_only_our_own_names_and_our_own_page_come_in() -> None:
    async with opened() as house:
        port = house.port
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            assert await status(house, Host=host) == 200
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "localhost:x", "["):
            assert await status(house, Host=host) == 403

        async def posting(**headers: str) -> int:
            body = {"name": "ideal"}
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with house.session.post(
                house.base + "/behaviour", json=body, headers=named
            ) as response:
                return response.status

        own = f"http://127.0.0.1:{port}"
        assert await posting() == 200
        assert await posting(Origin=own, Sec_Fetch_Site="same-origin") == 200
        for origin in ("http://evil.example", "null", "", f"http://localhost:{port}", own + "0"):
            assert await posting(Origin=origin) == 403
        assert await posting(Sec_Fetch_Site="cross-site") == 403
        assert await posting(Sec_Fetch_Site="same-site") == 403


async def test_what_is_not_ours_is_refused_in_a_sentence() -> None:
    async with opened() as house:

        async def raw(data: bytes, kind: str = "application/json") -> tuple[int, Any]:
            async with house.session.post(
                house.base + "/send", data=data, headers={"Content-Type": kind}
            ) as response:
                return response.status, (await response.json())["error"]

        good = {"id": "c", "person": "ada", "chat": "dm-ada", "text": "x"}
        for wrong in (
            b"",
            b"{",
            b"[]",
            b"\xff",
            b"[" * 20_000,
            json.dumps(good | {"text": "x" * 20_001}).encode(),
            json.dumps(good | {"text": 1}).encode(),
            json.dumps(good | {"files": ["x"] * 11}).encode(),
            json.dumps(good | {"id": ""}).encode(),
        ):
            assert (await raw(wrong))[0] == 400
        assert (await raw(json.dumps(good).encode(), "text/plain"))[0] == 400
        assert (await raw(b" " * (300 * 1024)))[0] == 413
        assert await raw(json.dumps(good | {"chat": "dm-ben"}).encode()) == (
            409,
            "This person is not in this chat.",
        )
        assert house.events == []


async def test_a_body_without_a_length_is_read_no_further_than_allowed() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b" " * 1024

    async with (
        opened() as house,
        house.session.post(
            house.base + "/send", data=endless(), headers={"Content-Type": "application/json"}
        ) as response,
    ):
        assert response.status == 413

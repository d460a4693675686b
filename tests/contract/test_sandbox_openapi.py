"""The description at /openapi.json says what is there, no more and no less."""

import re
from collections.abc import AsyncIterator

import pytest

from bot.sandbox import FAULTS
from bot.sandbox.app import ROUTES
from bot.sandbox.openapi import description
from tests.fakes.sandbox_door import Door, open_door

pytestmark = pytest.mark.real_time

ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as opened:
        yield opened


def described() -> dict[tuple[str, str], dict[str, object]]:
    paths: dict[str, dict[str, dict[str, object]]] = description()["paths"]  # type: ignore[assignment]  # JSON
    return {
        (method.upper(), path): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def test_every_route_is_described_and_nothing_else() -> None:
    routes = {
        (route.method, re.sub(r"\{(\w+):.*?\}(?=/|$)", r"{\1}", route.path)) for route in ROUTES
    }
    assert described().keys() == routes


async def test_the_description_is_served_as_json_without_a_key(door: Door) -> None:
    async with door.session.get(door.url.removesuffix("/v1") + "/openapi.json") as response:
        assert await response.json() == description()


async def test_every_described_path_answers_and_asks_for_a_key_where_it_says(door: Door) -> None:
    for (method, path), operation in described().items():
        url = door.url.removesuffix("/v1") + re.sub(r"\{\w+\}", ID, path)
        async with door.session.request(method, url) as response:
            expected = 404 if "file-preview" in path else 200
            assert response.status == (401 if "security" not in operation else expected), path
            if response.status >= 400:
                assert list(await response.json()) == ["code", "message", "status"]


def test_parameters_of_paths_and_the_faults_are_described() -> None:
    for (_, path), operation in described().items():
        parameters: list[dict[str, object]] = operation["parameters"]  # type: ignore[assignment]  # JSON
        named = {entry["name"] for entry in parameters if entry.get("in") == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))
        assert {"$ref": "#/components/parameters/Fault"} in parameters
    fault = description()["components"]["parameters"]["Fault"]  # type: ignore[index]  # JSON
    assert all(known.name in fault["description"] for known in FAULTS)

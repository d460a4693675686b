"""What is known of the app: fetched once for all, and kept while the API is away."""

import asyncio

import pytest

from bot.completion import CompletionClient, Patience, ServiceFailed
from bot.service.app import FRESH, SPARED, App
from tests.fakes.completion_wire import Wire, refused, told

PARAMETERS = "GET /parameters"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def app(wire: Wire, clock: Clock) -> App:
    patience = Patience(backoff=0.0)
    client = CompletionClient("http://api/v1", "key", transport=wire.transport, patience=patience)
    return App(client, clock=clock)


async def test_all_who_ask_at_once_share_one_call() -> None:
    wire, clock = Wire(), Clock()
    wire.on(PARAMETERS, told({"opening_statement": "Hello"}))
    known = app(wire, clock)
    found = await asyncio.gather(*(known.parameters() for _ in range(50)))
    assert {one.opening_statement for one in found} == {"Hello"}
    assert wire.times(PARAMETERS) == 1


async def test_changes_of_the_owner_show_after_minutes() -> None:
    wire, clock = Wire(), Clock()
    wire.on("GET /site", told({"title": "old"}), told({"title": "new"}))
    known = app(wire, clock)
    assert (await known.site()).title == "old"
    clock.now += FRESH - 1
    assert (await known.site()).title == "old"
    clock.now += 2
    assert (await known.site()).title == "new"


async def test_what_is_known_is_kept_while_the_api_is_away() -> None:
    wire, clock = Wire(), Clock()
    wire.on("GET /info", told({"name": "App"}), refused(503, "s3_connection_failed"))
    known = app(wire, clock)
    await known.info()
    clock.now += FRESH + 1
    assert (await known.info()).name == "App"


async def test_a_failure_is_told_to_all_for_a_while_and_then_tried_again() -> None:
    wire, clock = Wire(), Clock()
    wire.on(PARAMETERS, refused(500, "internal_server_error"))
    known = app(wire, clock)
    for _ in range(3):
        with pytest.raises(ServiceFailed):
            await known.parameters()
    tries = wire.times(PARAMETERS)
    wire.on(PARAMETERS, told({}))
    with pytest.raises(ServiceFailed):
        await known.parameters()
    assert wire.times(PARAMETERS) == tries
    clock.now += SPARED + 1
    await known.parameters()

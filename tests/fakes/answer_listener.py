"""Somebody who listens to an answer over the fake wire, and notes all that happens."""

import asyncio
from collections.abc import Callable

from bot.completion import (
    AnswerStream,
    CompletionClient,
    CompletionError,
    Finished,
    StreamEvent,
    TextAdded,
)
from tests.fakes.completion_wire import (
    TASK,
    Given,
    Step,
    Wire,
    stream,
)

ASK = "POST /completion-messages"
STOP = f"POST /completion-messages/{TASK}/stop"


def now() -> float:
    return asyncio.get_running_loop().time()


def app(wire: Wire, **options: object) -> CompletionClient:
    return CompletionClient("http://api/v1", "app-key", transport=wire.transport, **options)


async def run_stream(api: CompletionClient) -> str:
    """The text of one answer, listened to until it ends."""
    async with api.stream({"query": "hi"}, user="u") as answer:
        async for _ in answer:
            pass
    return answer.text


async def run_to_end(answer: AnswerStream) -> list[StreamEvent]:
    async with answer:
        return [happened async for happened in answer]


class Heard:
    """What a consumer got of one answer."""

    def __init__(self) -> None:
        self.events: list[StreamEvent] = []
        self.error: CompletionError | None = None
        self.stream: AnswerStream | None = None
        self.ended = 0.0

    @property
    def text(self) -> str:
        assert self.stream is not None
        return self.stream.text

    @property
    def finished(self) -> list[Finished]:
        return [event for event in self.events if isinstance(event, Finished)]

    @property
    def deltas(self) -> list[str]:
        return [event.delta for event in self.events if isinstance(event, TextAdded)]


async def listen(
    wire: Wire,
    *steps: Step,
    given: Given | None = None,
    hear: Callable[[AnswerStream, StreamEvent], object] | None = None,
    **options: object,
) -> Heard:
    wire.on(ASK, given or stream(*steps))
    heard = Heard()
    async with app(wire, **options) as api:
        heard.stream = api.stream({"query": "hi"}, user="u")
        try:
            async with heard.stream as answer:
                async for happened in answer:
                    heard.events.append(happened)
                    if hear is not None:
                        hear(answer, happened)
        except CompletionError as failure:
            heard.error = failure
        heard.ended = now()
    assert wire.open == 0
    return heard


async def stop_after(answer: AnswerStream, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await answer.stop()


async def listen_and_stop(wire: Wire, seconds: float, *steps: Step) -> Heard:
    wire.on(ASK, stream(*steps))
    heard = Heard()
    async with app(wire) as api, asyncio.TaskGroup() as group:
        heard.stream = api.stream({}, user="u")
        group.create_task(stop_after(heard.stream, seconds))
        async with heard.stream as answer:
            async for happened in answer:
                heard.events.append(happened)
        heard.ended = now()
    assert wire.open == 0
    return heard

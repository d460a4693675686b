"""Questions and their answers, as people see them."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.bench import EN, sandboxed, wired
from tests.fakes.completion_wire import MESSAGE, TASK, Wire, end, message, stream

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"


async def test_an_answer_grows_and_ends_whole_with_its_buttons(tmp_path: Path) -> None:
    wire = Wire()
    more = asyncio.Event()
    wire.on(ASK, stream(message("Hello"), more, message(" world"), end()))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("Hi")))
        await bench.until(lambda: bench.screen.texts == ["Hello"])
        [bubble] = bench.screen.bubbles
        assert [button.name for button in bubble.message.buttons] == ["stop"]
        more.set()
    assert bench.screen.texts == ["Hello world"]
    names = [button.name for button in bubble.message.buttons]
    assert names == ["like", "dislike", "regenerate"]
    assert bench.screen.statuses == [EN.thinking, ""]

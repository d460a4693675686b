"""A chat that gets another id: what was begun in it goes on."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Moved
from tests.fakes.bench import GROUP, Bench
from tests.fakes.details import QUERY, TONE, asking, press, sent

pytestmark = pytest.mark.real_time

NEW = replace(GROUP, id="moved")


def moved(bench: Bench) -> Moved:
    return Moved(id="moved", place=bench.place(chat=NEW), at=bench.now(), old=GROUP.id)


async def test_a_question_that_waited_for_details_is_answered_in_the_new_chat(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):
        await bench.do(bench.message("Why?", chat=GROUP))
        await bench.do(moved(bench))
        await press(bench, "casual", chat=NEW)
        assert (await bench.latest(chat=NEW)).text == "Because."
        retry = bench.command("retry", place=bench.place(chat=NEW))
        await bench.do(retry)
    assert sent(wire) == [{"query": "Why?", "tone": "casual"}] * 2

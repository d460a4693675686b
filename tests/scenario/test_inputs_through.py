"""All details one after the other, with ways back, on and out; replies opened for what is typed."""

from pathlib import Path

import pytest

from bot.surface import Capabilities, Forbidden
from tests.fakes.bench import EN
from tests.fakes.details import (
    COUNT,
    QUERY,
    SHORT,
    STYLE,
    TONE,
    TOPIC,
    asking,
    labels,
    press,
    remembered,
    sent,
)

pytestmark = pytest.mark.real_time
OPENS = Capabilities(opens_replies=True)


async def test_all_details_are_gone_through_with_ways_to_skip_and_back(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, STYLE, SHORT) as (bench, _):
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_all)
        assert labels(bench) == ["formal", "casual", EN.button_skip, EN.button_cancel]
        await press(bench, "casual")
        assert bench.screen.texts[0] == "**Tone**: casual"
        assert labels(bench) == [EN.button_back, EN.button_skip, EN.button_cancel]
        await press(bench, EN.button_back)
        assert bench.screen.texts[-1].startswith("**Tone**: please choose.")
        assert EN.button_default not in labels(bench) and EN.button_clear in labels(bench)
        await press(bench, "formal")
        await press(bench, EN.button_skip)
        assert bench.screen.texts[-2] == "**Style**: plain"
        await press(bench, EN.button_yes)
        assert bench.screen.texts[-1].startswith(EN.inputs_saved)
        assert await remembered(bench) == {"tone": "formal", "short": True}


async def test_a_step_back_takes_the_line_of_that_step_with_it(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, STYLE, SHORT) as (bench, _):
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_all)
        await press(bench, "casual")
        await press(bench, EN.button_skip)
        assert bench.screen.texts[:2] == ["**Tone**: casual", "**Style**: plain"]
        pressed = bench.screen.bubbles[-1].ref
        await press(bench, EN.button_back)
        tone, style = bench.screen.texts
        assert tone == "**Tone**: casual" and style.startswith("**Style**: please write")
        assert bench.screen.bubbles[-1].ref == pressed, "where the finger is"
        await press(bench, EN.button_back)
        [tone] = bench.screen.texts
        assert tone.startswith("**Tone**: please choose.")
        await press(bench, "formal")
        await press(bench, EN.button_skip)
        assert bench.screen.texts[:2] == ["**Tone**: formal", "**Style**: plain"]


async def test_a_step_back_from_or_to_what_is_written_asks_below(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC, SHORT, able=OPENS) as (bench, _):
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_all)
        await press(bench, "casual")
        opened = bench.screen.bubbles[-1]
        await press(bench, EN.button_back)  # the empty reply closes with the message it was to
        [tone] = bench.screen.bubbles
        assert tone.ref != opened.ref and tone.message.text.startswith("**Tone**: please choose.")
        await press(bench, "formal")
        await bench.do(bench.message("Tea"))
        await press(bench, EN.button_back)
        [tone, topic] = bench.screen.bubbles
        assert tone.message.text == "**Tone**: formal"
        assert (topic.message.asks, topic.message.text.endswith("Now: Tea")) == ("Topic", True)


async def test_a_line_that_cannot_be_taken_away_hinders_nobody(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, SHORT) as (bench, _):
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_all)
        await press(bench, "casual")
        bench.screen.fail_next(Forbidden(), verb="delete")
        await press(bench, EN.button_back)
        assert labels(bench)[:2] == ["formal", "casual"]


async def test_whoever_has_enough_of_it_is_back_at_the_list(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, SHORT) as (bench, _):
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_all)
        await press(bench, "casual")
        await press(bench, EN.button_cancel)
        assert bench.screen.texts[-1].startswith(EN.inputs_list)
        assert labels(bench) == ["Tone", "Short", EN.button_all]
        await press(bench, "Short")
        assert EN.button_back not in labels(bench)
        assert await remembered(bench) == {"tone": "casual"}


async def test_a_question_waits_while_its_asker_goes_back(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await press(bench, "casual")
        assert labels(bench) == [EN.button_back, EN.button_cancel]
        await press(bench, EN.button_back)
        assert labels(bench) == ["formal", "casual", EN.button_skip, EN.button_cancel]
        await press(bench, "formal")
        await bench.do(bench.message("3"))
    assert sent(wire) == [{"query": "Why?", "tone": "formal", "count": 3}]


async def test_what_is_to_be_written_opens_a_reply_of_its_own(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC, able=OPENS) as (bench, _):
        await bench.do(bench.command("inputs"))
        listed = bench.screen.bubbles[-1]
        await press(bench, "Tone")
        assert bench.screen.bubbles[-1].ref == listed.ref
        assert bench.screen.bubbles[-1].message.asks == ""
        await press(bench, EN.button_keep)
        await press(bench, "Topic")
        asked = bench.screen.bubbles[-1]
        assert asked.ref != listed.ref
        assert asked.message.asks == "Topic"

"""What an app asks for besides the question, one thing after the other."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Event, Quote
from bot.service import inputs, rounds
from bot.store.records import scope
from bot.surface import Again, Busy
from tests.fakes.bench import EN, GROUP
from tests.fakes.completion_wire import told
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


async def test_missing_details_are_asked_one_by_one_and_the_question_runs_then(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, TONE, QUERY, COUNT, SHORT, STYLE) as (bench, wire):
        await bench.do(bench.message("Why?"))
        assert sent(wire) == []
        assert bench.screen.texts == [f"{EN.inputs_needed}\n\n**Tone**: please choose."]
        assert labels(bench) == ["formal", "casual", EN.button_cancel]
        await press(bench, "casual")
        assert bench.screen.texts == ["**Tone**: casual", "**How many**: please send a number."]
        await bench.do(bench.message("3"))
        assert bench.screen.texts[1:] == ["**How many**: 3", "**Short**: yes or no?"]
        await press(bench, EN.button_yes)
        assert bench.screen.texts[2:] == ["**Short**: Yes", "Because."]
        assert sent(wire) == [
            {"tone": "casual", "query": "Why?", "count": 3, "short": True, "style": "plain"}
        ]
        assert await remembered(bench) == {"tone": "casual", "count": 3, "short": True}

        await bench.do(bench.message("And why not?"))
    assert len(sent(wire)) == 2
    assert sent(wire)[1]["query"] == "And why not?"


async def test_what_does_not_fit_is_told_and_asked_for_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC, COUNT) as (bench, wire):
        await bench.do(bench.message("Why?"))
        assert EN.inputs_limit.format(limit=8) in bench.screen.texts[0]
        await bench.do(bench.message("far too long"))
        [told_] = bench.screen.texts
        assert told_.startswith("Topic is too long: at most 8 characters, please.\n\n")
        await bench.do(bench.message("cats"))
        await bench.do(bench.message("many"))
        assert "How many must be a number" in bench.screen.texts[-1]
        await bench.do(bench.message("2.5"))
    assert sent(wire) == [{"query": "Why?", "topic": "cats", "count": 2.5}]


async def test_an_option_may_be_written_too(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, SHORT) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await bench.do(bench.message("loud"))
        assert bench.screen.texts[-1].startswith("Tone must be one of: formal, casual.")
        await bench.do(bench.message("FORMAL "))
        await bench.do(bench.message("No"))
    assert sent(wire) == [{"query": "Why?", "tone": "formal", "short": False}]


async def test_among_others_only_a_reply_answers_the_question(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        first = bench.message("Why?", chat=GROUP)
        await bench.do(first)
        [note] = bench.screen.bubbles
        assert "reply to this message" in note.message.text
        assert note.place.reply_to == first.ref
        await bench.do(bench.message("cats", user="bob", chat=GROUP, quoted=Quote(ref=note.ref)))
        assert sent(wire) == []
        await bench.do(bench.message("Another question", chat=GROUP))
        note = bench.screen.bubbles[-1]
        await bench.do(bench.message("dogs", chat=GROUP, quoted=Quote(ref=note.ref)))
    assert sent(wire) == [
        {"query": "Why?", "topic": "dogs"},
        {"query": "Another question", "topic": "dogs"},
    ]


async def test_a_cancelled_question_is_not_sent(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await press(bench, EN.button_cancel)
        assert bench.screen.texts == [EN.inputs_question_dropped]
        assert labels(bench) == []
        await bench.do(bench.message("Once more"))
    assert EN.inputs_needed in bench.screen.texts[-1]
    assert sent(wire) == []


async def test_a_button_of_an_earlier_question_does_nothing(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as (bench, _):
        await bench.do(bench.message("Why?"))
        old = bench.screen.bubbles[0]
        await press(bench, "formal")
        await bench.do(bench.press("choose", old, value="o1"))
        assert bench.screen.texts[-1] == EN.inputs_stale
        assert await remembered(bench) == {"tone": "formal"}


async def test_somebody_else_hears_alone_that_a_question_is_not_theirs(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, _):
        await bench.do(bench.message("Why?", chat=GROUP))
        await press(bench, "formal", user="bob", chat=GROUP)
        assert bench.screen.texts[-1] == EN.inputs_stale
        assert bench.screen.bubbles[-1].place.only_user
        assert await remembered(bench, "bob") == {}


async def test_a_press_that_is_done_twice_counts_once(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC) as (bench, wire):
        await bench.do(bench.message("Why?"))
        note = bench.screen.bubbles[0]
        action = bench.press("choose", note, value="o0")
        await bench.do(action)
        await bench.do(action, attempts=1)
        reply = bench.message("cats")
        await bench.do(reply)
        await bench.do(reply, attempts=1)
    assert sent(wire) == [{"query": "Why?", "tone": "formal", "topic": "cats"}]
    assert bench.screen.texts.count("Because.") == 1


async def test_details_set_in_front_of_a_question_hold_for_it_alone(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as (bench, wire):
        await bench.do(bench.command("ask", "tone=casual count=4 x=3, why?"))
        assert sent(wire) == [{"query": "x=3, why?", "tone": "casual", "count": 4}]
        assert await remembered(bench) == {}
        await bench.do(bench.command("ask", "tone=loud count=4 why?"))
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        await bench.do(bench.command("ask", "tone=formal why?"))
        assert bench.screen.texts[-1].endswith("**How many**: please send a number.")
        await bench.do(bench.message("7"))
    assert sent(wire)[1:] == [{"query": "why?", "tone": "formal", "count": 7}]


@pytest.mark.parametrize(
    "quoted", ['"big cats"', "'big cats'", "“big cats”", "„big cats“", "‘big cats’", "「big cats」"]
)
async def test_a_detail_of_several_words_is_quoted_as_people_quote(
    tmp_path: Path, quoted: str
) -> None:
    async with asking(tmp_path, QUERY, TOPIC, TONE) as (bench, wire):
        await bench.do(bench.command("ask", f"topic={quoted} tone='tis don't"))
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        await bench.do(bench.command("ask", f"topic={quoted} tone=formal don't?"))
    assert sent(wire) == [{"query": "don't?", "topic": "big cats", "tone": "formal"}]


async def test_what_the_app_no_longer_takes_is_asked_for_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):
        who = scope(bench.place())
        await bench.store.save_inputs(who, {"tone": "ironic", "mood": "good"})
        await bench.do(bench.message("Why?"))
        assert EN.inputs_needed in bench.screen.texts[-1]
    assert sent(wire) == []


async def test_an_answer_to_a_question_of_yesterday_is_a_new_question(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, _):
        await bench.do(bench.message("Why?"))
        bench.later += bench.tools.rules.keep_text
        await bench.do(bench.message("What is new?"))
        assert await remembered(bench) == {}
        assert EN.inputs_needed in bench.screen.texts[-1]


async def test_a_form_that_has_changed_meanwhile_lets_the_message_be_a_question(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        await bench.do(bench.message("Why?"))
        wire.on("GET /parameters", told({"user_input_form": [QUERY]}))
        bench.tools.app._parameters._due = 0.0  # five minutes have passed
        await bench.do(bench.message("What is new?"))
    assert sent(wire) == [{"query": "What is new?"}]


async def test_a_question_too_long_for_the_app_is_told_so(tmp_path: Path) -> None:
    short = {"text-input": {"label": "Word", "variable": "word", "required": True, "max_length": 5}}
    async with asking(tmp_path, short) as (bench, wire):
        await bench.do(bench.message("a whole sentence"))
        assert bench.screen.texts == ["Word is too long: at most 5 characters, please."]
    assert sent(wire) == []


async def test_a_full_inbox_is_tried_again_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        await bench.do(bench.message("Why?"))
        reply = bench.message("cats")

        async def full(event: Event) -> bool:
            raise Busy(7.0)

        tools = replace(bench.tools, accept=full)
        with pytest.raises(Again) as again:
            await inputs.reply(tools, reply)
        assert again.value.after == 7.0
        await bench.do(reply, attempts=1)
    assert sent(wire) == [{"query": "Why?", "topic": "cats"}]


async def test_a_reply_that_comes_before_its_question_is_noted_answers_that_one(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC) as (bench, _), asyncio.TaskGroup() as group:
        await bench.do(bench.message("Why?"))
        before = await rounds.find_round(bench.tools, bench.place())
        assert before is not None
        note = bench.ref("just posted")
        group.create_task(bench.do(bench.message("cats", quoted=Quote(ref=note))))
        await asyncio.sleep(0.2)
        after = replace(before, asked="topic", note=note)
        await rounds.save_round(bench.tools, bench.place(), after)
        async with asyncio.timeout(5):
            while (await remembered(bench)).get("topic") != "cats":  # noqa: ASYNC110 - in a file
                await asyncio.sleep(0.02)


async def test_a_reply_to_something_else_answers_what_is_asked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "OVERTAKEN", 1)
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await bench.do(bench.message("cats", quoted=Quote(ref=bench.ref("old"))))
    assert sent(wire) == [{"query": "Why?", "topic": "cats"}]


async def test_a_button_without_meaning_asks_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await bench.do(bench.press("choose", bench.screen.bubbles[0], value="o9"))
        assert labels(bench) == ["formal", "casual", EN.button_cancel]
        await press(bench, "formal")
    assert sent(wire) == [{"query": "Why?", "tone": "formal"}]


async def test_a_question_that_is_complete_by_now_does_not_wait_for_another(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as (bench, wire):
        await bench.do(bench.command("ask", "tone=formal Why?"))
        await bench.store.save_inputs(scope(bench.place()), {"count": 2})
        await bench.do(bench.command("ask", "Really?"))
        assert sent(wire) == [{"query": "Why?", "tone": "formal", "count": 2}]
        await press(bench, "casual")
    assert sent(wire)[1] == {"query": "Really?", "tone": "casual", "count": 2}

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sandbox import prose
from bot.sandbox.engines import extracts, offline
from bot.sandbox.engines.demonstrations import CODE, MARKDOWN, TABLE, long_answer
from bot.sandbox.engines.offline import ABILITIES, OfflineEngine, Wish, read_wish
from bot.sandbox.writer import Picture, Task

TIDES = (
    "The tide rises because the Moon pulls the sea. The Sun pulls as well, but it is farther "
    "away. When Sun and Moon stand in one line, the tide is highest. Sailors call this a spring "
    "tide. Fish do not care much. In harbours the tide decides when ships may leave."
)
GIF = Picture(name="a.gif", media_type="image/gif", data=b"GIF89a\x02\0\x03\0")


async def answer(prompt: str, **inputs: object) -> str:
    return await written(Task(prompt=prompt, inputs=inputs))


async def written(task: Task) -> str:
    return "".join([piece async for piece in OfflineEngine(pause=0).write(task)])


async def test_words_come_one_by_one_at_the_pace_set() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    pieces = [piece async for piece in OfflineEngine().write(Task(prompt="echo: a b c", inputs={}))]
    assert pieces == ["a ", "b ", "c"]
    assert loop.time() - began == pytest.approx(2 * offline.PAUSE)


async def test_long_answer_is_whole_and_takes_seconds_not_minutes() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    pieces = [x async for x in OfflineEngine().write(Task(prompt="long answer", inputs={}))]
    assert "".join(pieces) == long_answer()
    assert len(long_answer()) > 10_000
    assert all(pieces)
    assert 10 < loop.time() - began < 20


async def test_closing_the_generator_stops_at_once() -> None:
    writing = cast(
        AsyncGenerator[str, None], OfflineEngine().write(Task(prompt="long answer", inputs={}))
    )
    await anext(writing)
    await writing.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(writing)


async def test_same_question_gets_the_same_answer() -> None:
    assert await answer(f"Summarise: {TIDES}") == await answer(f"Summarise: {TIDES}")


@pytest.mark.parametrize(
    "prompt",
    [
        f"Summarise: {TIDES}",
        f"Please summarize the following text.\n\n{TIDES}",
        f"{TIDES}\n\nSummarise this, please",
        f"can you sum up {TIDES}",
        f"Zusammenfassung: {TIDES}",
        f"tl;dr\r\n{TIDES}",
        f"总结：{TIDES}",
    ],
)
async def test_summary_is_asked_for_in_many_ways(prompt: str) -> None:
    told = await answer(prompt)
    parts = prose.sentences(told)
    assert len(parts) == 3
    assert all(part in TIDES for part in parts)
    assert "Moon" in told
    assert "Fish" not in told


async def test_length_of_a_summary_is_taken_from_the_request_then_the_inputs() -> None:
    assert len(prose.sentences(await answer(f"Summarise: {TIDES}", sentences="2"))) == 2
    one = await answer(f"Summarise in one sentence: {TIDES}", sentences=4)
    assert len(prose.sentences(one)) == 1
    assert len(prose.sentences(await answer(f"Summarise in 2 sentences: {TIDES}"))) == 2


async def test_bullets_make_a_list_of_a_summary() -> None:
    lines = (await answer(f"Summarise: {TIDES}", bullets="yes", sentences=2)).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("- ") for line in lines)
    assert (await answer(f"Key points: {TIDES}")).count("- ") == 3


async def test_japanese_and_chinese_are_summarised() -> None:
    told = await answer(
        "要約：今日は天気がいい。公園に行く。公園に人が多い。公園で子供が遊ぶ。帰る。"
    )
    assert "公園" in told
    assert told.count("。") == 3
    assert " " not in told


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("uppercase: straße", "STRASSE"),
        ("Please uppercase hello", "HELLO"),
        ("lower case: HELLO", "hello"),
        ("title case: don't stop THE music", "Don't Stop The Music"),
        ("echo: say 10:30", "say 10:30"),
        ("sort lines:\nb\n- a\n\nC", "a\nb\nC"),
        ("as a list: milk, eggs and more", "- milk\n- eggs and more"),
        ("as a list: One thing. Another thing.", "- One thing.\n- Another thing."),
        ("rewrite as a list:\n* a\n* b", "- a\n- b"),
        ("as a numbered list:\na\nb", "1. a\n2. b"),
        ("extract dates: 3 May 2024, 2024-05-03, March 5th; 2024年5月3日", None),
        ("extract numbers: 3, -4.5, 1,234.5, 20 %, v2", "- 3\n- -4.5\n- 1,234.5\n- 20 %"),
        ("extract emails: a@b.co, x.y+z@example.org. a@b.co", "- a@b.co\n- x.y+z@example.org"),
        (
            "list the links: see https://a.b/c?d=1, (http://x.y).",
            "- https://a.b/c?d=1\n- http://x.y",
        ),
        ("extract dates: none", "I found no dates in the text."),
        ("make a table:\na;b\n1;2|3\n4", "| a | b |\n| --- | --- |\n| 1 | 2\\|3 |\n| 4 |  |"),
        ('make a table:\na,b\n"x, y",2', "| a | b |\n| --- | --- |\n| x, y | 2 |"),
        ("make a table:\n- \n", None),
        ("draw a table", TABLE),
        ("show me a table", TABLE),
        ("show some code", CODE),
        ("Show markdown", MARKDOWN),
        ("summarise", "Send the text along, after a colon, and I will make a summary."),
        ("describe the photo", "There is no picture with this question. "),
        ("", ABILITIES),
        ("What is love?", ABILITIES),
        ("How do I summarise a text?", ABILITIES),
        ("!" * 500, ABILITIES),
    ],
)
async def test_commands_do_what_they_say(prompt: str, told: str | None) -> None:
    text = await answer(prompt)
    if told is None:
        assert text
    else:
        assert text.startswith(told)


async def test_dates_are_found_in_many_forms() -> None:
    found = await answer(
        "extract dates: on 3 May 2024, 2024-05-03, Mar. 5th, 3.5.24, 2024年5月3日."
    )
    assert found.splitlines() == [
        "- 3 May 2024", "- 2024-05-03", "- Mar. 5th", "- 3.5.24", "- 2024年5月3日"
    ]  # fmt: skip


async def test_counts_are_right_for_every_script() -> None:
    told = await answer("Count words: One two three. 你好！")
    for row in (
        "| Words | 5 |",
        "| Characters | 18 |",
        "| Sentences | 2 |",
        "| Minutes to read | 1 |",
    ):
        assert row in told
    assert "| Words | 0 |" in extracts.count("...")


async def test_title_and_tone_frame_the_answer() -> None:
    formal = await answer("uppercase: a", title=" My\ntitle ", tone="Formal")
    assert formal == "# My title\n\nPlease find below the text in capitals.\n\nA"
    assert (await answer("uppercase: a", tone="casual")).startswith("Sure, here you go")
    assert await answer("uppercase: a", tone="plain", title="") == "A"


def test_inputs_of_any_kind_are_understood_or_left() -> None:
    assert read_wish({}) == Wish()
    assert read_wish({"sentences": 2.7, "bullets": 1, "tone": None, "title": 5}) == Wish(
        sentences=2, bullets=True
    )
    assert read_wish({"sentences": "many", "bullets": "off"}) == Wish()
    assert read_wish({"sentences": "1e999"}) == Wish()
    assert read_wish({"sentences": 0}).sentences == 1
    assert read_wish({"sentences": 99}).sentences == 20


async def test_pictures_are_described_and_the_limits_told() -> None:
    told = await written(Task(prompt="What is this?", inputs={}, pictures=(GIF, GIF)))
    assert told.count("portrait GIF image of 2 × 3 pixels") == 2
    assert told.endswith("I cannot see what it shows.")


async def test_passages_answer_a_question() -> None:
    passages = ("Cats sleep. The stop button ends an answer.", "Dogs bark. Rain falls. Stop here.")
    told = await written(Task(prompt="How do I stop?", inputs={}, passages=passages))
    assert "The stop button ends an answer." in told
    assert "Stop here." in told
    assert "Rain" not in told


async def test_text_without_a_request_is_shortened_and_that_is_said() -> None:
    told = await answer(TIDES * 2)
    assert told.startswith("No request came with this text, so I shortened it:\n\n")


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("summary: :", "a summary"),
        ("Key points: …", "the key points"),
        ("as a list: ,;", "a list"),
        ("as a numbered list: ,", "a numbered list"),
        ("make a table: |,|", "a table"),
        ("summary\n---\n***", "a summary"),
        ("!!!\ntl;dr", "a summary"),
    ],
)
async def test_text_of_marks_alone_is_told_to_hold_nothing(asked: str, what: str) -> None:
    assert await answer(asked) == f"I found nothing in the text to make {what} of."


@pytest.mark.real_time
@pytest.mark.unmeasured
async def test_very_long_text_is_cut_in_good_time() -> None:
    began = time.monotonic()
    told = await answer("Summarise: " + "".join(f"The {n} tide is high. " for n in range(20_000)))
    assert told.endswith("Only the first 200,000 characters were read.")
    assert time.monotonic() - began < 5


@settings(max_examples=60, deadline=None)
@example(offline._COMMANDS[0].asks.pattern, "\x1b", ": ")
@example(offline._COMMANDS[1].asks.pattern, ":", ": ")
@given(
    st.sampled_from([command.asks.pattern for command in offline._COMMANDS]),
    st.text(max_size=200),
    st.sampled_from([": ", "\n", " "]),
)
def test_any_text_after_any_command_is_answered(pattern: str, text: str, sign: str) -> None:
    plain = re.sub(r"\\b|\(\?:|[\\()^$?]|\|.*|\.\{.*?\}|\[.*?\]", "", pattern)
    told = asyncio.run(answer(f"{plain}{sign}{text}"))
    assert told.strip() or not text.strip()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=500))
def test_pieces_are_never_empty_and_lose_nothing_but_outer_space(text: str) -> None:
    pieces = offline._pieces(text)
    assert all(pieces)
    assert len(pieces) <= offline.MOST_PIECES
    assert "".join(pieces) == (text if text.strip() else "")


@pytest.mark.parametrize(
    "pattern",
    [extracts._EMAIL, extracts._DATE, extracts._LINK, extracts._NUMBER, prose._END, prose._WORD],
)
@pytest.mark.parametrize(
    "unit", ["a", "1", "1,", "1 ", ".", "a.", "-", "a@", "a@b.", "\n", "\n ", "中"]
)
def test_no_pattern_grinds_on_monotonous_text(pattern: re.Pattern[str], unit: str) -> None:
    began = time.monotonic()
    pattern.findall(unit * (20_000 // len(unit)))
    assert time.monotonic() - began < 1.0


def test_sentences_end_where_readers_see_them_end() -> None:
    text = 'Dr. Smith paid 3.14 at example.org. "Why?" he asked… 好。是吗？ A. B. Lee'
    text += "\n\n- item one\n2. two"
    assert prose.sentences(text) == [
        "Dr. Smith paid 3.14 at example.org.",
        '"Why?"',
        "he asked…",
        "好。",
        "是吗？",
        "A. B. Lee",
        "item one",
        "two",
    ]
    assert prose.sentences("...\n\n!") == []
    assert prose.summarise("", 3) == []

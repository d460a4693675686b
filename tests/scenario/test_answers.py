"""Questions and their answers, as people see them."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import pytest

from bot.service.status import HELD
from bot.store.records import Source
from tests.fakes.bench import ABLE, EN, GROUP, sandboxed, wired
from tests.fakes.completion_wire import (
    MESSAGE,
    TASK,
    USAGE,
    Given,
    Wire,
    end,
    error,
    message,
    refused,
    replaced,
    speech,
    stream,
    told,
)

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


@pytest.mark.parametrize(("wait", "statuses"), [(0.0, []), (2 * HELD, [EN.thinking, ""])])
async def test_no_status_flashes_by_in_a_draft_where_the_words_come_at_once(
    tmp_path: Path, wait: float, statuses: list[str]
) -> None:
    wire = Wire()
    pieces = [piece for word in ("Hello", " you", " all") for piece in (message(word), HELD / 4)]
    wire.on(ASK, stream(wait, *pieces, HELD, message("."), end()))
    drafts = replace(ABLE, fades_after=25.0)
    async with wired(tmp_path, wire, able=drafts, drafts=True) as bench:
        await bench.do(bench.message("Hi"))
    assert bench.screen.texts == ["Hello you all."]
    assert bench.screen.statuses == statuses


async def test_what_is_kept_of_a_whole_answer(tmp_path: Path) -> None:
    wire = Wire()
    given = stream(message("Hello"), end())
    wire.on(ASK, given)
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
        used = await bench.store.used(bench.now().date(), "screen:ann")
    assert (answer.state, answer.outcome, answer.text) == ("whole", "whole", "Hello")
    assert (answer.task_id, answer.message_id) == (TASK, MESSAGE)
    assert given.body == {
        "inputs": {"query": "Hi"},
        "response_mode": "streaming",
        "user": "screen:ann",
    }
    assert (used.tokens, str(used.price)) == (USAGE["total_tokens"], USAGE["total_price"])


async def test_the_request_leaves_only_after_it_is_on_disk_that_it_does(tmp_path: Path) -> None:
    wire = Wire()
    given = stream(message("Hello"), end())
    given.delay = 0.2
    wire.on(ASK, given)
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        question = bench.message("Hi")
        group.create_task(bench.do(question))
        await bench.until(lambda: wire.times(ASK))
        answer = await bench.store.answer_for(question.id)
        assert answer is not None
        assert answer.state == "asked"


async def test_whoever_waits_for_a_turn_is_told_how_many_go_before(tmp_path: Path) -> None:
    wire = Wire()
    leave = asyncio.Event()
    wire.on(ASK, stream(message("a"), leave, end()), stream(message("b"), end()))
    async with wired(tmp_path, wire, max_streams=1) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("first", user="ann")))
        await bench.until(lambda: bench.screen.texts == ["a"])
        later = bench.message("second", user="bob")
        group.create_task(bench.do(later))
        await bench.until(lambda: EN.waiting.format(count=1) in bench.screen.statuses)
        waiting = await bench.store.answer_for(later.id)
        assert waiting is not None
        assert waiting.state == "waiting"
        leave.set()
    assert bench.screen.texts == ["a", "b"]


async def test_sources_stand_below_each_once(tmp_path: Path) -> None:
    wire = Wire()
    found = [
        {"document_id": "1", "document_name": "Bees_*and*_honey.pdf"},
        {"document_id": "1", "document_name": "Bees_*and*_honey.pdf", "position": 2},
        {"document_name": "Site", "doc_metadata": {"url": "https://example.org/a(b)"}},
        {"document_name": "Trap", "doc_metadata": {"url": "javascript:alert(1)"}},
    ]
    wire.on(ASK, stream(message("Hello"), end(sources=found)))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
    assert answer.sources[0] == Source(title="Bees_*and*_honey.pdf")
    assert bench.screen.texts == [
        "Hello\n\n**Sources**\n\n"
        "1. Bees\\_\\*and\\*\\_honey.pdf\n"
        "2. [Site](<https://example.org/a(b)>)\n"
        "3. Trap"
    ]


async def test_withdrawn_text_is_neither_shown_nor_kept(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("secret"), 0.05, replaced("Blocked."), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
    assert (bench.screen.texts, answer.text) == (["Blocked."], "Blocked.")


async def test_an_answer_that_breaks_off_keeps_its_text_and_offers_another_try(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), 0.05))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == f"Half of\n\n*{EN.interrupted}*"
    assert bubble.message.own == len(EN.interrupted) + 2  # and may hold commands that work
    assert [button.name for button in bubble.message.buttons] == ["regenerate"]
    assert (answer.outcome, answer.text) == ("interrupted", "Half of")


async def test_a_mark_below_half_a_code_block_is_not_code(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("```python\nprint("), 0.05))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
    assert bench.screen.texts == [f"```python\nprint(\n```\n\n*{EN.interrupted}*"]


async def test_a_failure_amid_the_text_keeps_the_text_and_says_so(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), 0.05, error()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
    assert bench.screen.texts == [f"Half of\n\n*{EN.failed_midway}*\n\n{EN.generation_failed}"]
    assert (answer.outcome, answer.error) == ("failed", "GenerationFailed")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (refused(400, "provider_quota_exceeded"), EN.quota_exceeded),
        (refused(401, "unauthorized"), EN.not_set_up),
        (refused(500, "internal_server_error"), EN.service_failed),
        (refused(429, "too_many_requests", **{"retry-after": "60"}), EN.busy),
        (refused(413, "file_too_large"), EN.file_refused),
        (stream(error()), EN.generation_failed),
        (stream(end()), EN.empty_answer),
    ],
    ids=["quota", "key", "server", "busy", "file", "model", "empty"],
)
async def test_a_refusal_is_told_in_a_sentence_with_another_try(
    tmp_path: Path, given: Given, sentence: str
) -> None:
    wire = Wire()
    wire.on(ASK, given)
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        answer = await bench.latest()
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == sentence
    assert [button.name for button in bubble.message.buttons] == ["regenerate"]
    assert bubble.message.mine
    assert answer.outcome == "failed"


async def test_inputs_the_app_refuses_can_be_changed_at_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, refused(400, "invalid_param"))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == EN.invalid_input
    assert [button.name for button in bubble.message.buttons] == ["inputs", "regenerate"]


async def test_a_question_is_kept_while_the_app_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.app.SPARED", 0.0)
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        wire.on("GET /parameters", refused(503, "s3_connection_failed"))
        await bench.do(bench.message("Hi"))
        [bubble] = bench.screen.bubbles
        assert bubble.message.text == EN.service_failed
        assert wire.times(ASK) == 0
        wire.on("GET /parameters", told({}))
        await bench.do(bench.press("regenerate", bubble))
        assert bench.screen.texts == ["Hello"]
        assert (await bench.latest()).outcome == "whole"


async def test_speech_of_the_stream_is_kept_though_the_text_is_shown_before(
    tmp_path: Path,
) -> None:
    wire = Wire()
    audio = "SUQzBAAAAA=="
    spoken = asyncio.Event()
    wire.on(ASK, stream(message("Hello"), end(), spoken, speech(audio), speech(audio)))
    async with wired(tmp_path, wire) as bench:
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(bench.message("Hi")))
            # Posted whole or grown and finished: which, is a matter of milliseconds.
            await bench.until(lambda: {"post", "finish"} & set(bench.screen.verbs()))
            spoken.set()
        # The rest of an answer is read aside, after its work is done.
        recording = None
        async with asyncio.timeout(20):
            while recording is None:
                recording = await bench.store.recording((await bench.latest()).id)
    assert recording.media_type == "audio/mpeg"
    assert recording.data == 2 * base64.b64decode(audio)


async def test_among_several_people_an_answer_names_its_question(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi", chat=GROUP)
        await bench.do(asked)
    [bubble] = bench.screen.bubbles
    assert bubble.place.reply_to == asked.ref


async def test_an_unexpected_error_is_told_with_its_reference(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        await bench.service.report(bench.message("Hi"), "abcdefgh")
    [text] = bench.screen.texts
    assert "abcdefgh" in text


async def test_the_whole_way_over_real_sockets(tmp_path: Path) -> None:
    async with sandboxed(tmp_path) as bench:
        await bench.do(bench.message("n=5 d=0.5"))
        answer = await bench.latest()
    assert answer.outcome == "whole"
    assert bench.screen.texts == [answer.text]
    assert answer.text.count("chunk") == 5


async def test_first_words_are_kept_with_the_ids_since_they_may_be_seen_at_once(
    tmp_path: Path,
) -> None:
    wire = Wire()
    seen = asyncio.Event()
    wire.on(ASK, stream(message("Hel"), seen, message("lo"), end()))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        question = bench.message("Hi")
        group.create_task(bench.do(question))
        await bench.until(lambda: bench.screen.texts == ["Hel"])
        kept: set[str] = set()
        async with asyncio.timeout(20):
            while not kept:
                begun = await bench.store.answer_for(question.id)
                kept |= {begun.text} if begun and begun.task_id else set()
        assert kept == {"Hel"}
        seen.set()

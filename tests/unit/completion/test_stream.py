"""A streaming answer: what each event does, in whichever order they come."""

import base64
import json
from pathlib import Path

import httpx
import pytest

from bot.completion import (
    Failed,
    Finished,
    GenerationFailed,
    Interrupted,
    QuotaExceeded,
    SpeechAdded,
    TextAdded,
    TextReplaced,
)
from bot.completion import answer as answer_module
from tests.fakes.answer_listener import ASK, STOP, app, listen
from tests.fakes.completion_wire import (
    MESSAGE,
    PING,
    TASK,
    USAGE,
    ZERO,
    Step,
    Wire,
    end,
    error,
    event,
    message,
    replaced,
    speech,
    stream,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "dify-1.14.1.json"
STREAMS = [
    record
    for record in json.loads(GOLDEN.read_text())["records"]
    if record.get("chunks") and record["request"]["path"] == "/v1/completion-messages"
]


async def test_text_grows_and_finishes_with_usage_and_sources(wire: Wire) -> None:
    seen: list[str] = []
    source = {"document_name": "Book", "score": 0.5}
    heard = await listen(
        wire,
        message("Hel"),
        message("lo"),
        message(""),
        end(USAGE, [source]),
        hear=lambda answer, _: seen.append(answer.text),
    )
    assert seen == ["Hel", "Hello", "Hello"]
    assert heard.deltas == ["Hel", "lo"]
    assert heard.error is None
    assert heard.stream is not None
    assert (heard.stream.task_id, heard.stream.message_id) == (TASK, MESSAGE)
    assert heard.stream.usage is not None
    assert heard.stream.usage.total_tokens == 44
    assert [found.document_name for found in heard.stream.sources] == ["Book"]
    assert heard.finished[0].sources == heard.stream.sources
    assert not heard.stream.stopped
    assert wire.times(STOP) == 0


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_any_cut_of_the_bytes_gives_the_same_answer(wire: Wire, size: int) -> None:
    whole = message("a\u2028b\u0085c\x0b é😀") + PING + message("</b>") + end()
    cut = [whole[i : i + size] for i in range(0, len(whole), size)]
    heard = await listen(wire, *cut)
    assert heard.text == "a\u2028b\u0085c\x0b é😀</b>"
    assert len(heard.finished) == 1


@pytest.mark.parametrize("record", STREAMS, ids=[record["name"] for record in STREAMS])
async def test_recorded_streams_play_back(record: dict[str, object]) -> None:
    body = record["body"]["text"].encode()  # type: ignore[index]  # JSON
    steps: list[Step] = []
    at, before = 0, 0.0
    for seconds, size in record["chunks"]:  # type: ignore[attr-defined]  # JSON
        steps += [seconds - before, body[at : at + size]]
        at, before = at + size, seconds
    assert at == len(body)
    heard = await listen(Wire(), *steps)

    told_events = [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]
    text, audio, ends, failures = "", b"", 0, 0
    for one in told_events:
        match one["event"]:
            case "message":
                text += one["answer"]
            case "message_replace":
                text, audio = one["answer"], b""
            case "tts_message":
                audio += base64.b64decode(one["audio"])
            case "message_end":
                ends += 1
            case "error":
                failures += 1
    assert heard.text == text
    assert heard.stream is not None
    assert heard.stream.speech == audio
    assert len(heard.finished) == ends
    assert isinstance(heard.error, GenerationFailed) == bool(failures)
    assert heard.stream.message_id == told_events[0]["message_id"]
    assert heard.ended == pytest.approx(record["chunks"][-1][0])  # type: ignore[index]  # JSON


async def test_a_replacement_sets_the_text_and_later_messages_append(wire: Wire) -> None:
    heard = await listen(
        wire, message("bad"), replaced("first"), replaced("ok"), message(" then"), end(ZERO)
    )
    assert heard.events[:4] == [
        TextAdded(delta="bad"),
        TextReplaced(text="first"),
        TextReplaced(text="ok"),
        TextAdded(delta=" then"),
    ]
    assert heard.text == "ok then"


async def test_a_replacement_by_nothing_empties_the_text(wire: Wire) -> None:
    heard = await listen(wire, message("bad"), replaced(""), end())
    assert TextReplaced(text="") in heard.events
    assert heard.text == ""


async def test_speech_is_decoded_chunk_by_chunk_and_may_follow_the_end(wire: Wire) -> None:
    heard = await listen(
        wire,
        message("Hi."),
        speech("SUQzBAAAAA=="),
        speech("!!not base64!!"),
        speech(""),
        end(),
        0.5,
        speech("AQI="),
        event("tts_message_end", audio=""),
    )
    parts = [happened.data for happened in heard.events if isinstance(happened, SpeechAdded)]
    assert parts == [b"ID3\x04\x00\x00\x00", b"\x01\x02"]
    assert isinstance(heard.events[-2], Finished)
    assert heard.stream is not None
    assert heard.stream.speech == b"".join(parts)


async def test_speech_of_withdrawn_text_is_withdrawn_too(wire: Wire) -> None:
    heard = await listen(
        wire, message("bad."), speech("AQI="), replaced("ok"), speech("AwQ="), end()
    )
    assert heard.stream is not None
    assert heard.stream.speech == b""
    assert sum(isinstance(happened, SpeechAdded) for happened in heard.events) == 1


async def test_reasoning_is_hidden_and_not_read_out(wire: Wire) -> None:
    steps = [message("<thi"), message("nk>hm"), speech("AQI="), message("</think>\n\nYes."), end()]
    heard = await listen(wire, *steps)
    assert heard.text == "Yes."
    assert heard.stream is not None
    assert heard.stream.speech == b""


async def test_reasoning_that_was_shown_already_is_taken_back(wire: Wire) -> None:
    heard = await listen(wire, message("hm\n"), message("</think>\n"), message("Yes."), end())
    assert heard.events[:3] == [
        TextAdded(delta="hm\n"),
        TextReplaced(text=""),
        TextAdded(delta="Yes."),
    ]
    assert heard.text == "Yes."


async def test_reasoning_is_shown_to_those_who_want_it(wire: Wire) -> None:
    steps = [message("<think>hm</think>"), replaced("<think>x</think>y"), end()]
    heard = await listen(wire, *steps, show_reasoning=True)
    assert heard.text == "<think>x</think>y"


async def test_text_held_back_for_a_tag_is_kept_when_the_stream_breaks(wire: Wire) -> None:
    heard = await listen(wire, message("a\n<thi"))
    assert isinstance(heard.error, Interrupted)
    assert heard.error.text == heard.text == "a\n<thi"


async def test_speech_beyond_the_limit_is_dropped(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_module, "SPEECH_LIMIT", 3)
    heard = await listen(wire, speech("AQI="), speech("AwQ="), speech("BQ=="), end())
    assert heard.stream is not None
    assert heard.stream.speech == b"\x01\x02\x05"


@pytest.mark.parametrize("steps", [[message("abc"), message("d")], [replaced("abcd")]])
async def test_an_endless_text_is_cut_off(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, steps: list[bytes]
) -> None:
    monkeypatch.setattr(answer_module, "TEXT_LIMIT", 3)
    heard = await listen(wire, *steps, end())
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "too large"


async def test_an_error_is_told_at_once_and_raised_at_the_end(wire: Wire) -> None:
    heard = await listen(wire, message("half"), error(), 0.5, speech("AQI="))
    assert isinstance(heard.error, GenerationFailed)
    assert heard.error.text == "half"
    assert heard.events == [
        TextAdded(delta="half"),
        Failed(error=heard.error),
        SpeechAdded(data=b"\x01\x02"),
    ]
    assert heard.ended == 0.5
    assert wire.times(STOP) == 0


async def test_an_error_may_come_first_and_a_second_changes_nothing(wire: Wire) -> None:
    heard = await listen(
        wire, error("provider_quota_exceeded"), error("internal_server_error", 500), end()
    )
    assert isinstance(heard.error, QuotaExceeded)
    assert heard.events == [Failed(error=heard.error)]


async def test_an_error_is_raised_again_to_who_asks_again(wire: Wire) -> None:
    wire.on(ASK, stream(error()))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        await anext(answer)
        for _ in range(2):
            with pytest.raises(GenerationFailed):
                await anext(answer)


async def test_nothing_after_the_end_touches_the_text_or_the_outcome(wire: Wire) -> None:
    heard = await listen(wire, message("done"), end(), message("more"), error(), end(ZERO))
    assert heard.text == "done"
    assert heard.error is None
    assert len(heard.finished) == 1


async def test_a_reset_after_the_end_is_still_a_success(wire: Wire) -> None:
    heard = await listen(wire, message("done"), end(), httpx.ReadError("reset"))
    assert heard.error is None
    assert heard.finished

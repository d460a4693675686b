"""A streaming answer: its order, its ends, its watches, its stops. On the virtual clock."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bot.completion import (
    AnswerStream,
    CompletionClient,
    CompletionError,
    Failed,
    Finished,
    GenerationFailed,
    Interrupted,
    QuotaExceeded,
    SpeechAdded,
    StreamEvent,
    TextAdded,
    TextReplaced,
    Unreachable,
    Unreadable,
)
from bot.completion import answer as answer_module
from tests.fakes.completion_wire import (
    MESSAGE,
    PING,
    TASK,
    USAGE,
    ZERO,
    Given,
    Step,
    Wire,
    end,
    error,
    event,
    message,
    page,
    refused,
    replaced,
    speech,
    stream,
    told,
)

ASK = "POST /completion-messages"
STOP = f"POST /completion-messages/{TASK}/stop"
GOLDEN = Path(__file__).parents[2] / "golden" / "dify-1.14.1.json"
STREAMS = [
    record
    for record in json.loads(GOLDEN.read_text())["records"]
    if record.get("chunks") and record["request"]["path"] == "/v1/completion-messages"
]


def now() -> float:
    return asyncio.get_running_loop().time()


def app(wire: Wire, **options: object) -> CompletionClient:
    return CompletionClient("http://api/v1", "app-key", transport=wire.transport, **options)


@pytest.fixture(params=[True, False], ids=["fast read", "httpx stream"])
async def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(fast_read=request.param)


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


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([message("half")], "eof"),
        ([message("half"), httpx.ReadError("reset")], "broken"),
        ([message("half"), message("x")[:-40]], "eof"),
        ([message("half"), b'data: {"event": "message", \n\n'], "malformed"),
        ([message("half"), b"data: {}]\n\n"], "malformed"),
    ],
)
async def test_a_stream_without_an_end_is_interrupted_and_stopped(
    wire: Wire, steps: list[Step], reason: str
) -> None:
    heard = await listen(wire, *steps)
    assert isinstance(heard.error, Interrupted)
    assert (heard.error.reason, heard.error.text) == (reason, "half")
    assert not heard.finished
    assert heard.stream is not None
    assert not heard.stream.stopped
    assert wire.times(STOP) == 1, "the model must not go on writing for nobody"


async def test_the_last_event_counts_without_its_blank_line(wire: Wire) -> None:
    heard = await listen(wire, message("done"), end()[:-2])
    assert heard.error is None
    assert heard.finished


async def test_an_event_without_end_is_cut_off(wire: Wire) -> None:
    piece = b"x" * (1024 * 1024)
    heard = await listen(wire, message("half"), b"data: ", *[piece] * 9)
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "too large"


async def test_broken_json_gets_a_second_try(wire: Wire) -> None:
    heard = await listen(
        wire,
        b'data: {"event": "message", "task_id": 5, "message_id": "m", "answer": "a\\ud83d"}\n\n',
        b'data: {"event": "message", "answer": "b\xff"}\n\n',
        b'data: {"event": "error", "status": 500, "code": 7, "message": {"x": 1}}\n\n',
    )
    assert heard.text == "a\ufffdb\ufffd"
    assert isinstance(heard.error, GenerationFailed)
    assert (heard.error.status, heard.error.code) == (500, "")


async def test_noise_is_ignored(wire: Wire) -> None:
    heard = await listen(
        wire,
        b": comment\n\n",
        b"data: [DONE]\n\n",
        b'data: "text"\n\n',
        b"event: ping\ndata: {}\n\n",
        b'data: {"event": "ping"}\n\n',
        event("message_file", id="f", type="image", url="http://x"),
        event("something_new", answer="no"),
        b'data: {"answer": "named by field only: no event"}\n\n',
        message("yes"),
        end("junk", "junk"),
    )
    assert heard.text == "named by field only: no eventyes"
    assert heard.stream is not None
    assert (heard.stream.usage, heard.stream.sources) == (None, ())


async def test_an_event_is_known_by_its_field_where_json_names_none(wire: Wire) -> None:
    heard = await listen(wire, b'event: message_end\ndata: {"metadata": null}\n\n')
    assert heard.finished


@pytest.mark.parametrize("usage", [USAGE, None])
async def test_an_answer_that_was_not_streamed_is_taken_whole(wire: Wire, usage: object) -> None:
    whole = {"answer": "<think>x</think>all", "message_id": "m", "metadata": {"usage": usage}}
    heard = await listen(wire, given=told(whole))
    assert heard.text == "all"
    assert [type(happened) for happened in heard.events] == [TextAdded, Finished]
    assert heard.stream is not None
    assert heard.stream.message_id == "m"
    assert heard.stream.task_id is None


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html; charset=utf-8", b"<html></html>"),
        ("text/plain", b"hi"),
        ("", b"hi"),
        ("application/json", b'{"result": "success"}'),
        ("application/json", b"[]"),
        ("application/json", b"{"),
        ("application/json", b"x" * 5_000_000),
    ],
)
async def test_an_answer_of_another_kind_is_unreadable(
    wire: Wire, media_type: str, body: bytes
) -> None:
    given = Given((body,), headers={"content-type": media_type} if media_type else {})
    heard = await listen(wire, given=given)
    assert isinstance(heard.error, Unreadable)
    assert "/v1" in str(heard.error)
    assert given.closed


async def test_a_whole_answer_that_breaks_off_is_interrupted(wire: Wire) -> None:
    given = Given((b'{"an', httpx.ReadError("x")), headers={"content-type": "application/json"})
    heard = await listen(wire, given=given)
    assert isinstance(heard.error, Interrupted)


async def test_an_empty_whole_answer_is_a_finished_one(wire: Wire) -> None:
    heard = await listen(wire, given=told({"answer": ""}))
    assert [type(happened) for happened in heard.events] == [Finished]


async def test_a_compressed_stream_is_unpacked() -> None:
    import gzip

    given = stream(gzip.compress(message("zip") + end()))
    given.headers["content-encoding"] = "gzip"
    assert (await listen(Wire(), given=given)).text == "zip"


# --- watches -------------------------------------------------------------------------------------


async def test_silence_is_broken_off_after_three_missed_pings(wire: Wire) -> None:
    heard = await listen(wire, message("half"), 20.0, PING, 3600.0, end())
    assert isinstance(heard.error, Interrupted)
    assert (heard.error.reason, heard.error.text) == ("silence", "half")
    assert heard.ended == 55.0
    assert wire.times(STOP) == 1


async def test_pings_keep_a_slow_model_alive(wire: Wire) -> None:
    heard = await listen(wire, *[10.0, PING] * 12, message("late"), end())
    assert heard.text == "late"
    assert heard.ended == 120.0


async def test_nothing_but_pings_is_broken_off_in_the_end(wire: Wire) -> None:
    heard = await listen(wire, message("half"), *[10.0, PING] * 100)
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "only pings"
    assert heard.ended == 300.0


async def test_every_answer_ends_some_time(wire: Wire) -> None:
    heard = await listen(wire, *[10.0, message("x")] * 1000)
    assert isinstance(heard.error, Interrupted)
    assert heard.error.reason == "too long"
    assert heard.ended == 1200.0
    assert heard.text == "x" * 119


async def test_the_consumers_own_slowness_costs_nothing(wire: Wire) -> None:
    wire.on(ASK, stream(message("a"), message("b"), 30.0, message("c"), end()))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        async for _ in answer:
            await asyncio.sleep(400)
    assert answer.text == "abc"


async def test_the_tail_for_speech_is_short_even_with_pings(wire: Wire) -> None:
    heard = await listen(wire, message("x"), end(), 8.0, speech("AQI="), 6.0, PING, 3600.0)
    assert heard.error is None
    assert heard.ended == 18.0
    assert heard.stream is not None
    assert heard.stream.speech == b"\x01\x02"


async def test_the_tail_of_a_failure_is_short_too(wire: Wire) -> None:
    heard = await listen(wire, error(), 3600.0)
    assert isinstance(heard.error, GenerationFailed)
    assert heard.ended == 10.0


async def test_a_server_that_does_not_begin_is_unreachable(wire: Wire) -> None:
    given = stream(message("x"), end())
    given.delay = 3600.0
    heard = await listen(wire, given=given)
    assert isinstance(heard.error, Unreachable)
    assert heard.error.sent
    assert heard.ended == 35.0


async def test_a_cancelled_reader_is_cancelled_and_not_silent(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), 3600.0))
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(34.999), api.stream({}, user="u") as answer:
                async for _ in answer:
                    pass
    assert wire.open == 0


# --- stop and leaving ----------------------------------------------------------------------------


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


async def test_stop_ends_normally_with_the_text_and_what_still_came(wire: Wire) -> None:
    steps = [message("a"), wire.stop_asked, 1.0, message("b"), end(ZERO)]
    heard = await listen_and_stop(wire, 2.0, *steps)
    assert heard.text == "ab"
    assert heard.stream is not None
    assert heard.stream.stopped
    assert [one.stopped for one in heard.finished] == [True]
    assert heard.finished[0].usage is not None
    assert heard.ended == 3.0
    assert wire.times(STOP) == 1
    assert json.loads(wire.given[-1].asked.content) == {"user": "u"}  # type: ignore[union-attr]  # was asked


async def test_a_deaf_server_is_left_after_five_seconds(wire: Wire) -> None:
    heard = await listen_and_stop(wire, 1.5, *[message("x"), 1.0] * 100)
    assert heard.ended == 6.5
    assert heard.text == "x" * 7
    assert heard.finished == [Finished(stopped=True)]


@pytest.mark.parametrize(
    "last", [[], [error()], [httpx.ReadError("reset")], [b"data: {\n\n"]], ids=str
)
async def test_however_a_stopped_stream_ends_it_is_no_error(wire: Wire, last: list[Step]) -> None:
    heard = await listen_and_stop(wire, 1.0, message("x"), wire.stop_asked, *last)
    assert heard.finished == [Finished(stopped=True)]
    assert not any(isinstance(happened, Failed) for happened in heard.events)
    assert heard.text == "x"


async def test_a_stop_before_the_first_event_is_sent_with_the_first(wire: Wire) -> None:
    steps = [PING, 8.0, message("a"), wire.stop_asked, 1.0, end(ZERO)]
    heard = await listen_and_stop(wire, 1.0, *steps)
    assert heard.ended == 9.0
    assert [one.stopped for one in heard.finished] == [True]
    assert wire.times(STOP) == 1


async def test_a_stop_of_what_never_begins_is_bounded(wire: Wire) -> None:
    heard = await listen_and_stop(wire, 1.0, *[10.0, PING] * 100)
    assert heard.ended == 31.0
    assert heard.finished == [Finished(stopped=True)]
    assert wire.times(STOP) == 0


async def test_a_stop_while_the_server_has_not_begun_is_kept(wire: Wire) -> None:
    given = stream(2.0, message("a"), wire.stop_asked, end(ZERO))
    given.delay = 5.0
    wire.on(ASK, given)
    async with app(wire) as api, asyncio.TaskGroup() as group:
        answer = api.stream({}, user="u")
        group.create_task(stop_after(answer, 1.0))
        async with answer:
            assert [type(happened) async for happened in answer] == [TextAdded, Finished]
    assert answer.stopped
    assert wire.times(STOP) == 1


async def test_a_stop_before_entering_makes_no_call(wire: Wire) -> None:
    async with app(wire) as api:
        answer = api.stream({}, user="u")
        await answer.stop()
        async with answer:
            assert [happened async for happened in answer] == [Finished(stopped=True)]
    assert wire.asked == []


async def test_a_stop_in_the_queue_leaves_the_queue_without_a_call(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), 20.0, end()))
    positions: list[int] = []
    async with (
        app(wire, max_streams=1) as api,
        asyncio.TaskGroup() as group,
        api.stream({}, user="a"),
    ):
        answer = api.stream({}, user="b", waiting=positions.append)
        group.create_task(stop_after(answer, 1.0))
        async with answer:
            assert [happened async for happened in answer] == [Finished(stopped=True)]
        assert now() == 1.0
    assert positions == [1]
    assert wire.times(ASK) == 1


async def test_a_cancellation_in_the_queue_stays_one(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), end()))
    async with app(wire, max_streams=1) as api, api.stream({}, user="a"):
        answer = api.stream({}, user="b")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), answer:
                pass
        assert not answer.stopped


async def test_a_stop_that_fails_is_no_error_of_the_reader(wire: Wire) -> None:
    wire.on(STOP, refused(500, "internal_server_error"))
    heard = await listen_and_stop(wire, 1.0, message("x"), 3600.0)
    assert heard.finished == [Finished(stopped=True)]
    assert heard.ended == 6.0


async def test_a_stop_nobody_answers_does_not_hold_up_the_reader(wire: Wire) -> None:
    wire.on(STOP, Given((3600.0,), headers={"content-type": "application/json"}))
    heard = await listen_and_stop(wire, 1.0, message("x"), 3600.0)
    assert heard.ended == 6.0


async def test_stopping_twice_asks_once(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), wire.stop_asked, 2.0, end(ZERO)))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        await anext(answer)
        await answer.stop()
        await answer.stop()
        assert isinstance(await anext(answer), Finished)
        await answer.stop()
        with pytest.raises(StopAsyncIteration):
            await anext(answer)
        await answer.stop()
    assert wire.times(STOP) == 1


async def test_a_stop_in_the_tail_ends_the_waiting_for_speech(wire: Wire) -> None:
    heard = await listen_and_stop(wire, 2.0, message("x"), end(), 3600.0)
    assert heard.ended == 2.0
    assert heard.finished[0].stopped is False
    assert wire.times(STOP) == 0


async def test_leaving_early_stops_and_reads_on_so_that_the_answer_is_stored(wire: Wire) -> None:
    given = stream(message("a"), wire.stop_asked, 1.0, message("b"), end(ZERO))
    wire.on(ASK, given)
    async with app(wire) as api:
        async with api.stream({}, user="u") as answer:
            async for _ in answer:
                break
        assert now() == 1.0
    assert wire.times(STOP) == 1
    assert answer.text == "ab"
    assert answer.stopped
    assert given.closed


async def test_leaving_by_an_exception_or_a_cancellation_stops_too() -> None:
    wire = Wire()
    wire.on(
        ASK,
        stream(message("a"), wire.stop_asked, end(ZERO)),
        stream(message("a"), 30.0, message("b"), end()),
    )
    async with app(wire) as api:
        with pytest.raises(LookupError):
            async with api.stream({}, user="u") as answer:
                await anext(answer)
                raise LookupError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10), api.stream({}, user="u") as answer:
                async for _ in answer:
                    pass
        assert now() == 15.0, "ten seconds, and five of good will"
    assert wire.times(STOP) == 2
    assert wire.open == 0


async def test_leaving_before_the_first_event_waits_a_little_for_the_id(wire: Wire) -> None:
    wire.on(ASK, stream(2.0, message("a"), wire.stop_asked, end(ZERO)), stream(3600.0))
    async with app(wire) as api:
        async with api.stream({}, user="u"):
            pass
        assert now() == 2.0
        async with api.stream({}, user="u"):
            pass
        assert now() == 7.0
    assert wire.times(STOP) == 1
    assert wire.open == 0


async def test_a_cancellation_before_the_server_begins_still_stops_the_model() -> None:
    wire = Wire()
    given = stream(message("a"), wire.stop_asked, end(ZERO))
    given.delay = 4.0
    wire.on(ASK, given)
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), api.stream({}, user="u"):
                raise AssertionError("never entered")
        assert now() == 4.0
    assert wire.times(STOP) == 1
    assert wire.open == 0


@pytest.mark.parametrize("fate", [Given(delay=3600.0), Given(delay=1.0), httpx.ConnectError("no")])
async def test_a_cancellation_before_anything_came_ends_soon_and_asks_nothing_again(
    fate: Given | Exception,
) -> None:
    wire = Wire()
    wire.on(ASK, fate)
    async with app(wire) as api:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), api.stream({}, user="u"):
                raise AssertionError("never entered")
        assert now() <= 5.1
        assert wire.times(ASK) == 1
    assert wire.open == 0


async def test_a_second_cancellation_lets_go_at_once() -> None:
    wire = Wire()
    wire.on(ASK, stream(message("a"), 3600.0))

    async def read(api: CompletionClient) -> None:
        async with api.stream({}, user="u") as answer:
            async for _ in answer:
                pass

    async with app(wire) as api:
        reader = asyncio.ensure_future(read(api))
        await asyncio.sleep(1)
        reader.cancel()
        await asyncio.sleep(1)
        assert wire.open == 1
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert now() == 2.0
    assert wire.open == 0


async def test_leaving_in_the_tail_is_just_leaving(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), end(), 3600.0))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        async for happened in answer:
            if isinstance(happened, Finished):
                break
    assert now() == 0.0
    assert wire.times(STOP) == 0


async def test_there_is_one_reader(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), 5.0, end()))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        await anext(answer)
        first = asyncio.ensure_future(anext(answer))
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="one reader"):
            await anext(answer)
        assert isinstance(await first, Finished)


async def test_a_stream_is_read_inside_its_block() -> None:
    async with app(Wire()) as api:
        with pytest.raises(RuntimeError, match="inside"):
            await anext(api.stream({}, user="u"))


async def test_slots_are_given_back_however_a_stream_ends(wire: Wire) -> None:
    wire.on(
        ASK,
        refused(400, "invalid_param"),
        page(),
        stream(message("x")),
        stream(error()),
        stream(message("x"), end()),
    )
    async with app(wire, max_streams=1) as api:
        for _ in range(5):
            try:
                async with api.stream({}, user="u") as answer:
                    async for _event in answer:
                        pass
            except CompletionError:
                pass
    assert wire.times(ASK) == 5
    assert wire.open == 0

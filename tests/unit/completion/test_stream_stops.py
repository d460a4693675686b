"""Stopping an answer, and leaving it before its end. On the virtual clock."""

import asyncio
import json
from contextlib import suppress

import httpx
import pytest

from bot.completion import (
    CompletionError,
    Failed,
    Finished,
    StreamEvent,
    TextAdded,
)
from tests.fakes.answer_listener import (
    ASK,
    STOP,
    app,
    listen_and_stop,
    now,
    run_to_end,
    stop_after,
)
from tests.fakes.completion_wire import (
    PING,
    ZERO,
    Given,
    Step,
    Wire,
    end,
    error,
    message,
    page,
    refused,
    stream,
)


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


async def test_a_stop_that_a_passing_reader_cut_short_is_sent_again(wire: Wire) -> None:
    slow = Given((b"{}",), headers={"content-type": "application/json"}, delay=2.0)
    wire.on(STOP, slow)
    wire.on(ASK, stream(1.0, *[message("a"), 1.0] * 30))
    async with app(wire) as api, api.stream({}, user="u") as answer:
        await answer.stop()
        events: list[StreamEvent] = []
        with pytest.raises(StopAsyncIteration):
            while True:
                with suppress(TimeoutError):
                    events.append(await asyncio.wait_for(anext(answer), 1.5))
        assert now() == 6.0, "five seconds after the first attempt, whatever came of it"
    assert wire.times(STOP) > 1
    assert events[-1] == Finished(stopped=True)


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


async def test_stopping_twice_in_the_queue_is_no_cancellation(wire: Wire) -> None:
    wire.on(ASK, stream(message("x"), 20.0, end()))
    async with app(wire, max_streams=1) as api, api.stream({}, user="a"):
        answer = api.stream({}, user="b")

        reader = asyncio.ensure_future(run_to_end(answer))
        await asyncio.sleep(1)
        await answer.stop()
        await answer.stop()
        assert await reader == [Finished(stopped=True)]


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


async def test_a_second_cancellation_lets_go_at_once() -> None:
    wire = Wire()
    wire.on(ASK, stream(message("a"), 3600.0))

    async with app(wire) as api:
        reader = asyncio.ensure_future(run_to_end(api.stream({}, user="u")))
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

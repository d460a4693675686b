"""Reading at rest: fewer, larger reads where nobody could see the difference."""

import asyncio
import itertools

import httpx
import pytest

from bot.completion import (
    AnswerStream,
    CompletionClient,
    Finished,
    Interrupted,
    TextAdded,
    TextReplaced,
)
from bot.completion.naps import LONGEST, LOOK, MOMENT, SHORTEST, Alarm, Naps
from tests.fakes.answer_listener import now
from tests.fakes.completion_wire import PING, end, message, replaced
from tests.fakes.piled import Piled
from tests.fakes.raw_http import STREAM_END, STREAM_HEAD, Do, RawServer, chunk
from tests.fakes.wire import client


def steady(words: int, every: float) -> list[tuple[float, bytes]]:
    """An answer of so many words, one after the other, and its end."""
    pieces = [(number * every, message(f"{number} ")) for number in range(words)]
    return [*pieces, (words * every, end())]


async def heard(piled: Piled, lag: float) -> tuple[AnswerStream, list[object]]:
    """The answer read to its end by somebody who lets it lag from its first word on."""
    events: list[object] = []
    async with (
        CompletionClient("http://api/v1", "app-key", transport=lambda: piled) as api,
        api.stream({}, user="u") as answer,
    ):
        async for event in answer:
            events.append(event)
            answer.lag = lag
    return answer, events


async def test_steady_text_is_read_in_portions_and_nothing_of_it_is_missing() -> None:
    piled = Piled(steady(200, 0.05))
    answer, events = await heard(piled, 0.25)
    assert answer.text == "".join(f"{number} " for number in range(200))
    added = [event for event in events if isinstance(event, TextAdded)]
    assert "".join(event.delta for event in added) == answer.text
    assert len(added) < 60  # what came together is one event
    assert isinstance(events[-1], Finished)
    assert len(piled.reads) < 60
    assert piled.reads[0] == 0.0  # the first words at once
    gaps = [later - sooner for sooner, later in itertools.pairwise(piled.reads)]
    assert max(gaps) <= LOOK + 1e-6
    assert 10.0 <= piled.reads[-1] <= 10.0 + LOOK  # the end, at most a nap late


@pytest.mark.parametrize("lag", [0.0, SHORTEST / 2])
async def test_who_allows_no_lag_gets_every_word_at_once(lag: float) -> None:
    piled = Piled(steady(20, 0.05))
    await heard(piled, lag)
    assert piled.rests == []
    assert piled.reads[:21] == pytest.approx([number * 0.05 for number in range(21)])


async def test_slow_words_are_never_late() -> None:
    piled = Piled(steady(20, 0.3))
    await heard(piled, 0.25)
    assert piled.rests == []


async def test_a_text_that_slows_down_is_late_once_at_most() -> None:
    slow = [(2.0 + number * 0.4, message("slow ")) for number in range(10)]
    piled = Piled([*steady(40, 0.05)[:-1], *slow, (6.0, end())])
    await heard(piled, 0.25)
    assert not [at for at in piled.rests if at > 2.3]
    assert set(piled.reads) >= {at for at, _ in slow[1:]}


async def test_pings_and_hidden_reasoning_bring_no_nap() -> None:
    hidden = [(number * 0.05, message("<think>" if not number else "hm ")) for number in range(20)]
    pings = [(1.0 + number * 0.05, PING) for number in range(20)]
    piled = Piled([*hidden, *pings, (2.0, message("</think>Yes.")), (2.05, end())])
    async with (
        CompletionClient("http://api/v1", "app-key", transport=lambda: piled) as api,
        api.stream({}, user="u") as answer,
    ):
        answer.lag = 0.25
        async for _ in answer:
            pass
    assert answer.text == "Yes."
    assert [at for at in piled.rests if at < 2.0] == []


async def test_a_stop_ends_a_nap() -> None:
    piled = Piled(steady(100, 0.05))
    async with (
        CompletionClient("http://api/v1", "app-key", transport=lambda: piled) as api,
        api.stream({}, user="u") as answer,
    ):

        async def stop() -> None:
            await asyncio.sleep(1.0)
            resting = piled.rests[-1]
            assert 0 < now() - resting < 0.25
            await answer.stop()
            assert piled.stopped == now()

        async with asyncio.TaskGroup() as group:
            group.create_task(stop())
            async for _ in answer:
                answer.lag = 0.25
    assert max(piled.rests) <= 1.0
    after = [at for at in piled.reads if at > 1.0]
    assert after[0] <= 1.05 + 1e-6  # read on at once, word by word
    assert len(after) >= 75


async def test_who_leaves_in_the_middle_of_a_nap_waits_for_no_nap() -> None:
    piled = Piled(steady(1000, 0.05))
    async with (
        CompletionClient("http://api/v1", "app-key", transport=lambda: piled) as api,
        api.stream({}, user="u") as answer,
    ):
        async for _ in answer:
            answer.lag = 0.25
            if piled.rests and now() > 1.0:
                break
        left = now()
    assert piled.rests[-1] == left == piled.stopped  # a nap had begun
    after = [at for at in piled.reads if at > left]
    assert after[0] <= left + 0.05 + 1e-6
    assert now() == pytest.approx(left + 5.0)  # what a server that does not stop is given


async def test_a_replacement_in_the_middle_of_a_portion_keeps_its_place() -> None:
    last = [(1.0, message("bad")), (1.01, replaced("Sorry")), (1.02, message(".")), (1.03, end())]
    answer, events = await heard(Piled([*steady(20, 0.05)[:-1], *last]), 0.25)
    assert answer.text == "Sorry."
    text = ""
    for event in events:
        if isinstance(event, TextAdded):
            text += event.delta
        elif isinstance(event, TextReplaced):
            assert text.endswith("19 bad")
            text = event.text
    assert text == "Sorry."


async def test_a_break_is_told_with_all_the_text() -> None:
    piled = Piled(steady(40, 0.05)[:-1])
    with pytest.raises(Interrupted) as broken:
        await heard(piled, 0.25)
    assert broken.value.text == "".join(f"{number} " for number in range(40))


async def test_naps_end_together_and_none_is_longer_than_asked_for() -> None:
    alarm, rung = Alarm(), []
    for number in range(10):
        alarm.set(0.25, lambda: rung.append(now()))
        await asyncio.sleep(MOMENT / 20)
        assert now() <= (number + 1) * MOMENT / 20 + 1e-9
    await asyncio.sleep(0.3)
    assert len(rung) == 10
    assert max(rung) <= 0.25 + 1e-6
    assert len(set(rung)) <= 2


def test_one_piece_in_a_nap_is_too_few() -> None:
    rests: list[float] = []
    naps = Naps(rests.append, lambda: None)
    naps.after(1, 0.0, 0.2)
    assert rests == []  # nothing is known yet
    naps.after(1, 0.1, 0.2)
    assert rests == [0.2]
    naps.after(2, 0.3, 0.2)
    assert rests == [0.2, 0.2]
    naps.after(1, 0.5, 0.2)
    assert rests == [0.2, 0.2]
    naps.after(1, 0.6, 1.4)
    assert rests == [0.2, 0.2, 1.4]
    naps.after(99, 0.8, 8.0)
    assert rests == [0.2, 0.2, 1.4, LONGEST]


@pytest.mark.real_time
class TestOverSockets:
    async def test_what_comes_in_a_rest_is_read_in_one_piece(self) -> None:
        pieces = [part for number in range(8) for part in (chunk(b"%d" % number), 0.01)]
        async with RawServer((STREAM_HEAD, *pieces, STREAM_END)) as server, client() as session:
            async with session.stream("POST", server.url, json={}) as response:
                read = response.extensions["read"]
                first = await read()
                response.extensions["rest"](0.2)
                response.extensions["rest"](0.2)
                second = await read()
                assert first + second == b"01234567"
                assert await read() == b""
            assert (await session.post(server.url, json={})).content == b"01234567"
            assert server.connections == 1  # awake again, and kept

    async def test_waking_ends_a_rest(self) -> None:
        script = (STREAM_HEAD, chunk(b"a"), 0.03, chunk(b"b"), 0.5, STREAM_END)
        async with (
            RawServer(script) as server,
            client() as session,
            session.stream("POST", server.url, json={}) as response,
        ):
            read = response.extensions["read"]
            assert await read() == b"a"
            response.extensions["rest"](30.0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await read()
            response.extensions["wake"]()
            response.extensions["wake"]()
            async with asyncio.timeout(0.3):
                assert await read() == b"b"

    async def test_a_cut_in_a_rest_is_told_after_it(self) -> None:
        script = (STREAM_HEAD, chunk(b"a"), 0.02, chunk(b"b"), Do.CLOSE)
        async with (
            RawServer(script) as server,
            client() as session,
            session.stream("POST", server.url, json={}) as response,
        ):
            read = response.extensions["read"]
            assert await read() == b"a"
            response.extensions["rest"](0.1)
            assert await read() == b"b"
            with pytest.raises(httpx.RemoteProtocolError):
                await read()
            response.extensions["rest"](0.1)  # of a connection that is gone
            response.extensions["wake"]()

    async def test_a_rest_after_the_end_holds_up_nobody(self) -> None:
        script = (STREAM_HEAD, chunk(b"a"), STREAM_END)
        async with RawServer(script) as server, client() as session:
            async with session.stream("POST", server.url, json={}) as response:
                read = response.extensions["read"]
                assert await read() == b"a"
                await asyncio.sleep(0.02)
                response.extensions["rest"](30.0)
                assert await read() == b""
                response.extensions["rest"](30.0)
            async with asyncio.timeout(1):
                assert (await session.post(server.url, json={})).content == b"a"

    async def test_a_stream_closed_in_a_rest_lets_go_of_its_connection(self) -> None:
        async with RawServer((STREAM_HEAD, chunk(b"a"), Do.HANG)) as server, client() as session:
            async with session.stream("POST", server.url, json={}) as response:
                assert await response.extensions["read"]() == b"a"
                response.extensions["rest"](0.05)
            await server.all_closed()
            await asyncio.sleep(0.1)  # its alarm rings, and finds nobody

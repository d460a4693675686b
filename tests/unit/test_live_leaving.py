"""Leaving a live reply: with a last word, without one, or in favour of somebody else."""

import asyncio

import pytest

from bot.events import MessageRef, Place
from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import Budget, Button, Forbidden, Outgoing, RateLimited, Unreachable
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

STOP = Button(label="Stop", name="stop")


def reply(screen: Screen, shelf: Shelf | None = None) -> LiveReply:
    return LiveReply(
        screen,
        place(),
        screen.slots,
        shelf or Shelf(),
        who="answer",
        buttons=(STOP,),
        unfinished="_broken off_",
    )


def final(text: str) -> Outgoing:
    return Outgoing(text=text)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_an_answer_that_breaks_off_says_so() -> None:
    screen = Screen(Pace())
    with pytest.raises(ZeroDivisionError):
        async with reply(screen) as live:
            live.show("```\nhalf of the co")
            await asyncio.sleep(1)
            live.show("```\nhalf of the code")
            raise ZeroDivisionError
    assert screen.texts == ["```\nhalf of the code\n```\n\n_broken off_"]
    assert screen.bubbles[0].message.buttons == ()


async def test_leaving_quietly_without_a_last_word_says_so_too() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
    assert screen.texts == ["one\n\n_broken off_"]


async def test_an_answer_that_never_began_says_nothing() -> None:
    screen = Screen(Pace())
    with pytest.raises(ZeroDivisionError):
        async with reply(screen):
            raise ZeroDivisionError
    assert screen.calls == []


async def test_a_cancelled_answer_says_so_and_is_cancelled() -> None:
    screen = Screen(Pace(), latency=1.0)

    async def answer() -> None:
        async with reply(screen) as live:
            live.show("one")
            await asyncio.Event().wait()

    task = asyncio.ensure_future(answer())
    await asyncio.sleep(3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert screen.texts == ["one\n\n_broken off_"]


async def test_last_words_are_waited_for_only_so_long() -> None:
    screen = Screen(Pace())
    with pytest.raises(ZeroDivisionError):
        async with reply(screen) as live:
            live.show("one")
            await asyncio.sleep(1)
            screen.fail_next(RateLimited(150))
            raise ZeroDivisionError
    assert now() == pytest.approx(4)
    assert screen.texts == ["one"]


async def test_a_finish_that_is_cancelled_has_a_moment_left() -> None:
    screen = Screen(Pace(), latency=2.0)

    async def answer() -> None:
        async with reply(screen) as live:
            await live.finish(final("whole"))

    task = asyncio.ensure_future(answer())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert screen.texts == ["whole"]


async def test_an_abandoned_answer_makes_no_further_call() -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=1.0))
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(0.5)
        live.show("one two")
        live.abandon()
        await asyncio.sleep(5)
        assert await live.finish(final("one two three")) == ()
    assert screen.verbs() == ["frame"]


async def test_a_stream_that_cannot_be_ended_ends_by_itself() -> None:
    class Stubborn(_Leaving):
        async def leave(self) -> None:
            raise Unreachable

    screen = Stubborn(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        await live.finish(final("one two"))
    assert screen.texts == ["one two"]


async def test_ending_a_stream_is_waited_for_only_so_long() -> None:
    class Hanging(_Leaving):
        async def leave(self) -> None:
            await asyncio.sleep(1_000)

    screen = Hanging(Pace())
    screen.fail_next(Forbidden(), verb="finish")
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        await live.finish(final("one two"))
    assert now() == pytest.approx(6)


async def test_a_fault_in_keeping_the_screens_reaches_the_caller() -> None:
    with pytest.raises(OSError, match="disk"):
        async with reply(Screen(Pace()), _Broken()) as live:
            live.show("one")
            await asyncio.sleep(1)
            await live.finish(final("one"))


async def test_a_fault_in_painting_is_raised_where_the_block_is_left() -> None:
    with pytest.raises(OSError, match="disk"):
        async with reply(Screen(Pace()), _Broken()) as live:
            live.show("one")
            await asyncio.sleep(1)


async def test_a_fault_in_painting_hides_no_other() -> None:
    with pytest.raises(ZeroDivisionError):
        async with reply(Screen(Pace()), _Broken()) as live:
            live.show("one")
            await asyncio.sleep(1)
            raise ZeroDivisionError


async def test_an_answer_is_finished_only_inside_its_block() -> None:
    live = reply(Screen(Pace()))
    with pytest.raises(RuntimeError):
        await live.finish(final("one"))
    live.abandon()


class _Broken(Shelf):
    async def intend(self, part: int) -> None:
        raise OSError("disk full")


class _Leaving(Screen):
    """A screen whose growing messages have something to end."""

    async def leave(self) -> None:
        raise NotImplementedError

    def grow(self, place: Place, old: MessageRef | None = None) -> object:  # type: ignore[override]  # wraps it
        return _Block(self, super().grow(place, old))


class _Block:
    def __init__(self, screen: _Leaving, inner: object) -> None:
        self._screen = screen
        self._inner = inner

    async def __aenter__(self) -> object:
        return await self._inner.__aenter__()  # type: ignore[attr-defined]  # a context manager

    async def __aexit__(self, *error: object) -> None:
        await self._screen.leave()

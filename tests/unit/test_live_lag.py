"""How late newer text may come: so little that no frame looks older for it."""

import asyncio

import pytest

from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import Budget, Outgoing
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf


def reply(screen: Screen) -> LiveReply:
    return LiveReply(screen, place(), screen.slots, Shelf(), who="answer")


@pytest.mark.parametrize(("rate", "lag"), [(1.0, 0.25), (20.0, 0.0125), (0.25, 1.0)])
async def test_text_may_lag_by_a_share_of_the_time_between_frames(rate: float, lag: float) -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=rate, burst=3))
    async with reply(screen) as live:
        live.show("Hel")
        await asyncio.sleep(0.01)
        assert screen.texts == ["Hel"]
        assert live.lag == lag
        await live.finish(Outgoing(text="Hello"))


async def test_nothing_lags_before_the_first_words_are_on_the_screen() -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=1.0), latency=2.0)
    async with reply(screen) as live:
        live.show("Hel")
        await asyncio.sleep(1.9)
        assert live.lag == 0
        await asyncio.sleep(0.2)
        assert screen.texts == ["Hel"]
        assert live.lag > 0
        await live.finish(Outgoing(text="Hello"))


async def test_nothing_lags_where_frames_have_no_limit() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("Hel")
        await asyncio.sleep(0.01)
        assert live.lag == 0
        await live.finish(Outgoing(text="Hello"))


def spaced(gap: float) -> Screen:
    """Where an answer has no second frame sooner than `gap` seconds after the first."""
    return Screen(Pace(), chat=Budget(scope="chat", rate=1 / gap))


async def test_text_may_lag_until_the_next_frame_can_be_drawn() -> None:
    screen = spaced(1.5)
    async with reply(screen) as live:
        live.show("Hel")
        await asyncio.sleep(0.5)
        assert screen.texts == ["Hel"]
        assert live.lag == pytest.approx(1.0)
        await asyncio.sleep(0.85)
        assert live.lag == pytest.approx(0.15)
        await asyncio.sleep(0.1)
        assert live.lag == pytest.approx(0.05 + 1.5)  # this frame shows what has been read
        live.show("Hello")
        await asyncio.sleep(0.1)
        assert screen.texts == ["Hello"]
        assert live.lag == pytest.approx(1.45)
        await live.finish(Outgoing(text="Hello!"))


async def test_nothing_is_kept_waiting_for_a_frame_that_should_have_come_long_ago() -> None:
    screen = spaced(1.5)
    async with reply(screen) as live:
        live.show("Hel")
        for _ in range(50):
            await asyncio.sleep(0.37)
            assert 0 < live.lag <= 1.6
        live.show("Hello")
        await asyncio.sleep(0.01)
        assert screen.texts == ["Hello"]
        await live.finish(Outgoing(text="Hello!"))

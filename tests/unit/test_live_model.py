"""The model every design of the painter is measured with: a quick source, a slow platform.

30 chunks a second for 20 s; an edit takes 0.3 s; a chat allows one a second with bursts of three
and answers 429 for 10 s to whoever calls more often.
"""

import asyncio
from itertools import accumulate, pairwise

from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import Budget, Outgoing
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

CHUNKS = 600
EVERY = 1 / 30


async def play(screen: Screen, *, pause_at: float | None = None, pause: float = 0.0) -> float:
    """The answer; returns when its source ended."""
    texts = accumulate(f"w{number} " for number in range(CHUNKS))
    live = LiveReply(screen, place(), screen.slots, Shelf(), who="answer")
    async with live:
        for number, text in enumerate(texts):
            if pause_at is not None and number == round(pause_at / EVERY):
                await asyncio.sleep(pause)
            live.show(text)
            await asyncio.sleep(EVERY)
        ended = now()
        await live.finish(Outgoing(text=text))
    assert screen.texts == [text]
    return ended


def screen() -> Screen:
    chat = Budget(scope="chat", rate=1.0, burst=3)
    return Screen(Pace(), chat=chat, latency=0.3, penalty=10.0)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_few_edits_none_refused_and_the_whole_text_soon_after_the_source_ended() -> None:
    chat = screen()
    ended = await play(chat)
    assert len(chat.calls) <= 24
    assert chat.broken == 0
    assert now() - ended <= 1.5


async def test_whatever_was_said_before_a_pause_is_there_to_read_during_it() -> None:
    chat = screen()
    pause_at, pause = 10.0, 6.0
    await play(chat, pause_at=pause_at, pause=pause)
    said = f"w{round(pause_at / EVERY) - 1}"
    shown = next(at for at, text in chat.seen() if said in text.split())
    assert shown - pause_at <= 1.3


async def test_what_is_on_the_screen_is_never_much_older_than_a_slot_and_a_call() -> None:
    chat = screen()
    ended = await play(chat)
    frames = chat.seen()
    for (_, text), (until, _) in pairwise(frames):
        written = (len(text.split()) - 1) * EVERY
        assert min(until, ended) - written <= 1.0 + 2 * 0.3 + EVERY

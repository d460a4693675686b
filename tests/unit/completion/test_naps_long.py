"""A nap as long as the time between two frames: text waits for its end, nothing else does."""

import asyncio

import pytest

from bot.completion.naps import LOOK, MOMENT, Alarm, is_more_than_text
from bot.completion.posted import PostedStream
from tests.fakes.answer_listener import now
from tests.fakes.completion_wire import PING, end, error, message, replaced
from tests.fakes.exchanged import Table
from tests.fakes.raw_http import STREAM_END, STREAM_HEAD, chunk

NAP = 1.4  # seconds between two frames of a long answer
ZIPPED = STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")


class Napping:
    """A stream whose reader has just gone to rest; what is said comes through while it is read."""

    def __init__(self, head: bytes = STREAM_HEAD) -> None:
        self.table = Table()
        self.table.say(head)
        self.stream = PostedStream(self.table.exchange, Alarm(), None)
        self.looks: list[float] = []  # when the kernel gave out what it had
        self._kernel = b""
        self._began = now()
        self.table.line.resume_reading = self._resumed  # type: ignore[method-assign]  # its end
        self.stream.rest(NAP)

    def say_at(self, seconds: float, data: bytes) -> None:
        """What the server says so many seconds after the beginning."""
        asyncio.get_running_loop().call_at(self._began + seconds, self._arrive, data)

    async def read(self) -> tuple[float, bytes]:
        """What the reader was woken with, and after how many seconds."""
        async with asyncio.timeout(10 * NAP):
            data = await self.stream.read()
        return now() - self._began, data

    def _arrive(self, data: bytes) -> None:
        self._kernel += data
        if not self.table.line.paused:
            self._give()

    def _resumed(self) -> None:
        self.table.line.paused = False
        self.looks.append(now() - self._began)
        asyncio.get_running_loop().call_soon(self._give)

    def _give(self) -> None:
        data, self._kernel = self._kernel, b""
        self.table.say(data)


async def test_text_waits_until_the_nap_is_over_and_comes_in_one_piece() -> None:
    napping = Napping()
    for number in range(100):
        napping.say_at(number * 0.05, chunk(message(f"{number} ") + PING))
    at, read = await napping.read()
    assert NAP - MOMENT <= at <= NAP
    words = read.count(b'"answer"')
    assert words >= at / 0.05 - 1  # what came since the last look is among them
    assert read == b"".join(message(f"{number} ") + PING for number in range(words))
    assert max(napping.looks) <= NAP
    assert len(napping.looks) <= NAP / (LOOK - MOMENT) + 1


@pytest.mark.parametrize(
    "event",
    [end(), replaced("Sorry"), error(), b'data: {"event" : "new_one"}\n\n'],
    ids=["end", "replacement", "fault", "of a kind that nobody knows"],
)
@pytest.mark.parametrize("cut", [0, 11, 20])
async def test_what_is_more_than_text_comes_at_the_next_look(event: bytes, cut: int) -> None:
    napping = Napping()
    for number in range(12):
        napping.say_at(number * 0.05, chunk(message("a ")))
    for part in filter(None, (event[:cut], event[cut:])):
        napping.say_at(0.6 + 0.001 * (part != event[:cut]), chunk(part))
    expected, read, at = message("a ") * 12 + event, b"", 0.0
    while len(read) < len(expected):
        at, more = await napping.read()
        read += more
    assert 0.6 <= at <= 0.6 + LOOK
    assert read == expected


async def test_the_end_of_the_stream_comes_at_the_next_look() -> None:
    napping = Napping()
    napping.say_at(0.1, chunk(message("a")))
    napping.say_at(0.5, STREAM_END)
    at, read = await napping.read()
    assert 0.5 <= at <= 0.5 + LOOK
    assert read == message("a")
    assert await napping.stream.read() == b""


async def test_a_nap_can_be_ended_and_another_begun_in_the_middle() -> None:
    napping = Napping()
    napping.say_at(0.1, chunk(message("a")))
    await asyncio.sleep(0.5)
    napping.stream.wake()
    at, read = await napping.read()
    assert (at, read) == (0.5, message("a"))
    napping.stream.rest(NAP)
    napping.say_at(0.6, chunk(message("b")))
    at, read = await napping.read()
    assert 0.5 + NAP - MOMENT <= at <= 0.5 + NAP
    assert read == message("b")


async def test_what_cannot_be_looked_into_is_never_left_for_long() -> None:
    napping = Napping(ZIPPED)
    napping.say_at(0.05, chunk(b"\x1f\x8b and so on"))
    at, _ = await napping.read()
    assert at <= LOOK


def test_words_that_look_like_an_event_are_words() -> None:
    assert not is_more_than_text(message('"event": "message_end"') + PING)
    assert is_more_than_text(message("a") + end())

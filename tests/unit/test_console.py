import asyncio
import io
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.console import Interrupts, Lines, Screen, reason


class Glass(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def glass() -> tuple[Glass, Glass]:
    return Glass(), Glass()


def test_an_answer_cannot_drive_the_terminal(glass: tuple[Glass, Glass]) -> None:
    out, err = glass
    screen = Screen(*glass)
    screen.add("\x1b]0;renamed\x07plain\ttext\n\x9b2J")
    screen.note("\x1b[31mred")
    assert out.getvalue() == "�]0;renamed�plain\ttext\n�2J"
    assert err.getvalue() == "�[31mred\n"


def test_a_failure_is_told_in_the_words_of_the_system() -> None:
    wordy = "error while attempting to bind on address ('127.0.0.1', 80): permission denied"
    assert reason(PermissionError(13, wordy)) == "Permission denied"
    assert reason(socket.gaierror(-2, "Name or service not known")) == "Name or service not known"


def test_an_answer_that_goes_into_a_file_stays_as_it_is() -> None:
    out = io.StringIO()
    Screen(out).add("\x1b[31mred")
    assert out.getvalue() == "\x1b[31mred"


def test_the_last_line_is_closed_once(glass: tuple[Glass, Glass]) -> None:
    out, _ = glass
    screen = Screen(*glass)
    for piece in ("one", "", " two"):
        screen.add(piece)
    screen.end_text()
    screen.end_text()
    assert out.getvalue() == "one two\n"


def test_a_replaced_answer_is_shown_after_what_it_replaces(glass: tuple[Glass, Glass]) -> None:
    out, err = glass
    screen = Screen(*glass)
    screen.add("a secret")
    screen.replace("blocked")
    screen.end_text()
    assert out.getvalue() == "a secret\nblocked\n"
    assert "replaced" in err.getvalue()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    try:
        os.close(writing)
    except OSError:
        return


@pytest.mark.real_time
async def test_lines_come_whole_however_they_are_cut(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = Lines(reading)

    async def type_slowly() -> None:
        for piece in (b"one\ntw", "o é".encode()[:-1], "é".encode()[1:], b"\r\nlast"):
            os.write(writing, piece)
            await asyncio.sleep(0.01)
        os.close(writing)

    typing = asyncio.create_task(type_slowly())
    assert [await lines.read() for _ in range(4)] == ["one", "two é", "last", None]
    await typing


@pytest.mark.real_time
async def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "questions").write_text("one\ntwo\n")
    with (tmp_path / "questions").open() as file:
        lines = Lines(file.fileno())
        assert [await lines.read() for _ in range(3)] == ["one", "two", None]


@pytest.mark.real_time
async def test_the_first_control_c_stops_the_answer_and_the_next_ends_the_program() -> None:
    stopped = asyncio.Event()

    async def stop() -> None:
        stopped.set()

    async def program() -> None:
        with Interrupts() as interrupts:
            async with interrupts.stopping(stop):
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.wait_for(stopped.wait(), 5)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(program())
    assert stopped.is_set()


@pytest.mark.real_time
async def test_control_c_while_a_question_is_sent_gives_it_up_and_the_next_ends_the_program() -> (
    None
):
    said: list[str] = []

    async def question() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            if len(said) == 2:
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(60)
        return 0

    async def answered() -> int:
        return 7

    async def program() -> None:
        with Interrupts(said.append) as interrupts:
            assert await interrupts.asking(answered()) == 7
            assert await interrupts.asking(question()) is None
            await interrupts.asking(question())

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(program())
    assert said == ["— stopping …"] * 2


@pytest.mark.real_time
async def test_control_c_without_an_answer_ends_the_program() -> None:
    async def program() -> None:
        with Interrupts() as interrupts:
            async with interrupts.stopping(asyncio.Event().wait):
                pass
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(program())

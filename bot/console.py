"""A person's terminal: what is printed where, lines that come in, and Ctrl-C."""

import asyncio
import codecs
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TextIO

# Everything that could move the cursor, recolour or rename the terminal; line ends and tabs stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
STOPPED = 130  # exit status: 128 + SIGINT, as shells report it


def reason(error: OSError) -> str:
    """Why it failed, in the system's words; asyncio's tell the address once more, in brackets."""
    # A name that cannot be looked up has a number of its own kind, below zero.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror or error)


class Screen:
    """Answers go to standard output, words about them to standard error."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._open_line = False

    @property
    def interactive(self) -> bool:
        """Whether a person types, so that prompts and greetings are in place."""
        return sys.stdin.isatty() and self._err.isatty()

    def invite(self) -> None:
        """Show that it is the person's turn."""
        if self.interactive:
            self._err.write("› ")
            self._err.flush()

    def add(self, text: str) -> None:
        """Show a piece of the answer at once."""
        if self._out.isatty():
            text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
        self._out.write(text)
        self._out.flush()
        self._open_line = not text.endswith("\n") if text else self._open_line

    def replace(self, text: str) -> None:
        """The answer is another one now: what is printed stays, the new text follows it."""
        self.end_text()
        self.note("— the app replaced its answer:")
        self.add(text)

    def end_text(self) -> None:
        """Close the answer's last line."""
        if self._open_line:
            self.add("\n")

    def note(self, text: str) -> None:
        """A line about the answers, or instead of one."""
        if self._err.isatty():
            text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
        self._err.write(text + "\n")
        self._err.flush()


class Lines:
    """Lines of standard input, read without blocking the loop."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
        self._rest = ""
        self._ended = False
        self._waits = True

    async def read(self) -> str | None:
        """The next line without its end; None when there are no more."""
        while "\n" not in self._rest and not self._ended:
            if self._waits:
                await self._readable()
            data = os.read(self._descriptor, 65536)
            self._ended = not data
            self._rest += self._decode(data, final=self._ended)
        if not self._rest:
            return None
        line, _, self._rest = self._rest.partition("\n")
        return line.removesuffix("\r")

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            # The descriptor stays readable until it is read, so this may be called again.
            if not ready.done():
                ready.set_result(None)

        try:
            loop.add_reader(self._descriptor, wake)
        except PermissionError:
            # epoll refuses to watch what never keeps one waiting: a file, /dev/null.
            self._waits = False
            return
        try:
            await ready
        finally:
            loop.remove_reader(self._descriptor)


class Interrupts:
    """Ctrl-C ends the question that is open; without one, or pressed again, the program.

    A terminal that is closed, or a SIGTERM, ends the program in order, so that nothing is billed
    for nobody. `say` is told when ending may take a moment.
    """

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say
        self._pressed: asyncio.Event | None = None
        self._question: asyncio.Task[int] | None = None
        self._task = asyncio.current_task()

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._press)
        for number in _ENDINGS:
            loop.add_signal_handler(number, self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for number in (signal.SIGINT, *_ENDINGS):
            asyncio.get_running_loop().remove_signal_handler(number)

    async def asking(self, question: Coroutine[object, object, int]) -> int | None:
        """What `question` returns; None when Ctrl-C ended it before there was a text to keep."""
        task = self._question = asyncio.create_task(question)
        try:
            await asyncio.wait([task])
        finally:
            self._question = None
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    @asynccontextmanager
    async def stopping(self, stop: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
        """While the block runs, the first Ctrl-C calls `stop` instead of ending the program."""
        pressed = self._pressed = asyncio.Event()

        async def stop_when_pressed() -> None:
            await pressed.wait()
            await stop()

        watcher = asyncio.create_task(stop_when_pressed())
        try:
            yield
        finally:
            self._pressed = None
            watcher.cancel()
            await asyncio.wait([watcher])

    def _press(self) -> None:
        question, self._question = self._question, None
        if self._pressed is not None and not self._pressed.is_set():
            self._pressed.set()
        elif question is not None:
            self._say("— stopping …")
            question.cancel()
        else:
            self._end()

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()

"""Processes of the bot that begin with everything imported, forked from one that did it once.

A start is a tenth of a second of work and a whole second of imports; a test with many starts would
measure little else. What runs is the same `python -m bot`, in a process of its own that can be
killed. What only a first start can show, such as an import that is missing, is not seen here.
"""

import asyncio
import gc
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from coverage import Coverage

from tests.fakes.process import PATIENCE, ROOT, Outcome, environment, outcome

WISH = 2**16  # bytes; a wish is one packet


@dataclass
class Child:
    """A running bot; what it can do is called as with asyncio's `Process`."""

    pid: int
    _news: StreamReader
    returncode: int | None = None

    async def wait(self) -> int:
        """Its exit status; minus the signal's number if it was killed."""
        if self.returncode is None:
            self.returncode = int(await self._news.read())
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)


@dataclass(kw_only=True)
class Spoken(Child):
    """One that is spoken with."""

    stdin: StreamWriter
    stdout: StreamReader
    stderr: StreamReader

    async def communicate(self, last: bytes = b"") -> tuple[bytes, bytes]:
        """Say a last thing, and hear what it still has to say until it ends."""
        with suppress(ConnectionError):
            self.stdin.write(last)
            await self.stdin.drain()
        self.stdin.close()
        out, err = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return out, err


class Nursery:
    """Bears as many as are wished for."""

    def __init__(self, wishes: socket.socket) -> None:
        self._wishes = wishes

    async def bear(self, folder: Path, *arguments: str, **variables: str) -> Child:
        """`python -m bot …` in `folder`; what it says goes into the file `said` there."""
        said = os.open(folder / "said", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            return await self._bear(folder, arguments, variables, (said, said, said))
        finally:
            os.close(said)

    @asynccontextmanager
    async def started(
        self, folder: Path, *arguments: str, **variables: str
    ) -> AsyncIterator[Spoken]:
        """`python -m bot …` in `folder`; killed at the end if it still runs."""
        (stdin, to), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
        try:
            child = await self._bear(folder, arguments, variables, (stdin, stdout, stderr))
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)
        spoken = Spoken(
            child.pid,
            child._news,
            stdin=await _writer(to),
            stdout=await _reader(out),
            stderr=await _reader(err),
        )
        try:
            yield spoken
        finally:
            spoken.send_signal(signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                await spoken.communicate()

    async def run(
        self, folder: Path, *arguments: str, stdin: str = "", **variables: str
    ) -> Outcome:
        """Run to the end and tell what came of it."""
        async with self.started(folder, *arguments, **variables) as spoken:
            return await outcome(spoken, stdin)

    async def _bear(
        self,
        folder: Path,
        arguments: tuple[str, ...],
        variables: Mapping[str, str],
        streams: tuple[int, int, int],
    ) -> Child:
        wish = (str(folder), arguments, environment(**variables))
        ours, news = os.pipe()
        try:
            socket.send_fds(self._wishes, [json.dumps(wish).encode()], [*streams, news])
        finally:
            os.close(news)
        reader = await _reader(ours)
        async with asyncio.timeout(PATIENCE):
            born = await reader.readline()
        assert born, "the nursery has died; its last words are above"
        return Child(int(born), reader)


@contextmanager
def nursery(**variables: str) -> Iterator[Nursery]:
    """`variables` are for the process that bears; those of its children are told with each."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            (sys.executable, "-m", "tests.fakes.nursery", str(theirs.fileno())),
            cwd=ROOT,
            env=environment(**variables),
            pass_fds=(theirs.fileno(),),
        )
    with process, ours:
        yield Nursery(ours)


async def _reader(descriptor: int) -> StreamReader:
    reader = StreamReader()
    pipe = os.fdopen(descriptor, "rb", 0)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: StreamReaderProtocol(StreamReader()), os.fdopen(descriptor, "wb", 0)
    )
    return StreamWriter(transport, protocol, None, loop)


class _Mother:
    """Reads wishes, tells each child's id, and when it ends how, until nobody wishes any more."""

    def __init__(self, wishes: socket.socket) -> None:
        self._wishes = wishes
        self._ears: dict[int, int] = {}
        """By child, where its news are awaited."""

    def bear_forever(self) -> None:
        alarm, bell = socket.socketpair()
        bell.setblocking(False)
        alarm.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(bell.fileno())
        with alarm, bell, selectors.DefaultSelector() as events:
            events.register(self._wishes, selectors.EVENT_READ)
            events.register(alarm, selectors.EVENT_READ)
            while True:
                heard = [key.fileobj for key, _ in events.select()]
                if alarm in heard:
                    alarm.recv(WISH)
                    self._bury()
                if self._wishes in heard:
                    wish, descriptors, _, _ = socket.recv_fds(self._wishes, WISH, 4)
                    if not wish:
                        return
                    if not self._bear(descriptors):
                        _live(*json.loads(wish))

    def _bear(self, descriptors: list[int]) -> int:
        *streams, news = descriptors
        child = os.fork()
        if child:
            self._ears[child] = news
            _tell(news, child)
            for stream in streams:
                os.close(stream)
        else:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            os.closerange(len(streams), WISH)
        return child

    def _bury(self) -> None:
        while self._ears:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            news = self._ears.pop(child)
            _tell(news, os.waitstatus_to_exitcode(status))
            os.close(news)


def _tell(ear: int, number: int) -> None:
    with suppress(BrokenPipeError):
        os.write(ear, b"%d\n" % number)


def _live(folder: str, arguments: list[str], variables: Mapping[str, str]) -> NoReturn:
    """Become `python -m bot`."""
    from bot.cli import main

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - kept
        for number, mode, errors in (
            (0, "r", "surrogateescape"),
            (1, "w", "surrogateescape"),
            (2, "w", "backslashreplace"),
        )
    )
    random.seed()
    status = 1
    try:
        main(arguments, prog_name="python -m bot")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if measurement := Coverage.current():
            measurement.stop()
            measurement.save()
        os._exit(status)


def _main() -> None:
    import bot.check
    import bot.cli
    import bot.compose.serving
    import bot.compose.slack
    import bot.compose.slack_many
    import bot.compose.telegram
    import bot.compose.trying
    import bot.ratings
    import bot.sandbox
    import bot.store.migrate
    import bot.terminal  # noqa: F401 - what children would import

    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as wishes:
        _Mother(wishes).bear_forever()


if __name__ == "__main__":
    _main()

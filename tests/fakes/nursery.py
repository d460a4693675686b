"""Processes of the bot that begin with everything imported, forked from one that did it once.

A start is half a second of work and two seconds of imports; a test with many starts would measure
little else. What runs is the same `python -m bot`, in a process of its own that can be killed.
"""

import asyncio
import gc
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.process import ROOT, environment

PATIENCE = 60.0  # seconds; a test machine may be busy


@dataclass
class Child:
    """A running bot; what it says is in the file `said`."""

    pid: int
    said: Path
    _reader: asyncio.StreamReader

    async def ended(self) -> int:
        """Its exit status; minus the signal's number if it was killed."""
        async with asyncio.timeout(PATIENCE):
            return int(await self._reader.readline())

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


class Nursery:
    """Bears one child at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def bear(self, folder: Path, *arguments: str, **variables: str) -> Child:
        """`python -m bot …` in `folder`; its last words go into a file there."""
        said = folder / "said"
        wish = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": environment(**variables),
            "said": str(said),
        }
        self._writer.write(json.dumps(wish).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            return Child(int(await self._reader.readline()), said, self._reader)


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.nursery", str(theirs.fileno())),
            cwd=ROOT,
            # Not measured: who is killed keeps no account, and all would be twice as slow.
            env={
                name: value
                for name, value in environment().items()
                if not name.startswith("COVERAGE_")
            },
            pass_fds=(theirs.fileno(),),
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        yield Nursery(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


def _bear_forever(wishes: socket.socket) -> None:
    """Read a wish, tell the child's id, wait for its end, tell how it ended; again, until EOF."""
    import bot.cli
    import bot.compose.serving
    import bot.compose.trying  # noqa: F401 - what children would import

    gc.freeze()
    with wishes.makefile("rw", encoding="utf-8", buffering=1) as channel:
        for line in channel:
            child = os.fork()
            if not child:
                _live(json.loads(line), wishes)
            print(child, file=channel, flush=True)
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), file=channel, flush=True)


def _live(wish: Mapping[str, object], wishes: socket.socket) -> None:
    """Become `python -m bot`; never returns."""
    from bot.cli import main

    os.close(wishes.fileno())
    os.chdir(str(wish["folder"]))
    os.environ.clear()
    os.environ.update(wish["environment"])  # type: ignore[call-overload]  # names and values
    said = os.open(str(wish["said"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    random.seed()
    status = 1
    try:
        main(wish["arguments"], prog_name="python -m bot")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        _bear_forever(given)

"""The bot as a process: started like a person does, watched from outside."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0  # seconds; a test machine may be busy


class Speaking(Protocol):
    """A process that was started somehow."""

    async def communicate(self, last: bytes = b"", /) -> tuple[bytes, bytes]: ...
    async def wait(self) -> int: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str
    seconds: float

    @property
    def said(self) -> str:
        return self.out + self.err


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without anything that could be a setting of ours, and these.

    Nor is what coverage leaves there passed on: measuring a start costs more than the start.
    """
    wanted = ("PATH", "HOME", "TMPDIR", "PYTHONPYCACHEPREFIX")
    kept = {name: os.environ[name] for name in wanted if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **variables}


def measurement() -> dict[str, str]:
    """What a process is told so that its coverage is measured, where this one's is."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


@asynccontextmanager
async def started(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[Process]:
    """`python -m bot …` in `folder`; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *arguments),
        cwd=folder,
        env=environment(**variables),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> Outcome:
    """Run to the end and tell what came of it."""
    async with started(folder, *arguments, **variables) as process:
        return await outcome(process, stdin)


async def outcome(process: Speaking, stdin: str) -> Outcome:
    """Say this and hear it out."""
    begun = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate(stdin.encode())
        status = await process.wait()
    return Outcome(status, out.decode(), err.decode(), time.monotonic() - begun)


async def read_until(stream: asyncio.StreamReader | None, wanted: str) -> str:
    """What the process says until `wanted` is part of it."""
    assert stream is not None
    said = ""
    async with asyncio.timeout(PATIENCE):
        while wanted not in said:
            piece = await stream.read(4096)
            assert piece, f"ended without {wanted!r}: {said!r}"
            said += piece.decode()
    return said


async def interrupt(process: Speaking) -> None:
    """Ctrl-C."""
    process.send_signal(signal.SIGINT)

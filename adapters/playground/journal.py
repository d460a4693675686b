"""An append-only file of changes: what a process wrote is there, however it ended.

A line holds changes that belong together, so that a torn line takes all of them with it. Nothing
is synchronised to the disk: the operating system outlives the process, and only that is promised.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from adapters.playground.records import Change

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[Change])


_TOGETHER = 500  # changes in a line of a journal written anew


class RoomTaken(Exception):
    """Another process writes this room's file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is in use by another process")


class Journal:
    """Changes in a file; without a path they are kept nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = -1
        self.size = 0
        """Bytes in the file."""

    def open(self) -> Iterator[Change]:
        """Every change there is, oldest first. Raises RoomTaken, OSError.

        What follows a line that cannot be read is dropped: it was never acknowledged.
        """
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _locked(self._path)
        whole = 0
        for line in self._path.read_bytes().splitlines(keepends=True):
            try:
                changes = _DECODER.decode(line) if line.endswith(b"\n") else None
            except msgspec.MsgspecError:
                changes = None
            if changes is None:
                break
            whole += len(line)
            yield from changes
        os.ftruncate(self._file, whole)
        self.size = whole

    def append(self, changes: Sequence[Change]) -> None:
        """Keep `changes`, all or none. Raises OSError.

        On the event loop: bytes for the page cache take less time than a thread would.
        """
        self._write(_ENCODER.encode(changes) + b"\n")

    def rewrite(self, changes: Iterable[Change]) -> None:
        """Put `changes` in the place of everything kept so far, all or nothing."""
        if self._path is None:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        old, self._file = self._file, _locked(fresh)
        self.size = 0
        for some in _batched(changes, _TOGETHER):
            self.append(some)
        # The lock goes with the file, so the new one is held before the old one is let go.
        fresh.replace(self._path)
        os.close(old)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: bytes) -> None:
        if self._path is None:
            return
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            # Half a line would take every later one with it.
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(line)


def _batched(changes: Iterable[Change], size: int) -> Iterator[list[Change]]:
    rest = iter(changes)
    while some := list(islice(rest, size)):
        yield some


def _locked(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise RoomTaken(path) from None
    return file

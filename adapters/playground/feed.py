"""What open tabs are told: one numbered list of operations, which every tab reads at its own speed.

A tab is no more than a place in the list, so a slow one costs nothing and holds up nobody; one that
falls behind the list's beginning starts afresh.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

_LENGTH = 1000  # operations; a tab that missed more is quicker with everything anew
Operation = Mapping[str, object]
Make = Callable[[], Operation]


class _Entry:
    __slots__ = ("_data", "_make", "dropped")

    def __init__(self, make: Make) -> None:
        self._make: Make | None = make
        self._data = b""
        self.dropped = False

    def data(self) -> bytes:
        """Encoded when the first tab asks: what nobody looks at is never rendered."""
        if self._make is not None:
            self._data, self._make = msgspec.json.encode(self._make()), None
        return self._data

    def drop(self) -> None:
        self.dropped, self._make, self._data = True, None, b""


class Feed:
    """`last` is the number of the newest operation.

    Numbers begin at the time in milliseconds: a tab that was open before a restart never takes a
    new operation for an old one.
    """

    def __init__(self) -> None:
        self.last = int(time.time() * 1000)
        self._entries: deque[_Entry] = deque()
        self._frames: dict[str, _Entry] = {}
        self._news = asyncio.Event()
        self._together: list[_Entry] | None = None
        self.closed = False

    def publish(self, operation: Operation) -> None:
        self._add(_Entry(lambda: operation))

    def publish_frame(self, message: str, make: Make) -> None:
        """An operation that the next one about the same message makes needless."""
        self.drop_frame(message)
        entry = self._frames[message] = _Entry(make)
        self._add(entry)

    def publish_message(self, message: str, make: Make) -> None:
        """The whole of a message, or its end: frames of it are needless from now on."""
        self.drop_frame(message)
        self._add(_Entry(make))

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is published in the block comes as one operation: no tab draws a part of it."""
        held = self._together = []
        try:
            yield
        finally:
            self._together = None
            if held:
                self._add(_Entry(lambda: _one_of(held)))

    def drop_frame(self, message: str) -> None:
        if (old := self._frames.pop(message, None)) is not None:
            old.drop()

    def close(self) -> None:
        """Every tab's stream ends."""
        self.closed = True
        self._tell()

    def since(self, number: int) -> list[tuple[int, bytes]] | None:
        """What came after `number`; None where that is no longer known, or never was."""
        missed = self.last - number
        if not 0 <= missed <= len(self._entries):
            return None
        start = len(self._entries) - missed
        return [
            (number + offset + 1, entry.data())
            for offset, entry in enumerate(list(self._entries)[start:])
            if not entry.dropped
        ]

    async def wait(self, number: int, *, most: float) -> bool:
        """Until there is more than `number`, or the end; False after `most` seconds."""
        if number != self.last or self.closed:
            return True
        try:
            async with asyncio.timeout(most):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _add(self, entry: _Entry) -> None:
        if self._together is not None:
            self._together.append(entry)
            return
        self._entries.append(entry)
        self.last += 1
        if len(self._entries) > _LENGTH:
            self._entries.popleft()
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _one_of(entries: Sequence[_Entry]) -> Operation:
    return {
        "op": "together",
        "ops": [msgspec.Raw(one.data()) for one in entries if not one.dropped],
    }

"""What people have settled, remembered for a moment: one question asks for it again and again."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

LONG = 30.0  # seconds; most answers are written within them
MANY = 1000  # people whose words are in memory; they go with `/forget` and retention as well


class Known(Generic[T]):
    """What was read by key, as long as nothing is changed.

    Only one process at a time works on a database, so that all changes are made through here.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._values: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._changes = 0
        self._changing = 0

    async def get(self, key: str, read: Callable[[str], Awaitable[T]]) -> T:
        found = self._values.get(key)
        if found and self._now() < found[0]:
            return found[1]
        changes = self._changes
        value = await read(key)
        # What is changed meanwhile may have been read before or after.
        if changes == self._changes and not self._changing:
            self._values[key] = (self._now() + LONG, value)
            self._values.move_to_end(key)
            if len(self._values) > MANY:
                self._values.popitem(last=False)
        return value

    @contextmanager
    def changed(self, key: str = "") -> Iterator[None]:
        """While it is being changed; without `key` for everybody."""
        self._changing += 1
        self._drop(key)
        try:
            yield
        except asyncio.CancelledError:
            # It may be written yet, nobody knows when: nothing is remembered any more.
            self._changing += 1
            raise
        finally:
            self._changing -= 1
            self._drop(key)

    def _drop(self, key: str) -> None:
        self._changes += 1
        if key:
            self._values.pop(key, None)
        else:
            self._values.clear()

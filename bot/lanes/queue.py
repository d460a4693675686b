"""What waits in a lane, and how the parts of an album become one message."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.events import Message
from bot.store.records import Work

RECENT = 10_000  # ids remembered: twenty seconds of the greatest intake


class Recent:
    """The ids seen last, RECENT of them."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def add(self, id: str) -> None:
        self._ids[id] = None
        if len(self._ids) > RECENT:
            self._ids.popitem(last=False)

    def discard(self, id: str) -> None:
        self._ids.pop(id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """Work in memory. `number` counts in order of acceptance; times are the loop's.

    `counted`: the attempt that is to come is in its row already.
    """

    number: int
    work: Work
    since: float
    due: float
    counted: bool = False

    @property
    def album(self) -> str:
        """The album this is a loose part of; "" once the parts have been put together."""
        event = self.work.event
        return event.album if isinstance(event, Message) and not self.work.parts else ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The rows it stands for."""
        return tuple(part.id for part in self.work.parts) or (self.work.event.id,)


def taken(queue: list[Queued]) -> Queued:
    """Take the head out of its lane; of an album, all parts that are there as one message."""
    head = queue.pop(0)
    if not head.album:
        return head
    others = [item for item in queue if item.album == head.album]
    queue[:] = [item for item in queue if item.album != head.album]
    return replace(head, work=_merged([head.work, *(item.work for item in others)]))


def _merged(works: Sequence[Work]) -> Work:
    parts = tuple(work.event for work in works if isinstance(work.event, Message))
    whole = replace(
        parts[0],
        text="\n".join(part.text for part in parts if part.text),
        files=tuple(file for part in parts for file in part.files),
        quoted=next((part.quoted for part in parts if part.quoted), None),
    )
    attempts = max(work.attempts for work in works)
    return replace(works[0], event=whole, attempts=attempts, parts=parts)

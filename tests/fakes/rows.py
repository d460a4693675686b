"""The rows of an inbox in memory: what survives a process, with the promises of the real table."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.events import Event
from bot.store.database import Fault
from bot.store.records import Work

START = datetime(2026, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The wall clock of a test: it goes with the loop's virtual time."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass(slots=True)
class Row:
    event: Event
    lane: str
    created: datetime
    state: Literal["open", "done", "failed"] = "open"
    attempts: int = 0
    at: datetime | None = None


class MemoryRows:
    """Commits take `commit` seconds and land in the order in which they were asked for.

    `down` makes every verb fail, `unsure` keeps what is written and fails all the same. After
    `cut_off` nothing that is under way lands, as when the process that asked for it is killed.
    """

    def __init__(self, commit: float = 0.001) -> None:
        self.rows: dict[str, Row] = {}
        self.commit = commit
        self.down = False
        self.unsure = False
        self.writes = 0
        self.others = False  # another process works on these rows
        self._process = 0

    def cut_off(self) -> None:
        self._process += 1

    def states(self) -> dict[str, str]:
        return {id: row.state for id, row in self.rows.items()}

    async def take(self) -> bool:
        await self._reach()
        return not self.others

    async def accept(self, event: Event, lane: str, *, begins: bool = False) -> bool:
        await self._reach()
        if event.id in self.rows:
            return False
        self.rows[event.id] = Row(event=event, lane=lane, created=now(), attempts=int(begins))
        self._doubt()
        return True

    async def unfinished(self) -> list[tuple[Work, datetime | None]]:
        await self._reach()
        return [
            (Work(event=row.event, lane=row.lane, attempts=row.attempts), row.at)
            for row in self.rows.values()
            if row.state == "open"
        ]

    async def begun(self, id: str) -> None:
        await self._reach()
        self.rows[id] = replace(self.rows[id], attempts=self.rows[id].attempts + 1)

    async def done(self, *ids: str) -> None:
        await self._reach()
        for id in ids:
            self.rows[id] = replace(self.rows[id], state="done")
        self._doubt()

    async def again(self, id: str, at: datetime) -> None:
        await self._reach()
        self.rows[id] = replace(self.rows[id], at=at)

    async def failed(self, id: str) -> None:
        await self._reach()
        self.rows[id] = replace(self.rows[id], state="failed")

    async def backlog(self) -> tuple[int, float]:
        await self._reach()
        ages = [now() - row.created for row in self.rows.values() if row.state == "open"]
        return len(ages), max(ages, default=timedelta()).total_seconds()

    async def _reach(self) -> None:
        process = self._process
        self.writes += 1
        await asyncio.sleep(self.commit)
        if process != self._process:
            await asyncio.get_running_loop().create_future()  # nobody is there to be answered
        if self.down:
            raise Fault("the database is away")

    def _doubt(self) -> None:
        if self.unsure:
            raise Fault("the connection broke at the commit")

"""The inbox: every accepted event as a row, which is both its memory and the work to do."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache

from sqlalchemy import Update, bindparam, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningInsert

from bot.events import Event, decode, encode
from bot.store import ready
from bot.store.records import Work
from bot.store.sole import Take
from bot.store.statements import insert
from bot.store.tables import inbox
from bot.store.transactions import Transactions

KNOWN = 1000  # ids done with their answers of which it may yet be asked: a few at a time

# Built once, with the values apart: building costs as much as the database's work.
_THIS = update(inbox).where(inbox.c.id == bindparam("this"))
_BEGUN = _THIS.values(attempts=inbox.c.attempts + 1)
_AGAIN = _THIS.values(run_at=bindparam("at"))
# The id goes on telling a second delivery apart; what was said is no longer needed.
_FINISHED = _THIS.values(
    state=bindparam("how"), body=b"", run_at=None, finished_at=bindparam("now")
)


@cache
def _acceptance(dialect: str) -> ReturningInsert[tuple[int]]:
    """Returns a row where the event is new."""
    new = insert(dialect, inbox).on_conflict_do_nothing(index_elements=["id"])
    return new.returning(inbox.c.number)


class SqlInbox:
    """Rows of events. What a verb has done is on disk when it returns; each raises Fault."""

    def __init__(
        self,
        transactions: Transactions,
        now: Callable[[], datetime],
        take: Take,
    ) -> None:
        self._transactions = transactions
        self._now = now
        self._take = take
        self._done: set[str] = set()

    async def take(self) -> bool:
        """Be the one process that works on these rows, until it ends; False while another is."""
        return await self._take()

    async def accept(self, event: Event, lane: str, *, begins: bool = False) -> bool:
        """Keep the event; False where its id was there. Calls return in the order they came.

        One that `begins` at once comes with its first attempt counted: one commit for both.
        """
        kind, body = encode(event)
        chat, user = event.place.chat, event.place.user
        values = {
            "id": event.id,
            "lane": lane,
            "kind": kind,
            "body": body,
            "state": "queued",
            "attempts": int(begins),
            "platform": chat.platform,
            "workspace": chat.workspace,
            "user_workspace": user.workspace,
            "user_id": user.id,
            "created_at": self._now(),
        }

        def step(connection: Connection) -> bool:
            new = _acceptance(connection.dialect.name)
            return bool(ready.rows(connection, new, values))

        return await self._transactions.write_in_order(step)

    async def unfinished(self) -> list[tuple[Work, datetime | None]]:
        """What is not done, in order of acceptance, and when it is due if it has been put off.

        Events of a kind that only a newer release knows stay where they are.
        """
        waiting = select(inbox).where(inbox.c.finished_at.is_(None)).order_by(inbox.c.number)

        def step(connection: Connection) -> list[tuple[Work, datetime | None]]:
            return [
                (Work(event=event, lane=row.lane, attempts=row.attempts), row.run_at)
                for row in connection.execute(waiting)
                if (event := decode(row.kind, row.body))
            ]

        return await self._transactions.read(step)

    async def begun(self, id: str) -> None:
        """Count one attempt more."""
        await self._change(_BEGUN, {"this": id})

    def note_done(self, id: str) -> None:
        """It was done in another's transaction, so that `done` has nothing to do for it."""
        if len(self._done) == KNOWN:
            self._done.clear()  # those that are never asked about; a second time does no harm
        self._done.add(id)

    async def done(self, *ids: str) -> None:
        left = tuple(id for id in ids if id not in self._done)
        self._done.difference_update(ids)
        if left:
            await self._finish(left, "done")

    async def failed(self, id: str) -> None:
        await self._finish((id,), "failed")

    async def again(self, id: str, at: datetime) -> None:
        await self._change(_AGAIN, {"this": id, "at": at})

    async def backlog(self) -> tuple[int, float]:
        """How many events are not done, and the age of the oldest in seconds."""
        waiting = select(func.count(), func.min(inbox.c.created_at)).where(
            inbox.c.finished_at.is_(None)
        )

        def step(connection: Connection) -> tuple[int, datetime | None]:
            count, oldest = connection.execute(waiting).one()
            return count, oldest

        count, oldest = await self._transactions.read(step)
        return count, max(0.0, (self._now() - oldest).total_seconds()) if oldest else 0.0

    async def _finish(self, ids: tuple[str, ...], how: str) -> None:
        now = self._now()
        await self._change(_FINISHED, *({"this": id, "how": how, "now": now} for id in ids))

    async def _change(self, statement: Update, *rows: Mapping[str, object]) -> None:
        def step(connection: Connection) -> None:
            for row in rows:
                ready.changed(connection, statement, row)

        await self._transactions.write(step)

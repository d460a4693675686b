"""The inbox carried by this process: a lane's work in order, lanes side by side.

Rows are the truth: an event is stored before it is known here, and what this process forgets by
dying is taken up again by the next. A lane exists only while it has work that may begin.
"""

import asyncio
from bisect import insort
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal, Protocol

from bot import observe
from bot.events import Event, Message
from bot.lanes.queue import Queued, Recent, taken
from bot.store.database import Fault
from bot.store.records import Work

TALKS = 2000  # talk begun at once: more than an API carries, so that only memory is guarded
QUIET = 1.0  # seconds without a new part that end an album; Telegram sends them in a burst
# Seconds; a part that met no process is delivered again after 2 to 4.
QUIET_AFTER_START = 5.0
ALBUM_LIMIT = 15.0  # seconds a whole album may keep its lane waiting
SAVING = 5.0  # seconds an event gets to be stored while the process ends: SQLite's busy timeout
LONGEST_PAUSE = 30.0  # seconds between attempts to reach a database that is away
WATCH = 10.0  # seconds between looks at the backlog; metrics are fetched every 15 to 60
OTHERS = "another process works on this database; its end is waited for"

_log = observe.get_logger("bot.lanes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How work ended. `again`: once more after `after` seconds.

    `then` follows when the ending is stored, so that it is not done twice; it never raises.
    """

    ending: Literal["done", "again", "failed"]
    after: float = 0.0
    then: Callable[[], Awaitable[None]] | None = None


DONE = Verdict(ending="done")
FAILED = Verdict(ending="failed")

Perform = Callable[[Work], Awaitable[Verdict]]


class Rows(Protocol):
    """Where accepted events are kept. Every verb is committed when it returns."""

    async def accept(self, event: Event, lane: str, *, begins: bool = False) -> bool:
        """Insert the event or find it seen; calls return in the order in which they were made.

        One that `begins` at once comes with its first attempt counted.
        """
        ...

    async def unfinished(self) -> Sequence[tuple[Work, datetime | None]]:
        """Everything not done, in order of acceptance, and when it is due if that lies ahead."""
        ...

    async def take(self) -> bool: ...  # be the one that works on them; False: another is
    async def begun(self, id: str) -> None: ...
    async def done(self, *ids: str) -> None: ...
    async def again(self, id: str, at: datetime) -> None: ...
    async def failed(self, id: str) -> None: ...

    async def backlog(self) -> tuple[int, float]:
        """Rows not done, and the age of the oldest in seconds."""
        ...


class Lanes:
    """Fulfils `dispatch.Inbox` in one process.

    Work of a lane begins in order of acceptance, one at a time. What is to be done again waits
    beside a talk lane, so that one question in trouble does not freeze the others; every other
    lane waits with it, since there the last word counts and an older one must not come after it.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        talks: int = TALKS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = rows
        self._talks = asyncio.Semaphore(talks)
        self._now = now
        self._lanes: dict[str, list[Queued]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._idle: set[asyncio.Task[object]] = set()
        self._saving: set[asyncio.Task[bool]] = set()
        self._doubtful = Recent()
        self._beginning: set[str] = set()  # lanes whose first work is being stored
        self._number = 0
        self._depth = 0
        self._started = 0.0
        self._others = False
        self._opened = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def depth(self) -> int:
        """Events that are not done."""
        return self._depth

    @property
    def writing(self) -> int:
        """Events that are being stored."""
        return len(self._saving)

    @property
    def hindrance(self) -> str:
        """ "" once what an earlier process left has been taken up and new work begins."""
        if self._others:
            return OTHERS
        begins = self._opened.is_set() and not self._closing.is_set()
        return "" if begins else "the inbox is not open yet"

    async def accept(self, event: Event, lane: str) -> bool:
        """Store the event and queue it; False when it was seen before. Raises Fault.

        Waits until the rest of an earlier process has been taken up, since that goes first.
        Storing goes on when the caller gives up, so that nothing is kept but unknown here.
        """
        await self._opened.wait()
        saving = asyncio.create_task(self._save(event, lane), context=Context())
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        return await asyncio.shield(saving)

    async def run(self, perform: Perform) -> None:
        """Take up what is not done, then work until `drain` is called and what runs has ended.

        `perform` must not raise. Cancelled, it leaves open work to the next process.
        """
        self._perform = perform
        try:
            async with asyncio.TaskGroup() as self._tasks:
                try:
                    await self._take_up()
                    watch = self._tasks.create_task(self._watch())
                    await self._closing.wait()
                    watch.cancel()
                finally:
                    self._closing.set()  # cancelled as well, nothing may be begun any more
            if self._saving:
                await asyncio.wait(self._saving, timeout=SAVING)
        finally:
            for saving in self._saving:
                saving.cancel()

    def drain(self) -> None:
        """Begin nothing more. Waiting work stays in its rows; what has begun goes on."""
        self._closing.set()
        self._opened.set()
        for timer in self._timers.values():
            timer.cancel()
        for task in self._idle:
            task.cancel()

    async def _save(self, event: Event, lane: str) -> bool:
        begins = self._begins_at_once(event, lane)
        if begins:
            self._beginning.add(lane)
        try:
            new = await self._rows.accept(event, lane, begins=begins)
        except Fault:
            # The database may have kept it all the same.
            self._doubtful.add(event.id)
            raise
        finally:
            if begins:
                self._beginning.discard(lane)
        if new or event.id in self._doubtful:
            self._doubtful.discard(event.id)
            now = asyncio.get_running_loop().time()
            self._queue(Work(event=event, lane=lane), since=now, due=now, counted=begins)
        return new

    def _begins_at_once(self, event: Event, lane: str) -> bool:
        """Whether nothing is before it, so that acceptance and attempt are one thing to store."""
        if event.id in self._doubtful or (isinstance(event, Message) and event.album):
            return False
        if self._closing.is_set() or (_is_talk(lane) and self._talks.locked()):
            return False
        return lane not in self._lanes and lane not in self._beginning

    async def _take_up(self) -> None:
        found = await self._left_over()
        now, self._started = self._now(), asyncio.get_running_loop().time()
        for work, at in found:
            ahead = max(0.0, (at - now).total_seconds()) if at else 0.0
            self._queue(work, since=self._started, due=self._started + ahead)
        if found:
            _log.info("taken up", events=len(found))
        self._opened.set()

    async def _left_over(self) -> Sequence[tuple[Work, datetime | None]]:
        """What is not done, as soon as the database tells; nothing when closed before it did."""
        pause = 1.0
        while not self._closing.is_set():
            try:
                if await self._is_ours():
                    return await self._rows.unfinished()
                pause = 1.0
            except Fault as fault:
                _log.error("the inbox cannot be read yet", error=type(fault).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()
            pause = min(pause * 2, LONGEST_PAUSE)
        return ()

    async def _is_ours(self) -> bool:
        """Whether this process may work on the rows; logged when it turns."""
        others = not await self._rows.take()
        if others != self._others:
            _log.warning(OTHERS if others else "this process works on the database now")
        self._others = others
        return not others

    def _queue(self, work: Work, *, since: float, due: float, counted: bool = False) -> None:
        self._number += 1
        self._depth += 1
        item = Queued(number=self._number, work=work, since=since, due=due, counted=counted)
        self._enter(item)

    def _enter(self, item: Queued) -> None:
        """Put work into its lane in order of acceptance, now or, for talk, when it is due."""
        self._timers.pop(item.number, None)
        if self._closing.is_set():
            return
        loop, key = asyncio.get_running_loop(), item.work.lane
        if item.due > loop.time() and _is_talk(key):
            self._timers[item.number] = loop.call_at(item.due, self._enter, item, context=Context())
            return
        queue = self._lanes.get(key)
        if queue is None:
            queue = self._lanes[key] = []
            self._tasks.create_task(self._run_lane(key, queue), context=Context())
        insort(queue, item, key=lambda queued: queued.number)

    async def _run_lane(self, key: str, queue: list[Queued]) -> None:
        while queue and not self._closing.is_set():
            async with self._turn(key, queue):
                item = taken(queue)
                try:
                    await self._do(item)
                except Exception as error:
                    # Raised on, it would end every open answer. The row is taken up at a start.
                    _log.critical("work is left lying", trace=observe.trace(error))
                    self._depth -= len(item.ids)
        if not queue:
            del self._lanes[key]

    @asynccontextmanager
    async def _turn(self, key: str, queue: list[Queued]) -> AsyncIterator[None]:
        """Wait until the head of the lane may begin; no more than `talks` talk at once."""
        with self._idling():
            pause = self._pause(queue)
            while pause > 0:
                await asyncio.sleep(pause)
                pause = self._pause(queue)
            if _is_talk(key):
                await self._talks.acquire()
        try:
            yield
        finally:
            if _is_talk(key):
                self._talks.release()

    @contextmanager
    def _idling(self) -> Iterator[None]:
        """Meanwhile `drain` may cancel this task, since nothing has begun."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        self._idle.add(task)
        try:
            yield
        finally:
            self._idle.discard(task)

    def _pause(self, queue: list[Queued]) -> float:
        """Seconds until the head may begin, unless something comes that puts it off."""
        head, now = queue[0], asyncio.get_running_loop().time()
        if not head.album:
            return head.due - now
        last = max(item.since for item in queue if item.album == head.album)
        young = last - self._started < QUIET_AFTER_START
        quiet = last + (QUIET_AFTER_START if young else QUIET)
        return max(head.due, min(quiet, head.since + ALBUM_LIMIT)) - now

    async def _do(self, item: Queued) -> None:
        waited = asyncio.get_running_loop().time() - max(item.since, item.due)
        observe.LANE_WAIT.labels(item.work.lane.partition(":")[0]).observe(waited)
        if not item.counted:
            with self._idling():
                await _insist(partial(self._rows.begun, item.ids[0]))
        verdict = await self._perform(item.work)
        observe.WORK.labels(verdict.ending).inc()
        if verdict.ending == "again":
            await self._postpone(item, verdict)
            return
        if verdict.ending == "done":
            await _insist(partial(self._rows.done, *item.ids))
        else:
            for id in item.ids:
                await _insist(partial(self._rows.failed, id))
        self._depth -= len(item.ids)
        if verdict.then:
            await verdict.then()

    async def _postpone(self, item: Queued, verdict: Verdict) -> None:
        at = self._now() + timedelta(seconds=verdict.after)
        try:
            await asyncio.gather(*(self._rows.again(id, at) for id in item.ids))
        except Fault:
            # This process knows when it is due; the next one would begin it at once.
            _log.warning("a delay is not stored")
        due = asyncio.get_running_loop().time() + verdict.after
        work = replace(item.work, attempts=item.work.attempts + 1)
        self._enter(replace(item, work=work, due=due, counted=False))

    async def _watch(self) -> None:
        while True:
            try:
                await self._is_ours()  # a server that was started anew has forgotten
                depth, age = await self._rows.backlog()
            except Fault:
                depth, age = self._depth, 0.0
            observe.INBOX_DEPTH.set(depth)
            observe.INBOX_AGE.set(age)
            await asyncio.sleep(WATCH)


async def _insist(store: Callable[[], Awaitable[None]]) -> None:
    """Store that work begins or how it ended, however long the database is away."""
    pause = 1.0
    while True:
        try:
            return await store()
        except Fault as fault:
            _log.error("the state of work is not stored yet", error=type(fault).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _is_talk(lane: str) -> bool:
    return lane.startswith("talk:")

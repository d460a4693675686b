"""From an accepted event to its use case: what is taken in, in which lane, and how it may end.

This is the error boundary: what a use case did not expect is logged under a reference, the person
is told that reference, and no other work is touched.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, assert_never
from urllib.parse import quote

from bot import observe
from bot.events import (
    Action,
    Command,
    Deleted,
    Edited,
    Event,
    Message,
    MessageRef,
    Moved,
    Place,
    Reaction,
    Submission,
)
from bot.lanes import DONE, Perform, Recent, Verdict
from bot.store.database import Fault
from bot.store.records import Work
from bot.surface import Again, Busy, RateLimited, SurfaceError, Unreachable

LIMIT = 10_000  # events not done: some 20 MB, and more than an hour's work for most apps
WRITING = 1000  # events being stored at once: two seconds' worth on a slow disk
STORED_WITHIN = 2.5  # seconds; Slack gives an event up after 3
GRACE = 20.0  # seconds open answers get to end by themselves; hosts kill after 30
CUTTING = 4.0  # seconds for them to say that they were interrupted: two for the API, two for that
ATTEMPTS = 5  # times work fails before it is given up
DEATHS = 20  # processes that end over work before it is; most of it is not what they died of
ABANDONING = 3  # times more it is only tried to end what such work had begun
LEAVE_PAUSE = 180.0  # seconds until then; platforms were seen to ask for 150 s of quiet
FIRST_PAUSE = 2.0  # seconds before the second attempt; then four times as long each: 170 in all
FAULT_PAUSE = 5.0  # seconds; a database that is away is nobody's fault and counts for nothing
EXCUSES = 20  # times that holds: work begins only while it is there, so then it is our fault
UNSTORED = 60.0  # seconds a refused event is told at /readyz; without visitors nothing tries again
TELLING = 30.0  # seconds a person's chat gets to take the news of an error
_LETTERS = "abcdefghjkmnpqrstuvwxyz"  # without those that look like others

_TALKING = frozenset({"ask", "voice", "retry", "regenerate", "speak", "suggest", "revise"})

_log = observe.get_logger("bot.dispatch")


class Inbox(Protocol):
    """The queue: whatever carries accepted work, in this process or in others."""

    @property
    def depth(self) -> int:
        """Events that are not done."""
        ...

    @property
    def writing(self) -> int:
        """Events that are being stored."""
        ...

    @property
    def hindrance(self) -> str:
        """ "" once what an earlier process left has been taken up, else why it is not."""
        ...

    async def accept(self, event: Event, lane: str) -> bool:
        """Stored when it returns; False: seen before. Raises Fault."""
        ...

    async def run(self, perform: Perform) -> None:
        """Lanes in order, side by side, until drained; `perform` never raises."""
        ...

    def drain(self) -> None:
        """Begin nothing more; `run` returns when what has begun has ended."""
        ...


Handle = Callable[[Work], Awaitable[None]]
Report = Callable[[Event, str], Awaitable[None]]
"""Tells the person of an event that it failed, and the reference to name."""


class Dispatcher:
    """Takes events in and sees each of them through.

    `limit`: events not done beyond which nothing is accepted. `grace`: seconds that open work gets
    when the bot stops; then `cut` is called and has CUTTING seconds.
    """

    def __init__(
        self,
        inbox: Inbox,
        handle: Handle,
        report: Report,
        *,
        limit: int = LIMIT,
        grace: float = GRACE,
        cut: Callable[[], None] = lambda: None,
        abandon: Handle | None = None,
    ) -> None:
        self._inbox = inbox
        self._handle = handle
        self._report = report
        self._limit = limit
        self._grace = grace
        self._cut = cut
        self._abandon = abandon
        self._recent = Recent()
        self._stores = True
        self._was_full = False
        self._refused_at = -UNSTORED
        self._excused: Counter[str] = Counter()  # attempts that failed by nobody's fault
        self._earlier: dict[str, int] = {}  # attempts of processes that died or ended over it
        self._closing = asyncio.Event()
        self._hurried = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def accept(self, event: Event) -> bool:
        """Keep an event of a platform; False when it was kept before.

        Raises Busy, and has kept nothing it would not keep again, when the bot is stopping, when
        too much waits (but for a stop, which makes it less), or when the database does not follow.
        """
        if event.id in self._recent:
            return self._counted("duplicate", False)
        if self._closing.is_set() or self._is_full(event):
            self._counted("refused", False)
            raise Busy
        return await self._keep(event)

    async def follow_up(self, event: Event) -> bool:
        """Keep an event of our own, the consequence of one that was accepted: however much waits,
        and while the bot stops for the next start."""
        return event.id not in self._recent and await self._keep(event)

    async def run(self) -> None:
        """Work until `drain` is called and what has begun has ended; what a crash, a kill or the
        end of the grace time left is begun again at the next start."""
        async with asyncio.TaskGroup() as tasks:
            self._running = tasks.create_task(self._inbox.run(self._perform))
            closing = tasks.create_task(self._closing.wait())
            hurried = tasks.create_task(self._hurried.wait())
            await asyncio.wait({self._running, closing}, return_when=asyncio.FIRST_COMPLETED)
            self._inbox.drain()
            if not await _ended(self._running, self._grace, hurried):
                _log.info("the grace time is over")
                self._cut()
                if not await _ended(self._running, CUTTING):
                    _log.warning("work is broken off and begun again at the next start")
            for task in (self._running, closing, hurried):
                task.cancel()

    async def drain(self) -> None:
        """Close the intake, let open work end within the grace time, and return when it has."""
        self._closing.set()
        if self._running is not None:
            await asyncio.wait({self._running})

    def hurry(self) -> None:
        """End the grace time now."""
        self._hurried.set()

    async def health(self) -> str:
        """ "" while events are taken and worked on, else what hinders it."""
        if self._closing.is_set():
            return "the bot is stopping"
        if not self._stores and asyncio.get_running_loop().time() < self._refused_at + UNSTORED:
            return "events cannot be stored"
        return self._inbox.hindrance

    def _is_full(self, event: Event) -> bool:
        waiting = self._inbox.depth
        if not self._was_full and waiting >= self._limit:
            self._was_full = True
            _log.warning("too much waits; platforms are told to come again", waiting=waiting)
        elif self._was_full and waiting <= self._limit // 2:
            self._was_full = False
            _log.info("events are taken again")
        stops = isinstance(event, Command | Action) and event.name == "stop"
        return self._inbox.writing >= WRITING or (waiting >= self._limit and not stops)

    async def _keep(self, event: Event) -> bool:
        try:
            async with asyncio.timeout(STORED_WITHIN):
                new = await self._inbox.accept(event, lane(event))
        except (Fault, TimeoutError) as error:
            self._note_storing(False, error=type(error).__name__)
            self._counted("refused", False)
            raise Busy from error
        self._note_storing(True)
        self._recent.add(event.id)
        return self._counted("accepted" if new else "duplicate", new)

    def _note_storing(self, stores: bool, **facts: str) -> None:
        """Log when it turns: an outage meets hundreds of events a second."""
        if stores and not self._stores:
            _log.info("events are stored again")
        elif not stores and self._stores:
            _log.error("events cannot be stored", **facts)
        self._stores = stores
        if not stores:
            self._refused_at = asyncio.get_running_loop().time()

    def _counted(self, intake: str, new: bool) -> bool:
        observe.EVENTS.labels(intake).inc()
        return new

    async def _perform(self, work: Work) -> Verdict:
        """Do work and judge how it ended; never raises, unless cancelled."""
        event = work.event
        with observe.bound(event_id=event.id, chat=observe.short(event.place.chat)):
            earlier = self._earlier.setdefault(event.id, work.attempts)
            failures = work.attempts - earlier - self._excused[event.id]
            over = max(failures - ATTEMPTS, earlier - DEATHS)
            if over >= 0:
                verdict = self._give_up(work)
            else:
                error = await _error_of(self._handle(work))
                verdict = self._judged(work, failures, error) if error else DONE
            # Before it is noted, so that nothing is forgotten if the process dies over it as well.
            if verdict.ending == "failed" and over < ABANDONING and not await self._has_left(work):
                verdict = Verdict(ending="again", after=LEAVE_PAUSE)
        if verdict.ending != "again":
            del self._excused[event.id], self._earlier[event.id]
        return verdict

    def _judged(self, work: Work, failures: int, error: BaseException) -> Verdict:
        """How work ends that raised: as the worst of what it raised says."""
        found = [_meaning(leaf, failures) for leaf in _leaves(error)]
        meanings = [meaning for meaning in found if meaning]
        name = type(error).__name__
        if len(meanings) < len(found):
            reference = _reference()
            _log.error("failed", reference=reference, trace=observe.trace(error))
            return self._failed(work.event, reference)
        if all(meaning is _OVER for meaning in meanings):
            _log.info("nobody is left to be told", error=name)
            return DONE
        counts = any(meaning.counts for meaning in meanings)
        if self._closing.is_set() or (not counts and self._excused[work.event.id] < EXCUSES):
            self._excused[work.event.id] += 1
        elif failures + 1 >= ATTEMPTS:
            return self._give_up(work)
        after = max(meaning.after for meaning in meanings)
        _log.info("to be done again", error=name, after=after)
        return Verdict(ending="again", after=after)

    def _give_up(self, work: Work) -> Verdict:
        reference = _reference()
        _log.error("given up", reference=reference, attempts=work.attempts)
        return self._failed(work.event, reference)

    def _failed(self, event: Event, reference: str) -> Verdict:
        return Verdict(ending="failed", then=partial(self._tell, event, reference))

    async def _has_left(self, work: Work) -> bool:
        """Whether what was begun for it has an ending now."""
        error = self._abandon and await _error_of(asyncio.wait_for(self._abandon(work), TELLING))
        if error:
            _log.warning("what was begun is not ended yet", trace=observe.trace(error))
        return not error

    async def _tell(self, event: Event, reference: str) -> None:
        report = asyncio.wait_for(self._report(event, reference), TELLING)
        if error := await _error_of(report):
            _log.warning("could not be told", reference=reference, trace=observe.trace(error))


def lane(event: Event) -> str:
    """The lane of an event: within one, work is done in order; different ones run side by side.

    `talk`: whatever speaks. One for each person and chat, whatever the thread: what somebody asks
    in a chat is answered in order, and what they have settled there (`records.scope`) belongs to
    all its threads. `rate`, `edit`: quick, and the last word on one message counts. `form`: what a
    person settles. `now`: everything else, alone, so that stop or help waits for nothing.
    """
    match event:
        case Message():
            return _talk(event.place)
        case Command() if event.name == "voice" and event.text.strip():
            return _form(event.place)  # it settles how it shall be, and speaks nothing
        case Command():
            return _talk(event.place) if event.name in _TALKING else _key("now", event.id)
        case Edited() | Deleted():
            return _key("edit", *_on(event.ref))
        case Reaction():
            return _key("rate", *_on(event.ref), *_who(event.place))
        case Action():
            return _action_lane(event)
        case Submission() | Moved():
            return _form(event.place)
        case _:
            assert_never(event)


def _action_lane(event: Action) -> str:
    if event.name in _TALKING:
        return _talk(event.place)
    if event.name in ("like", "dislike"):
        return _key("rate", *_on(event.ref), *_who(event.place))
    return _form(event.place) if event.name in ("choose", "cancel") else _key("now", event.id)


def _talk(place: Place) -> str:
    return _key("talk", *_where(place), *_who(place))


def _form(place: Place) -> str:
    return _key("form", *_where(place), *_who(place))


def _where(place: Place) -> tuple[str, ...]:
    return place.chat.platform, place.chat.workspace, place.chat.id


def _who(place: Place) -> tuple[str, ...]:
    return place.user.workspace, place.user.id


def _on(ref: MessageRef) -> tuple[str, ...]:
    return ref.platform, ref.workspace, ref.chat, ref.id


def _key(kind: str, *parts: str) -> str:
    """Quoted, so that no two different lanes are written alike."""
    return ":".join((kind, *(quote(part, safe="") for part in parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What an error says of its work: once more after `after` seconds, and whether it counts."""

    after: float = 0.0
    counts: bool = True


_OVER = _Meaning(counts=False)  # nothing can be said there, nor need be


def _meaning(error: BaseException, failures: int) -> _Meaning | None:
    """None for an error that nobody expected."""
    pause = FIRST_PAUSE * 4**failures
    match error:
        case Again(after=after) | RateLimited(retry_after=after):
            return _Meaning(after=max(after, pause))
        case Unreachable():
            return _Meaning(after=pause)
        case SurfaceError():
            return _OVER
        case Busy(retry_after=after):
            return _Meaning(after=after, counts=False)
        case Fault():
            return _Meaning(after=FAULT_PAUSE, counts=False)
        case _:
            return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors of a group, for task groups wrap even a single one."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


async def _error_of(step: Awaitable[None]) -> BaseException | None:
    """What `step` raised; being cancelled counts when it was the step's own doing, not ours."""
    try:
        await step
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return error
    except Exception as error:
        return error
    return None


async def _ended(
    task: asyncio.Task[None], seconds: float, *sooner: asyncio.Task[Literal[True]]
) -> bool:
    """Whether the task ends within so many seconds, or before one of the others does."""
    both = {task, *sooner}
    await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return task.done()


def _reference() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))

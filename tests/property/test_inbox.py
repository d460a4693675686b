"""Whatever comes when, and whenever the process dies: every event is seen through, once, in order.

A machine plays a platform that delivers twice, a database that comes and goes, and a process that
is killed or stopped at any moment; time is virtual, the rows are what survives.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine

import structlog
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.dispatch import ATTEMPTS, Dispatcher, lane
from bot.events import Event
from bot.lanes import Lanes
from bot.store.database import Fault
from bot.store.records import Work
from bot.surface import Again, Busy, Gone, Unreachable
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.examples import examples
from tests.fakes.happenings import command, edited, message, place, reaction
from tests.fakes.rows import MemoryRows, now

PEOPLE = st.sampled_from(["ann", "ben"])
KINDS = st.sampled_from(["message", "message", "message", "edit", "reaction", "stop"])
SECONDS = st.sampled_from([0.0, 0.001, 0.0025, 0.5, 1.0, 7.0, 30.0])
ERRORS = {
    "again": lambda: Again(3),
    "unreachable": Unreachable,
    "fault": lambda: Fault("away"),
    "gone": Gone,
    "bug": RuntimeError,
}
PLANS = st.lists(st.sampled_from(sorted(ERRORS)), max_size=2)


def event_of(kind: str, id: str, person: str) -> Event:
    there = place(user=person)
    match kind:
        case "message":
            return message(id, there)
        case "edit":
            return edited(id, where=there)
        case "reaction":
            return reaction(id, where=there)
        case _:
            return command(id, "stop", there)


class Platform(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.rows = MemoryRows(commit=0.002)
        self.events: dict[str, Event] = {}
        self.plans: dict[str, tuple[float, list[str]]] = {}
        self.acknowledged: set[str] = set()
        self.begun: set[str] = set()
        self.ended: Counter[str] = Counter()
        self.may_end: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.at_work: Counter[str] = Counter()
        self.deliveries: set[asyncio.Task[None]] = set()
        self.faults: list[str] = []

    def play(self, step: Coroutine[object, object, None]) -> None:
        with structlog.testing.capture_logs():
            self.runner.run(step)

    @initialize()
    def start(self) -> None:
        self.play(self.begin_process())

    async def begin_process(self) -> None:
        self.lanes = Lanes(self.rows, now=now)
        self.dispatcher = Dispatcher(self.lanes, self.handle, self.report, grace=5)
        self.process = asyncio.create_task(self.dispatcher.run())

    async def handle(self, work: Work) -> None:
        id, key = work.event.id, work.lane
        self.judge_order(id, key)
        self.begun.add(id)
        self.at_work[key] += 1
        seconds, plan = self.plans[id]
        try:
            await asyncio.sleep(seconds)
            if plan:
                raise ERRORS[plan.pop(0)]()
            self.ended[id] += 1
        finally:
            self.at_work[key] -= 1

    async def report(self, event: Event, _: str) -> None:
        self.told[event.id] += 1

    def judge_order(self, id: str, key: str) -> None:
        if self.at_work[key]:
            self.faults.append(f"{id} runs beside another of its lane")
        lane_mates = [other for other, row in self.rows.rows.items() if row.lane == key]
        for other in lane_mates[: lane_mates.index(id)]:
            exhausted = self.rows.rows[other].attempts > ATTEMPTS
            if other not in self.begun and not exhausted:
                self.faults.append(f"{id} begins before {other}")
            if not key.startswith("talk:") and self.rows.rows[other].state == "open":
                self.faults.append(f"{id} overtakes {other}, which is not over")

    @rule(kind=KINDS, person=PEOPLE, seconds=SECONDS, plan=PLANS)
    def deliver(self, kind: str, person: str, seconds: float, plan: list[str]) -> None:
        id = f"{kind}-{len(self.events)}"
        self.events[id] = event_of(kind, id, person)
        self.plans[id] = (seconds, plan)
        self.send(id)

    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        if self.events:
            self.send(data.draw(st.sampled_from(sorted(self.events))))

    def send(self, id: str) -> None:
        async def post() -> None:
            try:
                await self.dispatcher.accept(self.events[id])
            except Busy:
                return  # a platform comes again; here the rule does, or nobody
            self.acknowledged.add(id)

        async def posting() -> None:
            task = asyncio.create_task(post())
            self.deliveries.add(task)
            task.add_done_callback(self.deliveries.discard)
            await asyncio.sleep(0)

        self.play(posting())

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.play(asyncio.sleep(seconds))

    @rule(down=st.booleans())
    def database(self, down: bool) -> None:
        self.rows.down = down

    @rule()
    def kill(self) -> None:
        self.play(self.die())

    async def die(self) -> None:
        self.rows.cut_off()
        for id, row in self.rows.rows.items():
            if row.state == "open" and self.ended[id] > self.may_end[id]:
                self.may_end[id] += 1  # it had ended, and nobody was left to note it
        for task in (self.process, *self.deliveries):
            task.cancel()
        await asyncio.wait({self.process, *self.deliveries})
        await self.begin_process()

    @rule()
    def restart(self) -> None:
        self.play(self.stop_in_order())

    async def stop_in_order(self) -> None:
        self.rows.down = False
        await asyncio.sleep(40)
        await self.dispatcher.drain()
        await self.process
        await self.begin_process()

    @invariant()
    def in_order(self) -> None:
        assert not self.faults, self.faults

    @invariant()
    def nothing_ends_twice(self) -> None:
        for id, times in self.ended.items():
            assert times <= 1 + self.may_end[id], f"{id} ended {times} times"

    def teardown(self) -> None:
        try:
            self.play(self.see_through())
            self.in_order()
            self.nothing_ends_twice()
        finally:
            self.runner.close()

    async def see_through(self) -> None:
        self.rows.down = False
        await asyncio.sleep(2000)  # five attempts and every pause between them
        assert not self.deliveries
        for id in self.acknowledged:
            assert id in self.rows.rows, f"{id} was acknowledged and is lost"
        for id, row in self.rows.rows.items():
            assert row.state != "open", f"{id} is not over"
            if row.state == "failed":
                assert self.told[id] == 1, f"{id} failed and was told {self.told[id]} times"
        assert self.lanes.depth == 0
        assert self.lanes._lanes == {}
        await self.dispatcher.drain()
        await self.process


Platform.TestCase.settings = examples(stateful_step_count=30)
test_every_event_is_seen_through_once_and_in_order = Platform.TestCase


def test_the_lanes_of_the_machine_are_those_of_the_bot() -> None:
    """The machine judges order by lanes; were all alike or all different it would judge nothing."""
    keys = [lane(event_of(kind, f"{kind}{n}", "ann")) for kind in ("message", "edit") for n in "12"]
    assert len(set(keys)) == 2

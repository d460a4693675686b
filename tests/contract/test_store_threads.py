"""The store's own threads: everything handed in is done, in order, and told to whoever waits."""

import asyncio
import gc
import sqlite3
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from bot.store import database
from bot.store.threads import Threads

pytestmark = pytest.mark.real_time

PATIENCE = 10  # seconds; only a thread that hangs takes them


class Gate:
    """An errand that keeps its thread busy until it is let go."""

    def __init__(self) -> None:
        self.began, self._go = threading.Event(), threading.Event()

    def __call__(self, connection: Connection) -> str:
        self.began.set()
        assert self._go.wait(PATIENCE)
        return "gate"

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return database.open_writer(database.normalise(f"sqlite:///{tmp_path}/threads.db"))


@pytest.fixture
async def one(engine: Engine) -> AsyncIterator[Threads]:
    threads = Threads(engine, 1, "one")
    yield threads
    await asyncio.to_thread(threads.close)


def nothing(connection: Connection) -> None:
    """An errand without a task."""


def raising(error: BaseException) -> Callable[[Connection], None]:
    def errand(connection: Connection) -> None:
        raise error

    return errand


def select_one(connection: Connection) -> object:
    return connection.execute(text("SELECT 1")).scalar_one()


async def test_one_thread_does_and_tells_in_the_order_of_handing_in(one: Threads) -> None:
    done: list[int] = []
    told: list[int] = []
    for number in range(200):
        one.send(lambda _, n=number: done.append(n), lambda *_, n=number: told.append(n))  # type: ignore[misc]  # bound now
    await one.run(nothing)
    assert done == told == list(range(200))


async def test_results_are_told_on_the_event_loop(one: Threads) -> None:
    heard: asyncio.Future[tuple[object, ...]] = asyncio.get_running_loop().create_future()

    def tell(*told: object) -> None:
        heard.set_result((*told, threading.current_thread()))

    one.send(lambda _: threading.current_thread().name, tell)
    assert await heard == ("one_0", None, threading.current_thread())


async def test_as_many_errands_as_threads_are_done_at_once(tmp_path: Path) -> None:
    url = database.normalise(f"sqlite:///{tmp_path}/threads.db")
    threads = Threads(database.open_readers(url, 3), 3, "three")
    together = threading.Barrier(3)
    errands = [threads.run(lambda _: together.wait(PATIENCE)) for _ in range(3)]
    assert sorted(await asyncio.gather(*errands)) == [0, 1, 2]
    await asyncio.to_thread(threads.close)


async def test_a_connection_stays_open_from_one_errand_to_the_next(one: Threads) -> None:
    connections = [await one.run(lambda connection: connection) for _ in range(2)]
    assert connections[0] is connections[1]
    assert not connections[0].closed


def make_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE things (id INTEGER)"))
    connection.commit()


class Odd(BaseException):
    """What nobody expects."""


@pytest.mark.parametrize("error", [ZeroDivisionError("a step's own"), Odd("nobody's")])
async def test_an_errand_that_raises_is_told_so_and_the_next_knows_nothing_of_it(
    one: Threads, error: BaseException
) -> None:
    before = await one.run(lambda connection: connection)
    failing, next_one = one.run(raising(error)), one.run(select_one)
    with pytest.raises(type(error)) as caught:
        await failing
    assert caught.value is error
    assert await next_one == 1
    assert await one.run(lambda connection: connection) is not before


async def test_what_a_failed_errand_had_begun_is_undone(one: Threads) -> None:
    def leave_open(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise ZeroDivisionError

    def begin(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("BEGIN IMMEDIATE")
        leave_open(connection)

    def tables(connection: Connection) -> list[object]:
        assert not connection.in_transaction()
        return list(connection.execute(text("SELECT name FROM sqlite_master")).scalars())

    with pytest.raises(ZeroDivisionError):
        await one.run(begin)
    assert await one.run(tables) == []


async def test_what_the_driver_raises_is_a_fault_of_the_database(one: Threads) -> None:
    def errand(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("SELECT * FROM nowhere")

    with pytest.raises(database.Fault, match="no such table") as caught:
        await one.run(errand)
    assert isinstance(caught.value, OperationalError)
    assert isinstance(caught.value.orig, sqlite3.OperationalError)
    assert caught.value.__cause__ is caught.value.orig


async def test_an_error_no_waiter_may_be_given_does_not_leave_it_waiting(one: Threads) -> None:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(RuntimeError):
            await one.run(lambda _: next(iter(())))


async def test_a_file_that_cannot_be_opened_is_told_and_tried_again(tmp_path: Path) -> None:
    url = database.normalise(f"sqlite:///{tmp_path}/later/threads.db")
    threads = Threads(database.open_writer(url), 1, "one")
    with pytest.raises(OperationalError):
        await threads.run(select_one)
    (tmp_path / "later").mkdir()
    assert await threads.run(select_one) == 1
    await asyncio.to_thread(threads.close)


async def test_what_nobody_waits_for_any_more_is_done_all_the_same(one: Threads) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
    gate, done = Gate(), []
    first = one.run(gate)
    given_up = one.run(lambda _: done.append("given up"))
    failing = one.run(raising(ZeroDivisionError()))
    waited_for = one.run(lambda _: done.append("waited for"))
    for waiter in (first, given_up, failing):
        waiter.cancel()
    gate.let_go()
    await waited_for
    assert done == ["given up", "waited for"]
    assert given_up.cancelled()
    assert complaints == []


async def test_closing_does_what_was_handed_in_and_lets_go_of_the_file(
    engine: Engine, tmp_path: Path
) -> None:
    closed: list[object] = []
    event.listen(engine, "close", lambda *_: closed.append(1))
    threads = Threads(engine, 1, "one")
    gate, done = Gate(), []
    handed_in = [threads.run(gate), threads.run(raising(ZeroDivisionError()))]
    made = threads.run(make_table)
    handed_in += [threads.run(partial(lambda n, _: done.append(n), n)) for n in range(100)]
    last = await asyncio.to_thread(gate.began.wait, PATIENCE)
    closing = asyncio.create_task(asyncio.to_thread(threads.close))
    await asyncio.sleep(0.01)
    assert last and not closing.done()
    gate.let_go()
    await asyncio.wait_for(closing, PATIENCE)
    assert done == list(range(100))
    first, failed, *rest = await asyncio.gather(*handed_in, return_exceptions=True)
    assert (first, type(failed), rest) == ("gate", ZeroDivisionError, [None] * 100)
    assert made.result() is None
    assert [thread for thread in threading.enumerate() if thread.name == "one_0"] == []
    assert closed == [1]
    assert [file.name for file in tmp_path.iterdir()] == ["threads.db"]  # no log beside it


async def test_every_one_of_several_threads_ends(tmp_path: Path) -> None:
    url = database.normalise(f"sqlite:///{tmp_path}/threads.db")
    threads = Threads(database.open_readers(url, 4), 4, "four")
    gates = [Gate() for _ in range(2)]
    running = [threads.run(gate) for gate in gates]
    closing = asyncio.create_task(asyncio.to_thread(threads.close))
    for gate in gates:
        gate.let_go()
    await asyncio.wait_for(closing, PATIENCE)
    assert await asyncio.gather(*running) == ["gate", "gate"]
    assert not any(thread.name.startswith("four_") for thread in threading.enumerate())


def test_threads_outlive_the_loop_that_would_hear_them(engine: Engine) -> None:
    gate, done = Gate(), []

    async def hand_in() -> Threads:
        threads = Threads(engine, 1, "one")
        threads.send(gate, lambda *_: done.append("told"))
        threads.send(lambda _: done.append("done"), lambda *_: done.append("told"))
        return threads

    threads = asyncio.run(hand_in())
    gate.let_go()
    threads.close()
    assert done == ["done"]


class Large:
    """What would be missed if it were kept."""


async def test_nothing_of_an_errand_is_kept_until_the_next_one_comes(one: Threads) -> None:
    result = await one.run(lambda _: Large())
    kept = weakref.ref(result)
    del result
    await asyncio.sleep(0.01)  # the thread is just behind the loop
    gc.collect()
    assert kept() is None

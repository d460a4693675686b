"""Threads of the store's own, each with a connection that stays open.

An executor takes three times as long to hand an errand over, most of it on the event loop, and a
connection that is taken out of its pool each time as long again as what it is taken out for.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

T = TypeVar("T")
Errand: TypeAlias = Callable[[Connection], T]
Tell: TypeAlias = Callable[[Any, BaseException | None], None]
"""Hears on the event loop what came of an errand: its result, or else its fault."""


class Threads:
    """Does what it is handed, in order of handing in as far as one thread is free for it.

    Made on a running event loop, which hears what came of it. An errand leaves no transaction open.
    """

    def __init__(self, engine: Engine, count: int, name: str) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._errands: SimpleQueue[tuple[Errand[Any], Tell] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}_{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, errand: Errand[T]) -> asyncio.Future[T]:
        """What comes of `errand`, which is done even if nobody waits for it any more."""
        landed: asyncio.Future[T] = self._loop.create_future()
        self.send(errand, partial(_land, landed))
        return landed

    def send(self, errand: Errand[T], tell: Tell) -> None:
        """Let it be done, and `tell` called when it is."""
        self._errands.put((errand, tell))

    def close(self) -> None:
        """Do what was handed in, and let go of the file. Waits, so not on the event loop."""
        for _ in self._threads:
            self._errands.put(None)
        for thread in self._threads:
            thread.join()
        self._engine.dispose()

    def _work(self) -> None:
        connection: Connection | None = None
        while handed := self._errands.get():
            errand, tell = handed
            result, fault = None, None
            try:
                connection = connection or self._engine.connect()
                result = errand(connection)
            except BaseException as error:  # whatever it is, it belongs to whoever waits
                fault = told_as(error)
                _leave(connection)
                connection = None  # nobody knows what state the fault has left it in
            with suppress(RuntimeError):  # the loop is closed, so that nobody is left to hear it
                self._loop.call_soon_threadsafe(tell, result, fault)
            del handed, errand, tell, result, fault  # nothing is kept until the next one comes
        _leave(connection)


def _land(landed: asyncio.Future[Any], result: object, fault: BaseException | None) -> None:
    if landed.done():
        return  # nobody waits any longer
    if fault is not None:
        landed.set_exception(fault)
    else:
        landed.set_result(result)


def _leave(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(SQLAlchemyError, sqlite3.Error):
            connection.close()


def told_as(error: BaseException) -> BaseException:
    """What whoever waits for an errand is told of an error in it.

    What the driver itself raised, past SQLAlchemy, is the fault it is; the end of an iterator would
    leave the waiter waiting, since no future takes it.
    """
    if isinstance(error, sqlite3.Error):
        fault: Exception = OperationalError(None, None, error)
    elif isinstance(error, StopIteration):
        fault = RuntimeError("an iterator had no more")
    else:
        return error
    fault.__cause__ = error
    return fault

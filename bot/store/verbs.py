"""Verbs of the store: each is one step, run as one transaction."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import Connection

from bot.store.transactions import LATE, RIDE, Transactions

P = ParamSpec("P")
T = TypeVar("T")


class Verbs:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def _write(
        self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._transactions.write(lambda connection: step(connection, *args, **kwargs))

    async def _write_along(
        self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `_write`, together with what else is written in that moment."""
        return await self._transactions.write(
            lambda connection: step(connection, *args, **kwargs), within=RIDE
        )

    async def _write_late(
        self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `_write_along`, with more time for something else to come."""
        return await self._transactions.write(
            lambda connection: step(connection, *args, **kwargs), within=LATE
        )

    async def _read(
        self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._transactions.read(lambda connection: step(connection, *args, **kwargs))

"""What both databases can do but SQLAlchemy spells differently for each.

Statements are built once, with the values apart: building one costs more than its execution.
"""

from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningInsert

from bot.store import ready

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert(dialect: str, table: Table) -> Insert:
    """An INSERT that can say what happens where the row is there already."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


@cache
def new(dialect: str, table: Table, *unique: str) -> ReturningInsert[Any]:
    """An INSERT that returns its row, and none where one with the same `unique` is there."""
    statement = insert(dialect, table).on_conflict_do_nothing(index_elements=unique)
    return statement.returning(table)


def put(connection: Connection, table: Table, **values: object) -> None:
    """Insert a row, or write `values` over the one with the same primary key."""
    ready.changed(connection, _putting(connection.dialect.name, table, *values), values)


@cache
def _putting(dialect: str, table: Table, *names: str) -> Insert:
    statement = insert(dialect, table)
    key = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)

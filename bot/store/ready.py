"""Statements that every answer needs, without SQLAlchemy's share of the time.

SQLAlchemy takes ten times as long for a small statement as SQLite does. On a SQLite connection of
our own threads it therefore only writes the SQL, once; after that values and rows pass between us
and the driver through the columns' types and nothing else. Everywhere else it executes as ever.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias, cast

from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Statement: TypeAlias = Select[Any] | Insert | Update | Delete
Row: TypeAlias = Mapping[str, Any]
_Convert: TypeAlias = Callable[[Any], Any] | None

_DIALECT: Dialect = pysqlite.dialect(dbapi=sqlite3)


def rows(connection: Connection, statement: Statement, values: Mapping[str, object]) -> list[Row]:
    """What it returns. `statement` is one of few that live as long as the process."""
    driver: object = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        return [cast(Row, row) for row in connection.execute(statement, values).mappings()]
    ready = _ready(statement, tuple(values))
    return ready.read(ready.execute(connection, driver, values))


def first(connection: Connection, statement: Statement, values: Mapping[str, object]) -> Row | None:
    found = rows(connection, statement, values)
    return found[0] if found else None


def changed(connection: Connection, statement: Statement, values: Mapping[str, object]) -> int:
    """How many rows an UPDATE or DELETE changes, which returns none of them."""
    driver: object = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        return connection.execute(statement, values).rowcount
    return _ready(statement, tuple(values)).execute(connection, driver, values).rowcount


@cache
def _ready(statement: Statement, names: tuple[str, ...]) -> "_Ready":
    return _Ready(statement, names)


class _Ready:
    """The SQL of a statement, and the ways of its values there and back."""

    def __init__(self, statement: Statement, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=_DIALECT, column_keys=names)
        self._sql = str(compiled)
        # Complains where a value is neither given nor fixed: it would be taken for NULL.
        fixed = compiled.construct_params(dict.fromkeys(names))
        # In the order of the question marks: the value itself, or under which name it will come.
        self._places: list[tuple[str, Any, _Convert]] = []
        for name in compiled.positiontup:
            convert = _outward(compiled.binds[name].type)
            given = name in names
            value = None if given else _converted(fixed[name], convert)
            self._places.append((name if given else "", value, convert))
        returned = getattr(statement, "exported_columns", ())
        self._columns = [(column.key, _inward(column.type)) for column in returned]

    def execute(
        self, connection: Connection, driver: sqlite3.Connection, values: Mapping[str, object]
    ) -> sqlite3.Cursor:
        try:
            bound = [
                (values[name] if convert is None else convert(values[name])) if name else value
                for name, value, convert in self._places
            ]
        except Exception as error:  # whatever keeps a value from its column
            raise self._fault(error) from error
        if heard := connection.dispatch.before_cursor_execute:
            heard(connection, driver, self._sql, tuple(bound), None, False)
        try:
            return driver.execute(self._sql, bound)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def read(self, cursor: sqlite3.Cursor) -> list[Row]:
        try:
            found = cursor.fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return [
            {
                key: value if convert is None else convert(value)
                for (key, convert), value in zip(self._columns, row, strict=True)
            }
            for row in found
        ]

    def _fault(self, error: Exception) -> Exception:
        """What SQLAlchemy would make of it: without the values, which are people's words."""
        return DBAPIError.instance(self._sql, None, error, sqlite3.Error, hide_parameters=True)


def _converted(value: object, convert: _Convert) -> object:
    return value if convert is None else convert(value)


def _outward(type_: TypeEngine[Any]) -> _Convert:
    return type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _inward(type_: TypeEngine[Any]) -> _Convert:
    return type_.dialect_impl(_DIALECT).result_processor(_DIALECT, None)

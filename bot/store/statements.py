"""What both databases can do but SQLAlchemy spells differently for each."""

from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert(dialect: str, table: Table) -> Insert:
    """An INSERT that can say what happens where the row is there already."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def put(connection: Connection, table: Table, **values: object) -> None:
    """Insert a row, or write `values` over the one with the same primary key."""
    key = [column.name for column in table.primary_key]
    changed = {name: value for name, value in values.items() if name not in key}
    statement = insert(connection.dialect.name, table).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))

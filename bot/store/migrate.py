"""Bring the database to the newest schema, or say how far it is."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from bot.store.database import DatabaseError, reading, reason

LOCK = 0x7061726C6579  # "parley"; any number, so long as every process takes the same


def _config() -> Config:
    """Found beside the package, so that an installed wheel needs no pyproject.toml."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _known() -> tuple[str, ...]:
    """Every revision of this version, newest first."""
    return tuple(each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


def head() -> str:
    """The newest revision this version of Parley knows."""
    return _known()[0]


def is_from_the_future(revision: str) -> bool:
    """Whether a newer Parley made it, so that only that one can work with the database."""
    return bool(revision) and revision not in _known()


async def revision(engine: AsyncEngine) -> str:
    """The revision the database is at; "" for one that was never prepared."""
    async with reading(engine).connect() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


async def missing(engine: AsyncEngine) -> str:
    """ "" when the database is as this version needs it, else what hinders."""
    try:
        at = await revision(engine)
    except SQLAlchemyError as error:
        return f"the database cannot be reached: {reason(error)}"
    if is_from_the_future(at):
        return "the database belongs to a newer Parley"
    return "" if at == head() else "the database is not prepared: python -m bot migrate"


async def upgrade(engine: AsyncEngine) -> str:
    """Bring the database to the newest schema, all or nothing, and return its revision.

    Processes that start together take turns. Raises DatabaseError where a newer Parley was there.
    """
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # SQLite's transactions exclude each other from their start.
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        at = await connection.run_sync(_revision)
        if is_from_the_future(at):
            raise DatabaseError(f"it is at revision {at}, which belongs to a newer Parley")
        await connection.run_sync(_upgrade)
        return await connection.run_sync(_revision)


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Bring the database to the newest schema, or say how far it is."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from bot.store.database import opened


def _config() -> Config:
    """Found beside the package, so that an installed wheel needs no pyproject.toml."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """The newest revision this version of Parley knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def revision(engine: AsyncEngine) -> str:
    """The revision the database is at; "" for one that was never prepared."""
    async with engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision() or ""
        )


async def upgrade(address: str, target: str = "head") -> str:
    """Bring the database to `target` and return the revision it is at then.

    Raises DatabaseError when it cannot be reached or changed.
    """
    async with opened(address) as engine:
        config = _config()
        config.attributes["engine"] = engine
        # Alembic is synchronous and env.py runs a loop of its own.
        await asyncio.to_thread(command.upgrade, config, target)
        return await revision(engine)

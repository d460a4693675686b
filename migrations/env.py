"""What Alembic runs: on the engine it is handed, or on DATABASE_URL when called by itself."""

import asyncio

from alembic import context
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import load
from bot.store.database import open_engine


def _steps(connection: Connection) -> None:
    # SQLite changes a table only by making it anew, which "batch" does.
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    engine = context.config.attributes.get("engine")
    if not isinstance(engine, AsyncEngine):
        engine = open_engine(load().database_url.get_secret_value())
    async with engine.connect() as connection:
        await connection.run_sync(_steps)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())

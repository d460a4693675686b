"""What Alembic runs: on the connection it is handed, or on DATABASE_URL when called by itself."""

import asyncio

from alembic import context
from sqlalchemy.engine import Connection

from bot.settings import load
from bot.store.database import opened
from bot.store.tables import metadata


def _steps(connection: Connection) -> None:
    # SQLite changes a table only by making it anew, which "batch" does.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    async with (
        opened(load().database_url.get_secret_value()) as engine,
        engine.begin() as connection,
    ):
        await connection.run_sync(_steps)


handed = context.config.attributes.get("connection")
if isinstance(handed, Connection):
    _steps(handed)
else:
    asyncio.run(_run())

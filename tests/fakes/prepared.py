"""Databases with the newest schema and nothing in them: migrating each would take 0.1 s."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.store import database, migrate


def migrated(address: str) -> None:
    """Bring it to the newest schema, on a loop of its own and whatever loop runs here."""

    async def upgrade() -> None:
        async with database.opened(address) as engine:
            await migrate.upgrade(engine)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upgrade()).result()


def prepare(file: Path) -> None:
    """Make it an SQLite database, unless it is one already: the same bytes each time."""
    if not file.exists():
        file.write_bytes(_prepared())


@cache
def _prepared() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "prepared.db"
        migrated(f"sqlite:///{file}")
        return file.read_bytes()

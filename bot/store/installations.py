"""Which workspaces have installed the app, with their tokens as they were sealed.

Each verb is one transaction and raises `database.Fault` where the database does not do its part.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from bot.store import retention
from bot.store.records import Installation
from bot.store.statements import put
from bot.store.tables import installations
from bot.store.transactions import Transactions


class Installations:
    """The installed workspaces of one platform."""

    def __init__(self, transactions: Transactions, platform: str) -> None:
        self._transactions = transactions
        self._platform = platform

    async def find(self, workspace: str) -> Installation | None:
        """The row of a workspace or an organisation; a member's leads to its organisation's."""
        return await self._transactions.read(lambda step: find(step, self._platform, workspace))

    async def keep(self, installation: Installation) -> None:
        """In the place of the one there was."""
        await self._transactions.write(lambda step: keep(step, installation))

    async def everything(self) -> list[Installation]:
        """Every row, organisations among them, in the order of their ids."""
        return await self._transactions.read(lambda step: everything(step, self._platform))


def find(connection: Connection, platform: str, workspace: str) -> Installation | None:
    row = connection.execute(
        select(installations).where(
            installations.c.platform == platform, installations.c.workspace == workspace
        )
    ).first()
    return Installation(**row._mapping) if row else None


def keep(connection: Connection, installation: Installation) -> None:
    put(
        connection,
        installations,
        platform=installation.platform,
        workspace=installation.workspace,
        through=installation.through,
        sealed=installation.sealed,
        installed_at=installation.installed_at,
    )


def everything(connection: Connection, platform: str) -> list[Installation]:
    theirs = select(installations).where(installations.c.platform == platform)
    rows = connection.execute(theirs.order_by(installations.c.workspace))
    return [Installation(**row._mapping) for row in rows]


def remove(connection: Connection, platform: str, workspace: str, before: datetime) -> bool:
    there = find(connection, platform, workspace)
    if there and not there.through and there.installed_at > before:
        return False
    here = (installations.c.platform == platform) & (
        (installations.c.workspace == workspace) | (installations.c.through == workspace)
    )
    gone = connection.execute(
        delete(installations).where(here).returning(installations.c.workspace)
    )
    for each in {workspace, *gone.scalars()}:
        retention.forget_workspace(connection, platform, each)
    return True

"""The workspaces that have installed the app: found quickly, their tokens kept fresh."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from adapters.slack.errors import Refused
from adapters.slack.grants import Grants
from adapters.slack.installation import Installation, Installations
from adapters.slack.workspace import Line, Workspace
from bot import observe
from bot.surface import Forbidden, SurfaceError

REMEMBERED: Final = timedelta(minutes=5)
"""How long an installation is believed without looking: what changes it here is noted at once."""
EARLY: Final = timedelta(hours=2)
"""Before its end a token is replaced; Slack's live for twelve hours."""
PAUSE: Final = timedelta(minutes=1)
"""Between tries to replace a token that is still good."""
SETTLING: Final = 5.0
"""Seconds for the last calls at the end; hosts kill after 30, most of which are the answers'."""
MOST: Final = 10_000
"""Workspaces remembered at once."""

_log = observe.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Remembered:
    workspace: Workspace
    installation: Installation
    until: datetime


class Installed:
    """Every workspace is looked up once in a while; an event asks nobody. `now` is aware."""

    def __init__(
        self,
        installations: Installations,
        grants: Grants,
        line: Line,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._installations = installations
        self._grants = grants
        self._line = line
        self._now = now
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._renewals: dict[str, asyncio.Task[tuple[Installation, datetime]]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, team: str, enterprise: str = "") -> Workspace:
        """Raises Forbidden where the app is not installed."""
        key = team or enterprise  # what is an organisation's names no workspace
        found = self._remembered.get(key)
        if found and self._now() < found.until:
            return found.workspace
        async with self._turn(key):
            found = self._remembered.get(key)
            if found is None or self._now() >= found.until:
                found = await self._look_up(team, enterprise)
        return found.workspace

    def known(self) -> Sequence[Workspace]:
        """Those at work at present."""
        return [each.workspace for each in self._remembered.values()]

    async def install(self, installation: Installation) -> None:
        """Keep it, in the place of an earlier one."""
        await self._renewed_before(installation.key)
        await self._installations.keep(installation)
        self._forget(installation.key)

    async def renew(self) -> None:
        """Seal anew what lies under an older key. Raises SurfaceError."""
        await self._installations.renew()

    async def settle(self) -> None:
        """Wait for tokens that are being replaced, SETTLING seconds at most."""
        if self._renewals:
            await asyncio.wait(self._renewals.values(), timeout=SETTLING)

    async def remove(self, key: str, before: datetime) -> bool:
        """Remove it with all that was said there; False where it is newer than `before`."""
        await self._renewed_before(key)
        removed = await self._installations.remove(key, before)
        self._forget(key)
        return removed

    async def _look_up(self, team: str, enterprise: str) -> _Remembered:
        key = team or enterprise
        installation = await self._installations.find(team, enterprise)
        if installation is None:
            self._forget(key)
            raise Forbidden("not installed")
        installation, until = await self._fresh(installation)
        before = self._remembered.get(key)
        if before and before.installation.token == installation.token:
            workspace = before.workspace
        else:
            workspace = self._opened(installation, team, before)
        found = _Remembered(workspace, installation, until)
        self._remembered[key] = found
        self._remembered.move_to_end(key)
        if len(self._remembered) > MOST:
            self._remembered.popitem(last=False)
        return found

    def _opened(
        self, installation: Installation, team: str, before: _Remembered | None
    ) -> Workspace:
        observe.hide(installation.token)
        return self._line.workspace(
            team=team,
            token=installation.token,
            bot_user=installation.bot_user,
            bot_id=installation.bot_id,
            features=before.workspace.features if before else None,
            org=not installation.team,
        )

    async def _fresh(self, installation: Installation) -> tuple[Installation, datetime]:
        """The installation with a token that lasts, and until when that is to be believed."""
        if not self._is_due(installation):
            return installation, self._believed(installation)
        # Whoever waits may be hurried away; a refresh token that was used must not be lost.
        return await asyncio.shield(self._renewal(installation))

    def _renewal(self, installation: Installation) -> asyncio.Task[tuple[Installation, datetime]]:
        """The one that is on its way, which workspaces of an organisation share, or a new one."""
        key = installation.key
        renewal = self._renewals.get(key)
        if renewal is None:
            renewal = asyncio.create_task(self._renewed(installation), name=f"token of {key}")
            self._renewals[key] = renewal
            renewal.add_done_callback(partial(self._over, key))
        return renewal

    async def _renewed_before(self, key: str) -> None:
        """A token that is being replaced would be kept over whatever is done meanwhile."""
        if renewal := self._renewals.get(key):
            await asyncio.wait([renewal], timeout=SETTLING)

    def _over(self, key: str, renewal: asyncio.Task[tuple[Installation, datetime]]) -> None:
        del self._renewals[key]
        if not renewal.cancelled():
            renewal.exception()  # nobody may be waiting any more to be told

    async def _renewed(self, known: Installation) -> tuple[Installation, datetime]:
        # Another workspace of the same organisation may have been here first.
        installation = await self._installations.find(known.team, known.enterprise)
        if installation is None:
            raise Forbidden("not installed")
        if not self._is_due(installation):
            return installation, self._believed(installation)
        try:
            fresh = await self._grants.refreshed(installation)
        except SurfaceError as error:
            why = error.code if isinstance(error, Refused) else type(error).__name__
            _log.error("a slack token cannot be renewed", workspace=installation.key, why=why)
            if installation.expires_at and self._now() < installation.expires_at:
                return installation, min(self._now() + PAUSE, installation.expires_at)
            raise Forbidden("the token has expired") from None
        await self._installations.keep(fresh)
        return fresh, self._believed(fresh)

    def _is_due(self, installation: Installation) -> bool:
        end = installation.expires_at
        return end is not None and self._now() >= end - EARLY

    def _believed(self, installation: Installation) -> datetime:
        until = self._now() + REMEMBERED
        end = installation.expires_at
        return until if end is None else min(until, end - EARLY)

    def _forget(self, key: str) -> None:
        """Look at the workspace anew, or at every one of the organisation, when it is next met."""
        for team, each in list(self._remembered.items()):
            if key in (team, each.installation.key):
                del self._remembered[team]

    def _turn(self, team: str) -> asyncio.Lock:
        return self._turns.setdefault(team, asyncio.Lock())

"""Many workspaces: where their installations lie, sealed; imported only where they are wanted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from adapters.slack.consent import Consents
from adapters.slack.grants import Grants
from adapters.slack.install import Install
from adapters.slack.installation import Installation
from adapters.slack.installed import Installed
from adapters.slack.workspace import Line
from bot import observe
from bot.settings import Settings
from bot.store import records
from bot.store.database import Fault, reason
from bot.store.sealing import Seal
from bot.store.store import Store
from bot.surface import Unreachable

PLATFORM = "slack"

_log = observe.get_logger(__name__)


def installing(settings: Settings, line: Line, store: Store) -> tuple[Installed, Install]:
    """The workspaces that have installed the app, and how others do."""
    secret = settings.slack_client_secret
    grants = Grants(
        line,
        client_id=settings.slack_client_id or "",
        client_secret=secret.get_secret_value() if secret else "",
        now=utc_now,
    )
    installed = Installed(Kept(store, seal(settings)), grants, line, now=utc_now)
    return installed, Install(
        installed,
        grants,
        Consents(time.monotonic),
        client_id=settings.slack_client_id or "",
        public_url=settings.public_url or "",
        api_url=settings.slack_api_url,
        edits=settings.parley_slack_edits,
    )


def seal(settings: Settings) -> Seal:
    keys = settings.slack_token_keys
    return Seal(key.strip() for key in (keys.get_secret_value() if keys else "").split(","))


def utc_now() -> datetime:
    return datetime.now(UTC)


class Kept:
    """Installations in the store, as `adapters.slack.installation.Installations` wants them.

    What was sealed with an older key is sealed anew when it is met. Every verb raises Unreachable
    where the database does not answer.
    """

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._rows = store.installations(PLATFORM)
        self._seal = seal
        self._told: set[str] = set()

    async def find(self, team: str, enterprise: str) -> Installation | None:
        with _reached():
            return await self._find(team, enterprise)

    async def keep(self, installation: Installation) -> None:
        text = msgspec.json.encode(installation).decode()
        row = records.Installation(
            platform=PLATFORM,
            workspace=installation.key,
            sealed=self._seal.seal(text),
            installed_at=installation.installed_at,
        )
        with _reached():
            await self._rows.keep(row)

    async def remove(self, key: str, before: datetime) -> bool:
        with _reached():
            return await self._store.uninstall(PLATFORM, key, before)

    async def renew(self) -> None:
        with _reached():
            for row in await self._rows.everything():
                if not row.through:
                    await self._opened(row)

    async def _find(self, team: str, enterprise: str) -> Installation | None:
        row = await self._rows.find(team) if team else None
        if row and row.through:
            row = await self._rows.find(row.through)
        elif row is None and enterprise:
            row = await self._rows.find(enterprise)
            if row and team:
                # Later the workspace may be named alone.
                await self._rows.keep(_member(team, row))
        return await self._opened(row) if row else None

    async def _opened(self, row: records.Installation) -> Installation | None:
        text = self._seal.unseal(row.sealed)
        installation = msgspec.json.decode(text, type=Installation) if text else None
        if installation is None or installation.key != row.workspace:
            if row.workspace not in self._told:
                self._told.add(row.workspace)
                _log.error("no key of SLACK_TOKEN_KEYS opens a token", workspace=row.workspace)
            return None
        if not self._seal.is_newest(row.sealed):
            await self.keep(installation)
        return installation


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except Fault as error:
        _log.error("installations cannot be reached", reason=reason(error))
        raise Unreachable(sent=False) from None


def _member(team: str, organisation: records.Installation) -> records.Installation:
    return records.Installation(
        platform=PLATFORM,
        workspace=team,
        through=organisation.workspace,
        installed_at=organisation.installed_at,
    )

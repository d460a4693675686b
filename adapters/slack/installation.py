"""An installed workspace as data, and whoever keeps it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What installing gave: for a workspace, or for all of an organisation, then `team` is "".

    `expires_at` is None for a token that does not expire; else `refresh_token` gives the next one.
    `scopes` are separated by commas. `app` and `name` (of the workspace) are for the last page.
    """

    team: str = ""
    enterprise: str = ""
    bot_user: str
    bot_id: str = ""
    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    installed_at: datetime
    scopes: str = ""
    app: str = ""
    name: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """The id under which it is kept: ids of workspaces and organisations never coincide."""
        return self.team or self.enterprise


class Installations(Protocol):
    """Keeps them beyond restarts, the tokens sealed."""

    async def find(self, team: str, enterprise: str) -> Installation | None:
        """The workspace's own, else that of its organisation; `enterprise` is "" where unknown."""
        ...

    async def keep(self, installation: Installation) -> None:
        """In the place of an earlier one."""
        ...

    async def remove(self, key: str, before: datetime) -> bool:
        """Remove it, with all that was said there; False where it is newer than `before`."""
        ...

    async def renew(self) -> None:
        """Seal anew what lies under an older key. Raises SurfaceError."""
        ...

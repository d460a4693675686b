"""Installing without a database or sockets: the project's Slack, and a drawer for what it gives."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from adapters.slack.errors import Lost
from adapters.slack.grants import Grants
from adapters.slack.installation import Installation
from adapters.slack.installed import Installed
from adapters.slack.manifest import SCOPES
from adapters.slack.transport import Answer
from adapters.slack.workspace import Line
from bot.surface import Unreachable
from tests.fakes.slack_api import InMemory, Slack, Team, oauth

PUBLIC = "https://bot.example.com"
REDIRECT = PUBLIC + "/slack/oauth_redirect"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Wire:
    """Carries calls to the project's Slack; `broken` says that none comes back."""

    def __init__(self, slack: Slack) -> None:
        self._face = InMemory(slack)
        self.broken = False

    async def send(
        self, method: str, args: Mapping[str, object], token: str, *, timeout: float
    ) -> Answer:
        if self.broken:
            raise Lost("no answer")
        return await self._face.call(method, args, token)

    async def get(self, url: str, *, token: str, limit: int, timeout: float) -> Answer:
        raise AssertionError("installing reads no files")

    async def post(self, url: str, data: bytes, *, media_type: str, timeout: float) -> Answer:
        raise AssertionError("installing posts nowhere")


class Drawer:
    """Keeps installations as the store does; counts how often it is opened."""

    def __init__(self) -> None:
        self.kept: dict[str, Installation] = {}
        self.looked = self.renewed = 0
        self.away = False

    async def find(self, team: str, enterprise: str) -> Installation | None:
        self.looked += 1
        return self.kept.get(team) or self.kept.get(enterprise)

    async def keep(self, installation: Installation) -> None:
        if self.away:
            raise Unreachable(sent=False)
        self.kept[installation.key] = installation

    async def renew(self) -> None:
        self.renewed += 1
        if self.away:
            raise Unreachable(sent=False)

    async def remove(self, key: str, before: datetime) -> bool:
        found = self.kept.get(key)
        if found and found.installed_at > before:
            return False
        self.kept.pop(key, None)
        return True


class House:
    """An app of the project's Slack that any workspace can install; `clock` is in seconds."""

    def __init__(self, *, rotates: bool = False) -> None:
        self.seconds = 0.0
        self.slack = Slack(clock=lambda: self.seconds, wall=lambda: START.timestamp())
        self.slack.app.rotates = rotates
        self.slack.app.redirect_urls = (REDIRECT,)
        self.wire = Wire(self.slack)
        self.line = Line(transport=self.wire)
        self.drawer = Drawer()
        app = self.slack.app
        self.grants = Grants(
            self.line, client_id=app.client_id, client_secret=app.client_secret, now=self.now
        )
        self.installed = Installed(self.drawer, self.grants, self.line, now=self.now)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def put(self, team: str, enterprise: str = "", **changes: object) -> Installation:
        """Put an installation into the drawer, as of this moment."""
        made = Installation(
            team=team,
            enterprise=enterprise,
            bot_user="U0BOT",
            token=f"xoxb-{team or enterprise}",
            installed_at=self.now(),
        )
        await self.drawer.keep(made := replace(made, **changes))  # type: ignore[arg-type]  # fields
        return made

    def allowed(self, team: Team, *, org: bool = False) -> str:
        """Somebody allows the app on Slack's page; the code they come back with."""
        asked = {
            "client_id": self.slack.app.client_id,
            "scope": ",".join(SCOPES),
            "redirect_uri": REDIRECT,
        }
        back = oauth.authorize(self.slack, dict(asked), self.slack.person(team=team), org=org)
        return parse_qs(urlsplit(back).query)["code"][0]

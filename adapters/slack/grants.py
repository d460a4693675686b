"""What Slack grants: a token for a code, the next token for the last."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.slack.errors import Json, Refused
from adapters.slack.installation import Installation
from adapters.slack.workspace import Line

_ID = re.compile(r"[A-Z0-9]{2,32}")


class Grants:
    """The app's own calls, by its client id and secret. Every verb raises SurfaceError."""

    def __init__(
        self,
        line: Line,
        *,
        client_id: str,
        client_secret: str,
        now: Callable[[], datetime],
    ) -> None:
        self._line = line
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._now = now

    def __repr__(self) -> str:
        return f"Grants({self._client['client_id']})"

    async def redeem(self, code: str, redirect: str) -> Installation:
        """The installation a code stands for, with who the bot is there."""
        granted = await self._granted({"code": code, "redirect_uri": redirect})
        found = self._installation(granted)
        me = await self._line.meet(found.token)
        return replace(found, bot_id=_id(me.bot_id))

    async def refreshed(self, installation: Installation) -> Installation:
        """The same with a fresh token; the old one goes on working until it expires."""
        granted = await self._granted(
            {"grant_type": "refresh_token", "refresh_token": installation.refresh_token}
        )
        return replace(
            installation,
            token=_token(granted, "access_token"),
            refresh_token=_token(granted, "refresh_token"),
            expires_at=self._end(granted),
        )

    async def _granted(self, args: Mapping[str, object]) -> Json:
        # A code and a refresh token are good once.
        return await self._line.ask("oauth.v2.access", {**self._client, **args}, once=True)

    def _installation(self, granted: Json) -> Installation:
        team, enterprise = _part(granted, "team"), _part(granted, "enterprise")
        whole = granted.get("is_enterprise_install") is True
        found = Installation(
            team="" if whole else _id(team.get("id")),
            enterprise=_id(enterprise.get("id")),
            bot_user=_id(granted.get("bot_user_id")),
            token=_token(granted, "access_token"),
            refresh_token=_token(granted, "refresh_token") if "refresh_token" in granted else "",
            expires_at=self._end(granted),
            # As Slack tells times of its events, so that both can be compared.
            installed_at=self._now().replace(microsecond=0),
            scopes=str(granted.get("scope") or ""),
            app=_id(granted.get("app_id")),
            name=str((enterprise if whole else team).get("name") or "")[:80],
        )
        if not (found.key and found.bot_user):
            raise Refused("no_bot")  # only rights of a person were granted
        return found

    def _end(self, granted: Json) -> datetime | None:
        seconds = granted.get("expires_in")
        if not isinstance(seconds, int) or not granted.get("refresh_token"):
            return None
        return self._now() + timedelta(seconds=seconds)


def _part(granted: Json, name: str) -> Json:
    part = granted.get(name)
    return part if isinstance(part, dict) else {}


def _id(value: object) -> str:
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _token(granted: Json, name: str) -> str:
    value = granted.get(name)
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise Refused("no_token")
    return value

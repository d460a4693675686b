"""Workspaces: who the bot is in each, what it may call there, what it has learned of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from adapters.slack.asking import Identity
from adapters.slack.calling import EDIT, ONCE, Caller
from adapters.slack.calls import Calls
from adapters.slack.detail import DetailedTransport
from adapters.slack.errors import Json, Unauthorized
from adapters.slack.features import Features
from adapters.slack.files import Files
from adapters.slack.transport import API_URL, AiohttpTransport, Transport
from bot.observe import in_detail
from bot.surface import Forbidden

ASKED_AGAIN: Final = 30.0
"""Seconds after which a token that Slack refused is tried again: it may be the owner's mistake."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace that the bot is installed in; there it is `bot_user`, and `bot_id` as a bot."""

    team: str
    bot_user: str = field(repr=False)
    bot_id: str = field(repr=False)
    calls: Calls = field(repr=False)
    features: Features = field(repr=False)


class Workspaces(Protocol):
    """Where the bot is installed."""

    async def of(self, team: str, enterprise: str = "") -> Workspace:
        """The workspace by its team's id. Raises Forbidden where the bot is not installed."""
        ...

    def known(self) -> Sequence[Workspace]:
        """Those that were met so far."""
        ...


class Line:
    """The connections of all workspaces together. Open until `aclose`."""

    def __init__(self, *, api_url: str = API_URL, transport: Transport | None = None) -> None:
        """`transport` is another than our own; it is not closed."""
        self.api_url = api_url
        self._own = AiohttpTransport(api_url=api_url) if transport is None else None
        self.transport: Transport = transport or self._own  # type: ignore[assignment]  # one is
        if in_detail():
            self.transport = DetailedTransport(self.transport)
        self._files = Files(self.transport, api_url=api_url)
        self._asking: dict[str, Caller] = {}

    async def aclose(self) -> None:
        if self._own is not None:
            await self._own.aclose()

    def workspace(
        self,
        *,
        team: str,
        token: str,
        bot_user: str,
        bot_id: str = "",
        features: Features | None = None,
        org: bool = False,
    ) -> Workspace:
        """`org`: the token is a whole organisation's, so that every call names the team.

        With `features` what was learned with an older token stays known.
        """
        features = features or Features(team)
        calls = Calls(Caller(self.transport, token, team=team, org=org), features, self._files)
        return Workspace(team, bot_user, bot_id, calls, features)

    async def meet(self, token: str) -> Identity:
        """Whose token this is. Raises Unauthorized, Unreachable."""
        caller = Caller(self.transport, token, team="")
        return await Calls(caller, Features(""), self._files).auth_test()

    async def ask(
        self, method: str, args: Mapping[str, object], *, token: str = "", once: bool = False
    ) -> Json:
        """A method that belongs to no workspace, such as installing. Raises SurfaceError.

        `token` is the app's own, which begins with "xapp-".
        `once`: what it gives can be had one time, so that it is not asked again when it may have
        been heard.
        """
        caller = self._asking.get(token)
        if caller is None:
            caller = self._asking[token] = Caller(self.transport, token, team="")
        return await caller.call(method, args, ONCE if once else EDIT)


class SingleWorkspace:
    """The workspace of one token; which one that is, Slack is asked at the first need."""

    def __init__(self, token: str, line: Line) -> None:
        self._token = token
        self._line = line
        self._met = asyncio.Lock()
        self._identity: Identity | None = None
        self._refused_until = 0.0
        self._workspaces: dict[str, Workspace] = {}

    def __repr__(self) -> str:
        return f"SingleWorkspace({', '.join(self._workspaces)})"

    async def of(self, team: str, enterprise: str = "") -> Workspace:
        """Raises Forbidden, Unauthorized, Unreachable."""
        known = self._workspaces.get(team)
        if known is not None:
            return known
        identity = await self.identity()
        # Who goes on with an answer after a start knows no organisation any more.
        same = enterprise in ("", identity.enterprise)
        belongs = team == identity.team or (identity.org and same)
        if not team or not belongs:
            raise Forbidden("the app is not installed in this workspace")
        workspace = self._line.workspace(
            team=team,
            token=self._token,
            bot_user=identity.bot_user,
            bot_id=identity.bot_id,
            org=identity.org,
        )
        return self._workspaces.setdefault(team, workspace)

    def known(self) -> Sequence[Workspace]:
        return tuple(self._workspaces.values())

    async def identity(self) -> Identity:
        """Asked once; then known. Raises Unauthorized, Unreachable."""
        async with self._met:
            if self._identity is None:
                now = asyncio.get_running_loop().time()
                if now < self._refused_until:
                    raise Unauthorized("invalid_auth")
                try:
                    self._identity = await self._line.meet(self._token)
                except Unauthorized:
                    self._refused_until = now + ASKED_AGAIN
                    raise
            return self._identity

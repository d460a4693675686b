"""Which installation a payload belongs to, whatever kind it is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack import payloads
from adapters.slack.heard import convert

_ORGANISATION = "E"  # begins their ids, and no workspace's


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`team` is the workspace a thing happened in, as far as the installation is concerned.

    `bot` is the bot's user there, "" where the payload does not tell. `org`: the installation is a
    whole organisation's.
    """

    team: str
    enterprise: str = ""
    bot: str = ""
    org: bool = False


def route(payload: Mapping[str, object]) -> Route:
    """Of a payload without nulls. Raises Unreadable.

    In channels shared with others `team_id` may be theirs; an authorization is always one's own.
    An installation for a whole organisation may name no team there, or itself instead.
    """
    read = convert(payload, payloads.Routed)
    mine = read.authorizations[0] if read.authorizations else payloads.Authorization()
    team, enterprise = read.team or payloads.Named(), read.enterprise or payloads.Named()
    opened_by = read.view.app_installed_team_id if read.view else ""
    person = read.user.team_id if read.user else ""
    teams = (mine.team_id, opened_by, read.context_team_id, team.id, read.team_id, person)
    organisations = (
        mine.enterprise_id,
        read.context_enterprise_id,
        enterprise.id,
        team.enterprise_id,
        read.enterprise_id,
    )
    return Route(
        team=_first(*(one for one in teams if not one.startswith(_ORGANISATION))),
        enterprise=_first(*organisations, *(one for one in teams if one.startswith(_ORGANISATION))),
        bot=mine.user_id if mine.is_bot else "",
        org=mine.is_enterprise_install,
    )


def _first(*told: str) -> str:
    return next((one for one in told if one), "")

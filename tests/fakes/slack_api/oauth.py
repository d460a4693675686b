"""Installing by OAuth: the page where somebody allows it, and the exchange of its code."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.fakes.slack_api.refused import Refused
from tests.fakes.slack_api.things import Install, Json, Person, Team

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

CODE_LASTS = 600.0  # seconds
TOKEN_LASTS = 43_200  # seconds, where tokens rotate


@dataclass(kw_only=True)
class Code:
    """What somebody allowed, until it is exchanged."""

    person: Person
    team: Team
    org: bool
    scopes: frozenset[str]
    redirect: str
    at: float


def authorize(slack: "Slack", query: Json, person: Person, *, org: bool = False) -> str:
    """Somebody allows what the page asks for; where the browser is sent then."""
    if query.get("client_id") != slack.app.client_id:
        raise Refused("invalid_client_id")
    redirect = str(query.get("redirect_uri", "") or next(iter(slack.app.redirect_urls), ""))
    if not any(redirect.startswith(known) for known in slack.app.redirect_urls):
        raise Refused("bad_redirect_uri")
    scopes = frozenset(str(query.get("scope", "")).replace(" ", ",").split(",")) - {""}
    if not scopes:
        raise Refused("no_scopes")
    number = f"{slack.new_id('c')}.code"
    slack.codes[number] = Code(
        person=person,
        team=slack.teams[person.team],
        org=org,
        scopes=scopes,
        redirect=str(query.get("redirect_uri", "")),
        at=slack.clock(),
    )
    more = {"code": number} | ({"state": str(query["state"])} if "state" in query else {})
    return f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(more)}"


def refuse(slack: "Slack", query: Json) -> str:
    """Somebody presses Cancel on the page; where the browser is sent then."""
    redirect = str(query.get("redirect_uri", "") or next(iter(slack.app.redirect_urls), ""))
    more = {"error": "access_denied"}
    more |= {"state": str(query["state"])} if "state" in query else {}
    return f"{redirect}?{urlencode(more)}"


def access(slack: "Slack", given: Json, _: str) -> Json:
    if given.get("client_id") != slack.app.client_id:
        raise Refused("invalid_client_id")
    if given.get("client_secret") != slack.app.client_secret:
        raise Refused("bad_client_secret")
    grant = given.get("grant_type", "authorization_code")
    if grant == "refresh_token":
        return _refreshed(slack, str(given.get("refresh_token", "")))
    if grant != "authorization_code":
        raise Refused("invalid_grant_type")
    code = slack.codes.pop(str(given.get("code", "")), None)
    if code is None or slack.clock() - code.at > CODE_LASTS:
        raise Refused("invalid_code")
    if code.redirect != given.get("redirect_uri", ""):
        raise Refused("bad_redirect_uri")
    return _granted(slack, code)


def _granted(slack: "Slack", code: Code) -> Json:
    old = slack.found_install(code.team.id)
    if old and old.team == ("" if code.org else code.team.id):
        old.revoked = "" if not slack.app.rotates else "token_revoked"
        install = old  # installing again gives the same token
        install.scopes |= code.scopes
        install.revoked = ""
    else:
        install = slack.install(code.team, org=code.org, scopes=code.scopes)
    if slack.app.rotates:
        _rotate(slack, install)
    team = {"id": code.team.id, "name": code.team.name}
    house = {"id": code.team.enterprise, "name": "House"} if code.team.enterprise else None
    return {
        "app_id": slack.app.id,
        "authed_user": {"id": code.person.id},
        "scope": ",".join(sorted(install.scopes)),
        "token_type": "bot",
        "bot_user_id": install.bot_user,
        "team": None if code.org else team,
        "enterprise": house,
        "is_enterprise_install": code.org,
        **_tokens(install),
    }


def _tokens(install: Install) -> Json:
    tokens: Json = {"access_token": install.token}
    if install.refresh:
        tokens |= {"refresh_token": install.refresh, "expires_in": TOKEN_LASTS}
    return tokens


def _rotate(slack: "Slack", install: Install) -> None:
    """Give it a new token, and a new one to refresh that with; the old ones work no more."""
    slack.installs.pop(install.token, None)
    number = slack.new_id("r")
    install.token = f"xoxe.xoxb-1-{number}-sesame" + "x" * 12
    install.refresh = f"xoxe-1-{number}-refresh" + "x" * 12
    install.expires_at = slack.clock() + TOKEN_LASTS
    slack.installs[install.token] = install


def _refreshed(slack: "Slack", refresh: str) -> Json:
    found = [one for one in slack.installs.values() if one.refresh and one.refresh == refresh]
    if not found or found[0].revoked:
        raise Refused("invalid_refresh_token")
    install = found[0]
    _rotate(slack, install)
    team = slack.teams.get(install.team)
    return {
        "app_id": slack.app.id,
        "scope": ",".join(sorted(install.scopes)),
        "token_type": "bot",
        "bot_user_id": install.bot_user,
        "team": {"id": team.id, "name": team.name} if team else None,
        "enterprise": {"id": install.enterprise, "name": "House"} if install.enterprise else None,
        "is_enterprise_install": team is None,
        **_tokens(install),
    }

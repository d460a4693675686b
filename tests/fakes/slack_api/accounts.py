"""Who is who: auth.*, users.info, conversations.*, reactions.*, apps.*, oauth.v2.access."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.fakes.slack_api import oauth, payloads
from tests.fakes.slack_api.chat import reachable
from tests.fakes.slack_api.refused import Refused
from tests.fakes.slack_api.things import Install, Json, Person

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Method, Slack


def auth_test(slack: "Slack", install: Install, given: Json) -> Json:
    named = str(given.get("team_id", "")) or install.team
    about: Json = {
        "url": "https://slack.com/",
        "team": "",
        "user": "parley",
        "user_id": install.bot_user,
        "bot_id": install.bot_id,
        "is_enterprise_install": not install.team,
    }
    if named:
        team = slack.teams[named]
        about |= {
            "url": f"https://{team.domain}.slack.com/",
            "team": team.name,
            "team_id": team.id,
        }
    if install.enterprise:
        about["enterprise_id"] = install.enterprise
        about.setdefault("team_id", install.enterprise)
    return about


def revoke(slack: "Slack", install: Install, given: Json) -> Json:
    if not given.get("test"):
        install.revoked = "token_revoked"
    return {"revoked": not given.get("test")}


def uninstall(slack: "Slack", install: Install, given: Json) -> Json:
    if (given["client_id"], given["client_secret"]) != (
        slack.app.client_id,
        slack.app.client_secret,
    ):
        raise Refused("bad_client_secret")
    remove_app(slack, install)
    return {}


def remove_app(slack: "Slack", install: Install) -> None:
    """Take the app out of a workspace; two events tell of it, in no order that is promised."""
    team = install.team or next(
        team.id for team in slack.teams.values() if team.enterprise == install.enterprise
    )
    install.revoked = "account_inactive"
    tokens: Json = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [install.bot_user]}}
    gone: Json = {"type": "app_uninstalled"}
    for event in (tokens, gone):
        payloads.tell(slack, install, team, event)


def users_info(slack: "Slack", install: Install, given: Json) -> Json:
    number = str(given["user"])
    person = slack.people.get(number)
    if person is None and slack.is_bot(number):
        person = Person(id=number, name="Parley", team=install.team, is_bot=True)
    if person is None:
        raise Refused("user_not_found")
    user = person.user()
    if given.get("include_locale"):
        user["locale"] = person.locale
    return {"user": user}


def open_conversation(slack: "Slack", install: Install, given: Json) -> Json:
    person = slack.people.get(str(given.get("users", "")))
    if person is None:
        raise Refused("user_not_found" if given.get("users") else "no_users")
    team = str(given.get("team_id", "")) or install.team or person.team
    seat = slack.dm(person, slack.teams[team])
    return {"channel": {"id": seat.channel.id}}


def conversation_info(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel"], public=True)
    member = install.bot_user in channel.members
    return {"channel": {"id": channel.id, "name": channel.name, "is_member": member}}


def add_reaction(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given["channel"])
    post = channel.posts.get(str(given["timestamp"]))
    if post is None:
        raise Refused("message_not_found")
    who = post.reactions.setdefault(str(given["name"]), [])
    if install.bot_user in who:
        raise Refused("already_reacted")
    who.append(install.bot_user)
    return {}


def remove_reaction(slack: "Slack", install: Install, given: Json) -> Json:
    channel = reachable(slack, install, given.get("channel"))
    post = channel.posts.get(str(given.get("timestamp")))
    if post is None:
        raise Refused("message_not_found")
    who = post.reactions.get(str(given["name"]), [])
    if install.bot_user not in who:
        raise Refused("no_reaction")
    who.remove(install.bot_user)
    return {}


def open_connection(slack: "Slack", given: Json, token: str) -> Json:
    if token != slack.app.token:
        raise Refused("invalid_auth" if token.startswith("xapp-") else "not_allowed_token_type")
    return {"url": slack.sockets.address(slack.api)}


METHODS: "dict[str, Method]" = {
    "auth.test": auth_test,
    "auth.revoke": revoke,
    "apps.uninstall": uninstall,
    "users.info": users_info,
    "conversations.open": open_conversation,
    "conversations.info": conversation_info,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
}
# Methods that no bot token is needed for.
BY_SECRET: "dict[str, Callable[[Slack, Json, str], Json]]" = {
    "oauth.v2.access": oauth.access,
    "apps.connections.open": open_connection,
}

"""Modals and homes: views.open, push, update, publish."""

from typing import TYPE_CHECKING

from tests.fakes.slack_api.blocks import check_view
from tests.fakes.slack_api.refused import Refused, invalid
from tests.fakes.slack_api.things import Install, Json, Person, View

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Method, Slack, Trigger

TRIGGER_LASTS = 3.0  # seconds
STACK = 3  # modals on top of each other


def _spend(slack: "Slack", given: Json) -> "Trigger":
    """Use a trigger up; raises Refused."""
    trigger = slack.triggers.get(str(given.get("trigger_id", "")))
    if trigger is None:
        raise Refused("invalid_trigger_id")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if slack.clock() - trigger.at > TRIGGER_LASTS + slack.jitter:
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


def _made(slack: "Slack", team: str, body: Json) -> View:
    external = body.get("external_id")
    if external and any(view.body.get("external_id") == external for view in slack.views.values()):
        raise Refused("duplicate_external_id")
    view = View(id=slack.new_id("V"), hash=_hash(slack), team=team, body=body)
    slack.views[view.id] = view
    return view


def _hash(slack: "Slack") -> str:
    return f"{int(slack.wall())}.{slack.new_id('h')}"


def open_view(slack: "Slack", install: Install, given: Json) -> Json:
    body = check_view(given["view"], ("modal",))
    trigger = _spend(slack, given)
    view = _made(slack, trigger.team, body)
    trigger.person.modals[:] = [view]
    return {"view": view.described()}


def push(slack: "Slack", install: Install, given: Json) -> Json:
    body = check_view(given["view"], ("modal",))
    trigger = _spend(slack, given)
    stack = trigger.person.modals
    if not stack:
        raise Refused("not_found")
    if len(stack) >= STACK:
        raise Refused("push_limit_reached")
    return {"view": pushed(slack, trigger.person, trigger.team, body).described()}


def pushed(slack: "Slack", person: Person, team: str, body: Json) -> View:
    """Put a modal on top of those that are open."""
    view = _made(slack, team, body)
    view.root, view.previous = person.modals[0].id, person.modals[-1].id
    person.modals.append(view)
    return view


def update(slack: "Slack", install: Install, given: Json) -> Json:
    body = check_view(given["view"], ("modal", "home"))
    view = _named(slack, given)
    if given.get("hash") and given["hash"] != view.hash:
        raise Refused("hash_conflict")
    if not any(view in person.modals or view is person.home for person in slack.people.values()):
        raise Refused("not_found")
    replace(slack, view, body)
    return {"view": view.described()}


def replace(slack: "Slack", view: View, body: Json) -> None:
    view.body, view.hash, view.errors, view.trouble = body, _hash(slack), {}, ""


def _named(slack: "Slack", given: Json) -> View:
    if "view_id" in given:
        view = slack.views.get(str(given["view_id"]))
    elif "external_id" in given:
        named = (
            v for v in slack.views.values() if v.body.get("external_id") == given["external_id"]
        )
        view = next(named, None)
    else:
        raise invalid("missing required field: view_id")
    if view is None:
        raise Refused("not_found")
    return view


def publish(slack: "Slack", install: Install, given: Json) -> Json:
    body = check_view(given["view"], ("home",))
    person = slack.people.get(str(given["user_id"]))
    if person is None:
        raise Refused("user_not_found")
    if person.home is None:
        person.home = _made(slack, person.team, body)
    elif given.get("hash") and given["hash"] != person.home.hash:
        raise Refused("hash_conflict")
    else:
        replace(slack, person.home, body)
    return {"view": person.home.described()}


METHODS: "dict[str, Method]" = {
    "views.open": open_view,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}

"""Modals as people fill them in, and what becomes of them when the app has answered."""

import json
from typing import TYPE_CHECKING, cast

from tests.fakes.slack_api import views
from tests.fakes.slack_api.blocks import check_view
from tests.fakes.slack_api.refused import Refused
from tests.fakes.slack_api.things import Json, Person, View

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

TROUBLE = "We had some trouble connecting. Try again?"  # as Slack says when an app fails


def elements(view: View) -> list[Json]:
    """What can be pressed in a view."""
    found: list[Json] = []
    for block in view.blocks:
        inside = [*cast("list[Json]", block.get("elements", [])), block.get("accessory")]
        found += [
            {"block_id": block.get("block_id", ""), **each}
            for each in inside
            if isinstance(each, dict) and "action_id" in each
        ]
    return found


def filled(view: View, values: Json) -> Json:
    """The state of a view: by block and action, what was typed or chosen.

    `values` are by label: words for texts, numbers and selects (an option's text), True or False,
    or the texts of options, for checkboxes. What is not named stays as it was opened.
    """
    unknown = values.keys() - view.inputs.keys()
    assert not unknown, f"no input {unknown} among {list(view.inputs)}"
    state: Json = {}
    for at, (label, block) in enumerate(view.inputs.items()):
        element = cast(Json, block["element"])
        entered = _entered(element, values.get(label))
        empty = not any(value for name, value in entered.items() if name != "type")
        assert not empty or block.get("optional"), f"{label!r} is required"
        state[str(block.get("block_id", f"b{at}"))] = {str(element["action_id"]): entered}
    return state


def _entered(element: Json, value: object) -> Json:
    kind = str(element["type"])
    if kind in {"static_select", "radio_buttons"}:
        chosen = _option(element, value) if value else element.get("initial_option")
        return {"type": kind, "selected_option": chosen}
    if kind == "checkboxes":
        return {"type": kind, "selected_options": _ticked(element, value)}
    words = element.get("initial_value") if value is None else str(value)
    most = element.get("max_length", 3000)
    assert len(str(words or "")) <= cast(int, most), "longer than the input takes"
    return {"type": kind, "value": words or None}


def _options(element: Json) -> list[Json]:
    groups = cast("list[Json]", element.get("option_groups", []))
    inside = [option for group in groups for option in cast("list[Json]", group["options"])]
    return [*cast("list[Json]", element.get("options", [])), *inside]


def _option(element: Json, value: object) -> Json:
    for option in _options(element):
        if cast(Json, option["text"])["text"] == value:
            return option
    raise AssertionError(f"no option {value!r} in {element}")


def _ticked(element: Json, value: object) -> list[Json]:
    if value is None:
        return cast("list[Json]", element.get("initial_options", []))
    if isinstance(value, bool):
        return _options(element)[:1] if value else []
    return [_option(element, each) for each in cast("list[str]", value)]


def taken(slack: "Slack", person: Person, view: View, status: int, body: bytes) -> None:
    """Do with a submitted modal what the app answered."""
    view.errors, view.trouble = {}, ""
    try:
        if status != 200:
            raise Refused(f"status {status}")
        answer = json.loads(body) if body.strip() else {}
        _obeyed(slack, person, view, answer)
    except (Refused, ValueError, KeyError) as no:
        view.trouble = TROUBLE
        slack.refused("view_submission", no if isinstance(no, Refused) else Refused(str(no)), {})
    slack.changed()


def _obeyed(slack: "Slack", person: Person, view: View, answer: Json) -> None:
    deed = answer.get("response_action")
    if deed is None:
        if view in person.modals:
            person.modals.remove(view)
    elif deed == "clear":
        person.modals.clear()
    elif deed == "errors":
        errors = cast("dict[str, str]", answer["errors"])
        known = {str(block.get("block_id")) for block in view.inputs.values()}
        if not errors or not errors.keys() <= known:
            raise Refused("invalid_errors", f"{sorted(errors.keys() - known)}")
        view.errors = errors
    elif deed in {"update", "push"}:
        body = check_view(answer["view"], ("modal",))
        if deed == "push":
            views.pushed(slack, person, view.team, body)
        else:
            views.replace(slack, view, body)
    else:
        raise Refused("invalid_response_action", str(deed))

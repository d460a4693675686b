"""The manifest is what Slack takes, and asks for what is used and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from adapters.slack import manifest as module
from adapters.slack.manifest import EDIT_SCOPES, EVENTS, SCOPES, manifest
from bot.cli import main

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json.loads((ROOT / "tests/payloads/slack/manifest.schema.2.0.0.json").read_text())
METHODS = json.loads((ROOT / "tests/fakes/slack_api/methods.json").read_text())["methods"]
ADDRESS = "https://bot.example.com"
# What each event needs, by docs.slack.dev; the rest need nothing.
OF_EVENTS = {
    "agent_session_stopped": "chat:write",
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
# What is needed for neither a method nor an event.
BESIDES = {"chat:write.public", "commands"}


def made(**changes: Any) -> Any:
    asked: dict[str, Any] = {"address": ADDRESS, "socket": False, "command": "/ask", "name": "P"}
    return manifest(**{**asked, **changes})


@pytest.mark.parametrize("socket", [False, True])
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("edits", [False, True])
def test_every_manifest_is_one_slack_takes(socket: bool, many: bool, edits: bool) -> None:
    found = made(socket=socket, many=many, edits=edits, name="x" * module.NAME_LIMIT)
    assert list(Draft7Validator(SCHEMA).iter_errors(found)) == []


def test_by_socket_no_address_is_told() -> None:
    assert ADDRESS not in json.dumps(made(socket=True))
    assert made(address=None, socket=True)["settings"]["socket_mode_enabled"] is True


def test_by_http_everything_comes_to_one_address() -> None:
    found = made()
    assert found["settings"]["socket_mode_enabled"] is False
    addresses = set(re.findall(r'"(https://[^"]+)"', json.dumps(found)))
    assert addresses == {f"{ADDRESS}/slack/events"}


def test_the_way_back_is_for_many_workspaces_only() -> None:
    assert "redirect_urls" not in made()["oauth_config"]
    many = made(socket=True, many=True)
    assert many["oauth_config"]["redirect_urls"] == [f"{ADDRESS}/slack/oauth_redirect"]
    assert many["settings"]["org_deploy_enabled"] is True


def test_channels_are_heard_only_where_that_is_wanted() -> None:
    def heard(found: Any) -> set[str]:
        return set(found["settings"]["event_subscriptions"]["bot_events"])

    assert heard(made()) == set(EVENTS)
    assert heard(made(edits=True)) - heard(made()) == {
        "message.channels",
        "message.groups",
        "message.mpim",
    }
    scopes = made(edits=True)["oauth_config"]["scopes"]
    assert scopes == {"bot": list(SCOPES), "bot_optional": list(EDIT_SCOPES)}


def test_the_rights_are_exactly_those_of_what_is_called_and_heard() -> None:
    rooms = set((ROOT / "adapters/slack").glob("*.py")) - {ROOT / "adapters/slack/transport.py"}
    source = "".join(path.read_text(encoding="utf-8") for path in rooms)
    called = {name for name in METHODS if f'"{name}"' in source}
    assert {"chat.postMessage", "views.open", "files.info", "users.info"} <= called
    needed = {METHODS[name]["scope"] for name in called} - {""}
    assert set(SCOPES) == needed | set(OF_EVENTS.values()) | BESIDES


def test_mentions_in_commands_come_as_ids() -> None:
    (command,) = made(command="/frage")["features"]["slash_commands"]
    assert command["command"] == "/frage"
    assert command["should_escape"] is True


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*arguments: str, **variables: str) -> Any:
    result = CliRunner().invoke(main, ["slack-manifest", *arguments], env=variables)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_the_verb_prints_what_serve_would_work_with() -> None:
    assert said()["settings"]["socket_mode_enabled"] is True
    assert said(PUBLIC_URL=ADDRESS)["settings"]["socket_mode_enabled"] is False
    by_token = said(PUBLIC_URL=ADDRESS, SLACK_APP_TOKEN="xapp-1")
    assert by_token["settings"]["socket_mode_enabled"] is True
    assert said("--socket", PUBLIC_URL=ADDRESS)["settings"]["socket_mode_enabled"] is True
    found = said("--http", "--name", " Ask us ", PUBLIC_URL=ADDRESS, PARLEY_SLACK_COMMAND="/frage")
    assert found["display_information"]["name"] == "Ask us"
    assert found["features"]["slash_commands"][0]["command"] == "/frage"
    assert "redirect_urls" in said("--many", PUBLIC_URL=ADDRESS)["oauth_config"]
    assert "bot_optional" in said(PARLEY_SLACK_EDITS="true")["oauth_config"]["scopes"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--http"], "set PUBLIC_URL"),
        (["--many"], "set PUBLIC_URL"),
        (["--name", "x" * 36], "1 to 35 characters"),
        (["--name", " "], "1 to 35 characters"),
    ],
)
def test_what_cannot_be_is_told_with_the_cure(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["slack-manifest", *arguments])
    assert result.exit_code == 2
    assert told in result.output

"""Slack's settings: what each takes, and what they need of each other."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from bot.settings import SettingsError, load

Environment = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: Environment) -> None:
    """A folder without a `.env`."""
    monkeypatch.chdir(tmp_path)


def faults(**variables: str) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            load()
        return {fault.name: fault.problem for fault in caught.value.faults}


def test_slack_tokens_that_were_swapped_are_told_apart() -> None:
    found = faults(SLACK_BOT_TOKEN="xapp-1", SLACK_APP_TOKEN="xoxb-1")
    assert found["SLACK_BOT_TOKEN"] == "is an app-level token; the bot token begins with xoxb-"
    assert found["SLACK_APP_TOKEN"] == "is not an app-level token; it begins with xapp-"


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("xoxp-1", "is a person's token; the bot token begins with xoxb-"),
        ("xoxe.xoxb-1", "is a token that expires; those are renewed for SLACK_CLIENT_ID only"),
    ],
)
def test_a_token_that_would_soon_fail_is_told_before(token: str, problem: str) -> None:
    assert faults(SLACK_BOT_TOKEN=token, SLACK_APP_TOKEN="xapp-1") == {"SLACK_BOT_TOKEN": problem}


def test_slack_needs_one_way_in_and_that_is_told_beside_other_faults() -> None:
    assert faults(SLACK_BOT_TOKEN="xoxb-1", PORT="x") == {
        "PORT": "is not a whole number",
        "SLACK_BOT_TOKEN": "needs SLACK_APP_TOKEN (socket) or SLACK_SIGNING_SECRET (HTTP) "
        "beside it",
    }


KEYS = ["A" * 43 + "=", "B" * 43 + "="]

MANY = {
    "SLACK_CLIENT_ID": "12.34",
    "SLACK_CLIENT_SECRET": "abc",
    "SLACK_TOKEN_KEYS": KEYS[0],
    "SLACK_SIGNING_SECRET": "def",
    "PUBLIC_URL": "https://bot.example.com",
}


@pytest.mark.parametrize("missing", MANY)
def test_whatever_many_workspaces_lack_is_named(missing: str) -> None:
    rest = {name: value for name, value in MANY.items() if name != missing}
    teller = min(name for name in rest if name.startswith(("SLACK_C", "SLACK_T")))
    assert faults(**rest) == {missing: f"is needed beside {teller}, for many workspaces"}


def test_a_client_id_alone_is_told_all_it_needs_at_once() -> None:
    assert set(faults(SLACK_CLIENT_ID="12.34")) == set(MANY) - {"SLACK_CLIENT_ID"}


def test_many_workspaces_may_be_heard_by_socket(monkeypatch: Environment) -> None:
    for name, value in {**MANY, "SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": "xapp-1"}.items():
        monkeypatch.setenv(name, value)
    assert load().slack_client_id == "12.34"


def test_one_workspace_and_many_exclude_each_other() -> None:
    assert faults(**MANY, SLACK_BOT_TOKEN="xoxb-1") == {
        "SLACK_BOT_TOKEN": "is for one workspace, SLACK_CLIENT_ID for many; keep one of the two"
    }


def test_what_is_no_client_id_or_no_key_is_told() -> None:
    assert faults(**{**MANY, "SLACK_CLIENT_ID": "A0123"}) == {
        "SLACK_CLIENT_ID": "is not a client ID as “Basic Information” of the app shows it"
    }
    for bad in ("short", KEYS[0] + ",", KEYS[0][:-1], "ä" * 43 + "="):
        assert faults(**{**MANY, "SLACK_TOKEN_KEYS": bad}) == {
            "SLACK_TOKEN_KEYS": "is not a key of 32 bytes in base64url; several are comma-separated"
        }


def test_keys_are_what_the_readme_and_the_library_make_of_them(monkeypatch: Environment) -> None:
    for name, value in {**MANY, "SLACK_TOKEN_KEYS": f" {KEYS[0]}, {KEYS[1]}"}.items():
        monkeypatch.setenv(name, value)
    keys = load().slack_token_keys
    assert keys is not None
    both = [Fernet(key.strip()) for key in keys.get_secret_value().split(",")]
    assert MultiFernet(both).decrypt(both[1].encrypt(b"token")) == b"token"


def test_the_slash_command_has_a_name_slack_takes(monkeypatch: Environment) -> None:
    assert load().parley_slack_command == "/ask"
    for bad in ("ask", "/", "/ask me", "/" + "a" * 32, "/ask!", "/a/b"):
        assert faults(PARLEY_SLACK_COMMAND=bad) == {
            "PARLEY_SLACK_COMMAND": "must be / and up to 31 small letters, digits, - or _"
        }
    assert faults(PARLEY_SLACK_COMMAND="/feedback") == {
        "PARLEY_SLACK_COMMAND": "is a command of Slack's own"
    }
    monkeypatch.setenv("PARLEY_SLACK_COMMAND", " /Frage-1 ")
    assert load().parley_slack_command == "/frage-1"

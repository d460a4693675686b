"""What `check` says about Slack, asked of the project's own over a socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from adapters.slack.manifest import EDIT_SCOPES, SCOPES
from adapters.slack.transport import API_URL
from adapters.slack.workspace import Line
from bot.compose.slack_check import examine, rights, socket
from bot.settings import Settings
from bot.store import database
from bot.store.records import Installation
from bot.store.sealing import Seal
from bot.store.store import keeping
from tests.fakes.prepared import migrated
from tests.fakes.slack_api import Install, Slack, serve
from tests.fakes.slack_line import Scripted

pytestmark = pytest.mark.real_time
ADDRESS = "https://bot.example.com"


@dataclass
class There:
    url: str
    slack: Slack
    install: Install

    async def findings(self, **changes: Any) -> list[tuple[str, str]]:
        values = {
            "SLACK_API_URL": f"{self.url}/api/",
            "SLACK_BOT_TOKEN": SecretStr(self.install.token),
            "SLACK_SIGNING_SECRET": SecretStr("s"),
            **changes,
        }
        return [found async for found in examine(Settings(_env_file=None, **values))]

    async def many(self, **changes: Any) -> list[tuple[str, str]]:
        values = {
            "SLACK_BOT_TOKEN": None,
            "SLACK_CLIENT_ID": "1.2",
            "SLACK_TOKEN_KEYS": SecretStr(Fernet.generate_key().decode()),
            "PUBLIC_URL": ADDRESS,
        }
        return await self.findings(**{**values, **changes})


@pytest.fixture
async def there() -> AsyncIterator[There]:
    slack = Slack()
    team = slack.team("Acme\n\x1b[31m", install=False)
    install = slack.install(team, scopes=frozenset(SCOPES))
    async with serve(slack) as served:
        yield There(served.url, slack, install)


async def test_an_app_by_http_is_in_place(there: There) -> None:
    (who, _), (rights, _), (way, _) = found = await there.findings(PUBLIC_URL=ADDRESS)
    assert who.startswith("@parley in Acme  [31m (T0")
    assert rights == "every right is there"
    assert (
        way == f"Slack is to bring events, commands and what is pressed to {ADDRESS}/slack/events"
    )
    assert not any(cure for _, cure in found)


async def test_an_app_by_socket_is_in_place(there: There) -> None:
    found = await there.findings(SLACK_APP_TOKEN=SecretStr(there.slack.app.token))
    assert found[-1] == ("events come by socket", "")


async def test_a_token_that_is_refused_is_told_and_not_shown(there: There) -> None:
    found = await there.findings(SLACK_BOT_TOKEN=SecretStr("xoxb-wrong-one"))
    words, cure = found[0]
    assert words == "the bot token is refused (invalid_auth)"
    assert "SLACK_BOT_TOKEN" in cure
    assert "wrong" not in str(found)


async def test_a_missing_right_is_told_with_what_it_is_for(there: There) -> None:
    there.install.scopes -= {"files:read"}
    words, cure = (await there.findings())[1]
    assert words == "the app has no right to files:read (reads the pictures it is asked about)"
    assert "slack-manifest" in cure
    assert "install it again" in cure


async def test_an_app_level_token_that_is_refused_is_told(there: There) -> None:
    words, cure = (await there.findings(SLACK_APP_TOKEN=SecretStr("xapp-wrong")))[-1]
    assert words == "the app-level token is refused (invalid_auth)"
    assert "SLACK_APP_TOKEN" in cure


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        ("not_allowed_token_type", "connections:write"),
        ("missing_scope", "connections:write"),
        ("socket_mode_not_enabled", "switch it on"),
    ],
)
async def test_what_keeps_the_socket_shut_is_told(error: str, cure: str) -> None:
    assert cure in (await socket("xapp-1", Line(transport=Scripted(error))))[1]


async def test_trouble_that_passes_is_not_taken_for_a_wrong_token(there: There) -> None:
    there.slack.faults.add("internal_error", "auth.test")
    [(words, cure)] = await there.findings()
    assert "internal_error" in words
    assert "check the network" in cure


async def test_a_server_that_does_not_answer_or_is_not_slack_is_told(there: There) -> None:
    [(words, cure)] = await there.findings(SLACK_API_URL="http://127.0.0.1:1/api/")
    assert words.startswith("http://127.0.0.1:1/api/: ")
    assert "SLACK_API_URL" in cure
    [(words, _)] = await there.findings(SLACK_API_URL=f"{there.url}/upload/")
    assert "no answer of Slack's" in words


async def test_who_has_installed_it_is_counted(there: There, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/parley.db"
    found = await there.many(DATABASE_URL=SecretStr(address))
    assert found[:2] == [
        (f"workspaces install the app at {ADDRESS}/slack/install", ""),
        ("no workspace has installed it yet", ""),
    ]
    migrated(address)
    key = Fernet.generate_key().decode()
    async with database.opened(address) as engine, keeping(engine) as (store, _):
        for workspace, through in (("E1", ""), ("T1", "E1"), ("T2", "")):
            await store.installations("slack").keep(
                Installation(
                    platform="slack",
                    workspace=workspace,
                    through=through,
                    sealed="" if through else Seal([key]).seal("x"),
                    installed_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
    kept = {"DATABASE_URL": SecretStr(address)}
    assert (await there.many(**kept, SLACK_TOKEN_KEYS=SecretStr(key)))[1] == (
        "installed in 2 workspaces",
        "",
    )
    keys = SecretStr(f"{Fernet.generate_key().decode()}, {key}")
    words, _ = (await there.many(**kept, SLACK_TOKEN_KEYS=keys))[1]
    assert words == "installed in 2 workspaces, 2 sealed with an older key until serve begins"
    words, cure = (await there.many(**kept))[1]
    assert words == "the tokens of 2 workspaces cannot be opened, such as E1"
    assert "SLACK_TOKEN_KEYS" in cure


async def test_an_address_slack_does_not_reach_is_told() -> None:
    values = {"PUBLIC_URL": "http://localhost:8080", "SLACK_API_URL": API_URL}
    for more in (
        {"SLACK_CLIENT_ID": "1.2", "SLACK_TOKEN_KEYS": SecretStr(Fernet.generate_key().decode())},
        {"SLACK_CLIENT_ID": "1.2", "DATABASE_URL": SecretStr("postgresql://127.0.0.1:1/none")},
    ):
        settings = Settings(
            _env_file=None, **{"SLACK_TOKEN_KEYS": SecretStr("A" * 43 + "="), **values, **more}
        )
        found = [each async for each in examine(settings)]
        assert [bool(cure) for _, cure in found] == [True, False, True]


def test_rights_that_are_not_told_are_not_missed() -> None:
    assert rights({}, edits=True) == []


def test_hearing_edits_in_channels_needs_rights_of_its_own() -> None:
    every = {"X-OAuth-Scopes": ", ".join(SCOPES)}
    assert rights(every, edits=False) == [("every right is there", "")]
    ((words, cure),) = rights(every, edits=True)
    assert all(scope in words for scope in EDIT_SCOPES)
    assert "slack-manifest" in cure

"""Workspaces that install the app by themselves, and leave again: the bot as a process."""

import sqlite3
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar

from bot.store.sealing import Seal
from tests.fakes.nursery import Nursery
from tests.fakes.slack_api import Seat, Team, accounts
from tests.fakes.slack_bot import House, answered, secrets, slack_bot

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="session")]

HOME = "/slack/install"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> AsyncIterator[House]:
    """A bot that nobody has installed yet."""
    folder = tmp_path_factory.mktemp("installing")
    async with slack_bot(nursery, folder, "oauth") as open_house:
        yield open_house
        assert open_house.slack.violations() == []
        for secret in secrets(open_house):
            assert secret not in open_house.said
            assert secret.encode() not in open_house.kept()


async def install(house: House, team: Team) -> str:
    """Somebody follows the link in their browser, to the last page."""
    house.slack.installer = house.slack.person(team=team)
    async with (
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser,
        browser.get(f"http://127.0.0.1:{house.port}{HOME}") as page,
    ):
        assert page.status == HTTPStatus.OK
        return await page.text()


def visitor(house: House, team: Team) -> Seat:
    return house.slack.dm(house.slack.person(team=team), team)


async def test_two_workspaces_install_it_are_answered_and_one_leaves(house: House) -> None:
    other = house.slack.team("Others", install=False)
    for team in (house.team, other):
        assert f"Installed in {team.name}" in await install(house, team)
        seat = visitor(house, team)
        await answered(house, seat, seat.say("n=3"))
    checked = await house.nursery.run(house.folder, "check", **house.variables)
    assert "ok    Slack       installed in 2 workspaces" in checked.out
    met = house.slack.counted["auth.test"]
    seat = visitor(house, other)
    await answered(house, seat, seat.say("n=3"))
    assert house.slack.counted["auth.test"] == met, "an event asks nobody who the bot is"

    accounts.remove_app(house.slack, house.slack.installed(other.id))

    await house.until(lambda: other.id not in installed(house))
    assert house.team.id in installed(house)
    await house.until(lambda: kept_text(house, other) == {""})
    assert kept_text(house, house.team) - {""}
    seat = visitor(house, house.team)
    await answered(house, seat, seat.say("n=3"))


async def test_an_installation_outlives_a_restart_and_a_new_key(house: House) -> None:
    team = house.slack.team("Lasting", install=False)
    await install(house, team)
    await house.end()
    first = house.variables["SLACK_TOKEN_KEYS"]
    newer = "bmV3ZXIga2V5IG5ld2VyIGtleSBuZXdlciBrZXkgbmU="
    house.variables["SLACK_TOKEN_KEYS"] = f"{newer},{first}"
    await house.start()
    newest = Seal([newer])
    await house.until(lambda: all(newest.is_newest(token) for token in sealed(house)))
    await house.end()
    house.variables["SLACK_TOKEN_KEYS"] = newer
    await house.start()
    seat = visitor(house, team)
    await answered(house, seat, seat.say("n=3"))


async def test_whoever_cancels_on_slack_s_page_is_told_that_nothing_happened(house: House) -> None:
    team = house.slack.team("Hesitant", install=False)
    house.slack.cancels = True
    assert "Nothing was installed" in await install(house, team)
    house.slack.cancels = False
    assert team.id not in installed(house)


async def test_an_organisation_installs_it_for_all_its_workspaces(house: House) -> None:
    house.slack.org_wide = True
    first, second = (
        house.slack.team(name, enterprise="E0HOUSE", install=False) for name in ("One", "Two")
    )
    await install(house, first)
    house.slack.org_wide = False
    for team in (first, second):
        seat = visitor(house, team)
        await answered(house, seat, seat.say("n=3"))


def installed(house: House) -> list[str]:
    return [workspace for (workspace,) in rows(house, "SELECT workspace FROM installations")]


def sealed(house: House) -> list[str]:
    """The tokens as they lie in the database."""
    found = rows(house, "SELECT sealed FROM installations WHERE through = ''")
    return [token for (token,) in found]


def kept_text(house: House, team: Team) -> set[str]:
    """What is kept of the answers there."""
    found = rows(house, "SELECT text FROM answers WHERE workspace = ?", team.id)
    return {text for (text,) in found}


def rows(house: House, statement: str, *values: str) -> list[tuple[str]]:
    with sqlite3.connect(f"file:{house.folder / 'parley.db'}?mode=ro", uri=True) as database:
        return database.execute(statement, values).fetchall()

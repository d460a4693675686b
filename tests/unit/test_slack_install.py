"""Installing by oneself, from the link to the last page."""

import asyncio
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from adapters.slack.consent import Consents
from adapters.slack.errors import Refused
from adapters.slack.grants import Grants
from adapters.slack.install import COOKIE, Install
from adapters.slack.manifest import EDIT_SCOPES, INSTALL_PATH, REDIRECT_PATH, SCOPES
from adapters.slack.workspace import Line
from tests.fakes.slack_api import Team, oauth
from tests.fakes.slack_installing import PUBLIC, REDIRECT, House
from tests.fakes.slack_line import Scripted


@dataclass
class Browser:
    """Somebody's browser in front of the bot's pages."""

    house: House = field(default_factory=House)
    public_url: str = PUBLIC
    cookie: str = ""
    edits: bool = False

    def __post_init__(self) -> None:
        install = Install(
            self.house.installed,
            self.house.grants,
            Consents(lambda: self.house.seconds),
            client_id=self.house.slack.app.client_id,
            public_url=self.public_url,
            api_url="https://slack.com/api/",
            edits=self.edits,
        )
        self.install = install
        self.handlers = {route.path: route.handler for route in install.routes()}

    async def open(self, path: str, **query: str) -> web.Response:
        headers = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        request = make_mocked_request("GET", f"{path}?{urlencode(query)}", headers=headers)
        response = await self.handlers[path](request)
        assert isinstance(response, web.Response)
        if COOKIE in response.cookies:
            self.cookie = response.cookies[COOKIE].value
        return response

    async def sent_to_slack(self) -> dict[str, str]:
        response = await self.open(INSTALL_PATH)
        assert response.status == 302
        address = urlsplit(response.headers["Location"])
        assert address._replace(query="").geturl() == "https://slack.com/oauth/v2/authorize"
        return dict(parse_qsl(address.query))

    async def allow(self, team: Team, *, org: bool = False) -> web.Response:
        """All of it, with everything allowed on Slack's page."""
        asked = await self.sent_to_slack()
        person = self.house.slack.person(team=team)
        back = urlsplit(oauth.authorize(self.house.slack, dict(asked), person, org=org))
        assert back._replace(query="").geturl() == REDIRECT
        return await self.open(REDIRECT_PATH, **dict(parse_qsl(back.query)))


async def test_the_link_asks_slack_for_what_the_manifest_says_and_nothing_more() -> None:
    browser = Browser()
    asked = await browser.sent_to_slack()
    state = asked.pop("state")
    assert asked == {
        "client_id": browser.house.slack.app.client_id,
        "scope": ",".join(SCOPES),
        "redirect_uri": REDIRECT,
    }
    assert len(state) > 60
    assert state != (await browser.sent_to_slack())["state"]


async def test_what_the_manifest_asks_for_besides_the_link_asks_for_too() -> None:
    asked = await Browser(edits=True).sent_to_slack()
    assert asked["scope"].split(",") == [*SCOPES, *EDIT_SCOPES]


async def test_the_cookie_is_for_this_errand_alone() -> None:
    browser = Browser(public_url="https://bot.example.com/parley")
    cookies = SimpleCookie((await browser.open(INSTALL_PATH)).cookies.output(header=""))
    morsel = cookies[COOKIE]
    assert morsel["httponly"] and morsel["secure"]
    assert (morsel["samesite"], morsel["path"]) == ("Lax", "/parley/slack")
    assert morsel["max-age"] == "600"


async def test_plain_http_at_home_gets_a_cookie_it_can_keep() -> None:
    browser = Browser(public_url="http://127.0.0.1:8080")
    response = await browser.open(INSTALL_PATH)
    assert not response.cookies[COOKIE]["secure"]


async def test_a_workspace_that_allows_it_has_the_bot() -> None:
    browser = Browser()
    team = browser.house.slack.team("Acme <b>&</b> Sons", install=False)
    page = await browser.allow(team)
    assert page.status == 200
    assert page.text is not None
    assert "Installed in Acme &lt;b&gt;&amp;&lt;/b&gt; Sons" in page.text
    assert f"https://slack.com/app_redirect?app=A0PARLEY&amp;team={team.id}" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    workspace = await browser.house.installed.of(team.id)
    install = browser.house.slack.installed(team.id)
    assert (workspace.bot_user, workspace.bot_id) == (install.bot_user, install.bot_id)
    assert browser.house.drawer.kept[team.id].expires_at is None


async def test_a_token_that_ends_is_kept_with_what_renews_it() -> None:
    browser = Browser(House(rotates=True))
    team = browser.house.slack.team(install=False)
    await browser.allow(team)
    kept = browser.house.drawer.kept[team.id]
    assert kept.refresh_token
    assert kept.expires_at is not None


async def test_an_organisation_installs_for_all_its_workspaces() -> None:
    browser = Browser()
    team = browser.house.slack.team(enterprise="E0HOUSE", install=False)
    page = await browser.allow(team, org=True)
    assert page.text is not None
    assert "Installed in House" in page.text
    assert "An administrator" in page.text
    workspace = await browser.house.installed.of(team.id, "E0HOUSE")
    assert workspace.team == team.id
    assert (await workspace.calls.auth_test()).team == team.id


async def test_whoever_cancels_is_told_so_kindly() -> None:
    browser = Browser()
    asked = await browser.sent_to_slack()
    page = await browser.open(REDIRECT_PATH, error="access_denied", state=asked["state"])
    assert page.status == 200
    assert page.text is not None
    assert "Nothing was installed" in page.text
    assert f'href="{PUBLIC}/slack/install"' in page.text
    assert browser.house.drawer.kept == {}


async def test_nobody_comes_back_who_was_not_sent() -> None:
    browser, other = Browser(), Browser()
    team = browser.house.slack.team(install=False)
    asked = await browser.sent_to_slack()
    back = urlsplit(oauth.authorize(browser.house.slack, dict(asked), browser.house.slack.person()))
    query = dict(parse_qsl(back.query))
    for who, given in (
        (browser, {}),
        (browser, {"code": query["code"]}),
        (browser, {**query, "state": "x" * 90}),
        (other, query),
    ):
        page = await who.open(REDIRECT_PATH, **given)
        assert page.status == 400
        assert page.text is not None
        assert "This link is used up" in page.text
    assert browser.house.slack.calls == []
    assert (await browser.open(REDIRECT_PATH, **query)).status == 200
    again = await browser.open(REDIRECT_PATH, **query)
    assert again.status == 400
    assert set(browser.house.drawer.kept) == {team.id}


async def test_what_slack_refuses_is_told_without_its_words() -> None:
    browser = Browser()
    asked = await browser.sent_to_slack()
    page = await browser.open(REDIRECT_PATH, error="<script>", state=asked["state"])
    assert page.status == 400
    asked = await browser.sent_to_slack()
    page = await browser.open(REDIRECT_PATH, code="made-up", state=asked["state"])
    assert page.status == 502
    assert page.text is not None
    assert "made-up" not in page.text
    assert browser.house.drawer.kept == {}


async def test_what_is_granted_without_a_bot_or_a_token_installs_nothing() -> None:
    answer = {"access_token": "xoxb-1", "bot_user_id": "U1", "team": {"id": "T1"}}
    for missing in answer:
        granted = {name: value for name, value in answer.items() if name != missing}
        wire = Scripted({**granted, "is_enterprise_install": False})
        grants = Grants(Line(transport=wire), client_id="1.2", client_secret="x", now=House().now)
        with pytest.raises(Refused):
            await grants.redeem("code", REDIRECT)
        assert wire.methods == ["oauth.v2.access"]


async def test_a_connection_that_breaks_installs_nothing() -> None:
    browser = Browser()
    asked = await browser.sent_to_slack()
    browser.house.wire.broken = True
    page = await browser.open(REDIRECT_PATH, code="c", state=asked["state"])
    assert page.status == 502


async def test_a_database_that_is_away_installs_nothing_and_says_so() -> None:
    browser = Browser()
    browser.house.drawer.away = True
    page = await browser.allow(browser.house.slack.team(install=False))
    assert page.status == 502 and "Nothing was installed" in str(page.text)


async def test_an_uninstall_takes_the_installation_away_and_not_a_newer_one() -> None:
    browser = Browser()
    house = browser.house
    team = house.slack.team(install=False)
    before = house.now()
    house.seconds += 5
    await browser.allow(team)
    await browser.install.uninstalled(team=team.id, enterprise="", org=False, at=before)
    assert team.id in house.drawer.kept
    house.seconds += 5
    await browser.install.uninstalled(team=team.id, enterprise="", org=False, at=house.now())
    assert house.drawer.kept == {}
    await browser.install.uninstalled(team="", enterprise="", org=False, at=house.now())


async def test_an_uninstall_in_the_second_of_installing_is_believed() -> None:
    browser = Browser()
    team = browser.house.slack.team(install=False)
    second = browser.house.now()
    browser.house.seconds += 0.9
    await browser.allow(team)
    await browser.install.uninstalled(team=team.id, enterprise="", org=False, at=second)
    assert browser.house.drawer.kept == {}


async def test_an_organisation_s_uninstall_is_about_the_organisation() -> None:
    browser = Browser()
    await browser.house.put("", "E1")
    await browser.house.put("T1")
    browser.house.seconds += 1
    now = browser.house.now()
    await browser.install.uninstalled(team="T1", enterprise="E1", org=True, at=now)
    assert set(browser.house.drawer.kept) == {"T1"}


async def test_an_uninstall_that_names_no_workspace_is_about_the_organisation() -> None:
    browser = Browser()
    await browser.house.put("", "E1")
    browser.house.seconds += 1
    now = browser.house.now()
    await browser.install.uninstalled(team="", enterprise="E1", org=False, at=now)
    assert browser.house.drawer.kept == {}


async def test_tokens_are_sealed_anew_at_the_start_and_that_may_fail() -> None:
    browser = Browser()
    for away in (False, True):
        browser.house.drawer.away = away
        running = asyncio.create_task(browser.install.run())
        await asyncio.sleep(1)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])
    assert browser.house.drawer.renewed == 2


async def test_the_end_waits_for_a_token_that_is_being_replaced() -> None:
    browser = Browser(House(rotates=True))
    house = browser.house
    team = house.slack.team(install=False)
    await browser.allow(team)
    running = asyncio.create_task(browser.install.run())
    house.seconds += 11 * 3600
    house.slack.latency = 2.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await house.installed.of(team.id)
    running.cancel()
    await asyncio.wait([running])
    assert house.drawer.kept[team.id].token in house.slack.installs

"""Which workspace a token is for, and what is known of it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.slack.errors import NotSent, Refused, Unauthorized
from adapters.slack.features import Features
from adapters.slack.workspace import Line, SingleWorkspace
from bot.surface import Forbidden, Unreachable
from tests.fakes.slack_api import Slack
from tests.fakes.slack_line import API, TOKEN, Inside, Scripted, world


async def test_token_is_asked_once_whose_it_is_however_many_want_to_know() -> None:
    there = world()
    token = there.slack.token(there.team)
    single = SingleWorkspace(token, there.line)
    assert (list(single.known()), there.slack.calls) == ([], [])
    several = await asyncio.gather(*(single.of(there.team.id) for _ in range(5)))
    assert len({id(one) for one in several}) == 1
    assert there.slack.counted == {"auth.test": 1}
    install = there.slack.installed(there.team.id)
    assert (several[0].bot_user, several[0].bot_id) == (install.bot_user, install.bot_id)
    assert list(single.known()) == [several[0]]
    await several[0].calls.post(there.channel, markdown="a")


async def test_other_workspaces_are_none_of_ours() -> None:
    there = world()
    single = SingleWorkspace(there.slack.token(there.team), there.line)
    for team in ("T0OTHER", ""):
        with pytest.raises(Forbidden):
            await single.of(team)


async def test_token_of_an_organisation_is_good_for_each_of_its_workspaces() -> None:
    slack = Slack(clock=asyncio.get_running_loop().time)
    teams = [slack.team(name, enterprise="E1", install=False) for name in ("A", "B")]
    install = slack.install(teams[0], org=True)
    single = SingleWorkspace(install.token, Line(transport=Inside(slack)))
    seats = [slack.dm(slack.person("Ada", team=team)) for team in teams]
    for team, seat in zip(teams, seats, strict=True):
        there = await single.of(team.id, "E1")
        await there.calls.post(seat.channel.id, markdown="a")
        assert slack.calls[-1][2]["team_id"] == team.id
    assert [seat.answers[0].readable for seat in seats] == ["a", "a"]
    assert slack.counted["auth.test"] == 1
    with pytest.raises(Forbidden):
        await single.of("T0OTHER", "E2")


async def test_what_goes_on_after_a_start_knows_the_workspace_alone() -> None:
    slack = Slack(clock=asyncio.get_running_loop().time)
    team = slack.team("A", enterprise="E1", install=False)
    install = slack.install(team, org=True)
    single = SingleWorkspace(install.token, Line(transport=Inside(slack)))
    assert (await single.of(team.id)).team == team.id


async def test_slack_that_is_away_at_first_is_asked_again_at_the_next_need() -> None:
    there = world()
    single = SingleWorkspace(there.slack.token(there.team), there.line)
    there.wire.unconnected = 3
    with pytest.raises(Unreachable):
        await single.of(there.team.id)
    assert (await single.of(there.team.id)).team == there.team.id


async def test_refused_token_is_tried_again_after_a_while() -> None:
    there = world()
    single = SingleWorkspace("xoxb-wrong", there.line)
    for _ in range(3):
        with pytest.raises(Unauthorized):
            await single.of(there.team.id)
    assert there.slack.counted["auth.test"] == 1
    await asyncio.sleep(30)
    with pytest.raises(Unauthorized):
        await single.of(there.team.id)
    assert there.slack.counted["auth.test"] == 2


async def test_what_was_learned_stays_known_with_a_new_token() -> None:
    line = Line(transport=Scripted())
    features = Features("T1")
    features.switch_off("streams")
    there = line.workspace(team="T1", token="xoxb-new", bot_user="U1", features=features)
    assert not there.features.streams


async def test_installing_speaks_without_a_workspace() -> None:
    script = Scripted({"access_token": "xoxb-3"}, "invalid_code", "fatal_error", "internal_error")
    line = Line(transport=script)
    answer = await line.ask("oauth.v2.access", {"code": "sesame"}, once=True)
    assert answer["access_token"] == "xoxb-3"
    with pytest.raises(Refused) as refused:
        await line.ask("oauth.v2.access", {"code": "sesame"}, once=True)
    assert refused.value.code == "invalid_code"
    with pytest.raises(Unreachable) as lost:
        await line.ask("oauth.v2.access", {"code": "sesame"}, once=True)
    assert lost.value.sent  # the code may be used up
    await line.ask("apps.connections.open", {}, token="xapp-1")
    assert script.tokens == ["", "", "", "xapp-1", "xapp-1"]


async def test_silence_without_a_workspace_is_said_once() -> None:
    line = Line(transport=Scripted(*[NotSent("no connection")] * 6))
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await line.ask("apps.connections.open", {}, token="xapp-1")
    assert [line["method"] for line in lines] == ["apps.connections.open"]


async def test_no_repr_holds_a_token() -> None:
    script = Scripted({"team_id": "T1", "user_id": "U1"})
    line = Line(api_url=API, transport=script)
    single = SingleWorkspace(TOKEN, line)
    there = await single.of("T1")
    identity = await single.identity()
    told = [single, there, there.calls, identity, line]
    assert "sesame" not in repr(told)
    assert repr(there) == "Workspace(team='T1')"
    assert repr(single) == "SingleWorkspace(T1)"


async def test_line_of_its_own_is_closed_and_anothers_is_not() -> None:
    own = Line(api_url=API)
    await own.aclose()
    with pytest.raises(Unreachable):
        await own.meet(TOKEN)
    script = Scripted()
    borrowed = Line(transport=script)
    await borrowed.aclose()
    await borrowed.meet(TOKEN)
    assert script.methods == ["auth.test"]

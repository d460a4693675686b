"""Workspaces are looked up rarely, and their tokens replaced before they end."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.slack.installation import Installation
from adapters.slack.installed import MOST, REMEMBERED
from bot.surface import Forbidden
from tests.fakes.slack_installing import REDIRECT, House

HOUR = 3600.0
LONG = REMEMBERED.total_seconds()


async def test_an_event_asks_nobody_once_its_workspace_is_known() -> None:
    house = House()
    await house.put("T1")
    first = await house.installed.of("T1")
    assert (first.team, first.bot_user) == ("T1", "U0BOT")
    for _ in range(100):
        assert await house.installed.of("T1") is first
    assert house.drawer.looked == 1
    assert house.slack.calls == []
    assert list(house.installed.known()) == [first]


async def test_a_workspace_without_the_app_is_forbidden_and_not_for_long() -> None:
    house = House()
    with pytest.raises(Forbidden):
        await house.installed.of("T1")
    await house.put("T1")
    assert (await house.installed.of("T1")).team == "T1"


async def test_many_who_come_at_once_share_one_look() -> None:
    house = House()
    await house.put("T1")
    found = await asyncio.gather(*(house.installed.of("T1") for _ in range(50)))
    assert len({id(each) for each in found}) == 1
    assert house.drawer.looked == 1


async def test_what_changed_behind_our_back_is_seen_after_a_while() -> None:
    house = House()
    await house.put("T1")
    before = await house.installed.of("T1")
    house.seconds += LONG
    assert await house.installed.of("T1") is before, "the same token, the same workspace"
    await house.put("T1", token="xoxb-another")
    house.seconds += LONG
    after = await house.installed.of("T1")
    assert after is not before
    assert after.features is before.features, "what was learnt stays known"


async def test_installing_again_counts_at_once() -> None:
    house = House()
    installation = await house.put("T1")
    before = await house.installed.of("T1")
    await house.installed.install(installation)
    assert await house.installed.of("T1") is not before


async def test_a_workspace_that_is_removed_is_forbidden_at_once() -> None:
    house = House()
    await house.put("T1")
    await house.installed.of("T1")
    house.seconds += 1
    assert await house.installed.remove("T1", house.now())
    with pytest.raises(Forbidden):
        await house.installed.of("T1")


async def test_an_organisation_serves_its_workspaces_and_goes_with_them() -> None:
    house = House()
    await house.put("", "E1")
    one, other = await house.installed.of("T1", "E1"), await house.installed.of("T2", "E1")
    assert (one.team, other.team) == ("T1", "T2")
    house.seconds += 1
    assert await house.installed.remove("E1", house.now())
    for team in ("T1", "T2"):
        with pytest.raises(Forbidden):
            await house.installed.of(team, "E1")


async def test_what_names_no_workspace_is_its_own_organisation_s() -> None:
    house = House()
    await house.put("", "E1")
    await house.put("", "E2", bot_user="U0OTHER")
    assert (await house.installed.of("", "E1")).bot_user == "U0BOT"
    assert (await house.installed.of("", "E2")).bot_user == "U0OTHER"
    with pytest.raises(Forbidden):
        await house.installed.of("", "E3")
    house.seconds += 1
    await house.installed.remove("E1", house.now())
    with pytest.raises(Forbidden):
        await house.installed.of("", "E1")


@pytest.mark.unmeasured
async def test_no_more_workspaces_are_remembered_than_there_is_room_for() -> None:
    house = House()
    await house.put("", "E1")
    for number in range(MOST + 5):
        await house.installed.of(f"T{number}", "E1")
    assert len(house.installed.known()) == MOST


async def rotating() -> House:
    """A workspace whose token lives for twelve hours."""
    house = House(rotates=True)
    code = house.allowed(house.slack.team("Acme", install=False))
    await house.installed.install(await house.grants.redeem(code, REDIRECT))
    house.slack.calls.clear()
    house.slack.counted.clear()
    house.drawer.looked = 0
    return house


def the_team(house: House) -> str:
    return next(iter(house.slack.teams))


async def test_a_token_that_is_being_replaced_brings_no_installation_back() -> None:
    house = await rotating()
    team = the_team(house)
    house.seconds += 11 * HOUR
    house.slack.latency = 2.0
    asking = asyncio.create_task(house.installed.of(team))
    await asyncio.sleep(0.5)
    assert await house.installed.remove(team, house.now())
    await asyncio.wait([asking])
    assert house.drawer.kept == {}
    with pytest.raises(Forbidden):
        await house.installed.of(team)


async def test_a_token_that_is_being_replaced_is_not_kept_over_a_newer_installation() -> None:
    house = await rotating()
    team = the_team(house)
    house.seconds += 11 * HOUR
    house.slack.latency = 2.0
    asking = asyncio.create_task(house.installed.of(team))
    await asyncio.sleep(0.5)
    newer = replace(house.drawer.kept[team], token="xoxb-newer", installed_at=house.now())
    await house.installed.install(newer)
    await asyncio.wait([asking])
    assert house.drawer.kept[team].token == "xoxb-newer"


async def test_a_token_is_replaced_two_hours_before_its_end_by_one_call() -> None:
    house = await rotating()
    team = the_team(house)
    before = await house.installed.of(team)
    house.seconds += 9.9 * HOUR
    assert await house.installed.of(team) is before
    assert house.slack.calls == []
    house.seconds += 0.2 * HOUR
    found = await asyncio.gather(*(house.installed.of(team) for _ in range(20)))
    assert [method for _, method, _ in house.slack.calls] == ["oauth.v2.access"]
    assert found[0] is not before
    kept = house.drawer.kept[team]
    assert kept.token in house.slack.installs
    assert kept.expires_at == house.now() + timedelta(hours=12)
    assert kept.installed_at < house.now(), "it was installed then, not now"
    assert (await found[0].calls.auth_test()).team == team


async def test_two_workspaces_of_an_organisation_replace_their_token_once() -> None:
    house = await rotating()
    kept = house.drawer.kept.pop(the_team(house))
    await house.put(
        "", "E1", token=kept.token, refresh_token=kept.refresh_token, expires_at=kept.expires_at
    )
    house.seconds += 11 * HOUR
    await asyncio.gather(*(house.installed.of(f"T{number}", "E1") for number in range(10)))
    assert house.slack.counted["oauth.v2.access"] == 1


async def test_who_gives_up_waiting_does_not_lose_the_next_token() -> None:
    house = await rotating()
    team = the_team(house)
    house.seconds += 11 * HOUR
    house.slack.latency = 2.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await house.installed.of(team)
    await asyncio.sleep(3)
    assert house.drawer.kept[team].token in house.slack.installs
    await house.installed.of(team)
    assert house.slack.counted["oauth.v2.access"] == 1


async def test_a_refusal_that_nobody_waits_for_is_no_trouble() -> None:
    house = await rotating()
    team = the_team(house)
    next(iter(house.slack.installs.values())).revoked = "account_inactive"
    house.seconds += 13 * HOUR
    house.slack.latency = 2.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await house.installed.of(team)
    await house.installed.settle()
    with pytest.raises(Forbidden):
        await house.installed.of(team)


async def test_a_token_that_cannot_be_replaced_yet_is_used_as_long_as_it_lives() -> None:
    house = await rotating()
    team = the_team(house)
    house.wire.broken = True
    house.seconds += 10.5 * HOUR
    before = await house.installed.of(team)
    house.wire.broken = False
    assert await house.installed.of(team) is before, "it is not tried at every event"
    house.seconds += 61
    assert await house.installed.of(team) is not before


async def test_a_token_that_has_ended_and_cannot_be_replaced_forbids() -> None:
    house = await rotating()
    team = the_team(house)
    next(iter(house.slack.installs.values())).revoked = "account_inactive"
    house.seconds += 13 * HOUR
    with pytest.raises(Forbidden):
        await house.installed.of(team)


async def test_a_token_that_somebody_has_just_replaced_is_not_replaced_again() -> None:
    house = await rotating()
    team = the_team(house)
    stale = house.drawer.kept[team]
    house.seconds += 11 * HOUR
    await house.installed.of(team)
    fresh = house.drawer.kept[team]
    house.seconds += LONG
    looks = iter([stale, fresh])

    async def find(*_: str) -> object:
        return next(looks)

    house.drawer.find = find  # type: ignore[assignment]  # it reads just before it is written
    assert (await house.installed.of(team)).team == team
    assert house.slack.counted["oauth.v2.access"] == 1


async def test_a_workspace_that_goes_while_its_token_is_replaced_is_forbidden() -> None:
    house = await rotating()
    team = the_team(house)
    house.seconds += 11 * HOUR
    kept = house.drawer.kept[team]

    async def find(*_: str) -> object:
        house.drawer.looked += 1
        return kept if house.drawer.looked == 1 else None

    house.drawer.find = find  # type: ignore[assignment]  # it is emptied between two looks
    with pytest.raises(Forbidden):
        await house.installed.of(team)
    assert house.slack.calls == []


def test_nothing_shows_a_token() -> None:
    shown = repr(
        Installation(
            team="T1",
            bot_user="U1",
            token="xoxb-sesame",
            refresh_token="xoxe-sesame",
            installed_at=House().now(),
        )
    ) + repr(House().grants)
    assert "sesame" not in shown
    assert "secret" not in shown

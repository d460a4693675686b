"""A form opens while its trigger lasts, whatever takes long; afterwards nobody is left waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from adapters.slack import carried, interaction, opening
from adapters.slack.carried import Carried
from adapters.slack.interaction import Interaction, Kind
from adapters.slack.opening import Forms
from adapters.slack.outbound import SlackSurface
from adapters.slack.page import Page
from bot.pace import Pace
from bot.surface import Expired, Forbidden, Outgoing, Unreachable
from tests.fakes.slack_forms import Desk, a_field

CITY = a_field("city")


@asynccontextmanager
async def held() -> AsyncIterator[Desk]:
    """With triggers held open."""
    desk = Desk()
    running = asyncio.create_task(desk.forms.run())
    try:
        yield desk
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert not desk.world.slack.refusals


def asked(desk: Desk) -> list[str]:
    return [method for _, method, _ in desk.world.slack.calls]


async def test_a_form_in_time_takes_one_call() -> None:
    async with held() as desk:
        place = desk.place()
        desk.forms.expect(place)
        await asyncio.sleep(0.5)
        await desk.forms.open(place, desk.form(CITY))
        await asyncio.sleep(60)
        assert asked(desk) == ["views.open"]
        assert desk.submit({"City": "Bonn"}).values == {"city": "Bonn"}


@pytest.mark.parametrize("latency", [0.0, 0.6])
async def test_a_form_that_is_late_takes_the_place_of_a_window_that_waits(latency: float) -> None:
    async with held() as desk:
        desk.world.slack.latency = latency
        place = desk.place()
        desk.forms.expect(place)
        desk.forms.expect(place)
        await asyncio.sleep(2.5)
        assert "One moment" in desk.shown
        await asyncio.sleep(4)
        await desk.forms.open(place, desk.form(CITY))
        assert desk.submit({"City": "Bonn"}).values == {"city": "Bonn"}
        await asyncio.sleep(60)
        assert asked(desk) == ["views.open", "views.update"]


async def test_a_form_that_comes_while_the_window_opens_goes_into_it() -> None:
    async with held() as desk:
        desk.world.slack.latency = 1.0
        place = desk.place()
        desk.forms.expect(place)
        await asyncio.sleep(opening.EARLY + 0.5)
        await desk.forms.open(place, desk.form(CITY))
        assert asked(desk) == ["views.open", "views.update"]
        assert desk.modal and desk.modal.inputs


async def test_a_window_whose_form_does_not_come_says_so() -> None:
    async with held() as desk:
        desk.forms.expect(desk.place())
        await asyncio.sleep(opening.EARLY + opening.PATIENCE + 1)
        assert "Look in the chat" in desk.shown


async def test_no_window_opens_for_what_was_answered_in_the_chat() -> None:
    async with held() as desk:
        place = desk.place()
        desk.forms.expect(place)
        await asyncio.sleep(1)
        desk.forms.unneeded(place)
        await asyncio.sleep(60)
        assert asked(desk) == []


@pytest.mark.parametrize("only_user", [True, False])
async def test_whatever_the_surface_says_is_such_an_answer(only_user: bool) -> None:
    async with held() as desk:
        surface = SlackSurface(desk.workspaces, Pace(), forms=desk.forms)
        place = desk.place()
        # Its thread is none that Slack knows.
        place = replace(place, chat=replace(place.chat, thread=""), only_user=only_user)
        desk.forms.expect(place)
        await surface.post(place, Outgoing(text="There is nothing to fill in.", mine=True))
        await asyncio.sleep(60)
        assert "views.open" not in asked(desk)


async def test_a_window_that_waits_ends_with_an_answer_in_the_chat() -> None:
    async with held() as desk:
        place = desk.place()
        desk.forms.expect(place)
        await asyncio.sleep(2)
        assert "One moment" in desk.shown
        desk.forms.unneeded(place)
        await asyncio.sleep(0.1)
        assert "Look in the chat" in desk.shown


async def test_a_trigger_that_cannot_be_held_harms_no_other() -> None:
    async with held() as desk:
        desk.forms.expect(desk.place(trigger="forged"))
        desk.forms.unneeded(desk.place(trigger="unknown"))
        place = desk.place()
        await asyncio.sleep(1)
        desk.forms.expect(place)
        await asyncio.sleep(1.5)
        assert "One moment" in desk.shown
        desk.world.slack.refusals.clear()


async def test_a_window_closed_meanwhile_leaves_the_form_to_the_chat() -> None:
    async with held() as desk:
        place = desk.place()
        desk.forms.expect(place)
        await asyncio.sleep(2)
        desk.world.slack.views.clear()
        desk.world.seat.person.modals.clear()
        with pytest.raises(Expired):
            await desk.forms.open(place, desk.form(CITY))
        desk.world.slack.refusals.clear()


async def test_a_trigger_that_ran_out_or_is_none_has_expired() -> None:
    desk = Desk()
    place = desk.place()
    await asyncio.sleep(3.5)
    for late in (place, desk.place(trigger="forged"), replace(place, interaction="")):
        with pytest.raises(Expired):
            await desk.forms.open(late, desk.form(CITY))


async def test_a_form_that_slack_does_not_take_is_asked_for_in_the_chat() -> None:
    desk = Desk()
    desk.world.team.refuses["views.open"] = "invalid_arguments"
    with pytest.raises(Expired):
        await desk.forms.open(desk.place(), desk.form(CITY))
    desk.world.team.refuses.clear()


async def test_a_slack_that_fails_is_not_a_form_that_came_too_late() -> None:
    desk = Desk()
    desk.world.slack.faults.add("internal_error", "views.open")
    with pytest.raises(Unreachable):
        await desk.forms.open(desk.place(), desk.form(CITY))
    elsewhere = desk.place()
    elsewhere = replace(elsewhere, chat=replace(elsewhere.chat, workspace="T9"))
    with pytest.raises(Forbidden):
        await desk.forms.open(elsewhere, desk.form(CITY))


async def test_while_slack_wants_quiet_forms_are_left_to_the_chat() -> None:
    desk = Desk()
    slack = desk.world.slack
    slack.tiers.silence(slack.clock() + 30, desk.world.team.id, "views.open", "")
    for _ in range(3):
        with pytest.raises(Expired):
            await desk.forms.open(desk.place(), desk.form(CITY))
    assert len(slack.floods()) == 1
    await asyncio.sleep(35)
    await desk.forms.open(desk.place(), desk.form(CITY))


async def test_a_submission_says_where_it_was_opened_and_by_what() -> None:
    desk = Desk()
    url = "https://hooks.slack.com/actions/T1/1/xyz"
    place = desk.place(response_url=url)
    await desk.forms.open(place, desk.form(CITY))
    submitted = desk.submit({"City": "Bonn"})
    assert submitted.place == replace(place, interaction="")
    assert (submitted.form, submitted.response_url) == ("inputs", url)
    assert url not in repr(submitted) and "Bonn" not in repr(submitted)


@pytest.mark.parametrize(
    ("by", "then"), [("press", "view"), ("command", "command"), ("shortcut", "shortcut")]
)
async def test_only_what_was_pressed_can_be_written_over_afterwards(by: Kind, then: Kind) -> None:
    desk = Desk()
    found = interaction.read(desk.place().interaction)
    assert found
    made = Interaction(kind=by, trigger=found.trigger, response_url="https://h/1")
    await desk.forms.open(replace(desk.place(), interaction=made.packed()), desk.form(CITY))
    submitted = desk.submit()
    assert (submitted.kind, submitted.response_url) == (then, "https://h/1")


async def test_a_form_of_an_earlier_process_is_taken_without_a_check() -> None:
    desk = Desk(faults={"city": "City is needed."})
    await desk.open(CITY)
    later = Forms(desk.workspaces, Page())
    submitted = desk.submit({"City": "Bonn"}, forms=later)
    assert (submitted.body, submitted.values) == ({}, {"city": "Bonn"})
    assert submitted.place is not None and submitted.form == "inputs"


@pytest.mark.parametrize(
    "view",
    [
        None,
        {},
        {"private_metadata": "not json"},
        {"private_metadata": "[" * 5000},
        {"private_metadata": '{"team":1}'},
        {"private_metadata": '{"team":"T","channel":"C","user":"U"}'},  # a home page
    ],
)
async def test_what_is_no_form_of_ours_is_nothing(view: object) -> None:
    submitted = Desk().forms.submitted({"view": view})
    assert (submitted.body, submitted.values) == ({}, None)


async def test_forms_nobody_sends_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "KEPT", 1)
    desk = Desk(faults={"city": "City is needed."})
    first = await desk.open(CITY)
    await desk.open(CITY)
    assert desk.submit().values is None
    desk.world.seat.person.modals[:] = [first]
    assert desk.submit().values == {"city": ""}


def test_an_address_that_does_not_fit_is_left_out() -> None:
    place = carried.read({"private_metadata": '{"team":"T","channel":"C","user":"U"}'})
    assert place is not None
    long = Carried(place=place.place, form="f", response_url="u" * 3000)
    read = carried.read({"private_metadata": long.packed()})
    assert read == replace(long, response_url="") and len(long.packed()) <= carried.LIMIT

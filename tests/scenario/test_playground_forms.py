"""Forms on the playground's page, in a real browser, with a bot that follows a script."""

import pytest

from tests.fakes.browser import Tab, say, shown
from tests.fakes.room_server import ScriptedBot

pytestmark = pytest.mark.real_time

OPEN = "document.querySelector('#form-dialog[open]')"


async def open_form(tab: Tab) -> None:
    await say(tab, "/inputs")
    await tab.until(OPEN)


async def test_a_form_tells_faults_at_its_fields_and_keeps_what_was_typed(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await open_form(tab)
    await tab.click("#field-2")
    await tab.type("Not too long")
    await tab.click("#form-submit")
    await tab.until("document.activeElement.getAttribute('aria-invalid') === 'true'")
    assert await shown(tab, "#field-0-fault") == "Say whom it is for."
    await tab.reload()
    await tab.until("document.getElementById('field-2')?.value === 'Not too long'")
    await tab.click("#field-0")
    await tab.type("my neighbour")
    await tab.press("Enter")
    await tab.until(f"!{OPEN}")
    assert any("422" in each for each in tab.troubles)
    tab.troubles.clear()


async def test_a_cancelled_form_stays_away_and_a_later_one_comes(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, bot = scene
    await open_form(tab)
    await tab.click("#form-cancel")
    while bot.room.room.passing.forms:
        await tab.until("true")
    await tab.reload()
    await tab.until("document.querySelector('.message')")
    assert not await tab.run(OPEN)
    await open_form(tab)


async def test_what_one_person_types_into_a_form_nobody_else_sees(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await open_form(tab)
    await tab.click("#field-2")
    await tab.type("for Ada alone")
    await tab.press("Escape")
    await tab.until(f"!{OPEN}")
    await tab.click("[data-key='person ben']")
    await open_form(tab)
    assert await tab.run("document.getElementById('field-2').value") == ""


async def test_a_form_answered_in_another_tab_closes_and_the_next_one_shows(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, bot = scene
    await open_form(tab)
    passing = bot.room.room.passing
    [((chat, person, id), form)] = passing.forms.items()
    passing.close_form(chat, person, id)
    await tab.until(f"!{OPEN}")
    passing.open_form(chat, person, form)
    await tab.until(OPEN)
    assert passing.forms

"""What the page keeps and sends again, in a real browser, with a bot that follows a script."""

import pytest

from tests.fakes.browser import Tab, say, shown
from tests.fakes.room_server import ScriptedBot

pytestmark = pytest.mark.real_time

GROWING = "document.querySelector('.growing .body')?.textContent.length"
DONE = "!document.querySelector('.growing') && document.querySelector('.action.regenerate')"


async def test_reloading_keeps_history_person_and_draft(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await tab.click("[data-key='person ben']")
    await say(tab, "Write to my neighbour")
    await tab.until(DONE)
    text = await shown(tab, ".bot .body")
    await tab.click("#text")
    await tab.type("half a thou")
    await tab.reload()
    await tab.until("document.querySelector('.action.regenerate')")
    assert await shown(tab, ".bot .body") == text
    assert await shown(tab, ".person[aria-pressed=true] .person-name") == "Ben"
    assert await tab.run("document.getElementById('text').value") == "half a thou"


async def test_several_people_see_their_own_chats_and_what_they_missed(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await tab.click(".chats li:last-child .chat")
    await say(tab, "@parley Write to our neighbour")
    await tab.until(DONE)
    await tab.until("document.querySelector('[data-key=\"person ben\"] .badge')?.innerText === '2'")
    await tab.click("[data-key='person ben']")
    await tab.until("document.querySelector('.chats li:last-child .badge')?.innerText === '2'")
    assert await shown(tab, "#chat-words") == "as Ben"
    assert not await tab.run("document.querySelector('.message')")
    await tab.click(".chats li:last-child .chat")
    await tab.until("document.querySelector('.message:not(.bot) .author')?.textContent === 'Ada'")
    await tab.until("!document.querySelector('.chats li:last-child .badge')")


async def test_a_busy_bot_is_waited_for_and_gets_the_message_once(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, bot = scene
    bot.busy = 1
    await say(tab, "/start")
    await tab.until("document.querySelector('.waits')")
    assert await tab.run("document.getElementById('text').value") == ""
    await tab.until("document.querySelector('.bot .chip') && !document.querySelector('.pending')")
    assert await tab.run("document.querySelectorAll('.message').length") == 2
    assert all("503" in each for each in tab.troubles)
    tab.troubles.clear()


async def test_what_is_sent_without_a_network_survives_a_reload_and_arrives(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await tab.run("(window.fetch = () => Promise.reject(new TypeError('no network')), 1)")
    await say(tab, "/start")
    await tab.until("document.querySelector('.waits')")
    await tab.reload()
    await tab.until("document.querySelector('.bot .chip')")
    assert await tab.run("document.querySelectorAll('.message.mine').length") == 1


async def test_nothing_is_missed_while_the_line_is_broken(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, bot = scene
    await say(tab, "Write to my neighbour")
    await tab.until(f"{GROWING} > 20")
    bot.cut()
    await tab.until(DONE)
    assert (await shown(tab, ".bot .body")).endswith("thank you for the flowers.")
    assert await tab.run("document.querySelectorAll('.message').length") == 2
    assert tab.troubles
    tab.troubles.clear()


async def test_a_page_of_a_playground_that_ended_says_so(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, bot = scene
    await tab.run("(window.fetch = async () => new Response('', {status: 404}), 1)")
    bot.cut()
    await tab.until("document.getElementById('line').innerText.includes('ended')")
    tab.troubles.clear()


async def test_words_that_are_refused_come_back_to_be_changed(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await tab.run(
        "(window.fetch = async () => Response.json({error: 'Too long.'}, {status: 409}), 1)"
    )
    await say(tab, "a long story")
    await tab.until("document.querySelector('.refused')?.textContent.startsWith('Too long.')")
    await tab.click(".refused button")
    await tab.until("document.getElementById('text').value === 'a long story'")
    await tab.until("!document.querySelector('.message')")


async def test_an_edit_that_is_not_accepted_yet_survives_a_reload(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    await tab.until(DONE)
    await tab.run("(window.fetch = () => Promise.reject(new TypeError('no network')), 1)")
    await tab.press("ArrowUp")
    await tab.until("document.activeElement.matches('.editor textarea')")
    await tab.type(" and to hers")
    await tab.press("Enter")
    await tab.until("!document.querySelector('.editor')")
    await tab.reload()
    await tab.until(DONE)
    await tab.click("#text")
    await tab.press("ArrowUp")
    await tab.until(
        "document.querySelector('.editor textarea')?.value === 'Write to my neighbour and to hers'"
    )

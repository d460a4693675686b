"""Who can see, hear and steer the page, in a real browser, with a bot that follows a script."""

from pathlib import Path

import pytest

from tests.fakes import browser
from tests.fakes.browser import Tab, say, shown
from tests.fakes.room_server import ScriptedBot, scripted_room

pytestmark = pytest.mark.real_time

GROWING = "document.querySelector('.growing .body')?.textContent.length"
DONE = "!document.querySelector('.growing') && document.querySelector('.action.regenerate')"


async def test_a_reader_further_up_stays_there_and_is_told_of_the_new(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "Write in markdown")
    await tab.until(DONE)
    await tab.run("(document.getElementById('talk').scrollTop = 0)")
    await tab.until("!document.getElementById('jump').hidden")
    # Somebody else's eyes: the answer comes from a press further up, not from writing here.
    await tab.run("document.querySelector('.action.dislike').click()")
    await tab.until("document.querySelector('.action.dislike[aria-pressed=true]')")
    assert await tab.run("document.getElementById('talk').scrollTop") == 0
    await tab.click("#jump")
    await tab.until("document.getElementById('jump').hidden")


async def test_nobody_is_sent_further_down_where_all_is_to_be_seen(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "Write in markdown")
    await tab.until(DONE)
    await tab.run("(document.getElementById('talk').scrollTop = 0)")
    await tab.until("!document.getElementById('jump').hidden")
    await tab.press("ArrowUp")
    await tab.until("document.activeElement.matches('.editor textarea')")
    await tab.run("document.activeElement.select()")
    await tab.type("Write to my neighbour")
    await tab.press("Enter")
    await tab.until("document.querySelector('.bot .body')?.textContent.startsWith('Dear')")
    await tab.until(DONE)
    await tab.until("document.getElementById('jump').hidden")


async def test_the_list_of_chats_tells_that_an_answer_is_written_and_then_its_words(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    await tab.until(f"{GROWING} > 40")
    await tab.until("document.querySelector('.chats .preview').textContent === 'Writing…'")
    await tab.until(DONE)
    await tab.until("document.querySelector('.chats .preview').textContent.startsWith('Dear')")


async def test_a_slow_hand_can_scroll_away_from_a_fast_answer(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, bot = scene
    bot.step = 0.05
    await tab.resize(900, 300)
    await say(tab, "Write in markdown")
    await tab.until(f"{GROWING} > 300")
    left = "(({scrollHeight, scrollTop, clientHeight}) => scrollHeight - scrollTop - clientHeight)"
    for _ in range(4):
        wheel = {"x": 400, "y": 150, "deltaX": 0, "deltaY": -9}
        await tab.call("Input.dispatchMouseEvent", type="mouseWheel", **wheel)
        await tab.until(f"{left}(document.getElementById('talk')) > 1")
    await tab.until(DONE)
    assert await tab.run(f"{left}(document.getElementById('talk'))") > 36
    assert not await tab.run("document.getElementById('jump').hidden")


async def test_a_screen_reader_hears_an_answer_once_and_whole(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    heard = "document.getElementById('announcer').children"
    await say(tab, "Write to my neighbour")
    await tab.until(f"{GROWING} > 40")
    assert await tab.run(f"{heard}.length") == 0
    await tab.until(DONE)
    await tab.until(f"{heard}.length === 1")
    assert (await tab.run(f"{heard}[0].textContent")).endswith("for the flowers.")


async def test_everything_that_takes_the_focus_has_a_name(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "/voice")
    await tab.until("document.querySelector('audio')?.duration")
    tree = (await tab.call("Accessibility.getFullAXTree"))["nodes"]
    focusable = [
        node
        for node in tree
        for each in node.get("properties", ())
        if each["name"] == "focusable" and each["value"]["value"] and not node["ignored"]
    ]
    nameless = [node["role"]["value"] for node in focusable if not node["name"]["value"]]
    assert len(focusable) > 15
    assert set(nameless) <= {"RootWebArea"}


CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("color", ["#ffe600", "#14106b"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_read_whatever_the_apps_colour(
    chromium: str, scheme: str, color: str
) -> None:
    dress = {"color": color, "icon_background": color, "inverted": color == "#14106b"}
    async with scripted_room(**dress) as (address, _), browser.opened(chromium, address) as tab:
        await tab.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        await tab.until("document.querySelector('.chats .chat')")
        await say(tab, "Write in markdown")
        await tab.until(DONE)
        await tab.click(".action.like")
        await say(tab, "/start")
        await tab.until("document.querySelector('.chip')")
        await tab.until("document.querySelectorAll('.call').length > 5")
        read = await tab.run(f"({CONTRAST})(4.5)")
        assert read["tried"] > 40
        assert read["faint"] == []


async def test_a_chosen_theme_outlives_a_reload(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await tab.prefer(prefers_color_scheme="light")
    await tab.click("#theme")
    dark = "getComputedStyle(document.documentElement).colorScheme === 'dark'"
    assert await tab.run(dark)
    await tab.reload()
    await tab.until(dark)


async def test_a_phone_shows_the_talk_alone_and_the_rest_in_drawers(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await tab.resize(360, 740, phone=True)
    await say(tab, "Write in markdown")
    await tab.press("Enter")
    await tab.click("#send")
    await tab.until(DONE)
    assert await tab.run("document.documentElement.scrollWidth") == 360
    wide = "[...document.querySelectorAll('.bubble')].every((e) => e.scrollWidth <= e.clientWidth)"
    assert await tab.run(wide)
    await tab.click("#open-side")
    await tab.until("document.activeElement.closest('#side')")
    await tab.press("Escape")
    await tab.until("document.activeElement.id === 'open-side'")
    assert await tab.run("document.getElementById('side').inert")


async def test_the_panel_lists_calls_and_switches_behaviour_and_faults(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "/start")
    await tab.until("document.querySelector('.call .verb')?.textContent === 'post'")
    await tab.click("#behaviours input[value=telegram]")
    await tab.until("document.querySelector('#behaviours input[value=telegram]').checked")
    await tab.click("#fault-box summary")
    await tab.click(".fault")
    await tab.until("document.querySelector('.fault[aria-pressed=true]')")
    assert "the connection drops" in await shown(tab, "#fault-words")
    await tab.reload()
    await tab.until("document.querySelector('#behaviours input[value=telegram]')?.checked")


async def test_a_rate_limited_call_is_red_and_counted(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, bot = scene
    call = {"at": 0, "verb": "post", "chat": "dm-ada", "who": "ada", "took": 51.0, "detail": ""}
    for outcome in ("ok", "rate limited 4 s", "gone"):
        bot.room.room.feed.publish({"op": "call", "call": {**call, "outcome": outcome}})
    await tab.until("document.querySelectorAll('.call').length === 3")
    assert await shown(tab, ".call.limited .outcome") == "429 rate limited 4 s"
    assert await shown(tab, ".call.failed .outcome") == "gone"
    assert await shown(tab, "#calls-words") == "3 calls, 1 rate limited"
    colour = "((name) => getComputedStyle(document.querySelector(name)).color)"
    assert await tab.run(f"{colour}('.call.limited') === {colour}('#calls-words.bad')")

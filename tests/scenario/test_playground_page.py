"""The playground's page in a real browser, with a bot that follows a script."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.fakes import browser
from tests.fakes.browser import Tab
from tests.fakes.pictures import png
from tests.fakes.room_server import ScriptedBot, scripted_room

EXECUTABLE = browser.installed()
pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        EXECUTABLE is None,
        reason="no Chromium on this machine: nothing of the playground's page was tried",
    ),
]

GROWING = "document.querySelector('.growing .body')?.textContent.length"
DONE = "!document.querySelector('.growing') && document.querySelector('.action.regenerate')"


@pytest.fixture(scope="module")
def chromium() -> Iterator[str]:
    assert EXECUTABLE
    with browser.chromium(EXECUTABLE) as address:
        yield address


@pytest.fixture
async def scene(chromium: str) -> AsyncIterator[tuple[Tab, ScriptedBot]]:
    """The page, open as Ada, and the bot. Whatever the page has to complain of fails the test."""
    async with AsyncExitStack() as stack:
        address, bot = await stack.enter_async_context(scripted_room())
        tab = await stack.enter_async_context(browser.opened(chromium, address))
        await tab.until("document.querySelector('.chats .chat')")
        yield tab, bot
        assert not tab.troubles


async def say(tab: Tab, words: str) -> None:
    await tab.click("#text")
    await tab.type(words)
    await tab.press("Enter")


async def shown(tab: Tab, selector: str) -> str:
    """The text of the last element found."""
    return str(await tab.run(f"[...document.querySelectorAll('{selector}')].at(-1)?.textContent"))


async def test_an_answer_is_seen_to_grow_and_ends_whole(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    lengths = [await tab.until(GROWING)]
    for _ in range(3):
        lengths.append(await tab.until(f"(({GROWING}) > {lengths[-1]}) && {GROWING}"))
    assert lengths == sorted(set(lengths))
    await tab.until(DONE)
    assert (await shown(tab, ".bot .body")).endswith("thank you for the flowers.")


async def test_growth_leaves_a_readers_selection_alone(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    await tab.until(f"{GROWING} > 40")
    await tab.run(
        """getSelection().setBaseAndExtent(
            document.querySelector('.growing .body p').firstChild, 5,
            document.querySelector('.growing .body p').firstChild, 14)"""
    )
    await tab.until(DONE)
    assert await tab.run("getSelection().toString()") == "neighbour"


async def test_escape_stops_the_answer_and_its_text_stays(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    await tab.until(f"{GROWING} > 20")
    await tab.press("Escape")
    await tab.until(DONE)
    assert 20 < len(await shown(tab, ".bot .body")) < 300
    assert await tab.run("document.getElementById('stop').hidden")


async def test_pictures_come_by_button_paste_and_drop_and_can_be_removed(
    scene: tuple[Tab, ScriptedBot], tmp_path: Path
) -> None:
    tab, _ = scene
    picture = png(64, 48, (200, 90, 40))
    names = [tmp_path / "one.png", tmp_path / "two.png"]
    for name in names:
        name.write_bytes(picture)
    await tab.choose_files("#files", names)
    held = "document.querySelectorAll('.thumbnail.ready').length"
    await tab.until(f"{held} === 2")
    for event, target, transfer in (
        ("ClipboardEvent('paste'", "#text", "clipboardData"),
        ("DragEvent('drop'", "#messages", "dataTransfer"),
    ):
        await tab.run(
            f"""(() => {{
                const data = new DataTransfer();
                const bytes = Uint8Array.from({list(picture)});
                data.items.add(new File([bytes], "more.png", {{type: "image/png"}}));
                document.querySelector("{target}").dispatchEvent(
                    new {event}, {{{transfer}: data, bubbles: true, cancelable: true}}));
            }})()"""
        )
    await tab.until(f"{held} === 4")
    await tab.click(".thumbnail .remove")
    await tab.until(f"{held} === 3")
    await say(tab, "What is this?")
    await tab.until("document.querySelectorAll('.mine .picture img').length === 3")
    await tab.until(
        "[...document.querySelectorAll('.picture img')].every((image) => image.naturalWidth > 0)"
    )
    assert await tab.run("document.getElementById('thumbnails').hidden")


async def test_a_reaction_is_put_on_by_mouse_and_taken_off_by_keyboard(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "/start")
    await tab.until("document.querySelector('.bot .chip')")
    await tab.hover(".bot .bubble")
    await tab.click(".bot .tools [aria-label=Like]")
    await tab.until("document.querySelector('.reaction.on')?.textContent === '👍1'")
    await tab.run("document.querySelector('.bot.message').focus()")
    await tab.press("Enter")
    await tab.until("document.activeElement.getAttribute('aria-checked') === 'true'")
    await tab.press("Enter")
    await tab.until("!document.querySelector('.reaction')")
    await tab.until("document.activeElement.matches('.bot.message')")


async def test_a_rating_button_shows_what_was_chosen_and_keeps_the_focus(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    await tab.until(DONE)
    await tab.click(".action.dislike")
    await tab.until("document.querySelector('.action.dislike[aria-pressed=true]')")
    assert await tab.run("document.activeElement.matches('.action.dislike')")


async def test_a_suggested_question_is_asked_at_a_press(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await tab.click("#welcome .primary")
    await tab.click(".chip.suggest")
    await tab.until("document.body.textContent.includes('You chose 2.')")


async def test_a_voice_note_knows_its_length_and_plays(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "/voice")
    await tab.until("document.querySelector('audio')?.duration === 3")
    await tab.click(".play")
    await tab.until("document.querySelector('audio').currentTime > 0.05")
    assert await tab.run("document.querySelector('.play').getAttribute('aria-label')") == "Pause"
    await tab.run("document.querySelector('audio').pause()")


async def test_a_form_tells_faults_at_its_fields_and_keeps_what_was_typed(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "/inputs")
    await tab.until("document.querySelector('#form-dialog[open]')")
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
    await tab.until("!document.querySelector('#form-dialog[open]')")
    assert any("422" in each for each in tab.troubles)
    tab.troubles.clear()


async def test_arrow_up_edits_the_last_question_and_its_answer_is_written_over(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await say(tab, "Write to my neighbour")
    await tab.until(DONE)
    answer = await tab.run("document.querySelector('.message.bot').id")
    await tab.press("ArrowUp")
    await tab.until("document.activeElement.matches('.editor textarea')")
    await tab.type(" in markdown")
    await tab.press("Enter")
    await tab.until("document.querySelector('.bot .body h4, .bot .body h3')")
    await tab.until(DONE)
    assert await tab.run("document.querySelector('.message.bot').id") == answer
    assert await shown(tab, ".mine .body") == "Write to my neighbour in markdown"
    assert "edited" in await shown(tab, ".mine .meta")


async def test_a_deleted_message_goes_after_a_question(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "/start")
    await tab.until("document.querySelector('.mine .state[aria-label=Sent]')")
    await tab.hover(".mine .bubble")
    await tab.click(".mine .tools [aria-label^=More]")
    await tab.click("#menu .danger")
    await tab.click("#remove-dialog .danger")
    await tab.until("!document.querySelector('.message.mine')")


async def test_a_reply_shows_what_it_replies_to(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await say(tab, "/start")
    await tab.until("document.querySelector('.bot .chip')")
    await tab.hover(".bot .bubble")
    await tab.click(".bot .tools [aria-label=Reply]")
    assert "Hello. What shall I write?" in await shown(tab, "#replying")
    await say(tab, "/help")
    await tab.until("[...document.querySelectorAll('.mine')].length === 2")
    # Right below what it replies to, in a talk of two, a quote would only repeat it.
    assert not await tab.run("document.querySelector('.mine .quoted')")
    await tab.hover(".bot .bubble")
    await tab.click(".bot .tools [aria-label=Reply]")
    await say(tab, "/about")
    await tab.until("document.querySelector('.mine .quoted')")


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
    assert not await tab.run("document.querySelector('.message')")


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


async def test_a_draft_becomes_the_message_without_a_jump(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, bot = scene
    bot.room.room.behave("telegram")
    await say(tab, "Write to my neighbour")
    await tab.until(f"{GROWING} > 10")
    await tab.run("(document.querySelector('.message.bot').wasTheDraft = true)")
    await tab.press("Escape")
    await tab.until("document.querySelector('.action.regenerate')")
    assert await tab.run("document.querySelectorAll('.message.bot').length") == 1
    assert await tab.run("document.querySelector('.message.bot').wasTheDraft")


async def test_commands_are_offered_and_completed(scene: tuple[Tab, ScriptedBot]) -> None:
    tab, _ = scene
    await tab.click("#text")
    await tab.type("/fe")
    await tab.until("document.querySelectorAll('#choices li').length === 1")
    await tab.press("Tab")
    assert await tab.run("document.getElementById('text').value") == "/feedback "
    assert await tab.run("document.getElementById('choices').hidden")

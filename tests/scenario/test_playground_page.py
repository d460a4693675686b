"""Talking on the playground's page, in a real browser, with a bot that follows a script."""

from pathlib import Path

import pytest

from tests.fakes.browser import Tab, say, shown
from tests.fakes.pictures import png
from tests.fakes.room_server import ScriptedBot

pytestmark = pytest.mark.real_time

GROWING = "document.querySelector('.growing .body')?.textContent.length"
DONE = "!document.querySelector('.growing') && document.querySelector('.action.regenerate')"


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


async def test_a_message_that_goes_leaves_the_ones_below_alone(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, bot = scene
    await say(tab, "/start")
    await tab.until("document.querySelector('.bot .chip')")
    await tab.run("getSelection().selectAllChildren(document.querySelector('.bot .body p'))")
    post = bot.room.room.posts["1"]
    bot.room.room.remove(post)
    await tab.until("!document.querySelector('.mine')")
    assert await tab.run("getSelection().toString()") == "Hello. What shall I write?"


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


async def test_what_no_browser_draws_is_a_file_with_its_name(
    scene: tuple[Tab, ScriptedBot], tmp_path: Path
) -> None:
    tab, _ = scene
    picture = tmp_path / "holiday.png"
    picture.write_bytes(b"\0\0\0\x18ftypheic, called something else")
    await tab.choose_files("#files", [picture])
    await tab.until("document.querySelector('.thumbnail.ready .file-name')")
    await tab.click("#send")
    await tab.until("document.querySelector('.mine a.file')?.textContent === 'holiday.png'")
    assert not await tab.run("document.querySelector('.picture')")


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


async def test_a_group_tells_how_to_call_the_bot_and_takes_the_name_people_see(
    scene: tuple[Tab, ScriptedBot],
) -> None:
    tab, _ = scene
    await tab.click(".chats li:last-child .chat")
    assert await shown(tab, "#chat-words") == "3 people and @parley, as Ada"
    await tab.click("#text")
    await tab.type("@lett")
    await tab.until("document.querySelectorAll('#choices li').length === 1")
    await tab.press("Tab")
    assert await tab.run("document.getElementById('text').value") == "@parley "

"""`python -m bot try` as a person has it: the page in a browser, the bot, the sandbox."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes import browser, process
from tests.fakes.browser import Tab, say
from tests.fakes.pictures import png

pytestmark = pytest.mark.real_time

GROWING = "document.querySelector('.growing .body')?.textContent.length"
IDLE = "!document.querySelector('.growing') && document.getElementById('stop').hidden"
ANSWERED = f"document.querySelector('.bot .action.regenerate') && {IDLE}"
LAST = "[...document.querySelectorAll('.bot .body')].at(-1)?.textContent"


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one that is open for all tests here; each comes as somebody new."""
    command = [sys.executable, "-m", "bot", "try", "--port", "0", "--no-browser"]
    surroundings = process.environment(PARLEY_SANDBOX_ENGINE="offline")
    folder = tmp_path_factory.mktemp("try")
    with subprocess.Popen(
        command, cwd=folder, env=surroundings, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        try:
            found = re.search(r"http://\S+", running.stdout.readline())
            assert found, "the playground did not start"
            yield found[0]
        finally:
            running.terminate()
            assert running.wait(process.PATIENCE) == 0


@pytest.fixture
async def tab(chromium: str, playground: str) -> AsyncIterator[Tab]:
    async with browser.opened(chromium, playground) as tab:
        await tab.until("document.querySelector('.chats .chat')")
        yield tab
        assert not tab.troubles


async def become(tab: Tab, name: str) -> None:
    """Write as somebody who was not there before."""
    await tab.click(".person.add")
    await tab.type(name)
    await tab.press("Enter")
    await tab.click(f".person[title={name}]")
    await tab.until(f"document.getElementById('chat-words').textContent === 'as {name}'")
    assert not await tab.run("document.querySelector('.message')")


async def test_an_answer_grows_is_stopped_and_comes_anew_in_place_of_the_old(tab: Tab) -> None:
    await become(tab, "Dora")
    await say(tab, "Show me a long answer")
    lengths = [await tab.until(GROWING)]
    for _ in range(3):
        lengths.append(await tab.until(f"(({GROWING}) > {lengths[-1]}) && {GROWING}"))
    await tab.press("Escape")
    await tab.until(ANSWERED)
    first = await tab.run("document.querySelector('.message.bot').id")
    await tab.press("ArrowUp")
    await tab.until("document.activeElement.matches('.editor textarea')")
    await tab.run("document.activeElement.select()")
    await tab.type("echo: a second thought")
    await tab.press("Enter")
    await tab.until(f"{LAST}.includes('a second thought')")
    await tab.until(ANSWERED)
    assert await tab.run("document.querySelector('.message.bot').id") == first
    assert await tab.run("document.querySelectorAll('.message.bot').length") == 1


async def test_an_answer_is_liked_disliked_with_a_reason_and_heard(tab: Tab) -> None:
    await become(tab, "Emil")
    await say(tab, "echo: a fine line")
    await tab.until(ANSWERED)
    await tab.click(".action.like")
    await tab.until("document.querySelector('.action.like[aria-pressed=true]')")
    await tab.hover(".bot .bubble")
    await tab.click(".bot .tools [aria-label=Dislike]")
    await tab.until("document.querySelector('.action.dislike[aria-pressed=true]')")
    await tab.until("document.querySelector('.reaction.on')")
    answers = await tab.until("document.querySelectorAll('.message.bot').length")
    await say(tab, "/feedback It is too short")
    await tab.until(f"document.querySelectorAll('.message.bot').length > {answers}")
    await say(tab, "/voice")
    await tab.until("document.querySelector('audio')?.duration > 0")


async def test_a_picture_is_seen_and_a_form_is_remembered(tab: Tab, tmp_path: Path) -> None:
    await become(tab, "Fay")
    picture = tmp_path / "orange.png"
    picture.write_bytes(png(64, 48, (230, 120, 20)))
    await tab.choose_files("#files", [picture])
    await tab.until("document.querySelector('.thumbnail.ready')")
    await say(tab, "What is this?")
    await tab.until("document.querySelector('.mine .picture img')?.naturalWidth === 64")
    await tab.until(ANSWERED)
    assert "64" in await tab.run(LAST)
    await say(tab, "/inputs")
    await tab.until("document.querySelector('#form-dialog[open]')")
    await tab.click("#form-fields input[type=text]")
    await tab.run("document.activeElement.select()")
    await tab.type("3")
    await tab.click("#form-submit")
    await tab.until("!document.querySelector('#form-dialog[open]')")
    await say(tab, "/inputs")
    await tab.until("document.querySelector('#form-dialog[open]')")
    values = "[...document.querySelectorAll('#form-fields input')].map((each) => each.value)"
    assert "3" in await tab.run(values)


async def test_two_people_have_two_talks_and_a_reload_keeps_both(tab: Tab) -> None:
    await become(tab, "Gil")
    await say(tab, "echo: for Gil alone")
    await tab.until(ANSWERED)
    await become(tab, "Hana")
    await say(tab, "echo: for Hana alone")
    await tab.until(f"{LAST}?.includes('Hana') && {ANSWERED}")
    await tab.reload()
    await tab.until(f"{LAST}?.includes('Hana')")
    assert not await tab.run("document.getElementById('messages').textContent.includes('Gil')")
    await tab.click(".person[title=Gil]")
    await tab.until(f"{LAST}?.includes('Gil')")

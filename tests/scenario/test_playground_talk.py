"""`python -m bot try` as a person has it: the page in a browser, the bot, the sandbox."""

import re
import signal
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


class Trial:
    """`python -m bot try` in a folder of its own, at the same address however often it starts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = "0"
        self.address = ""
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "bot", "try", "--port", self._port, "--no-browser"]
        surroundings = process.environment(PARLEY_SANDBOX_ENGINE="offline", **process.measurement())
        self._running = subprocess.Popen(
            command, cwd=self._folder, env=surroundings, stdout=subprocess.PIPE, text=True
        )
        assert self._running.stdout
        found = re.search(r"http://[^/]+:(\d+)/\S+", self._running.stdout.readline())
        assert found, "the playground did not start"
        self.address, self._port = found[0], found[1]

    def end(self, sign: signal.Signals) -> int:
        """How it ended."""
        self._running.send_signal(sign)
        with self._running:
            return self._running.wait(process.PATIENCE)


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """One that is open for all tests here; each comes as somebody new."""
    trial = Trial(tmp_path_factory.mktemp("try"))
    try:
        yield trial
    finally:
        assert trial.end(signal.SIGTERM) == 0


@pytest.fixture
async def tab(chromium: str, playground: Trial) -> AsyncIterator[Tab]:
    async with browser.opened(chromium, playground.address) as tab:
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
    await tab.until("document.querySelector('#form-dialog[open]')")
    await tab.click("#form-fields textarea")
    await tab.type("It is too short")
    await tab.click("#form-submit")
    await tab.until(f"document.querySelectorAll('.message.bot').length > {answers}")
    await say(tab, "/voice")
    await tab.until("document.querySelector('audio')?.duration > 0")
    await tab.click(".play")
    await tab.until("document.querySelector('audio').currentTime > 0.05")
    await tab.click(".play")


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
    await tab.until(f"{LAST}.includes('Saved.')")
    await say(tab, "/inputs")
    await tab.until("document.querySelector('#form-dialog[open]')")
    values = "[...document.querySelectorAll('#form-fields input')].map((each) => each.value)"
    assert "3" in await tab.run(values)


async def test_two_people_are_answered_at_once_and_a_reload_keeps_both_talks(
    tab: Tab, chromium: str, playground: Trial
) -> None:
    async with browser.opened(chromium, playground.address) as other:
        await other.until("document.querySelector('.chats .chat')")
        await become(tab, "Gil")
        await become(other, "Hana")
        await say(tab, "Show me a long answer for Gil")
        await say(other, "Show me a long answer for Hana")
        await tab.until(GROWING)
        await other.until(GROWING)
        assert await tab.run(GROWING)
        for each in (tab, other):
            await each.press("Escape")
            await each.until(ANSWERED)
    await tab.reload()
    await tab.until(ANSWERED)
    mine = "[...document.querySelectorAll('.mine .body')].map((each) => each.textContent).join()"
    assert await tab.run(mine) == "Show me a long answer for Gil"
    await tab.click(".person[title=Hana]")
    await tab.until(f"{mine} === 'Show me a long answer for Hana'")
    assert await tab.run("document.querySelectorAll('.message.bot').length") == 1


async def test_a_killed_bot_comes_back_to_the_open_page_and_loses_nothing(
    tab: Tab, playground: Trial
) -> None:
    await become(tab, "Ivo")
    await say(tab, "Show me a long answer")
    await tab.until(f"{GROWING} > 20")
    playground.end(signal.SIGKILL)
    await say(tab, "echo: said while nobody was there")
    await tab.until("document.querySelector('.waits')")
    playground.start()
    await tab.until(f"{LAST}.includes('said while nobody') && {ANSWERED}", within=30)
    answers = await tab.run("[...document.querySelectorAll('.bot .body')].map((e) => e.innerText)")
    assert ["interrupted" in each for each in answers] == [True, False]
    assert await tab.run("document.querySelectorAll('.message.mine').length") == 2
    tab.troubles.clear()
    await tab.run("document.querySelector('.bot .action.regenerate').click()")
    await tab.until("document.querySelector('.growing')")
    await tab.press("Escape")
    await tab.until(ANSWERED)

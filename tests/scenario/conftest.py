"""A real browser, where one is installed; starts of the bot that take little time."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.fakes import browser
from tests.fakes.browser import Tab
from tests.fakes.nursery import Nursery
from tests.fakes.nursery import nursery as opened_nursery
from tests.fakes.process import measurement
from tests.fakes.room_server import ScriptedBot, scripted_room


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """The address of a headless one, for all tests."""
    executable = browser.installed()
    if executable is None:
        pytest.skip("no Chromium on this machine: nothing of the playground's page was tried")
    with browser.chromium(executable) as address:
        yield address


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where `python -m bot` begins at once, for all tests; measured, if this process is."""
    with opened_nursery(**measurement()) as bearing:
        yield bearing


@pytest.fixture(scope="session")
def quick_nursery() -> Iterator[Nursery]:
    """The same, never measured: for bots whose lines other tests walk, or that are killed."""
    with opened_nursery() as bearing:
        yield bearing


@pytest.fixture
async def scene(chromium: str) -> AsyncIterator[tuple[Tab, ScriptedBot]]:
    """The page, open as Ada, and the bot. Whatever the page has to complain of fails the test."""
    async with AsyncExitStack() as stack:
        address, bot = await stack.enter_async_context(scripted_room())
        tab = await stack.enter_async_context(browser.opened(chromium, address))
        await tab.until("document.querySelector('.chats .chat')")
        yield tab, bot
        assert not tab.troubles

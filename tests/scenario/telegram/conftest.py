"""One bot that is polled and one with a webhook, for everybody's own chats with them."""

from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio

from tests.fakes.nursery import Nursery
from tests.fakes.telegram_bot import OPERATOR, House, Way, telegram_bot

# People take messages away and block the bot; what it tried meanwhile is no fault of its.
EXPECTED = ("message to edit not found", "Forbidden", "message is not modified")


@pytest.fixture(scope="session")
def nursery(quick_nursery: Nursery) -> Nursery:
    """What a platform's bots do is measured by the tests of its adapter and of the use cases."""
    return quick_nursery


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["polling", "webhook"])
async def house(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    nursery: Nursery,
) -> AsyncIterator[House]:
    way = cast(Way, request.param)
    settings = {"PARLEY_OPERATORS": f"telegram:{OPERATOR}", "PARLEY_MAX_MESSAGES": "4"}
    async with telegram_bot(nursery, tmp_path_factory.mktemp(way), way, **settings) as open_house:
        yield open_house
        # Whatever the tests were about: nothing else of ours was ever refused, or came too often.
        told = [str(no) for no in open_house.telegram.refusals]
        assert [no for no in told if not any(words in no for words in EXPECTED)] == []

"""One bot that hears by HTTP and one by Socket Mode, for everybody's own conversations with it."""

from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio

from tests.fakes.nursery import Nursery
from tests.fakes.slack_bot import House, Way, slack_bot


@pytest.fixture(scope="session")
def nursery(quick_nursery: Nursery) -> Nursery:
    """What a platform's bots do is measured by the tests of its adapter and of the use cases."""
    return quick_nursery


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["http", "socket"])
async def house(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    nursery: Nursery,
) -> AsyncIterator[House]:
    way = cast(Way, request.param)
    folder = tmp_path_factory.mktemp(way)
    async with slack_bot(nursery, folder, way, PARLEY_MAX_MESSAGES="4") as open_house:
        yield open_house
        # Whatever the tests were about: nothing was asked for that cannot be, or came too often,
        # nobody was pinged who had not asked, and no link was fetched.
        slack = open_house.slack
        assert slack.violations() == []
        assert slack.floods() == []
        assert slack.pings(*slack.people) == []
        assert slack.unfurled() == []
        assert slack.sockets.unknown_acks == []

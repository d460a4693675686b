"""A workspace without what is new, and a bot that is told to be careful."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.phrases import of
from tests.fakes.nursery import Nursery
from tests.fakes.slack_bot import House, answered, slack_bot, told

pytestmark = [pytest.mark.real_time, pytest.mark.asyncio(loop_scope="module")]

EN = of("en")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with slack_bot(
        nursery,
        tmp_path_factory.mktemp("elsewhere"),
        PARLEY_SLACK_COMMAND="/parley",
        PARLEY_SLACK_HARDENED="true",
        PARLEY_SLACK_EXTERNAL="false",
    ) as open_house:
        team = open_house.team
        team.agent = False
        for method in ("chat.startStream", "chat.appendStream", "chat.stopStream"):
            team.refuses[method] = "unknown_method"
        team.refuses["context_actions"] = ""
        yield open_house
        assert open_house.slack.floods() == []


async def test_answers_grow_by_edits_with_a_stop_of_their_own(house: House) -> None:
    seat = house.visit()
    asked = seat.say("n=800 d=0.02")
    post = (await house.until(lambda: seat.thread(asked)))[0]
    await house.until(lambda: post.edits)
    assert seat.status(asked) or post.buttons == [EN.button_stop]

    seat.press(post, EN.button_stop)

    await house.until(lambda: EN.stopped in post.readable)
    await house.until(lambda: "👍" in post.buttons[0] or EN.button_regenerate in post.buttons)
    again = seat.say("n=2", thread=asked)
    await answered(house, seat, again)
    assert house.slack.counted["chat.startStream"] <= 1
    assert house.slack.counted["agents.sessions.setStatus"] <= 1


async def test_the_command_has_the_name_of_the_setting(house: House) -> None:
    assert house.slack.app.commands == {"/parley"}
    seat = house.channel()
    seat.command("help", name="/parley")
    await told(house, seat, "/parley retry")


async def test_no_link_of_a_model_can_unfurl(house: House) -> None:
    seat = house.visit()
    asked = seat.say("ECHO see https://evil.example/?q=1 and [a](https://evil.example/b)")
    post = await answered(house, seat, asked)
    assert "evil.example" in post.readable
    assert [link for link in house.slack.links() if "evil" in link.words] == []


async def test_people_of_other_organisations_are_let_in_by_setting_only(house: House) -> None:
    partner = house.slack.team("Partner", install=False)
    guest = house.slack.person("Guest", team=partner)
    room = house.room(guest, shared=True)
    asked = room.seat(guest).mention("n=2")
    seat = room.seat(house.newcomer())
    own = seat.mention("n=2")
    await answered(house, seat, own)
    assert [each for each in seat.thread(asked) if "chunk" in each.readable] == []

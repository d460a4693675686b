"""The home page, as Slack takes it and as people see it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import carried, home, limits
from adapters.slack.home import Homes
from adapters.slack.page import Home, Order, Page, Part, Prompts, Row
from adapters.slack.prompts import Pinned
from bot.events import Chat, MessageRef, Place, User
from bot.pace import Pace
from bot.surface import Button
from tests.fakes.slack_api.blocks import check_view
from tests.fakes.slack_api.things import View
from tests.fakes.slack_forms import Single
from tests.fakes.slack_line import World, world

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
HOME = Home(
    title="Tea",
    parts=(
        Part(text="Ask me **anything** about tea, <!channel>."),
        Part(
            heading="For example:",
            rows=(
                Row(text="What is tea?", button=Button(label="Ask", name="suggest", value="0")),
                Row(text="And <@U1>?", button=Button(label="Ask", name="suggest", value="1")),
            ),
        ),
        Part(
            heading="Settings",
            text="Answers are read out.",
            mine=True,
            buttons=(
                Button(label="Fill in", name="inputs"),
                Order(label="Be silent", command="voice", text="off"),
            ),
        ),
        Part(heading="About", text="Made by Ann", small=True),
    ),
)


class Office:
    """Ada's page, told by `told`, in one workspace."""

    def __init__(self, told: Home = HOME) -> None:
        self.told = told
        self.world: World = world()
        self.user = User(id=self.world.user, workspace=self.world.team.id, language="de")
        self.pace = Pace()
        page = Page(home=self.home)
        self.homes = Homes(Single(self.world.workspace), self.pace, page)
        self.asked: list[Place] = []

    async def home(self, place: Place) -> Home:
        self.asked.append(place)
        return self.told

    async def publish(self) -> View:
        await self.homes.publish(self.world.team.id, self.user, self.world.channel)
        view = self.world.seat.home
        assert view is not None
        return view

    async def refresh(self) -> None:
        await self.homes.refresh(self.world.team.id, self.user, self.world.channel)

    @property
    def published(self) -> int:
        return self.world.slack.counted["views.publish"]

    def answer(self, text: str = "Tea is a drink.") -> Row:
        post = self.world.slack.post(self.world.seat.channel, self.world.user, text="Why?")
        ref = MessageRef(
            platform="slack",
            workspace=self.world.team.id,
            chat=self.world.channel,
            id=post.ts,
        )
        return Row(text="Why <tea>?", more=f"**{text}**\n\n- And more", ref=ref, at=AT)


async def test_a_page_shows_everything_it_is_told() -> None:
    office = Office()
    view = await office.publish()
    shown = view.readable
    for words in ("Tea", "What is tea?", "Ask", "Made by Ann"):
        assert words in shown
    assert not office.world.slack.pings() and not office.world.slack.refusals
    [place] = office.asked
    assert place == Place(
        chat=Chat(
            platform="slack", workspace=office.world.team.id, id=office.world.channel, private=True
        ),
        user=office.user,
    )
    found = carried.read(view.described())
    assert found is not None and found.place == place and found.form == ""


async def test_a_pressed_order_is_its_command() -> None:
    office = Office()
    view = await office.publish()
    seat = office.world.seat
    pressed = seat.press(view, "Be silent").payload["actions"]
    assert isinstance(pressed, list)
    assert home.order(pressed[0]) == ("voice", "off")
    other = seat.press(view, "Fill in").payload["actions"]
    assert isinstance(other, list)
    assert home.order(other[0]) is None
    for forged in ({}, {"action_id": "order:"}, {"action_id": "order:voice", "value": 1}):
        assert home.order(forged) is None


async def test_a_last_answer_is_shown_with_the_way_back_to_it() -> None:
    office = Office()
    row = office.answer()
    lost = replace(row, ref=replace(row.ref, id="9.9")) if row.ref else row
    aside = replace(row, ref=replace(row.ref, id="response:1")) if row.ref else row
    starred = replace(row, text="2 * 3 * 4?")
    office.told = Home(parts=(Part(heading="Answers", rows=(row, lost, aside, starred)),))
    view = await office.publish()
    texts = [str(block["text"]) for block in view.blocks if block["type"] == "section"]
    assert "|Why &lt;tea&gt;?>*" in texts[0] and "https://" in texts[0]
    assert "*Why &lt;tea&gt;?*" in texts[1] and "https://" not in texts[1] + texts[2]
    assert "|2 * 3 * 4?>\\nTea" in texts[3]
    assert "Tea is a drink." in texts[0] and "**" not in texts[0]
    assert "date_short_pretty" in str(view.blocks)
    await office.publish()
    assert office.world.slack.counted["chat.getPermalink"] == 3  # one known, one tried again


async def test_a_page_does_not_wait_for_ways_that_are_long_in_coming() -> None:
    office = Office()
    office.told = Home(parts=(Part(rows=(office.answer(),)),))
    office.pace.pause(limits.ask(office.world.team.id), 60)
    before = asyncio.get_running_loop().time()
    await office.publish()
    assert asyncio.get_running_loop().time() - before <= home.LINKS + 0.1


async def test_a_page_is_shown_anew_once_what_was_pressed_is_done() -> None:
    office = Office()
    await office.refresh()
    assert office.published == 0  # they have never looked at it
    await office.publish()
    await office.refresh()
    assert office.published == 1
    office.told = replace(HOME, title="Coffee")
    await office.refresh()
    assert office.published == 2
    assert "Coffee" in (await office.publish()).readable


async def test_a_page_that_cannot_be_shown_harms_nobody() -> None:
    office = Office()
    await office.publish()
    office.world.slack.faults.add("fatal_error", "views.publish", times=9)
    office.told = replace(HOME, title="Coffee")
    await office.publish()
    await office.refresh()
    await office.homes.publish("T9", office.user, office.world.channel)


async def test_two_pages_at_once_end_with_the_newest() -> None:
    office = Office()
    office.world.slack.latency = 0.5
    async with asyncio.TaskGroup() as group:
        group.create_task(office.publish())
        await asyncio.sleep(0.1)
        office.told = replace(HOME, title="Coffee")
        group.create_task(office.homes.publish(office.world.team.id, office.user, "D2"))
    assert office.world.seat.home is not None and "Coffee" in office.world.seat.home.readable


TEXT = st.text(max_size=60)
ROWS = st.builds(
    Row,
    text=TEXT,
    more=TEXT,
    button=st.none() | st.builds(Button, label=TEXT, name=st.just("suggest"), value=st.just("1")),
    at=st.none() | st.just(AT),
)
BUTTONS = st.builds(Order, label=TEXT, command=st.just("voice"), text=st.sampled_from(["", "on"]))
PARTS = st.builds(
    Part,
    heading=TEXT,
    text=TEXT,
    mine=st.booleans(),
    small=st.booleans(),
    rows=st.lists(ROWS, max_size=2).map(tuple),
    buttons=st.lists(BUTTONS, max_size=1).map(tuple),
)


def taken(title: str, *parts: Part) -> int:
    """How many blocks a page has that Slack takes."""
    chat = Chat(platform="slack", workspace="T", id="D", private=True)
    made = home.view(Home(title=title, parts=parts), Place(chat=chat, user=User(id="U")), {})
    blocks = check_view(made, ("home",))["blocks"]
    assert isinstance(blocks, list)
    return len(blocks)


@settings(max_examples=40)
@given(title=TEXT, parts=st.lists(PARTS, max_size=2))
def test_slack_takes_whatever_page(title: str, parts: list[Part]) -> None:
    taken(title, *parts)


def test_a_page_of_any_length_is_cut_where_slack_ends_it() -> None:
    long = "word " * 800 + "\n```\ncode\n```\n" * 60
    rows = tuple(Row(text=long, more=long, at=AT) for _ in range(9))
    parts = [Part(heading=long, text=long, small=small, rows=rows) for small in (True, False)]
    assert taken(long, *parts) < 100
    assert taken(long, *parts * 9) == 100


# Suggested questions


class Board:
    """What is pinned over Ada's chat."""

    def __init__(self, *questions: str) -> None:
        self.world = world()
        self.told = Prompts(title="For example:", questions=questions)
        page = Page(prompts=self.prompts)
        self.pinned = Pinned(Single(self.world.workspace), Pace(), page)
        chat = Chat(
            platform="slack", workspace=self.world.team.id, id=self.world.channel, private=True
        )
        self.place = Place(chat=chat, user=User(id=self.world.user))

    async def prompts(self, _: Place) -> Prompts:
        return self.told

    async def show(self, thread: str = "") -> int:
        """How often Slack was asked so far."""
        await self.pinned.show(self.place, thread)
        assert not self.world.slack.refusals
        return self.world.slack.counted["assistant.threads.setSuggestedPrompts"]


async def test_four_questions_are_pinned_and_only_when_they_change() -> None:
    board = Board(" What is tea? ", "x" * 100, "", "Three", "Four", "Five")
    assert [await board.show(), await board.show()] == [1, 1]
    _, _, given_ = board.world.slack.calls[-1]
    prompts = given_["prompts"]
    assert isinstance(prompts, list)
    asked = ["What is tea?", "x" * 100, "Three", "Four"]
    assert [prompt["message"] for prompt in prompts] == asked
    assert given_["title"] == "For example:" and "thread_ts" not in given_
    board.told = Prompts(questions=("One",))
    assert await board.show() == 2


async def test_without_questions_nothing_is_pinned() -> None:
    assert await Board().show() == 0


async def test_an_app_that_is_no_agent_is_asked_once() -> None:
    board = Board("One")
    board.world.team.agent = False
    for question in ("One", "Two"):
        board.told = Prompts(questions=(question,))
        await board.pinned.show(board.place)
    assert board.world.slack.counted["assistant.threads.setSuggestedPrompts"] == 1

"""What is done with what is heard: kept, answered at once, shown beside the talk."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from adapters.slack import hearing, interaction
from adapters.slack.heard import Unreadable
from adapters.slack.page import Home, Page, Part, Prompts, Words
from bot.events import Action, Command, Edited, Event, Message, Place, Submission
from bot.surface import Busy, Button, Form, FormField
from tests.fakes.slack_api import Seat
from tests.fakes.slack_intake import House, running
from tests.fakes.slack_payloads import payload

Json = dict[str, object]

WORDS = Words(busy="Please try again in a minute.", external="I answer colleagues only.")
PAGE = Page(words=lambda _: WORDS)


async def no_room(_: Event) -> None:
    raise Busy(7)


async def broken(_: Event) -> None:
    raise ValueError("a database")


class TestKeeping:
    async def test_what_is_known_changes_nothing(self) -> None:
        async with running(House()) as house:
            seat = house.slack.channel(house.slack.person()).seat(house.slack.person("Ada"))
            seat.mention("What is tea?")
            assert len(house.slack.outbox) == 2, "app_mention and message"
            await house.hear()
            assert len(house.accepted) == 1

    async def test_a_mention_that_is_edited_is_an_edit_of_what_was_kept(self) -> None:
        async with running(House()) as house:
            told = moved(payload("mention_edited"), house.team.id)
            event = told["event"]
            assert isinstance(event, dict)
            event["text"] = f"<@{house.bot}> What is coffee?"
            await house.adapter.ear.hear("event", told, house.accept)
            await house.adapter.ear.hear("event", told, house.accept)
            message, edited = house.accepted
            assert isinstance(message, Message) and isinstance(edited, Edited)
            assert message.text == edited.text == "What is coffee?"

    async def test_an_event_that_cannot_be_kept_comes_again(self) -> None:
        async with running(House(page=PAGE)) as house:
            house.slack.dm(house.slack.person()).say("hi")
            house.refuse = no_room
            with pytest.raises(Busy) as busy:
                await house.hear()
            assert busy.value.retry_after == 7

    async def test_who_has_commanded_is_told_instead(self) -> None:
        page = Page(words=lambda tag: WORDS if tag == "de-DE" else Words())
        async with running(House(page=page)) as house:
            house.slack.dm(house.slack.person(locale="de-DE")).command("What is tea?")
            house.refuse = no_room
            [told] = await house.hear()
            assert told == {"response_type": "ephemeral", "text": WORDS.busy}

    async def test_one_that_breaks_something_is_given_up(self) -> None:
        async with running(House()) as house:
            seat = house.slack.dm(house.slack.person())
            seat.say("hi")
            [delivery] = house.slack.outbox
            house.refuse = broken
            with capture_logs() as logs:
                for _ in range(hearing.TRIES - 1):
                    with pytest.raises(Busy):
                        await house.take(delivery)
                assert await house.take(delivery) is None
            assert [log["event"] for log in logs] == ["an event cannot be kept"] * hearing.TRIES

    async def test_junk_is_told_from_what_slack_sends(self) -> None:
        house = House()
        junk: tuple[object, ...] = ("x", [], {"team_id": 7})
        for told in junk:
            with pytest.raises(Unreadable):
                await house.adapter.ear.hear("event", told, house.accept)


class TestStop:
    async def test_it_ends_the_stream_only_once_it_is_kept(self) -> None:
        async with running(House()) as house:
            told = moved(payload("session_stopped"), house.team.id)
            house.refuse = no_room
            with pytest.raises(Busy):
                await house.adapter.ear.hear("event", told, house.accept)
            assert house.stopped == []
            house.refuse = None
            await house.adapter.ear.hear("event", told, house.accept)
            [stopped] = house.stopped
            assert isinstance(house.accepted[0], Action)
            assert stopped == (
                house.team.id,
                *("D024BE91L", "1795330000.000100"),
                ("1795330010.000100", "1795330020.000100"),
            )


class Told:
    """A page as the app tells it."""

    def __init__(self) -> None:
        self.title = "Parley"
        self.asked: list[Place] = []

    async def home(self, place: Place) -> Home:
        self.asked.append(place)
        return Home(
            title=self.title,
            parts=(Part(buttons=(Button(label="Ask", name="suggest", value="0"),)),),
        )

    async def prompts(self, place: Place) -> Prompts:
        self.asked.append(place)
        return Prompts(title="Ask", questions=("What is tea?",))

    def page(self) -> Page:
        return Page(words=lambda _: WORDS, home=self.home, prompts=self.prompts)


class TestBeside:
    async def test_whoever_opens_the_home_page_sees_it(self) -> None:
        told = Told()
        async with running(House(page=told.page())) as house:
            seat = house.slack.dm(house.slack.person(locale="de-DE"))
            seat.open_home()
            await house.hear()
            await asyncio.sleep(1)
            assert seat.home is not None and house.accepted == []
            assert told.asked[0].user.language == "de-DE"
            assert told.asked[0].chat.id == seat.channel.id

    async def test_what_is_pressed_there_is_said_in_the_chat_and_the_page_follows(self) -> None:
        told = Told()
        async with running(House(page=told.page())) as house:
            seat = house.slack.dm(house.slack.person())
            seat.open_home()
            await house.hear()
            await asyncio.sleep(1)
            assert seat.home is not None
            seat.press(seat.home, "Ask")
            pressed = await house.heard(Action)
            assert pressed.place.chat.id == pressed.ref.chat == seat.channel.id
            told.title = "Parley now"
            seat.command("voice on")
            await house.hear()
            await asyncio.sleep(2)
            assert "Parley now" in str(seat.home.body)

    async def test_the_messages_tab_has_its_questions_pinned(self) -> None:
        told = Told()
        async with running(House(page=told.page())) as house:
            seat = house.slack.dm(house.slack.person())
            seat.open_home("messages")
            welcomed = await house.heard(Command)
            await asyncio.sleep(1)
            assert welcomed.name == "welcome" and seat.channel.prompts

    async def test_in_the_older_pane_they_are_pinned_to_the_conversation(self) -> None:
        told = Told()
        async with running(House(page=told.page())) as house:
            seat = house.slack.dm(house.slack.person())
            root = seat.start_assistant_thread()
            welcomed = await house.heard(Command)
            await asyncio.sleep(1)
            assert welcomed.place.chat.thread == root.ts
            assert house.slack.counted["assistant.threads.setSuggestedPrompts"] == 1
            assert house.slack.refusals == []

    async def test_nothing_beside_keeps_an_event_waiting(self) -> None:
        told = Told()

        async def never(_: Place) -> Home:
            await asyncio.Event().wait()
            raise AssertionError

        page = Page(words=lambda _: WORDS, home=never, prompts=told.prompts)
        async with running(House(page=page)) as house:
            seat = house.slack.dm(house.slack.person())
            for _ in range(70):
                seat.open_home()
            seat.say("hi")
            loop = asyncio.get_running_loop()
            began = loop.time()
            await house.hear()
            assert len(house.accepted) == 1 and loop.time() - began < 1


def form(id: str = "inputs") -> Form:
    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        return {} if values.get("topic") else {"topic": "It is needed."}

    field = FormField(name="topic", label="Topic", kind="text", required=False)
    return Form(id=id, title="Details", fields=(field,), submit="Save", check=check)


class TestForms:
    async def opened(self, house: House) -> Seat:
        seat = house.slack.dm(house.slack.person("Ada"))
        seat.command("inputs")
        asked = await house.heard(Command)
        await house.adapter.open_form(asked.place, form())
        assert seat.modal is not None
        return seat

    async def test_what_is_filled_in_comes_from_where_it_was_opened(self) -> None:
        async with running(House(page=PAGE)) as house:
            seat = await self.opened(house)
            seat.submit({"Topic": "tea"})
            filled = await house.heard(Submission)
            assert (filled.form, filled.values) == ("inputs", {"topic": "tea"})
            assert filled.place.chat.id == seat.channel.id
            assert filled.place.user.id == seat.person.id
            # It may be answered to where its command may.
            assert interaction.response_url(filled.place.interaction)

    async def test_faults_are_told_in_the_form(self) -> None:
        async with running(House(page=PAGE)) as house:
            seat = await self.opened(house)
            seat.submit({"Topic": ""})
            [told] = await house.hear()
            assert told is not None and told["response_action"] == "errors"
            assert len(house.accepted) == 1

    async def test_what_cannot_be_kept_stays_in_the_form(self) -> None:
        async with running(House(page=PAGE)) as house:
            seat = await self.opened(house)
            house.refuse = no_room
            seat.submit({"Topic": "tea"})
            [told] = await house.hear()
            assert told is not None and WORDS.busy in str(told["errors"])

    async def test_a_window_is_held_open_where_a_form_surely_comes(self) -> None:
        async with running(House(page=PAGE)) as house:
            seat = house.slack.dm(house.slack.person("Ada"))
            seat.command("")
            await house.hear()
            await asyncio.sleep(2)
            assert seat.modal is not None

    async def test_and_nowhere_else(self) -> None:
        async with running(House(page=PAGE)) as house:
            seat = house.slack.dm(house.slack.person("Ada"))
            seat.command("What is tea?")
            await house.hear()
            await asyncio.sleep(2)
            assert seat.modal is None

    async def test_anybody_elses_submission_is_nobodys(self) -> None:
        async with running(House(page=PAGE)) as house:
            seat = await self.opened(house)
            delivery = seat.submit({"Topic": "tea"})
            delivery.payload["user"] = {"id": "U0EVE", "team_id": house.team.id}
            await house.hear()
            assert len(house.accepted) == 1


class TestHealth:
    async def test_it_hears_when_slack_has_said_who_the_bot_is(self) -> None:
        house = House()
        assert await house.adapter.missing() == "Slack has not been reached yet"
        async with running(house):
            await asyncio.sleep(1)
            assert await house.adapter.missing() == ""

    async def test_a_token_that_slack_does_not_know_is_named(self) -> None:
        house = House()
        house.slack.installs.clear()
        async with running(house):
            await asyncio.sleep(1)
            assert "SLACK_BOT_TOKEN" in await house.adapter.missing()

    async def test_a_line_that_comes_back_is_found(self) -> None:
        house = House()
        house.wire.unconnected = 12
        async with running(house):
            await asyncio.sleep(10)
            assert await house.adapter.missing() == "Slack does not answer"
            await asyncio.sleep(120)
            assert await house.adapter.missing() == ""

    async def test_an_app_that_is_taken_away_is_told_to_the_operator(self) -> None:
        async with running(House()) as house:
            with capture_logs() as logs:
                told = moved(payload("uninstalled"), house.team.id)
                await house.adapter.ear.hear("event", told, house.accept)
            assert [log["log_level"] for log in logs] == ["error"]


class Leaving:
    """What installs the app, told who has left."""

    def __init__(self) -> None:
        self.left: list[tuple[str, str, bool, datetime]] = []

    async def uninstalled(self, *, team: str, enterprise: str, org: bool, at: datetime) -> None:
        self.left.append((team, enterprise, org, at))

    async def run(self) -> None:
        await asyncio.Event().wait()


class Failing(Leaving):
    async def run(self) -> None:
        raise ValueError("nobody thought of it")


class TestLeaving:
    async def test_what_fails_beside_it_keeps_nothing_from_being_heard(self) -> None:
        async with running(House(install=Failing())) as house:
            with capture_logs() as logs:
                await asyncio.sleep(59)
            assert [log["log_level"] for log in logs] == ["error"] * 2
            house.slack.dm(house.slack.person(locale="de-DE")).say("hi")
            assert (await house.heard(Message)).place.user.language == "de-DE"

    async def test_it_is_told_before_it_is_acknowledged_and_once_only_for_the_bot(self) -> None:
        leaving = Leaving()
        async with running(House(install=leaving)) as house:
            for name in ("tokens_revoked_of_person", "tokens_revoked", "uninstalled"):
                await house.adapter.ear.hear("event", payload(name), house.accept)
            at = datetime.fromtimestamp(1795330000, UTC)
            assert leaving.left == [("T024BE7LD", "", False, at)] * 2
            assert house.accepted == []

    async def test_an_organisation_leaves_as_a_whole(self) -> None:
        leaving = Leaving()
        async with running(House(install=leaving)) as house:
            told = payload("grid") | {"event": {"type": "app_uninstalled"}}
            await house.adapter.ear.hear("event", told, house.accept)
            [(team, enterprise, org, _)] = leaving.left
            assert (team, enterprise, org) == ("T024BE7LD", "E0HOUSE001", True)


def moved(told: Json, team: str) -> Json:
    return {**told, "authorizations": [{"team_id": team, "is_bot": True, "user_id": "U0X"}]}

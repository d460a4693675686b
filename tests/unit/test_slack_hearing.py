"""What is done with what Slack tells, once it is read: kept, completed, answered."""

import asyncio
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from adapters.slack import hearing, people
from adapters.slack.heard import Unreadable
from adapters.slack.page import Home, Page, Part, Prompts, Words
from bot.events import Action, Command, Edited, Event, Message, Place, Reaction, Submission
from bot.surface import Busy, Button, Form, FormField
from tests.fakes.slack_api import Seat
from tests.fakes.slack_intake import House, running
from tests.fakes.slack_payloads import payload

Json = dict[str, object]

WORDS = Words(busy="Please try again in a minute.", external="I answer colleagues only.")
PAGE = Page(words=lambda _: WORDS)


def lookups(house: House, method: str = "users.info") -> int:
    return house.slack.counted[method]


async def no_room(_: Event) -> None:
    raise Busy(7)


async def broken(_: Event) -> None:
    raise ValueError("a database")


class TestWho:
    async def test_people_are_known_with_their_language_and_name(self) -> None:
        async with running(House()) as house:
            seat = house.slack.dm(house.slack.person("Ada", locale="de-DE"))
            seat.say("Was ist Tee?")
            said = await house.heard(Message)
            user = said.place.user
            assert (user.language, user.name, user.workspace) == ("de-DE", "Ada", house.team.id)

    async def test_slack_is_asked_once_about_each(self) -> None:
        async with running(House()) as house:
            seat = house.slack.dm(house.slack.person())
            for text in "abc":
                seat.say(text)
            await asyncio.gather(*(house.take(one) for one in house.slack.outbox))
            assert len(house.accepted) == 3 and lookups(house) == 1
            await asyncio.sleep(people.KEPT)
            seat.say("d")
            house.slack.outbox = house.slack.outbox[-1:]
            await house.hear()
            assert lookups(house) == 2

    async def test_nobody_waits_long_for_it_and_the_next_time_it_is_known(self) -> None:
        async with running(House()) as house:
            await house.workspaces.identity()
            house.slack.latency = 2.0
            seat = house.slack.dm(house.slack.person(locale="zh-CN"))
            loop = asyncio.get_running_loop()
            seat.say("one")
            began = loop.time()
            first = await house.heard(Message)
            assert first.place.user.language == ""
            assert loop.time() - began == pytest.approx(people.PATIENCE)
            await asyncio.sleep(2)
            seat.say("two")
            assert (await house.heard(Message)).place.user.language == "zh-CN"
            assert lookups(house) == 1

    async def test_a_lookup_that_failed_is_not_made_again_at_once(self) -> None:
        async with running(House()) as house:
            seat = house.slack.dm(house.slack.person(locale="de-DE"))
            del house.slack.people[seat.person.id]
            seat.say("one")
            seat.say("two")
            await house.hear()
            assert lookups(house) == 1 and len(house.accepted) == 2

    async def test_a_crowd_is_not_looked_up_all_at_once(self) -> None:
        async with running(House()) as house:
            room = house.slack.channel(*(house.slack.person(f"P{n}") for n in range(60)))
            await house.workspaces.identity()
            house.slack.latency = 5.0
            for person in list(house.slack.people.values()):
                room.seat(person).mention("hi")
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.gather(*(house.take(one) for one in house.slack.outbox))
            assert len(house.accepted) == 60 and loop.time() - began < 1
            assert lookups(house) <= people.AT_ONCE

    async def test_names_in_the_words_are_those_people_read(self) -> None:
        async with running(House()) as house:
            ada, ben = house.slack.person("Ada"), house.slack.person("Ben")
            seat = house.slack.channel(ada, ben).seat(ada)
            seat.say(wire=f"<@{house.bot}> who is <@{ben.id}>, and who is <@{house.bot}>?")
            said = await house.heard(Message)
            assert said.text == "who is @Ben, and who is @Parley?"

    async def test_a_reaction_waits_for_nothing(self) -> None:
        async with running(House()) as house:
            seat = house.slack.dm(house.slack.person())
            post = house.slack.post(seat.channel, house.bot, text="an answer")
            seat.react(post, "thumbsdown::skin-tone-3")
            reaction = await house.heard(Reaction)
            assert reaction.added == ("👎",) and lookups(house) == 0
            assert reaction.place.user.workspace == house.team.id


class TestSharedChannels:
    def guest(self, house: House) -> tuple[str, Seat]:
        """Somebody of another organisation mentions the bot."""
        elsewhere = house.slack.team("Else", install=False)
        eve = house.slack.person("Eve", team=elsewhere)
        room = house.slack.channel(eve, house.slack.person("Ada"), shared=True)
        room.seat(eve).mention("What is tea?")
        return elsewhere.id, room.seat(eve)

    async def test_guests_are_answered_as_people_of_their_own_team(self) -> None:
        async with running(House()) as house:
            team, _ = self.guest(house)
            await house.hear()
            said = house.accepted[0]
            assert isinstance(said, Message) and said.place.user.workspace == team
            assert said.place.chat.workspace == house.team.id

    async def test_what_they_do_without_words_is_known_as_theirs(self) -> None:
        async with running(House()) as house:
            team, seat = self.guest(house)
            await house.hear()
            post = house.slack.post(seat.channel, house.bot, text="an answer")
            seat.react(post)
            assert (await house.heard(Reaction)).place.user.workspace == team

    async def test_after_a_restart_slack_is_asked_whose_they_are(self) -> None:
        async with running(House()) as house:
            team, seat = self.guest(house)
            house.slack.outbox.clear()
            post = house.slack.post(seat.channel, house.bot, text="an answer")
            seat.react(post)
            house.slack.outbox[0].payload["is_ext_shared_channel"] = True
            assert (await house.heard(Reaction)).place.user.workspace == team

    async def test_where_they_are_not_to_be_they_are_told_once(self) -> None:
        async with running(House(external=False, page=PAGE)) as house:
            _, seat = self.guest(house)
            seat.mention("And coffee?")
            await house.hear()
            await asyncio.sleep(2)
            assert house.accepted == []
            [told] = seat.ephemerals
            assert "colleagues only" in told.readable

    async def test_or_nothing_where_there_are_no_words_for_it(self) -> None:
        async with running(House(external=False)) as house:
            _, seat = self.guest(house)
            await house.hear()
            await asyncio.sleep(2)
            assert house.accepted == [] and seat.ephemerals == []

    async def test_colleagues_there_are_answered_all_the_same(self) -> None:
        async with running(House(external=False, page=PAGE)) as house:
            ada = house.slack.person("Ada")
            house.slack.channel(ada, shared=True).seat(ada).mention("What is tea?")
            await house.hear()
            assert [type(event) for event in house.accepted][:1] == [Message]


class TestWhere:
    async def test_the_shortcut_of_no_chat_is_the_persons_own_one(self) -> None:
        async with running(House()) as house:
            ada = house.slack.person()
            house.slack.channel(ada).seat(ada).shortcut()
            asked = await house.heard(Command)
            assert asked.place.chat.id == house.slack.dm(ada).channel.id
            assert asked.place.chat.private

    async def test_where_that_cannot_be_found_out_it_has_to_come_again(self) -> None:
        async with running(House(page=PAGE)) as house:
            ada = house.slack.person()
            house.slack.channel(ada).seat(ada).shortcut()
            await house.workspaces.identity()
            house.slack.latency = 60
            with pytest.raises(Busy):
                await house.hear()
            assert house.accepted == []

    @pytest.mark.parametrize("own", [True, False])
    async def test_only_the_bots_own_chat_with_a_person_is_private(self, own: bool) -> None:
        async with running(House()) as house:
            ada, ben = house.slack.person("Ada"), house.slack.person("Ben")
            seat = house.slack.dm(ada)
            if not own:
                seat = house.slack.channel(ada, ben, kind="im", bot=False).seat(ada)
            assert seat.channel.id.startswith("D")
            seat.command("What is tea?")
            assert (await house.heard(Command)).place.chat.private is own

    async def test_who_has_written_there_is_not_looked_for(self) -> None:
        async with running(House()) as house:
            seat = house.slack.dm(house.slack.person())
            seat.say("hi")
            seat.command("stop")
            await house.hear()
            assert house.accepted[1].place.chat.private
            assert lookups(house, "conversations.open") == 0

    async def test_nothing_is_heard_of_where_the_app_is_not(self) -> None:
        async with running(House()) as house:
            told = payload("dm")
            assert await house.adapter.ear.hear("event", told, house.accept) is None
            assert house.accepted == []

    async def test_while_slack_does_not_say_who_the_bot_is_it_has_to_come_again(self) -> None:
        house = House()
        house.slack.latency = 60
        house.slack.dm(house.slack.person()).say("hi")
        with pytest.raises(Busy):
            await house.hear()
        assert house.accepted == []


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
            assert filled.place.interaction.startswith("view|")

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


def moved(told: Json, team: str) -> Json:
    return {**told, "authorizations": [{"team_id": team, "is_bot": True, "user_id": "U0X"}]}

"""Who has said something, and where, as far as Slack tells it."""

import asyncio

import pytest

from adapters.slack import people
from adapters.slack.page import Page, Words
from bot.events import Command, Message, Reaction
from bot.surface import Busy
from tests.fakes.slack_api import Seat
from tests.fakes.slack_intake import House, running
from tests.fakes.slack_payloads import payload

Json = dict[str, object]

WORDS = Words(busy="Please try again in a minute.", external="I answer colleagues only.")
PAGE = Page(words=lambda _: WORDS)


def lookups(house: House, method: str = "users.info") -> int:
    return house.slack.counted[method]


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
            house.slack.faults.add("fatal_error", "users.info")
            seat.say("one")
            seat.say("two")
            await house.hear()
            assert lookups(house) == 1 and len(house.accepted) == 2

    async def test_of_a_crowd_no_more_are_looked_up_than_slack_allows(self) -> None:
        async with running(House()) as house:
            room = house.slack.channel(*(house.slack.person(f"P{n}") for n in range(120)))
            await house.workspaces.identity()
            house.slack.latency = 5.0
            for person in list(house.slack.people.values()):
                room.seat(person).mention("hi")
            loop = asyncio.get_running_loop()
            began = loop.time()
            await asyncio.gather(*(house.take(one) for one in house.slack.outbox))
            assert len(house.accepted) == 120 and loop.time() - began < 1
            await asyncio.sleep(30)
            assert lookups(house) == people.LOOKUPS and house.slack.floods() == []
            await asyncio.sleep(people.MINUTE)
            house.slack.outbox.clear()
            house.slack.latency = 0
            room.seat(list(house.slack.people.values())[-1]).mention("hi")
            await house.hear()
            assert lookups(house) == people.LOOKUPS + 1

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

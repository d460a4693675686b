"""What is said where the bot may not post in Slack, or to one person alone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.slack.page import Page, Words
from adapters.slack.responding import CLOSED_FOR, LASTING
from bot.events import Place
from bot.live import LiveReply
from bot.surface import Expired, Forbidden, Gone, Outgoing
from tests.fakes.slack_answers import THUMBS, answer, commanded, growing, live, pressed, show
from tests.fakes.slack_api import Post, Room, Seat
from tests.fakes.slack_stage import SlackStage, place

PAGE = Page(words=lambda language: Words(too_long=f"Too long, {language or 'x'}."))
PAGES = ["Tea is a drink. " * 600] * 7


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    yield SlackStage("dm", page=PAGE)


@pytest.fixture
def room(stage: SlackStage) -> Room:
    """A private channel without the bot."""
    return stage.slack.channel(stage.ada, kind="private", bot=False)


@pytest.fixture
def seat(stage: SlackStage, room: Room) -> Seat:
    return room.seat(stage.ada)


def told(seat: Seat) -> list[Post]:
    """What came through a response_url."""
    everything = [*seat.answers, *seat.channel.ephemerals]
    return [post for post in everything if post.via == "response_url"]


async def said(stage: SlackStage, where: Place, text: str, seconds: float = 3.0) -> LiveReply:
    async with live(stage, where) as reply:
        for count in range(1, 11):
            reply.show(text[: len(text) * count // 10])
            await asyncio.sleep(seconds / 10)
        await reply.finish(answer(text))
    return reply


class TestWhereTheBotMayNotPost:
    async def test_a_root_without_a_permission_is_forbidden(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        with pytest.raises(Forbidden):
            await stage.surface.post(place(seat), Outgoing(text="Ada asks: tea?", mine=True))

    async def test_an_answer_comes_whole_through_the_response_url(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        reply = await said(stage, commanded(seat), "Tea is a **drink** <!here>")
        assert reply.lost is None
        [post] = told(seat)
        assert "*drink*" in post.readable and "<!here>" in post.readable and not post.only
        assert post.buttons == ["👍", "👎"]
        assert stage.slack.pings() == [] and stage.slack.unfurled() == []

    async def test_it_is_known_from_then_on_and_nothing_is_tried_in_vain(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        where = commanded(seat)
        assert stage.surface.capabilities(where).edits
        await said(stage, where, "Tea.")
        able = stage.surface.capabilities(where)
        assert not (able.edits or able.deletes or able.documents or able.voice_types)
        assert stage.surface.endings(where) == ()
        await said(stage, commanded(seat), "More tea.")
        assert stage.slack.counted["chat.postMessage"] == 1 and len(told(seat)) == 2

    async def test_after_an_invitation_it_is_posted_again(
        self, stage: SlackStage, room: Room, seat: Seat
    ) -> None:
        await said(stage, commanded(seat), "Tea.")
        room.invite()
        await asyncio.sleep(CLOSED_FOR)
        await said(stage, commanded(seat), "More tea.")
        assert [post.via for post in seat.answers] == ["response_url", "chat.postMessage"]

    async def test_a_message_that_is_taken_tells_of_an_invitation(
        self, stage: SlackStage, room: Room, seat: Seat
    ) -> None:
        await said(stage, commanded(seat), "Tea.")
        room.invite()
        await stage.surface.post(place(seat), Outgoing(text="Hello.", mine=True))
        await said(stage, commanded(seat), "More tea.")
        assert seat.answers[-1].via == "chat.postMessage"

    async def test_what_was_said_there_cannot_be_changed(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        where = commanded(seat)
        ref = await stage.surface.post(where, answer("Tea."))
        other = await stage.surface.post(where, answer("Tea."))
        assert ref != other
        with pytest.raises(Gone):
            await stage.surface.edit(where, ref, Outgoing(text="No tea"))
        async with stage.surface.grow(where, ref) as message:
            with pytest.raises(Gone):
                await message.finish(answer("No tea"))
        with pytest.raises(Forbidden):
            await stage.surface.delete(where, ref)
        assert "chat.update" not in stage.slack.counted

    async def test_a_growing_answer_finds_out_and_waits_for_its_end(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        async with stage.surface.grow(commanded(seat)) as message:
            await show(stage, message, "Tea")
            assert message.cost(growing("Tea is")) == ()
            assert await message.show(growing("Tea is")) is None
            ref = await message.finish(answer("Tea is a drink."))
        assert [post.readable for post in told(seat)] == ["Tea is a drink."]
        assert ref.id.startswith("response:")

    async def test_four_messages_of_a_long_answer_are_followed_by_a_sentence(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        reply = await said(stage, commanded(seat), "".join(PAGES))
        shown = [post.readable for post in told(seat)]
        assert len(shown) == 5 and shown[-1] == "Too long, x."
        assert all(len(text) > 5_000 for text in shown[:4])
        assert isinstance(reply.lost, Expired)
        assert stage.slack.violations() == []

    async def test_only_the_asker_is_called_and_only_by_the_bot_itself(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        asker = f"<@{stage.ada.id}>"
        where = commanded(seat)
        await stage.surface.post(where, Outgoing(text=f"{asker}: <!here>?", mine=True))
        await stage.surface.post(where, answer(f"{asker} <!channel>"))
        assert {ping.words for ping in stage.slack.pings()} == {asker}
        assert len(stage.slack.pings()) == 1

    async def test_a_sentence_of_the_bots_own_may_be_the_last(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        where = commanded(seat)
        for number in range(5):
            await stage.surface.post(where, Outgoing(text=f"Sentence {number}.", mine=True))
        with pytest.raises(Expired):
            await stage.surface.post(where, Outgoing(text="Sentence 5.", mine=True))
        assert told(seat)[-1].readable == "Sentence 4."

    async def test_after_half_an_hour_nothing_can_be_said(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        where = commanded(seat)
        await stage.surface.post(where, answer("Tea."))
        await asyncio.sleep(LASTING + 1)
        with pytest.raises(Expired):
            await stage.surface.post(where, answer("Tea."))
        assert stage.slack.refusals[-1].method == "chat.postMessage"


class TestToOnePersonAlone:
    async def test_in_a_channel_of_the_bots_it_is_an_ephemeral_message(
        self, stage: SlackStage
    ) -> None:
        where = commanded(stage.channel, only_user=True)
        reply = await said(stage, where, "Tea is a drink <!here>.")
        assert reply.lost is None and stage.channel.shown() == []
        [post] = stage.channel.ephemerals
        assert post.via == "chat.postEphemeral" and post.buttons == ["👍", "👎"]
        assert stage.slack.pings() == []

    async def test_elsewhere_it_comes_through_the_response_url(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        for text in ("Tea.", "More tea."):
            await said(stage, commanded(seat, only_user=True), text)
        assert [post.readable for post in told(seat)] == ["Tea.", "More tea."]
        assert all(post.only == stage.ada.id for post in told(seat))
        assert stage.slack.counted["chat.postEphemeral"] == 1

    async def test_without_any_permission_nobody_hears_of_it(
        self, stage: SlackStage, seat: Seat
    ) -> None:
        where = place(seat, only_user=True)
        with pytest.raises(Forbidden):
            await stage.surface.post(where, answer("A secret"))
        async with stage.surface.grow(where) as message:
            assert message.cost(growing("A secret")) == ()
            with pytest.raises(Forbidden):
                await message.finish(answer("A secret"))
        assert seat.shown() == []

    async def test_a_growing_secret_is_never_in_the_channel(self, stage: SlackStage) -> None:
        where = commanded(stage.channel, only_user=True)
        async with stage.surface.grow(where) as message:
            await message.show(growing("A secret"))
            await message.finish(answer("A secret"))
        assert stage.channel.shown() == []
        assert [post.readable for post in stage.channel.ephemerals] == ["A secret"]

    async def test_in_the_direct_chat_everything_is_between_two(self, stage: SlackStage) -> None:
        where = commanded(stage.dm, only_user=True)
        await said(stage, where, "Tea.")
        assert stage.dm.shown() == ["Tea."] and stage.dm.ephemerals == []
        assert not stage.surface.capabilities(where).private_replies

    async def test_what_was_pressed_can_be_written_over_and_taken_away(
        self, stage: SlackStage
    ) -> None:
        where = commanded(stage.channel, only_user=True)
        ref = await stage.surface.post(where, answer("Why?"))
        [post] = stage.channel.ephemerals
        again = pressed(stage.channel, post, "👍", only_user=True)
        assert stage.surface.capabilities(again).deletes
        assert await stage.surface.edit(again, ref, Outgoing(text="Thank you.", mine=True)) == ref
        assert post.readable == "Thank you." and post.buttons == []
        await stage.surface.delete(again, ref)
        assert stage.channel.ephemerals == []
        assert stage.slack.refusals == []


async def test_everything_else_of_the_bots_goes_to_all_through_the_press_of_a_button(
    stage: SlackStage,
) -> None:
    ref = await stage.surface.post(stage.place(private=False), answer("Tea."))
    where = pressed(stage.other, stage.post(ref), "👍")
    assert await stage.surface.edit(where, ref, Outgoing(text="Tea!", buttons=THUMBS)) == ref
    assert stage.other.shown() == ["Tea!"]

"""Messages that grow: by edits, as a draft, as a stream."""

import asyncio
from collections.abc import Iterator

import pytest

from adapters.playground.requests import Delete, Press
from bot.events import Action, Command
from bot.surface import (
    Button,
    Expired,
    Gone,
    Outgoing,
    Stopped,
)
from tests.fakes.playground import PlayedRoom, played

STOP = (Button(label="⏹", name="stop", value="a1"),)
AGAIN = (Button(label="↻", name="regenerate", value="a1"),)


def growing(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=STOP)


@pytest.fixture
def ideal() -> Iterator[PlayedRoom]:
    with played("ideal") as room:
        yield room


@pytest.fixture
def telegram() -> Iterator[PlayedRoom]:
    with played("telegram") as room:
        yield room


@pytest.fixture
def slack() -> Iterator[PlayedRoom]:
    with played("slack") as room:
        yield room


def verbs(room: PlayedRoom) -> list[object]:
    return [verb for verb, _ in room.outcomes()]


def one_draft(room: PlayedRoom) -> str:
    [id] = room.room.passing.drafts
    return id


async def test_by_edits_a_message_is_posted_once_and_then_changed(ideal: PlayedRoom) -> None:
    async with ideal.surface.grow(ideal.place()) as message:
        assert message.ref is None
        ref = await message.show(growing("One"))
        assert ref is not None and ideal.text(ref) == "One"
        assert message.cost(growing("One")) == ()
        assert [budget.rate for budget in message.cost(growing("One two"))] == [20.0]
        assert await message.show(growing("One")) == ref
        assert await message.show(growing("One two")) == ref
        assert ideal.room.posts[ref.id].growing
        assert await message.finish(Outgoing(text="One two.", buttons=AGAIN)) == ref
    post = ideal.room.posts[ref.id]
    assert (post.text, post.buttons, post.growing) == ("One two.", AGAIN, False)
    assert verbs(ideal) == ["post", "edit", "edit"]


async def test_an_end_that_is_on_the_screen_already_costs_no_call(ideal: PlayedRoom) -> None:
    async with ideal.surface.grow(ideal.place()) as message:
        ref = await message.show(Outgoing(text="All"))
        assert await message.finish(Outgoing(text="All")) == ref
    assert verbs(ideal) == ["post"]
    assert ref is not None and not ideal.room.posts[ref.id].growing


async def test_an_old_message_is_written_over(ideal: PlayedRoom) -> None:
    old = await ideal.surface.post(ideal.place(), Outgoing(text="Before"))
    async with ideal.surface.grow(ideal.place(), old) as message:
        assert message.ref == old
        await message.show(growing("After"))
        assert await message.finish(Outgoing(text="After all")) == old
    assert ideal.text(old) == "After all"
    assert len(ideal.room.posts) == 1


async def test_leaving_without_an_end_leaves_nothing_that_grows(ideal: PlayedRoom) -> None:
    async with ideal.surface.grow(ideal.place()):
        pass
    with pytest.raises(RuntimeError, match="the model"):
        async with ideal.surface.grow(ideal.place()) as message:
            ref = await message.show(growing("One"))
            raise RuntimeError("the model")
    assert ref is not None and not ideal.room.posts[ref.id].growing


async def test_a_deleted_message_is_gone_for_frames_and_for_the_end(ideal: PlayedRoom) -> None:
    async with ideal.surface.grow(ideal.place()) as message:
        ref = await message.show(growing("One"))
        assert ref is not None
        await ideal.do(Delete(id="d", message=ref.id))
        with pytest.raises(Gone):
            await message.show(growing("One two"))
        with pytest.raises(Gone):
            await message.finish(Outgoing(text="One two."))
    assert ideal.outcomes()[-1] == ("edit", "gone")


async def test_a_draft_is_no_message_until_its_end(telegram: PlayedRoom) -> None:
    place = telegram.place()
    assert telegram.surface.capabilities(place).fades_after == 25.0
    async with telegram.surface.grow(place) as message:
        assert await message.show(growing("One")) is None
        assert message.ref is None
        assert telegram.room.posts == {}
        draft = one_draft(telegram)
        assert await message.show(growing("One two")) is None
        assert one_draft(telegram) == draft
        ref = await message.finish(Outgoing(text="One two.", buttons=AGAIN))
        assert message.ref == ref
    assert telegram.room.passing.drafts == {}
    assert telegram.text(ref) == "One two."
    assert verbs(telegram) == ["draft", "draft", "post"]


async def test_a_draft_vanishes_unless_it_is_shown_again(telegram: PlayedRoom) -> None:
    async with telegram.surface.grow(telegram.place()) as message:
        await message.show(growing("One"))
        assert message.cost(growing("One")) == ()
        await asyncio.sleep(25)
        assert message.cost(growing("One")) != ()
        await message.show(growing("One"))
        await asyncio.sleep(25)
        assert one_draft(telegram)
        await asyncio.sleep(10)
        assert telegram.room.passing.drafts == {}
        await message.show(growing("One two"))
        assert one_draft(telegram)
    assert telegram.room.passing.drafts == {}


async def test_the_platforms_own_stop_on_a_draft_is_a_command_and_ends_the_frames(
    telegram: PlayedRoom,
) -> None:
    async with telegram.surface.grow(telegram.place()) as message:
        await message.show(growing("One"))
        [event] = await telegram.do(
            Press(id="p", person="ada", message=one_draft(telegram), name="stop", value="a1")
        )
        assert isinstance(event, Command) and event.name == "stop"
        with pytest.raises(Stopped):
            await message.show(growing("One two"))
        ref = await message.finish(Outgoing(text="One"))
    assert telegram.text(ref) == "One"


async def test_in_a_group_telegram_has_no_drafts(telegram: PlayedRoom) -> None:
    place = telegram.place(group=True)
    async with telegram.surface.grow(place) as message:
        assert await message.show(growing("One")) is not None
        await message.finish(Outgoing(text="One"))
    scopes = [budget.scope for budget in telegram.surface.endings(place)]
    assert scopes == ["playground:telegram:group:everyone", "playground:telegram:bot"]


async def test_a_stream_only_ever_adds(slack: PlayedRoom) -> None:
    async with slack.surface.grow(slack.place()) as message:
        assert [b.scope for b in message.cost(growing("One"))] == ["playground:slack:streams"]
        ref = await message.show(growing("One **two"))
        assert ref is not None and slack.text(ref) == "One **two"
        assert message.cost(growing("One **two")) == ()
        assert await message.show(growing("One **two")) == ref
        cost = message.cost(growing("One **two three"))
        assert [b.scope for b in cost] == ["playground:slack:append"]
        await message.show(growing("One **two three"))
        assert slack.text(ref) == "One **two three"
        frame = slack.room.frame(slack.room.posts[ref.id])
        assert frame["html"] == "<p>One <strong>two three</strong></p>"
        assert await message.finish(Outgoing(text="One **two three**.", buttons=AGAIN)) == ref
    post = slack.room.posts[ref.id]
    assert (post.text, post.buttons, post.growing) == ("One **two three**.", AGAIN, False)
    assert verbs(slack) == ["start", "append", "stop"]


async def test_text_that_does_not_go_on_ends_the_stream_and_is_edited_in(slack: PlayedRoom) -> None:
    async with slack.surface.grow(slack.place()) as message:
        ref = await message.show(growing("I think so"))
        other = growing("No")
        assert [b.scope for b in message.cost(other)] == [
            "playground:slack:stops",
            "playground:slack:update",
        ]
        assert await message.show(other) == ref
        assert [b.scope for b in message.cost(growing("No way"))] == ["playground:slack:update"]
        await message.show(growing("No way"))
        await message.finish(Outgoing(text="No."))
    assert verbs(slack) == ["start", "stop", "edit", "edit", "edit"]
    assert ref is not None and slack.text(ref) == "No."


async def test_a_stream_whose_time_is_over_is_repaired_by_its_end(slack: PlayedRoom) -> None:
    async with slack.surface.grow(slack.place()) as message:
        ref = await message.show(growing("One"))
        await asyncio.sleep(300)
        with pytest.raises(Expired):
            await message.show(growing("One two"))
        assert await message.finish(Outgoing(text="One two.")) == ref
    assert verbs(slack) == ["start", "append", "stop", "edit"]
    async with slack.surface.grow(slack.place()) as message:
        ref = await message.show(growing("One"))
        await asyncio.sleep(300)
        await message.show(growing("Two"))
        await message.finish(Outgoing(text="Two"))
    assert ref is not None and slack.text(ref) == "Two"


async def test_the_platforms_own_stop_on_a_stream_names_the_message(slack: PlayedRoom) -> None:
    async with slack.surface.grow(slack.place()) as message:
        ref = await message.show(growing("One"))
        assert ref is not None
        [event] = await slack.do(
            Press(id="p", person="ada", message=ref.id, name="stop", value="a1")
        )
        assert isinstance(event, Action) and event.ref == ref
        with pytest.raises(Stopped):
            await message.show(growing("One two"))
        assert await message.finish(Outgoing(text="One two")) == ref
    assert slack.text(ref) == "One two"


async def test_a_stream_that_never_began_is_posted_whole(slack: PlayedRoom) -> None:
    async with slack.surface.grow(slack.place()) as message:
        ref = await message.finish(Outgoing(text="All at once"))
    assert verbs(slack) == ["post"]
    assert slack.text(ref) == "All at once"


async def test_a_frame_of_a_stream_may_be_over_at_its_end(slack: PlayedRoom) -> None:
    async with slack.surface.grow(slack.place()) as message:
        ref = await message.show(growing("One"))
        assert await message.finish(Outgoing(text="One", buttons=AGAIN)) == ref
        assert ref is not None and slack.room.posts[ref.id].buttons == AGAIN
    async with slack.surface.grow(slack.place()) as message:
        await message.show(growing("One"))
        await asyncio.sleep(301)
        ref = await message.finish(Outgoing(text="One", buttons=AGAIN))
    assert slack.text(ref) == "One"


async def test_what_only_one_sees_is_never_streamed_and_not_changed_on_slack(
    slack: PlayedRoom,
) -> None:
    place = slack.place(group=True, only_user=True)
    ref = await slack.surface.post(place, Outgoing(text="For you"))
    assert slack.room.posts[ref.id].only_for == "ada"
    with pytest.raises(Gone):
        await slack.surface.edit(place, ref, Outgoing(text="Changed"))
    async with slack.surface.grow(place) as message:
        await message.show(growing("For you"))
    assert verbs(slack) == ["post", "edit", "post"]


async def test_the_name_is_the_platforms(ideal: PlayedRoom) -> None:
    assert ideal.surface.name == ideal.place().chat.platform
    assert ideal.surface.endings(ideal.place()) == ()


async def test_where_nothing_is_private_everybody_sees_it(telegram: PlayedRoom) -> None:
    place = telegram.place(group=True, only_user=True)
    ref = await telegram.surface.post(place, Outgoing(text="For all"))
    assert telegram.room.posts[ref.id].only_for == ""

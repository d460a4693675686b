"""What goes wrong on a platform: deleted messages, lost replies, blocks, and people who stop."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.events import MessageRef
from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import (
    Button,
    Capabilities,
    Expired,
    Forbidden,
    Gone,
    Outgoing,
    RateLimited,
    Stopped,
    SurfaceError,
    Unreachable,
)
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

STOP = Button(label="Stop", name="stop")
WORDS = " ".join(f"word{number:03}" for number in range(120))


def reply(screen: Screen, shelf: Shelf | None = None, old: Sequence[MessageRef] = ()) -> LiveReply:
    return LiveReply(
        screen,
        place(),
        screen.slots,
        shelf or Shelf(),
        who="answer",
        old=old,
        buttons=(STOP,),
        unfinished="_broken off_",
    )


def final(text: str) -> Outgoing:
    return Outgoing(text=text)


def now() -> float:
    return asyncio.get_running_loop().time()


# Deleted by a person


async def test_a_deleted_message_is_left_alone_and_its_text_posted_anew_at_the_end() -> None:
    screen, shelf = Screen(Pace()), Shelf()
    async with reply(screen, shelf) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.delete_by_hand(screen.bubbles[0].ref)
        for number in range(20):
            live.show(f"one two {number}")
            await asyncio.sleep(1)
        assert screen.calls_to_gone == {"1": 1}
        assert screen.texts == []
        assert shelf.rows == {}
        refs = await live.finish(final("one two three"))
    assert screen.texts == ["one two three"]
    assert shelf.rows == {0: refs[0]}
    assert live.lost is None


async def test_a_deleted_message_found_at_the_end_is_posted_anew() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.delete_by_hand(screen.bubbles[0].ref)
        await live.finish(final("one two"))
    assert screen.texts == ["one two"]
    assert screen.verbs() == ["frame", "finish", "post"]


async def test_a_message_deleted_again_is_not_forced_on_anybody() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        live.show(WORDS[:100])
        await asyncio.sleep(1)
        screen.delete_by_hand(screen.bubbles[0].ref)
        live.show(WORDS[:300])
        await asyncio.sleep(1)
        assert len(screen.texts) == 2  # the full part anew, and the one that grows
        screen.delete_by_hand(screen.bubbles[1].ref)
        refs = await live.finish(final(WORDS[:390]))
    assert isinstance(live.lost, Gone)
    assert len(screen.texts) == 1
    assert len(refs) == 1


async def test_the_rest_of_a_deleted_part_comes_before_the_next_one() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        live.show(WORDS[:100])
        await asyncio.sleep(1)
        screen.delete_by_hand(screen.bubbles[0].ref)
        live.show(WORDS[:150])
        await asyncio.sleep(1)
        assert screen.texts == []
        await live.finish(final(WORDS))
    assert " ".join(screen.texts) == WORDS


async def test_a_place_where_nothing_can_be_posted_is_given_up() -> None:
    screen = Screen(Pace())
    screen.fail_next(Gone())
    async with reply(screen) as live:
        assert await live.finish(final("one")) == ()
    assert isinstance(live.lost, Gone)
    assert screen.verbs() == ["post"]


async def test_a_part_deleted_by_hand_is_no_trouble_when_it_is_withdrawn() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    async with reply(screen, shelf) as live:
        live.show(WORDS[:300])
        await asyncio.sleep(1)
        screen.delete_by_hand(screen.bubbles[1].ref)
        await live.finish(final("Withdrawn."))
    assert screen.texts == ["Withdrawn."]
    assert list(shelf.rows) == [0]


# Nobody is left to read


@pytest.mark.parametrize("error", [Forbidden(), SurfaceError("of a kind to come")])
async def test_where_the_bot_may_not_speak_painting_ends_quietly(error: SurfaceError) -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(error)
        for number in range(5):
            live.show(f"one {number}")
            await asyncio.sleep(1)
        assert live.lost is error
        assert await live.finish(final("one two")) == ()
    assert screen.verbs() == ["frame", "frame"]


async def test_a_block_found_at_the_end_is_quiet_too() -> None:
    screen = Screen(Pace(), size=200)
    screen.fail_next(Forbidden(), verb="post")
    async with reply(screen) as live:
        await live.finish(final(WORDS))
    assert isinstance(live.lost, Forbidden)
    assert screen.verbs() == ["post"]


async def test_a_block_while_withdrawing_is_quiet_too() -> None:
    screen = Screen(Pace(), size=200, capabilities=Capabilities(deletes=False))
    async with reply(screen) as live:
        live.show(WORDS[:300])
        await asyncio.sleep(1)
        live.show("Withdrawn.")
        screen.fail_next(Forbidden())
        await asyncio.sleep(1)
        assert isinstance(live.lost, Forbidden)
        await live.finish(final("Withdrawn."))


# The platform does not answer


async def test_frames_are_tried_again_ever_more_patiently() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(*[Unreachable() for _ in range(8)])
        live.show("one two")
        await asyncio.sleep(150)
        assert [round(call.at) for call in screen.calls] == [0, 1, 2, 4, 8, 16, 32, 62, 92, 122]
        assert screen.texts == ["one two"]
        live.abandon()


async def test_the_last_word_does_not_wait_for_the_patience_of_frames() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(*[Unreachable() for _ in range(6)])
        live.show("one two")
        await asyncio.sleep(40)  # the next try would come at 62 s
        await live.finish(final("one two three"))
        assert now() == 41
    assert screen.texts == ["one two three"]


async def test_the_last_word_is_tried_for_as_long_as_it_takes() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(*[Unreachable() for _ in range(20)])
        await live.finish(final("one two"))
        assert now() == 1 + 1 + 2 + 4 + 8 + 16 + 15 * 30
    assert screen.texts == ["one two"]


@pytest.mark.parametrize("lands", [True, False])
async def test_what_may_have_been_posted_is_never_posted_again(lands: bool) -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    screen.fail_next(Unreachable(sent=True), verb="post", lands=lands)
    async with reply(screen, shelf) as live:
        refs = await live.finish(final(WORDS))
    shown = [call.message.text for call in screen.calls if call.verb == "post"]
    assert " ".join(shown) == WORDS  # each part once
    assert len(refs) == len(shown) - 1
    assert shelf.rows == {0: None, **dict(enumerate(refs, start=1))}


async def test_what_was_not_posted_for_certain_is_posted_again() -> None:
    screen, shelf = Screen(Pace()), Shelf()
    screen.fail_next(Unreachable(sent=False), verb="post")
    async with reply(screen, shelf) as live:
        refs = await live.finish(final("one"))
    assert screen.texts == ["one"]
    assert shelf.rows == {0: refs[0]}


@pytest.mark.parametrize("lands", [True, False])
async def test_first_words_that_may_be_there_are_followed_by_the_rest(lands: bool) -> None:
    screen, shelf = Screen(Pace()), Shelf()
    screen.fail_next(Unreachable(sent=True), verb="frame", lands=lands)
    async with reply(screen, shelf) as live:
        live.show("The first words were")
        await asyncio.sleep(1)
        live.show("The first words were said.")
        await asyncio.sleep(1)
        refs = await live.finish(final("The first words were said. Then more."))
    assert screen.texts[lands:] == ["were said. Then more."]
    assert shelf.rows == {0: None, 1: refs[0]}


async def test_a_part_that_nobody_can_reach_is_replaced_when_its_text_is() -> None:
    screen, shelf = Screen(Pace()), Shelf()
    screen.fail_next(Unreachable(sent=True), verb="frame")
    async with reply(screen, shelf) as live:
        live.show("The first words were")
        await asyncio.sleep(1)
        live.show("Something else was said instead.")
        await asyncio.sleep(1)
        refs = await live.finish(final("Something else was said instead."))
    assert screen.texts == ["Something else was said instead."]
    assert shelf.rows == {0: None, 1: refs[0]}


async def test_deleting_is_tried_again_too() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        live.show(WORDS[:300])
        await asyncio.sleep(1)
        screen.fail_next(Unreachable(), RateLimited(20), verb="delete")
        await live.finish(final("Withdrawn."))
        assert now() == 22
    assert screen.texts == ["Withdrawn."]


# Expired and stopped


async def test_a_stream_that_expires_goes_on_in_the_next_message() -> None:
    screen = Screen(Pace(), lifetime=5.0)
    text = ""
    async with reply(screen) as live:
        for number in range(20):
            text += f"Sentence number {number} is here. "
            live.show(text)
            await asyncio.sleep(1)
        await live.finish(final(text))
    assert len(screen.texts) > 2
    assert " ".join(screen.texts).split() == text.split()


async def test_what_expired_before_its_first_word_is_posted_at_the_end() -> None:
    screen = Screen(Pace())
    screen.fail_next(Expired(), verb="frame")
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        live.show("one two")
        await asyncio.sleep(1)
        screen.fail_next(Expired(), verb="finish")
        await live.finish(final("one two three"))
    assert screen.verbs() == ["frame", "finish", "post"]
    assert screen.texts == ["one two three"]


async def test_what_cannot_be_ended_is_edited_and_else_posted_anew() -> None:
    screen, shelf = Screen(Pace()), Shelf()
    async with reply(screen, shelf) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(Expired(), Expired())
        refs = await live.finish(final("one two"))
    assert screen.verbs() == ["frame", "finish", "edit", "post"]
    assert screen.texts[-1] == "one two"
    assert shelf.rows == {0: refs[0]}


async def test_a_place_that_has_expired_is_given_up() -> None:
    screen = Screen(Pace())
    screen.fail_next(Expired())
    async with reply(screen) as live:
        await live.finish(final("one"))
    assert isinstance(live.lost, Expired)


async def test_the_platforms_own_stop_is_told_and_nothing_more_is_painted() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(Stopped())
        live.show("one two")
        async with asyncio.timeout(1):
            await live.stopped.wait()
        live.show("one two three")
        await asyncio.sleep(5)
        assert screen.texts == ["one"]
        await live.finish(final("one two _stopped_"))
    assert screen.texts == ["one two _stopped_"]
    assert live.lost is None


async def test_a_stop_pressed_in_the_last_moment_is_told_too() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(1)
        screen.fail_next(Stopped())
        await live.finish(final("one two"))
    assert live.stopped.is_set()
    assert screen.texts == ["one two"]

"""An answer that grows on a screen: first words at once, newest text wins, the last text lands."""

import asyncio

import pytest

from bot.events import MessageRef
from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import Budget, Button, Capabilities, Outgoing, Rank, RateLimited
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

SECOND = Budget(scope="chat", rate=1.0, burst=3)
STOP = Button(label="Stop", name="stop")
LIKE = Button(label="Like", name="like")


def now() -> float:
    return asyncio.get_running_loop().time()


def reply(screen: Screen, shelf: Shelf | None = None, **options: object) -> LiveReply:
    options = {"who": "answer", "buttons": (STOP,), "unfinished": "(broken off)", **options}
    return LiveReply(screen, place(), screen.slots, shelf or Shelf(), **options)  # type: ignore[arg-type]  # options go by name


def final(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(LIKE,))


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_first_words_go_out_at_once() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("Hel")
        await settled()
        assert screen.texts == ["Hel"]
        assert live.first_shown == now() == 0
        await live.finish(final("Hello"))


async def test_the_first_words_go_before_the_frames_of_others() -> None:
    pace = Pace()
    screen = Screen(pace, chat=Budget(scope="chat", rate=1.0))
    await pace.slot(screen.budgets(place()), Rank.FRAME)
    async with asyncio.TaskGroup() as others:
        others.create_task(pace.slot(screen.budgets(place()), Rank.FRAME, who="other"))
        await settled()
        async with reply(screen) as live:
            live.show("Hel")
            await asyncio.sleep(1)
            await settled()
            assert screen.texts == ["Hel"]
            live.abandon()


async def test_the_newest_text_is_shown_when_a_slot_comes_and_none_is_queued() -> None:
    screen = Screen(Pace(), chat=SECOND)
    async with reply(screen) as live:
        text = ""
        for number in range(200):
            text += f"{number} "
            live.show(text)
            await asyncio.sleep(0.05)
        await live.finish(final(text))
    frames = [call for call in screen.calls if call.verb == "frame"]
    assert 10 <= len(frames) <= 13
    assert live.frames == len(frames)
    assert live.dropped > 150
    for call in frames[4:]:
        shown = int(call.message.text.split()[-1])
        assert shown >= int(call.at / 0.05) - 2  # what was written by then
    assert screen.broken == 0


async def test_the_tail_is_shown_while_the_model_pauses() -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=1.0))
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(0.5)
        live.show("one two")
        await asyncio.sleep(4)
        assert screen.texts == ["one two"]
        assert screen.seen()[-1] == (1.0, "one two")
        await live.finish(final("one two"))


async def test_reading_never_waits_for_the_platform() -> None:
    screen = Screen(Pace(), latency=100.0)
    async with reply(screen) as live:
        for number in range(1_000):
            live.show(f"text {number}")
        assert now() == 0
        live.abandon()


async def test_unchanged_text_is_not_sent() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        for _ in range(10):
            live.show("same")
            await asyncio.sleep(1)
        await live.finish(final("same"))
    assert screen.verbs() == ["frame", "finish"]


async def test_the_final_message_is_exact_and_carries_the_buttons() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("**bo")
        await asyncio.sleep(1)
        assert screen.texts == ["**bo**"]  # what is half-open is closed for display
        assert screen.bubbles[0].message.buttons == (STOP,)
        refs = await live.finish(final("**bold** and `co"))
    assert screen.texts == ["**bold** and `co"]
    assert screen.bubbles[0].message.buttons == (LIKE,)
    assert refs == (screen.bubbles[0].ref,)


async def test_an_answer_that_is_there_at_once_is_one_post() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("Hello")
        refs = await live.finish(final("Hello."))
    assert screen.verbs() == ["post"]
    assert refs == (screen.bubbles[0].ref,)


async def test_rate_limit_is_waited_for_and_the_last_text_still_lands() -> None:
    screen = Screen(Pace(), chat=SECOND)
    async with reply(screen) as live:
        live.show("a")
        await settled()
        screen.fail_next(RateLimited(137))
        await live.finish(final("ab"))
    assert screen.seen() == [(0, "a"), (137, "ab")]
    assert live.limited == 1
    assert screen.broken == 0


async def test_rate_limits_one_after_the_other_are_all_waited_for() -> None:
    screen = Screen(Pace())
    screen.fail_next(RateLimited(150), RateLimited(150), RateLimited(5_072))
    async with reply(screen) as live:
        await live.finish(final("ab"))
    assert screen.seen() == [(5_372, "ab")]
    assert live.limited == 3


async def test_a_rate_limited_frame_quiets_everybody_and_the_newest_text_follows() -> None:
    pace = Pace()
    screen = Screen(pace, chat=SECOND)
    async with reply(screen) as live:
        live.show("a")
        await settled()
        screen.fail_next(RateLimited(10))
        live.show("ab")
        await asyncio.sleep(5)
        live.show("abc")
        await pace.slot(screen.budgets(place()), Rank.PERSON)
        assert now() == pytest.approx(10)
        await asyncio.sleep(5)
        live.abandon()
    # The first slot went to a person, the second is left to the answer's ending.
    assert screen.seen() == [(0, "a"), (12, "abc")]


async def test_only_the_scope_that_ran_out_is_paused_where_it_is_known() -> None:
    pace = Pace()
    everybody = Budget(scope="bot", rate=30.0, burst=30)
    screen = Screen(pace, chat=SECOND, shared=[everybody])
    async with reply(screen) as live:
        screen.fail_next(RateLimited(60, scope="chat chat"))
        live.show("a")
        await settled()
        await pace.slot([everybody], Rank.FRAME)
        assert now() == 0
        await live.finish(final("ab"))
    assert screen.seen() == [(60, "ab")]


async def test_a_rate_limit_of_a_scope_nobody_counted_on_is_kept_by_the_answer() -> None:
    pace = Pace()
    screen = Screen(pace, chat=SECOND)
    screen.fail_next(RateLimited(20, scope="uploads"))
    async with reply(screen) as live:
        live.show("a")
        await asyncio.sleep(5)
        await pace.slot(screen.budgets(place()), Rank.FRAME)
        assert now() == 5  # others draw on nothing that ran out
        await live.finish(final("ab"))
    assert screen.seen() == [(20, "ab")]


async def test_a_rate_limit_of_a_surface_without_budgets_is_kept_too() -> None:
    screen = Screen(Pace())
    screen.fail_next(RateLimited(20))
    async with reply(screen) as live:
        live.show("a")
        await asyncio.sleep(30)
        await live.finish(final("a"))
    assert [round(call.at) for call in screen.calls] == [0, 20, 30]


async def test_finish_ends_the_wait_for_a_frame() -> None:
    screen = Screen(Pace(), chat=Budget(scope="chat", rate=0.1, burst=2))
    async with reply(screen) as live:
        live.show("a")
        await settled()
        live.show("ab")
        await asyncio.sleep(1)
        await live.finish(final("abc"))
        assert now() == 1
    assert screen.verbs() == ["frame", "finish"]


async def test_a_frame_on_its_way_is_not_cut_off_by_finish() -> None:
    screen = Screen(Pace(), latency=2.0)
    async with reply(screen) as live:
        live.show("a")
        await asyncio.sleep(1)
        await live.finish(final("ab"))
    assert screen.seen() == [(2, "a"), (4, "ab")]


async def test_nothing_is_shown_before_there_is_something_to_read() -> None:
    screen, shelf = Screen(Pace()), Shelf()
    async with reply(screen, shelf) as live:
        live.show("")
        live.show("\n ")
        await asyncio.sleep(5)
        assert screen.calls == []
        await live.finish(Outgoing(text="The app gave no answer.", mine=True))
    assert screen.texts == ["The app gave no answer."]
    assert screen.bubbles[0].message.mine


async def test_what_is_half_written_is_held_back_until_it_can_be_read() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("**")
        await asyncio.sleep(1)
        assert screen.calls == []
        live.show("**Note")
        await asyncio.sleep(1)
        assert screen.texts == ["**Note**"]
        await live.finish(final("**Note**"))


async def test_no_more_messages_grow_than_can_be_ended_the_rest_are_posted_whole_once() -> None:
    pace = Pace()
    screen = Screen(pace, chat=Budget(scope="chat", rate=1.0, burst=2))
    for other in ("one", "two"):
        assert pace.book(screen.endings(place()), who=other)
    async with reply(screen) as live:
        for number in range(50):
            live.show("word " * (number + 1))
            await asyncio.sleep(0.1)
        assert screen.calls == []
        await live.finish(final("word " * 50))
    assert screen.verbs() == ["post"]


async def test_when_another_answer_is_over_one_that_had_to_wait_begins_to_grow() -> None:
    pace = Pace()
    screen = Screen(pace, chat=Budget(scope="chat", rate=1.0))
    assert pace.book(screen.endings(place()), who="another")
    async with reply(screen) as live:
        live.show("one")
        await asyncio.sleep(10)
        assert screen.calls == []
        pace.unbook(who="another")
        live.show("one two")
        await asyncio.sleep(1)
        assert screen.texts == ["one two"]
        await live.finish(final("one two three"))
    assert screen.verbs() == ["frame", "finish"]


async def test_the_booking_ends_with_the_answer() -> None:
    pace = Pace()
    screen = Screen(pace, chat=Budget(scope="chat", rate=1.0))
    for _ in range(3):
        async with reply(screen) as live:
            live.show("growing")
            await asyncio.sleep(1)
            assert not pace.book(screen.endings(place()), who="another")
            await live.finish(final("growing"))
        assert "frame" in screen.verbs()
        assert pace.book(screen.endings(place()), who="another")
        pace.unbook(who="another")


async def test_where_nothing_can_be_edited_the_answer_is_posted_whole() -> None:
    screen = Screen(Pace(), capabilities=Capabilities(edits=False))
    old = MessageRef(platform="screen", workspace="bot", chat="chat", id="old")
    async with reply(screen, old=[old]) as live:
        live.show("one")
        await asyncio.sleep(1)
        await live.finish(final("one two"))
    assert screen.verbs() == ["post"]


async def test_only_the_first_message_replies_to_the_question() -> None:
    screen = Screen(Pace(), size=20)
    async with reply(screen) as live:
        await live.finish(final("The first sentence. The second sentence."))
    assert [bubble.place.reply_to is not None for bubble in screen.bubbles] == [True, False]


async def test_what_fades_is_shown_again_though_unchanged() -> None:
    screen = Screen(Pace(), capabilities=Capabilities(fades_after=25.0), drafts=True)
    async with reply(screen) as live:
        live.show("thinking about it")
        await asyncio.sleep(60)
        await live.finish(final("thinking about it"))
    assert [(round(call.at), call.verb) for call in screen.calls] == [
        (0, "draft"),
        (25, "draft"),
        (50, "draft"),
        (60, "finish"),
    ]


async def test_a_draft_becomes_a_message_only_at_the_end() -> None:
    screen, shelf = Screen(Pace(), drafts=True), Shelf()
    async with reply(screen, shelf) as live:
        live.show("draft")
        await asyncio.sleep(1)
        assert shelf.rows == {}  # it leaves nothing behind, so there is nothing to look for
        live.show("draft two")
        await asyncio.sleep(1)
        refs = await live.finish(final("draft two."))
    assert shelf.rows == {0: refs[0]}
    assert shelf.log == ["intend 0", "shown 0"]


async def test_every_message_is_intended_before_it_is_made_and_kept_when_it_is_there() -> None:
    screen, shelf = Screen(Pace(), size=12), Shelf()
    async with reply(screen, shelf, first=3) as live:
        live.show("first part")
        await asyncio.sleep(1)
        assert shelf.log == ["intend 3", "shown 3"]
        refs = await live.finish(final("first part. second part."))
    assert shelf.log == ["intend 3", "shown 3", "intend 4", "shown 4"]
    assert shelf.rows == dict(enumerate(refs, start=3))


async def test_a_slot_whose_frame_is_no_longer_wanted_is_given_back() -> None:
    screen = Screen(Pace(), size=20, chat=Budget(scope="chat", rate=0.1, burst=2))
    async with reply(screen) as live:
        live.show("The first ")
        await settled()
        live.show("The first words")
        await asyncio.sleep(5)
        live.show("The first words that fill it and go on")
        await asyncio.sleep(5)
        await settled()
        # The slot of the frame served to end the message that is full by now.
        assert screen.seen()[-1][0] == 10
        assert screen.verbs()[:2] == ["frame", "finish"]
        live.abandon()


async def test_what_breaks_off_loses_no_character() -> None:
    screen = Screen(Pace())
    async with reply(screen) as live:
        live.show("The answer is 42")
    assert screen.texts[-1] == "The answer is 42\n\n(broken off)"

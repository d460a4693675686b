"""An answer of several messages: it flows on, is rewritten, and leaves nothing behind."""

import asyncio
from collections.abc import Sequence

from bot.events import MessageRef, Place
from bot.live import LiveReply
from bot.pace import Pace
from bot.surface import Budget, Button, Capabilities, Outgoing, RateLimited, Unreachable
from tests.fakes.screen import Bubble, Screen, place
from tests.fakes.shelf import Shelf

STOP = Button(label="Stop", name="stop")
LIKE = Button(label="Like", name="like")
WORDS = " ".join(f"word{number:03}" for number in range(120))


def reply(screen: Screen, shelf: Shelf | None = None, old: Sequence[MessageRef] = ()) -> LiveReply:
    return LiveReply(
        screen, place(), screen.slots, shelf or Shelf(), who="answer", old=old, buttons=(STOP,)
    )


def final(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(LIKE,))


def old_messages(screen: Screen, shelf: Shelf, *texts: str) -> list[MessageRef]:
    """Messages of an earlier answer, which the screens have been handed over."""
    refs = []
    for number, text in enumerate(texts):
        ref = MessageRef(platform="screen", workspace="bot", chat="chat", id=f"old {number}")
        screen.messages[ref.id] = Bubble(ref, place(), [(0.0, Outgoing(text=text))])
        shelf.rows[number] = ref
        refs.append(ref)
    return refs


async def stream(live: LiveReply, text: str, *, pieces: int = 20, every: float = 0.1) -> None:
    size = -(-len(text) // pieces)
    for end in range(size, len(text) + size, size):
        live.show(text[:end])
        await asyncio.sleep(every)


async def test_what_no_longer_fits_goes_on_in_the_next_message() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    async with reply(screen, shelf) as live:
        await stream(live, WORDS)
        refs = await live.finish(final(WORDS))
    assert " ".join(screen.texts) == WORDS
    assert len(refs) == len(screen.texts) == 5
    assert shelf.rows == dict(enumerate(refs))


async def test_only_the_last_message_carries_buttons() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        await stream(live, WORDS)
        assert [bubble.message.buttons for bubble in screen.bubbles] == [(), (), (), (), (STOP,)]
        await live.finish(final(WORDS))
    assert [bubble.message.buttons for bubble in screen.bubbles] == [(), (), (), (), (LIKE,)]


async def test_a_full_message_is_ended_before_the_next_begins() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        await stream(live, WORDS)
        await live.finish(final(WORDS))
    begun = 0
    for call in screen.calls:
        begun += not call.id
        assert call.id in ("", str(begun))
    assert begun == 5


async def test_a_long_answer_posted_at_once_is_cut_alike() -> None:
    grown, posted = Screen(Pace(), size=200), Screen(Pace(), size=200)
    async with reply(grown) as live:
        await stream(live, WORDS)
        await live.finish(final(WORDS))
    async with reply(posted) as live:
        await live.finish(final(WORDS))
    assert grown.texts == posted.texts


async def test_a_fence_goes_on_in_the_next_message() -> None:
    screen = Screen(Pace(), size=120)
    text = "```python\n" + "\n".join(f"line_{number} = {number}" for number in range(20)) + "\n```"
    async with reply(screen) as live:
        await stream(live, text)
        await live.finish(final(text))
    assert len(screen.texts) > 2
    for shown in screen.texts:
        assert shown.startswith("```python\n")
        assert shown.rstrip().endswith("\n```")


async def test_a_shorter_text_rewrites_the_first_message_and_deletes_the_others() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    async with reply(screen, shelf) as live:
        await stream(live, WORDS)
        live.show("This answer was withdrawn.")
        await asyncio.sleep(1)
        assert screen.texts == ["This answer was withdrawn."]
        refs = await live.finish(final("This answer was withdrawn."))
    assert [ref.id for ref in refs] == ["1"]
    assert shelf.rows == {0: refs[0]}


async def test_the_same_happens_when_only_the_final_text_is_shorter() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    async with reply(screen, shelf) as live:
        await stream(live, WORDS)
        refs = await live.finish(final("Withdrawn."))
    assert screen.texts == ["Withdrawn."]
    assert shelf.rows == {0: refs[0]}


async def test_what_cannot_be_deleted_says_nothing_any_more() -> None:
    screen, shelf = Screen(Pace(), size=200, capabilities=Capabilities(deletes=False)), Shelf()
    async with reply(screen, shelf) as live:
        await stream(live, WORDS)
        refs = await live.finish(final("Withdrawn."))
    assert screen.texts == ["Withdrawn.", "…", "…", "…", "…"]
    assert [ref.id for ref in refs] == ["1"]
    assert len(shelf.rows) == 5  # they are still there, and a reaction to them counts


async def test_what_the_platform_refuses_to_delete_says_nothing_any_more() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        await stream(live, WORDS[:350])
        screen.abilities = Capabilities(deletes=False)  # only the platform knows
        await live.finish(final("Withdrawn."))
    assert screen.texts == ["Withdrawn.", "…"]


async def test_messages_that_say_nothing_are_used_again() -> None:
    screen = Screen(Pace(), size=200, capabilities=Capabilities(deletes=False))
    async with reply(screen) as live:
        await stream(live, WORDS)
        live.show("Withdrawn.")
        await asyncio.sleep(1)
        await live.finish(final(WORDS))
    assert " ".join(screen.texts) == WORDS


async def test_a_replacement_that_is_longer_changes_the_messages_that_were_full() -> None:
    screen = Screen(Pace(), size=200)
    other = WORDS.replace("word", "term")
    async with reply(screen) as live:
        await stream(live, WORDS)
        live.show(other)
        await asyncio.sleep(1)
        assert " ".join(screen.texts) == other
        await live.finish(final(other))
    assert " ".join(screen.texts) == other
    assert len(screen.messages) == 5


async def test_a_replacement_of_the_end_leaves_the_beginning_alone() -> None:
    screen = Screen(Pace(), size=200)
    other = WORDS[:700] + " and another end, which is a little longer than the first one was." * 3
    async with reply(screen) as live:
        await stream(live, WORDS)
        before = len(screen.calls)
        await live.finish(final(other))
    touched = {call.id for call in screen.calls[before:]}
    assert " ".join(screen.texts) == other
    assert touched == {"4", "5"}


async def test_text_that_was_withdrawn_altogether_leaves_the_screen() -> None:
    screen = Screen(Pace(), size=200)
    async with reply(screen) as live:
        await stream(live, WORDS)
        live.show("")
        await asyncio.sleep(1)
        assert screen.texts == []
        await live.finish(final("It was withdrawn."))
    assert screen.texts == ["It was withdrawn."]


async def test_old_messages_are_written_over_and_the_rest_deleted() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    old = old_messages(screen, shelf, "old one", "old two", "old three", "old four")
    async with reply(screen, shelf, old) as live:
        await stream(live, WORDS[:350])
        assert screen.texts[2:] == ["old three", "old four"]
        refs = await live.finish(final(WORDS[:350]))
    assert " ".join(screen.texts) == WORDS[:350]
    assert refs == tuple(old[:2])
    assert shelf.rows == dict(enumerate(old[:2]))


async def test_more_messages_than_there_were_are_added() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    old = old_messages(screen, shelf, "old one")
    async with reply(screen, shelf, old) as live:
        refs = await live.finish(final(WORDS))
    assert " ".join(screen.texts) == WORDS
    assert refs[0] == old[0]
    assert screen.verbs() == ["edit", "post", "post", "post", "post"]


async def test_an_old_message_that_was_deleted_is_followed_by_a_new_one() -> None:
    screen, shelf = Screen(Pace()), Shelf()
    old = old_messages(screen, shelf, "old")
    screen.delete_by_hand(old[0])
    async with reply(screen, shelf, old) as live:
        live.show("new")
        await asyncio.sleep(1)
        assert screen.texts == ["new"]  # it still grows
        refs = await live.finish(final("new text"))
    assert screen.texts == ["new text"]
    assert shelf.rows == {0: refs[0]}
    assert screen.calls_to_gone["old 0"] == 1


async def test_a_message_grows_only_for_as_long_as_it_may() -> None:
    screen = Screen(Pace(), capabilities=Capabilities(grow_for=4.0), lifetime=4.5)
    text = "\n\n".join(f"Paragraph {number} says something." for number in range(12))
    async with reply(screen) as live:
        await stream(live, text, pieces=100)
        await live.finish(final(text))
    assert " ".join(screen.texts).split() == text.split()
    assert len(screen.texts) == 3


async def test_a_message_that_has_grown_for_long_enough_is_ended_though_the_model_is_silent() -> (
    None
):
    screen = Screen(Pace(), capabilities=Capabilities(grow_for=240.0), lifetime=300.0)
    async with reply(screen) as live:
        live.show("All there is for now.")
        await asyncio.sleep(1_000)
        assert [(round(call.at), call.verb) for call in screen.calls] == [
            (0, "frame"),
            (240, "finish"),
        ]
        live.show("All there is for now. And then more.")
        await asyncio.sleep(1)
        await live.finish(final("All there is for now. And then more."))
    assert " ".join(screen.texts) == "All there is for now. And then more."
    assert [bubble.message.buttons for bubble in screen.bubbles] == [(), (LIKE,)]


async def test_buttons_come_under_a_message_that_was_ended_before_its_time() -> None:
    screen = Screen(Pace(), capabilities=Capabilities(grow_for=10.0))
    async with reply(screen) as live:
        live.show("All there is.")
        await asyncio.sleep(60)
        await live.finish(final("All there is."))
    assert screen.texts == ["All there is."]
    assert screen.bubbles[0].message.buttons == (LIKE,)


async def test_half_open_code_is_closed_when_its_message_has_grown_for_long_enough() -> None:
    screen = Screen(Pace(), capabilities=Capabilities(grow_for=10.0))
    text = "Look:\n\n```python\nfirst = 1\nsecond = 2\nthird = 3\n"
    async with reply(screen) as live:
        live.show(text)
        await asyncio.sleep(11)
        live.show(text + "fourth = 4\n```")
        await asyncio.sleep(1)
        await live.finish(final(text + "fourth = 4\n```"))
    assert len(screen.texts) == 2
    assert screen.texts[0].endswith("\n```")
    assert screen.texts[1].startswith("```python\n")
    lines = [line for shown in screen.texts for line in shown.split("\n") if "=" in line]
    assert lines == ["first = 1", "second = 2", "third = 3", "fourth = 4"]


async def test_a_text_is_looked_at_only_when_its_slot_has_come() -> None:
    class Looked(Screen):
        looks = 0

        def fits(self, place: Place, text: str) -> int:
            self.looks += 1
            return super().fits(place, text)

    text = "A sentence of an answer. " * 4_000
    screen = Looked(Pace(), size=200_000, chat=Budget(scope="chat", rate=0.2))
    async with reply(screen) as live:
        await stream(live, text, pieces=5_000, every=0.05)
        await live.finish(final(text))
    assert screen.texts == [text]
    assert 50 <= live.frames <= 51  # of 5,000 texts
    # Before and after the wait, doubling from 512 to 100,000 characters, and what is shown.
    assert screen.looks <= 20 * live.frames


async def test_nothing_is_noted_as_sent_while_its_turn_is_waited_for() -> None:
    chat = Budget(scope="chat", rate=1.0, burst=3)
    screen, shelf = Screen(Pace(), chat=chat, capabilities=Capabilities(edits=False)), Shelf()
    screen.slots.pause(screen.budgets(place()), 30)
    async with reply(screen, shelf) as live:
        live.show("Tea")
        waiting = asyncio.create_task(live.finish(final("Tea.")))
        await asyncio.sleep(29)
        assert shelf.rows == {}
        [ref] = await waiting
    assert shelf.rows == {0: ref}


async def test_what_the_platform_refused_is_not_noted_as_sent() -> None:
    screen, shelf = Screen(Pace(), capabilities=Capabilities(edits=False)), Shelf()
    screen.fail_next(RateLimited(30), Unreachable(sent=False), verb="post")
    async with reply(screen, shelf) as live:
        waiting = asyncio.create_task(live.finish(final("Tea.")))
        await asyncio.sleep(20)
        assert shelf.rows == {}
        await waiting
    assert len(shelf.rows) == 1

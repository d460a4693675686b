"""An answer too long for a chat: its beginning in messages, the rest as a file."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.events import MessageRef
from bot.live import Length, LiveReply
from bot.pace import Pace
from bot.surface import Button, Capabilities, Forbidden, Outgoing, Rank
from tests.fakes.screen import Screen, place
from tests.fakes.shelf import Shelf

LIKE = Button(label="Like", name="like")
WORDS = " ".join(f"word{number:03}" for number in range(120))
FILES = Capabilities(documents=True)


def paper() -> Screen:
    return Screen(Pace(), size=200, capabilities=FILES)


def reply(
    screen: Screen, shelf: Shelf, old: Sequence[MessageRef] = (), *, filed: bool = False
) -> LiveReply:
    length = Length(most=2, words="The rest", filed=filed)
    return LiveReply(screen, place(), screen.slots, shelf, who="answer", old=old, length=length)


def final(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(LIKE,))


async def answered(screen: Screen, shelf: Shelf, text: str = WORDS) -> tuple[MessageRef, ...]:
    async with reply(screen, shelf) as live:
        live.show(text)
        return await live.finish(final(text))


async def test_what_is_too_much_for_messages_comes_as_a_file() -> None:
    screen, shelf = paper(), Shelf()
    refs = await answered(screen, shelf)
    *shown, caption = screen.texts
    [(ref, document)] = screen.documents
    assert (len(shown), caption, document.name) == (2, "The rest", "answer.md")
    assert " ".join([*shown, document.data.decode()]) == WORDS
    assert shelf.rows == dict(enumerate(refs)) and refs[-1] == ref
    assert [bubble.message.buttons for bubble in screen.bubbles] == [(), (LIKE,), ()]


@pytest.mark.parametrize(("most", "own"), [(2, [0, 0, 0]), (9, [0, 0, 0, 0, 9])])
async def test_only_the_end_is_the_bots_own(most: int, own: list[int]) -> None:
    screen = paper()
    length = Length(most=most, words="The rest")
    async with LiveReply(screen, place(), screen.slots, Shelf(), who="a", length=length) as live:
        await live.finish(replace(final(WORDS + "\n\n*Stopped*"), own=9))
    assert [bubble.message.own for bubble in screen.bubbles] == own


async def test_nothing_grows_beyond_the_last_message() -> None:
    screen, shelf = paper(), Shelf()
    async with reply(screen, shelf) as live:
        for end in range(0, len(WORDS), 50):
            live.show(WORDS[:end])
            await screen.slots.slot(screen.budgets(place()), Rank.FRAME)
            assert len(screen.texts) <= 2
        await live.finish(final(WORDS))
    assert len(screen.texts) == 3


async def test_a_text_that_fits_needs_no_file() -> None:
    screen, shelf = paper(), Shelf()
    await answered(screen, shelf, WORDS[:350])
    assert len(screen.texts) == 2 and not screen.documents


async def test_code_that_is_cut_is_code_in_the_file_too() -> None:
    screen, shelf = paper(), Shelf()
    lines = "\n".join(f"line {number}" for number in range(100))
    await answered(screen, shelf, f"```python\n{lines}\n```")
    [(_, document)] = screen.documents
    rest = document.data.decode()
    assert rest.startswith("```python\nline") and rest.endswith("line 99\n```")


async def test_where_files_cannot_be_sent_everything_comes_as_messages() -> None:
    screen, shelf = Screen(Pace(), size=200), Shelf()
    await answered(screen, shelf)
    assert " ".join(screen.texts) == WORDS


async def test_a_file_that_is_there_is_not_sent_again() -> None:
    screen, shelf = paper(), Shelf()
    refs = await answered(screen, shelf)
    async with reply(screen, shelf, refs, filed=True) as live:
        assert await live.finish(Outgoing(text=WORDS)) == refs
    assert len(screen.documents) == 1
    assert [bubble.message.buttons for bubble in screen.bubbles] == [(), (), ()]


async def test_a_file_that_a_crash_kept_back_is_sent_then() -> None:
    screen, shelf = paper(), Shelf()
    refs = await answered(screen, shelf, WORDS[:350])
    async with reply(screen, shelf, refs, filed=True) as live:
        await live.finish(final(WORDS))
    assert len(screen.documents) == 1 and len(screen.texts) == 3


async def test_another_answer_takes_the_old_file_away() -> None:
    screen, shelf = paper(), Shelf()
    refs = await answered(screen, shelf)
    other = WORDS.replace("word", "talk")
    async with reply(screen, shelf, refs) as live:
        again = await live.finish(final(other))
    (_, _), (ref, document) = screen.documents
    assert again == (*refs[:2], ref)
    assert document.data.decode().endswith("talk119")
    assert len(screen.texts) == 3
    async with reply(screen, shelf, again) as live:
        await live.finish(final("Short."))
    assert screen.texts == ["Short."]


async def test_an_old_file_that_cannot_be_taken_away_stays_above() -> None:
    screen, shelf = paper(), Shelf()
    refs = await answered(screen, shelf)
    screen.fault = lambda verb: Forbidden() if verb == "delete" else None
    async with reply(screen, shelf, refs) as live:
        await live.finish(final(WORDS.replace("word", "talk")))
    assert len(screen.documents) == 2 and len(screen.texts) == 4

"""Questions as they read now: edits and deletions count, however early they come."""

from dataclasses import replace

import pytest

from bot.events import File
from bot.store.store import Store
from tests.contract.conftest import Clock
from tests.fakes.happenings import AT, ref
from tests.fakes.kept import a_question

pytestmark = pytest.mark.real_time

PHOTO = File(handle="h", media_type="image/png", name="ü.png", size=3)


async def test_a_question_comes_back_as_it_was(store: Store) -> None:
    asked = a_question("1", "Où ? 🧭", files=(PHOTO,), quoted="what somebody said")
    assert await store.question(ref("1")) is None
    assert await store.remember_question(asked) == asked
    assert await store.question(ref("1")) == asked


async def test_parts_of_an_album_come_in_their_order(store: Store) -> None:
    parts = [a_question(id, event="e") for id in ("10", "9", "11")]
    for part in parts:
        await store.remember_question(part)
    await store.remember_question(a_question("8", event="another"))
    assert await store.questions_of("e") == parts
    assert await store.questions_of("") == []


async def test_an_edit_gives_the_question_whole(store: Store) -> None:
    asked = a_question("1", quoted="said before", files=(PHOTO,))
    await store.remember_question(asked)
    edited = replace(asked, text="How?", files=())
    assert await store.revise_question(ref("1"), "How?", ()) == edited
    assert await store.question(ref("1")) == edited


async def test_files_that_join_a_question_leave_its_words(store: Store) -> None:
    await store.remember_question(a_question("1"))
    await store.revise_question(ref("1"), "How?", ())
    await store.add_files(ref("1"), (PHOTO,))
    assert await store.question(ref("1")) == a_question("1", "How?", files=(PHOTO,))
    gone = await store.delete_question(ref("1"))
    await store.add_files(ref("1"), (PHOTO,))
    assert await store.question(ref("1")) == gone


async def test_taken_up_again_a_question_keeps_its_edit(store: Store) -> None:
    await store.remember_question(a_question("1"))
    await store.revise_question(ref("1"), "How?", (PHOTO,))
    again = await store.remember_question(a_question("1"))
    assert again == a_question("1", "How?", files=(PHOTO,))


async def test_asked_anew_a_question_belongs_to_the_new_event(store: Store) -> None:
    await store.remember_question(a_question("1"))
    await store.remember_question(a_question("1", event="again"))
    assert [each.ref for each in await store.questions_of("again")] == [ref("1")]
    assert await store.questions_of("event of 1") == []


async def test_an_edit_that_overtakes_its_question_is_what_is_asked(store: Store) -> None:
    """A question waits in its lane behind an answer; its edit does not."""
    assert await store.revise_question(ref("1"), "Hw?", ()) is None
    assert await store.revise_question(ref("1"), "How?", (PHOTO,)) is None
    assert await store.question(ref("1")) is None
    asked = await store.remember_question(a_question("1", "Why?", quoted="q"))
    assert asked == a_question("1", "How?", files=(PHOTO,), quoted="q")
    assert await store.questions_of("event of 1") == [asked]


async def test_a_deletion_that_overtakes_its_question_is_known_when_it_comes(store: Store) -> None:
    assert await store.delete_question(ref("1")) is None
    asked = await store.remember_question(a_question("1", "Why?", files=(PHOTO,), quoted="q"))
    assert asked == a_question("1", "", deleted=True)


async def test_a_deleted_question_is_empty_and_stays_so(store: Store) -> None:
    await store.remember_question(a_question("1", files=(PHOTO,), quoted="q"))
    gone = a_question("1", "", deleted=True)
    assert await store.delete_question(ref("1")) == gone
    assert await store.revise_question(ref("1"), "an edit that came late", (PHOTO,)) == gone
    assert await store.remember_question(a_question("1")) == gone
    assert await store.delete_question(ref("1")) == gone


async def test_what_retention_took_can_be_asked_again(store: Store, clock: Clock) -> None:
    await store.remember_question(a_question("1"))
    later = clock.forward(hours=25)
    assert await store.purge(later, AT) == 1
    assert await store.question(ref("1")) == a_question("1", "")
    assert await store.remember_question(a_question("1")) == a_question("1")
    assert await store.purge(later, AT) == 0

"""What is on the screen, and what may be: known before a message is sent and after."""

import asyncio

import pytest

from bot.events import MessageRef
from bot.store.database import Fault
from bot.store.records import Role, Screen
from bot.store.store import Store
from tests.fakes.happenings import ref
from tests.fakes.kept import opened

pytestmark = pytest.mark.real_time


def screen(answer: str, part: int, on: MessageRef | None, role: Role = "text") -> Screen:
    return Screen(answer=answer, part=part, role=role, ref=on)


async def test_an_intent_is_known_until_the_message_is(store: Store) -> None:
    await opened(store, "a")
    await store.intend_screen("a", 0)
    assert await store.screens("a") == [screen("a", 0, None)]
    await store.shown_screen("a", 0, ref("1"))
    assert await store.screens("a") == [screen("a", 0, ref("1"))]


async def test_an_intent_repeated_does_not_forget_the_message(store: Store) -> None:
    await opened(store, "a")
    await store.shown_screen("a", 0, ref("1"))
    await store.intend_screen("a", 0)
    await store.intend_screen("a", 0, role="note")
    await store.intend_screen("a", 0, role="note")
    assert await store.screens("a") == [screen("a", 0, ref("1")), screen("a", 0, None, "note")]


async def test_a_part_that_is_posted_anew_is_found_on_its_new_message_only(store: Store) -> None:
    await opened(store, "a")
    await store.shown_screen("a", 0, ref("1"))
    await store.shown_screen("a", 0, ref("2"))
    assert await store.answer_on(ref("1")) is None
    assert await store.answer_on(ref("2")) is not None


async def test_screens_come_text_first_and_by_part(store: Store) -> None:
    await opened(store, "a")
    for part in (10, 2, 0):
        await store.shown_screen("a", part, ref(f"v{part}"), role="voice")
        await store.shown_screen("a", part, ref(f"t{part}"))
    await store.intend_screen("a", 0, role="note")
    assert [(each.role, each.part) for each in await store.screens("a")] == [
        *(("text", 0), ("text", 2), ("text", 10), ("note", 0)),
        *(("voice", 0), ("voice", 2), ("voice", 10)),
    ]


async def test_a_removed_part_is_gone_and_its_neighbours_stay(store: Store) -> None:
    await opened(store, "a")
    for part in (0, 1):
        await store.shown_screen("a", part, ref(str(part)))
    await store.shown_screen("a", 1, ref("v"), role="voice")
    await store.removed_screen("a", 1)
    await store.removed_screen("a", 7)
    assert await store.screens("a") == [
        *(screen("a", 0, ref("0")), screen("a", 1, ref("v"), "voice")),
    ]
    assert await store.answer_on(ref("1")) is None


async def test_an_answer_painted_over_another_takes_what_is_known_of_it_but_not_its_voice(
    store: Store,
) -> None:
    await opened(store, "old")
    await opened(store, "new")
    for part in (0, 1):
        await store.shown_screen("old", part, ref(str(part)))
    await store.intend_screen("old", 2)
    await store.intend_screen("old", 0, role="note")
    await store.shown_screen("old", 0, ref("v"), role="voice")
    taken = [
        *(screen("new", 0, ref("0")), screen("new", 1, ref("1"))),
        screen("new", 0, None, "note"),
    ]
    for _ in range(2):  # a process that died in between does it again
        assert await store.take_over_screens("old", "new") == taken
    assert await store.screens("old") == [
        *(screen("old", 2, None), screen("old", 0, ref("v"), "voice")),
    ]
    found = await store.answer_on(ref("1"))
    assert found is not None
    assert found.id == "new"


async def test_a_message_the_new_answer_shows_already_is_not_lost_to_an_old_one(
    store: Store,
) -> None:
    await opened(store, "old")
    await opened(store, "new")
    for part in (0, 1):
        await store.shown_screen("old", part, ref(f"old{part}"))
    await store.shown_screen("new", 0, ref("new0"))
    await store.intend_screen("new", 1)
    assert await store.take_over_screens("old", "new") == [
        *(screen("new", 0, ref("new0")), screen("new", 1, ref("old1"))),
    ]
    assert await store.screens("old") == [screen("old", 0, ref("old0"))]


async def test_of_two_answers_on_one_message_the_newer_is_meant(store: Store) -> None:
    for id in ("first", "second"):
        await opened(store, id)
        await store.shown_screen(id, 0, ref("1"))
    found = await store.answer_on(ref("1"))
    assert found is not None
    assert found.id == "second"


async def test_parts_shown_at_once_are_all_kept(store: Store) -> None:
    await opened(store, "a")
    await asyncio.gather(*(store.shown_screen("a", part, ref(str(part))) for part in range(20)))
    assert [each.part for each in await store.screens("a")] == list(range(20))


async def test_a_screen_of_no_answer_is_refused(store: Store) -> None:
    with pytest.raises(Fault):
        await store.intend_screen("unknown", 0)
    assert await store.screens("unknown") == []

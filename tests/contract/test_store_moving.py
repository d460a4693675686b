"""A group that gets another id takes with it what is kept of it."""

from dataclasses import replace

import pytest

from bot.events import User, itself
from bot.store.records import Dialog, Preferences, scope
from bot.store.store import Store
from tests.fakes.happenings import AT, place, ref
from tests.fakes.kept import finished, opened

pytestmark = pytest.mark.real_time

OLD, NEW, OTHER = place("-5"), place("-1005"), place("-55")
ASKED = Dialog(kind="inputs", state={"asked": "tone"}, asked_at=AT)


async def move(store: Store) -> None:
    await store.move_chat(NEW.chat, OLD.chat.id)


async def test_answers_are_found_under_the_new_id(store: Store) -> None:
    await finished(store, "a", OLD, on=ref("7", "-5"))
    await opened(store, "b", OLD)
    await finished(store, "c", OTHER, on=ref("7", "-55"))
    await move(store)
    latest, other = await store.latest_answer(NEW), await store.latest_answer(OTHER)
    assert latest is not None and (latest.id, latest.place) == ("a", NEW)
    assert [answer.id for answer in await store.open_answers(NEW)] == ["b"]
    assert other is not None and other.id == "c"
    assert await store.latest_answer(OLD) is None


async def test_a_message_of_before_still_tells_its_answer(store: Store) -> None:
    await finished(store, "a", OLD, on=ref("7", "-5"))
    await move(store)
    found = await store.answer_on(ref("7", "-5"))
    assert found is not None and found.place == NEW


async def test_what_people_have_settled_goes_along(store: Store) -> None:
    await store.save_inputs(scope(OLD), {"tone": "formal"})
    await store.open_dialog(scope(OLD), ASKED)
    await store.set_voice(scope(OTHER), True)
    assert await store.preferences(scope(NEW)) == Preferences()  # asked for, and remembered so
    await move(store)
    assert await store.preferences(scope(NEW)) == Preferences(inputs={"tone": "formal"})
    assert await store.dialog(scope(NEW)) == ASKED
    assert await store.preferences(scope(OLD)) == Preferences()
    assert (await store.preferences(scope(OTHER))).voice


async def test_a_picture_left_behind_waits_for_no_question(store: Store) -> None:
    """The ids of its messages are those of others now."""
    await store.open_dialog(scope(OLD), replace(ASKED, kind="photo", state={"prompt": "7"}))
    await move(store)
    assert await store.dialog(scope(NEW)) is None
    assert await store.dialog(scope(OLD)) is None


async def test_what_was_settled_since_stays(store: Store) -> None:
    await store.save_inputs(scope(OLD), {"tone": "formal"})
    await store.save_inputs(scope(NEW), {"tone": "friendly"})
    for _ in range(2):
        await move(store)
    assert await store.preferences(scope(NEW)) == Preferences(inputs={"tone": "friendly"})
    assert await store.preferences(scope(OLD)) == Preferences()


async def test_who_spoke_as_the_group_goes_on_as_the_group(store: Store) -> None:
    before = replace(OLD, user=User(id=itself(OLD.chat.id)))
    after = replace(NEW, user=User(id=itself(NEW.chat.id)))
    await finished(store, "a", before, on=ref("7", "-5"))
    await finished(store, "b", before, on=ref("8", "-5"))
    await store.want_rating("a", before.user.id, "like")
    await store.want_rating("b", before.user.id, "like")
    await store.want_rating("b", after.user.id, "dislike")
    await store.set_voice(scope(before), True)
    await move(store)
    latest, moved = await store.latest_answer(after), await store.rating("a", after.user.id)
    newer = await store.rating("b", after.user.id)
    assert latest is not None and latest.id == "b"
    assert moved is not None and moved.wanted == "like"
    assert newer is not None and newer.wanted == "dislike"
    assert (await store.preferences(scope(after))).voice


async def test_the_same_id_elsewhere_is_another_chat(store: Store) -> None:
    elsewhere = replace(OLD, chat=replace(OLD.chat, workspace="v"))
    await finished(store, "a", elsewhere, on=ref("7", "-5"))
    await store.set_voice(scope(elsewhere), True)
    await move(store)
    assert await store.latest_answer(elsewhere) is not None
    assert (await store.preferences(scope(elsewhere))).voice

"""Workspaces that have installed the app, on both databases."""

from dataclasses import replace

import pytest

from bot.store.inbox import SqlInbox
from bot.store.installations import Installations
from bot.store.records import Installation, Preferences
from bot.store.records import scope as scope_of
from bot.store.store import Store
from tests.contract.conftest import Clock
from tests.fakes.happenings import AT, message, place, ref
from tests.fakes.kept import a_question, finished

pytestmark = pytest.mark.real_time

ACME = Installation(platform="slack", workspace="T1", sealed="sealed", installed_at=AT)
GRID = replace(ACME, workspace="E1")
MEMBER = replace(ACME, workspace="T2", through="E1", sealed="")


@pytest.fixture
def installed(store: Store) -> Installations:
    return store.installations("slack")


async def test_a_workspace_is_found_as_it_was_kept(installed: Installations) -> None:
    assert await installed.find("T1") is None
    await installed.keep(ACME)
    assert await installed.find("T1") == ACME
    assert "sealed" not in repr(ACME).replace("sealed=", "")


async def test_installing_again_takes_the_place_of_the_first_time(
    installed: Installations, clock: Clock
) -> None:
    await installed.keep(ACME)
    again = replace(ACME, sealed="another", installed_at=clock.forward(days=1))
    await installed.keep(again)
    assert await installed.everything() == [again]


async def test_what_another_platform_keeps_is_not_seen(store: Store) -> None:
    await store.installations("slack").keep(ACME)
    assert await store.installations("other").everything() == []
    assert await store.installations("other").find("T1") is None


async def test_a_workspace_that_is_removed_is_gone(installed: Installations, clock: Clock) -> None:
    await installed.keep(ACME)
    assert await installed.remove("T1", clock.forward(minutes=1)) == ["T1"]
    assert await installed.everything() == []
    assert await installed.remove("T1", clock.now) == ["T1"], "what was said there may still lie"


async def test_a_removal_that_comes_late_leaves_what_was_installed_since(
    installed: Installations, clock: Clock
) -> None:
    then = clock.now
    await installed.keep(replace(ACME, installed_at=clock.forward(minutes=1)))
    assert await installed.remove("T1", then) is None
    assert await installed.find("T1")


async def test_an_organisation_goes_with_its_members(
    installed: Installations, clock: Clock
) -> None:
    for one in (ACME, GRID, MEMBER):
        await installed.keep(one)
    assert await installed.remove("E1", clock.forward(minutes=1)) == ["E1", "T2"]
    assert await installed.everything() == [ACME]


async def test_a_member_that_leaves_takes_nothing_else_along(
    installed: Installations, clock: Clock
) -> None:
    for one in (GRID, MEMBER):
        await installed.keep(one)
    assert await installed.remove("T2", clock.now) == ["T2"]
    assert await installed.everything() == [GRID]


async def test_everything_said_in_a_workspace_is_forgotten_and_nothing_elsewhere(
    store: Store, inbox: SqlInbox
) -> None:
    for user in ("ann", "bob"):
        await inbox.accept(message(f"event of {user}", place(user=user)), "talk")
        await store.remember_question(a_question(user))
        await finished(
            store, user, place(user=user), text="Because.", question=ref(user), inputs={"q": "Why"}
        )
        await store.save_inputs(scope_of(place(user=user)), {"tone": "formal"})
    elsewhere = replace(place(), chat=replace(place().chat, workspace="w2"))
    await finished(store, "elsewhere", elsewhere, text="Because.")
    await store.save_inputs(scope_of(elsewhere), {"tone": "formal"})

    await store.forget_workspace("playground", "w")

    for user in ("ann", "bob"):
        answer = await store.answer_for(f"event of {user}")
        assert answer is not None
        assert (answer.text, answer.inputs, answer.place.user.name) == ("", {}, "")
        question = await store.question(ref(user))
        assert question is not None
        assert question.text == ""
        assert await store.preferences(scope_of(place(user=user))) == Preferences()
    kept = await store.answer_for("event of elsewhere")
    assert kept is not None
    assert kept.text == "Because."
    assert (await store.preferences(scope_of(elsewhere))).inputs == {"tone": "formal"}

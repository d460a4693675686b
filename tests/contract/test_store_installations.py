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


async def test_a_workspace_that_is_removed_is_gone(store: Store, clock: Clock) -> None:
    installed = store.installations("slack")
    await installed.keep(ACME)
    for _ in range(2):
        assert await store.uninstall("slack", "T1", clock.forward(minutes=1))
        assert await installed.everything() == []


async def test_a_removal_that_comes_late_leaves_what_was_installed_since(
    store: Store, clock: Clock
) -> None:
    then = clock.now
    installed = store.installations("slack")
    await installed.keep(replace(ACME, installed_at=clock.forward(minutes=1)))
    assert not await store.uninstall("slack", "T1", then)
    assert await installed.find("T1")


async def test_an_organisation_goes_with_its_members(store: Store, clock: Clock) -> None:
    installed = store.installations("slack")
    for one in (ACME, GRID, MEMBER):
        await installed.keep(one)
    there = replace(place(), chat=replace(place().chat, platform="slack", workspace="T2"))
    await finished(store, "there", there, text="Because.")
    assert await store.uninstall("slack", "E1", clock.forward(minutes=1))
    assert await installed.everything() == [ACME]
    answer = await store.answer("there")
    assert answer is not None
    assert answer.text == ""


async def test_a_member_that_leaves_takes_nothing_else_along(store: Store, clock: Clock) -> None:
    installed = store.installations("slack")
    for one in (GRID, MEMBER):
        await installed.keep(one)
    assert await store.uninstall("slack", "T2", clock.now)
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

    assert await store.uninstall("playground", "w", AT)

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

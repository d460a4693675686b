"""Whoever wants everything forgotten means what still waits as well."""

import pytest

from bot.store.inbox import SqlInbox
from bot.store.records import Recording
from bot.store.store import Store
from tests.fakes.happenings import message, place, ref
from tests.fakes.kept import a_question, finished

pytestmark = pytest.mark.real_time


async def test_a_question_that_waits_is_answered_and_then_forgotten(
    store: Store, inbox: SqlInbox
) -> None:
    await inbox.accept(message("event of a"), "talk")
    await inbox.accept(message("event of b", place(user="bob")), "talk")
    await store.forget("playground", "w", "ann")
    assert [work.event.id for work, _ in await inbox.unfinished()] == ["event of a", "event of b"]
    await store.remember_question(a_question("a"))
    answer = await finished(store, "a", text="Because.", question=ref("a"), inputs={"query": "Why"})
    assert (answer.text, answer.inputs) == ("", {})
    question = await store.question(ref("a"))
    assert question is not None
    assert question.text == ""
    other = await finished(store, "b", place(user="bob"), text="Because.")
    assert other.text == "Because."


async def test_speech_that_comes_after_forgetting_is_not_kept(store: Store) -> None:
    await finished(store, "a")
    await store.forget("playground", "w", "ann")
    await store.keep_recording("a", Recording(data=b"said aloud", media_type="audio/wav"))
    assert await store.recording("a") is None

"""What people have settled, what they were asked, and speech that is made once."""

import asyncio

import pytest

from bot.store.records import Dialog, Preferences, Recording, Used, scope
from bot.store.store import Store
from tests.fakes.happenings import AT, place
from tests.fakes.kept import opened

pytestmark = pytest.mark.real_time

HERE = scope(place())


async def test_who_has_settled_nothing_has_the_defaults(store: Store) -> None:
    assert await store.preferences(HERE) == Preferences()


async def test_each_preference_is_settled_without_touching_the_others(store: Store) -> None:
    inputs = {"topic": "Où ? 🧭", "count": 3, "ratio": 0.5, "sure": False}
    await store.set_voice(HERE, True)
    await store.save_inputs(HERE, inputs)
    await store.set_language(HERE, "zh-Hans")
    assert await store.preferences(HERE) == Preferences(
        inputs=inputs, voice=True, language="zh-Hans"
    )
    await store.save_inputs(HERE, {"topic": "sea"})
    await store.set_voice(HERE, False)
    assert await store.preferences(HERE) == Preferences(
        inputs={"topic": "sea"}, voice=False, language="zh-Hans"
    )


async def test_preferences_belong_to_one_person_in_one_chat_with_all_its_threads(
    store: Store,
) -> None:
    await store.set_voice(HERE, True)
    assert (await store.preferences(scope(place(thread="t")))).voice
    for other in (place(user="bob"), place(chat="d"), place(team="T2")):
        assert not (await store.preferences(scope(other))).voice


async def test_preferences_settled_at_once_are_all_kept(store: Store) -> None:
    await asyncio.gather(
        store.set_voice(HERE, True),
        store.save_inputs(HERE, {"a": 1}),
        store.set_language(HERE, "en"),
    )
    assert await store.preferences(HERE) == Preferences(inputs={"a": 1}, voice=True, language="en")


async def test_the_dialogs_of_a_chat_are_those_of_everybody_there(store: Store) -> None:
    asked = Dialog(kind="rating", state={"note": None}, asked_at=AT)
    everybody = [place(), place(user="bob"), place(team="T2"), place("c%")]
    for where in everybody:
        await store.open_dialog(scope(where), asked)
    found = await store.dialogs_in(place().chat)
    assert found == {scope(where): asked for where in everybody[:3]}
    assert list(await store.dialogs_in(place("c%").chat)) == [scope(place("c%"))]
    assert not await store.dialogs_in(place("%").chat)


async def test_a_dialog_is_open_until_it_is_ended_and_a_new_one_takes_its_place(
    store: Store,
) -> None:
    asked = Dialog(kind="inputs", state={"left": ["a", "b"], "deep": {"n": None}}, asked_at=AT)
    assert await store.dialog(HERE) is None
    await store.open_dialog(HERE, Dialog(kind="photo", state={}, asked_at=AT))
    await store.open_dialog(HERE, asked)
    assert await store.dialog(HERE) == asked
    assert await store.dialog(scope(place(user="bob"))) is None
    assert await store.end_dialog(HERE) == asked
    assert await store.dialog(HERE) is None
    assert await store.end_dialog(HERE) is None


async def test_of_several_replies_at_once_one_ends_the_dialog(store: Store) -> None:
    await store.open_dialog(HERE, Dialog(kind="inputs", state={}, asked_at=AT))
    ended = await asyncio.gather(*(store.end_dialog(HERE) for _ in range(6)))
    assert sum(each is not None for each in ended) == 1


async def test_who_has_used_nothing_has_used_nothing(store: Store) -> None:
    assert await store.used(AT.date(), "u") == Used(day=AT.date(), end_user="u")


async def test_a_recording_is_kept_byte_for_byte_and_the_newest_counts(store: Store) -> None:
    await opened(store, "a")
    assert await store.recording("a") is None
    await store.keep_recording("a", Recording(data=b"first", media_type="audio/wav"))
    speech = Recording(data=bytes(range(256)) * 1000, media_type="audio/mpeg")
    await store.keep_recording("a", speech)
    assert await store.recording("a") == speech

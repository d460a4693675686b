"""Words go when their time is over or their author wants it; ids stay, and so does open work."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.events import File, Place, User
from bot.store import database, retention
from bot.store.inbox import SqlInbox
from bot.store.records import Dialog, Preferences, Recording, Source, Upload, scope
from bot.store.store import Store, keeping
from bot.store.tables import inbox as inbox_rows
from bot.store.tables import questions as question_rows
from tests.contract.conftest import Clock
from tests.fakes.happenings import AT, action, message, place, ref
from tests.fakes.kept import CLAIM, a_question, an_answer, opened

pytestmark = pytest.mark.real_time

PHOTO = File(handle="h", media_type="image/png")
SPEECH = Recording(data=b"spoken", media_type="audio/mpeg")
DAY, MONTH = timedelta(hours=24), timedelta(days=30)


async def purge(store: Store, clock: Clock) -> int:
    return await store.purge(clock.now - DAY, clock.now - MONTH)


async def whole(store: Store, id: str, where: Place | None = None) -> None:
    """A finished answer with everything that can be kept about one."""
    there = where or replace(place(), user=User(id="ann", name="Ann"))
    on = ref(id, there.chat.id)
    await store.remember_question(a_question(id, "Why?", ref=on, files=(PHOTO,), quoted="said"))
    await opened(store, id, there, question=on, inputs={"query": "Why?"}, files=(PHOTO,))
    await store.asked(id, CLAIM, inputs={"query": "Why?"}, uploads=[Upload(id="up")])
    await store.started(id, CLAIM, task_id="t", message_id=f"m-{id}")
    await store.shown_screen(id, 0, ref(f"screen of {id}", there.chat.id))
    await store.closing(
        *(id, CLAIM), outcome="whole", text="Because.", sources=[Source(title="Book")], tokens=5
    )
    await store.closed(id, CLAIM)
    await store.keep_recording(id, SPEECH)


async def is_empty(store: Store, id: str) -> bool:
    """Whether no word of it is left; half-emptied is an error."""
    answer, question = await store.answer(id), await store.question(ref(id))
    assert answer is not None
    assert question is not None
    words = [
        *(answer.text, answer.inputs, answer.files, answer.uploads, answer.sources),
        *(question.text, question.files, question.quoted, await store.recording(id)),
    ]
    assert len({bool(each) for each in words}) == 1, "half emptied"
    return not answer.text


async def test_words_are_kept_for_their_time_and_ids_for_good(store: Store, clock: Clock) -> None:
    await whole(store, "a")
    clock.forward(hours=23)
    assert await purge(store, clock) == 0
    assert not await is_empty(store, "a")
    await whole(store, "b")
    clock.forward(hours=2)
    assert await purge(store, clock) > 0
    assert await is_empty(store, "a")
    assert not await is_empty(store, "b")
    answer = await store.answer("a")
    assert answer is not None
    assert (answer.message_id, answer.outcome, answer.place.user) == (
        *("m-a", "whole", User(id="ann")),
    )
    assert await store.answer_on(ref("screen of a")) == answer
    assert await store.latest_for_question(ref("a")) == answer
    assert await purge(store, clock) == 0


async def test_a_purge_goes_on_until_nothing_is_left_however_much_there_is(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PORTION", 2)
    for id in "abcde":
        await whole(store, id)
    clock.forward(hours=25)
    assert await purge(store, clock) == 15
    assert [await is_empty(store, id) for id in "abcde"] == [True] * 5


async def test_an_unfinished_answer_keeps_what_it_needs_however_old(
    store: Store, clock: Clock
) -> None:
    for id in ("waiting", "streaming", "closing"):
        await store.remember_question(a_question(id, event=f"event of {id}"))
        await opened(store, id, question=ref(id), inputs={"query": "Why?"})
    await store.asked("streaming", CLAIM, inputs={"query": "Why?"}, uploads=[Upload(id="up")])
    await store.started("streaming", CLAIM, task_id="t", message_id="m")
    await store.keep("streaming", CLAIM, "Beca")
    await store.closing("closing", CLAIM, outcome="stopped", text="Beca")
    clock.forward(days=40)
    before = [await store.answer(id) for id in ("waiting", "streaming", "closing")]
    assert await purge(store, clock) == 0
    assert [await store.answer(id) for id in ("waiting", "streaming", "closing")] == before
    for id in ("waiting", "streaming", "closing"):
        question = await store.question(ref(id))
        assert question is not None
        assert question.text == "Why?"


async def test_work_that_waits_keeps_its_words_and_those_it_is_about(
    store: Store, inbox: SqlInbox, clock: Clock
) -> None:
    """The bot was away for two days: an edited question still has to be answered anew."""
    await whole(store, "a")
    clock.forward(seconds=30)
    await store.revise_question(ref("a"), "How?", ())
    await inbox.accept(action("again", "revise", "a"), "talk")
    await inbox.accept(message("b", text="What?"), "talk")
    clock.forward(days=2)
    await purge(store, clock)
    question = await store.question(ref("a"))
    assert question is not None
    assert question.text == "How?"
    assert [work.event.id for work, _ in await inbox.unfinished()] == ["again", "b"]
    await inbox.done("again", "b")
    await purge(store, clock)
    question = await store.question(ref("a"))
    assert question is not None
    assert question.text == ""


async def test_ids_of_events_go_after_their_month_and_unfinished_ones_never(
    store: Store, inbox: SqlInbox, clock: Clock
) -> None:
    for id in ("done", "failed", "waiting"):
        await inbox.accept(message(id), "talk")
    await inbox.done("done")
    await inbox.failed("failed")
    clock.forward(days=29)
    assert await purge(store, clock) == 0
    clock.forward(days=2)
    assert await purge(store, clock) == 2
    assert await inbox.accept(message("done"), "talk")
    assert not await inbox.accept(message("waiting"), "talk")


async def test_an_event_no_version_could_read_for_a_month_is_dropped(
    engine: AsyncEngine, store: Store, inbox: SqlInbox, clock: Clock
) -> None:
    await whole(store, "a")
    await inbox.accept(message("unknown"), "talk")
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE inbox SET kind = 'poll'"))
    clock.forward(days=2)
    assert await purge(store, clock) > 0
    assert await is_empty(store, "a"), "what cannot be read keeps nothing else from going"
    assert (await inbox.backlog())[0] == 1
    clock.forward(days=30)
    assert await purge(store, clock) > 0
    assert (await inbox.backlog())[0] == 0


async def test_an_open_dialog_and_days_of_usage_have_their_time_too(
    store: Store, clock: Clock
) -> None:
    here = scope(place())
    await store.open_dialog(here, Dialog(kind="inputs", state={"text": "Why?"}, asked_at=clock.now))
    await opened(store, "a")
    await store.closing("a", CLAIM, outcome="failed", text="", tokens=1, price=Decimal(1))
    clock.forward(hours=25)
    assert await purge(store, clock) == 1
    assert await store.dialog(here) is None
    assert (await store.used(AT.date(), "playground:ann")).tokens == 1
    clock.forward(days=31)
    assert await purge(store, clock) == 1
    assert (await store.used(AT.date(), "playground:ann")).tokens == 0


async def test_preferences_and_ratings_stay(store: Store, clock: Clock) -> None:
    await whole(store, "a")
    await store.save_inputs(scope(place()), {"topic": "sea"})
    await store.want_rating("a", "ann", "like")
    await store.add_words("a", "ann", "lovely")
    clock.forward(days=60)
    await purge(store, clock)
    assert (await store.preferences(scope(place()))).inputs == {"topic": "sea"}
    rating = await store.rating("a", "ann")
    assert rating is not None
    assert rating.content == "lovely"


async def test_rows_of_questions_go_after_their_month(
    engine: AsyncEngine, store: Store, clock: Clock
) -> None:
    await whole(store, "a")
    await store.revise_question(ref("never asked"), "secret", ())
    clock.forward(days=31)
    await purge(store, clock)
    async with engine.connect() as connection:
        left = await connection.execute(select(func.count()).select_from(question_rows))
        assert left.scalar_one() == 0


async def test_forgetting_takes_everything_one_person_said_and_settled(
    store: Store, inbox: SqlInbox, clock: Clock
) -> None:
    other_chat = scope(place("d"))
    await whole(store, "a")
    await whole(store, "b", place("d"))
    await inbox.accept(message("refused", text="Why?"), "talk")
    await store.remember_question(a_question("refused", event="refused"))
    await inbox.done("refused")
    await store.save_inputs(scope(place()), {"topic": "sea"})
    await store.set_voice(other_chat, True)
    await store.open_dialog(other_chat, Dialog(kind="photo", state={}, asked_at=clock.now))
    await store.want_rating("a", "ann", "like")
    await store.add_words("a", "ann", "lovely")
    await store.forget("playground", "w", "ann")
    for id, chat in (("a", "c"), ("b", "d")):
        answer, question = await store.answer(id), await store.question(ref(id, chat))
        assert answer is not None
        assert question is not None
        assert (answer.text, answer.inputs, answer.files, answer.place.user.name) == (
            *("", {}, (), ""),
        )
        assert (question.text, question.files, question.quoted) == ("", (), "")
        assert await store.recording(id) is None
        assert (answer.message_id, answer.end_user) == (f"m-{id}", "playground:ann")
    question = await store.question(ref("refused"))
    assert question is not None
    assert question.text == ""
    assert await store.preferences(scope(place())) == Preferences()
    assert await store.preferences(other_chat) == Preferences()
    assert await store.dialog(other_chat) is None
    rating = await store.rating("a", "ann")
    assert rating is not None
    assert (rating.wanted, rating.content) == ("like", "")
    assert not await inbox.accept(message("refused"), "talk")
    assert (await store.used(AT.date(), "playground:ann")).tokens == 10


async def test_forgetting_one_person_leaves_the_others(store: Store, clock: Clock) -> None:
    """Ids are only the same where platform, workspace and the person's own team are."""
    others = {
        "bob": place(user="bob"),
        "guest": place(team="T2"),
        "elsewhere": replace(place(), chat=replace(place().chat, workspace="w2")),
        "telegram": replace(place(), chat=replace(place().chat, platform="telegram")),
    }
    for id, where in others.items():
        await opened(store, id, where)
        await store.closing(id, CLAIM, outcome="whole", text="Because.")
        await store.closed(id, CLAIM)
        await store.set_voice(scope(where), True)
        await store.open_dialog(
            scope(where), Dialog(kind="photo", state={"x": id}, asked_at=clock.now)
        )
    await store.want_rating("bob", "bob", "like")
    await store.add_words("bob", "bob", "words")
    await store.want_rating("telegram", "ann", "like")
    await store.add_words("telegram", "ann", "words")
    await store.forget("playground", "w", "ann")
    await store.forget("playground", "%", "_%")
    for id, where in others.items():
        answer = await store.answer(id)
        assert answer is not None
        assert answer.text == "Because."
        assert (await store.preferences(scope(where))).voice
        assert await store.dialog(scope(where)) is not None
    for id, user in (("bob", "bob"), ("telegram", "ann")):
        rating = await store.rating(id, user)
        assert rating is not None
        assert rating.content == "words"


async def test_what_is_being_answered_is_forgotten_when_it_is_answered(
    store: Store, inbox: SqlInbox
) -> None:
    """Taken away earlier, a crash would leave a message that nobody could end."""
    await inbox.accept(message("event of a", text="Why?"), "talk")
    await store.remember_question(a_question("a"))
    await opened(store, "a", question=ref("a"), inputs={"query": "Why?"}, files=(PHOTO,))
    await store.forget("playground", "w", "ann")
    waiting = await store.answer("a")
    assert waiting is not None
    assert waiting.inputs == {"query": "Why?"}
    assert await store.asked("a", CLAIM, inputs=waiting.inputs, uploads=[Upload(id="up")])
    assert await store.keep("a", CLAIM, "Beca") is False
    await store.keep_recording("a", SPEECH)
    await inbox.done("event of a")
    await store.closing("a", CLAIM, outcome="whole", text="Because.", message_id="m")
    await store.closed("a", CLAIM)
    assert await is_empty(store, "a")


async def test_a_rating_that_was_not_sent_yet_is_sent_without_the_forgotten_words(
    store: Store, clock: Clock
) -> None:
    await whole(store, "a")
    await store.want_rating("a", "ann", "like")
    await store.add_words("a", "ann", "lovely")
    await whole(store, "b")
    await store.want_rating("b", "ann", "like")
    await store.add_words("b", "ann", "lovely")
    await store.rating_sent("b", "ann", wanted="like", content="lovely")
    await store.forget("playground", "w", "ann")
    (rating,) = await store.ratings_due(clock.now)
    assert (rating.answer, rating.wanted, rating.content) == ("a", "like", "")


@pytest.mark.unmeasured
async def test_nothing_forgotten_or_purged_can_be_read_in_the_files(
    sqlite_file: Path, clock: Clock
) -> None:
    """Small texts lie in pages among others, long ones on pages of their own; both are tried."""
    words = "the secret of ann"
    address = f"sqlite:///{sqlite_file}"

    def found() -> int:
        files = sqlite_file.parent.glob("parley.db*")
        return sum(file.read_bytes().count(words.encode()) for file in files)

    async with (
        database.opened(address) as engine,
        keeping(engine, clock) as (store, inbox),
    ):
        for n in range(120):
            id, where = f"a{n}", place(chat="c", user="ann" if n % 2 else "bob")
            length = (1, 40, 900)[n % 3]
            await inbox.accept(message(f"event of {id}", where, text=words * length), "talk")
            await store.remember_question(a_question(id, words * length, quoted=words))
            await opened(store, id, where, question=ref(id), inputs={"query": words})
            for part in range(1, 4):
                await store.keep(id, CLAIM, words * length * part)
            await store.closing(id, CLAIM, outcome="whole", text=words * length * 4)
            await store.closed(id, CLAIM)
            await store.keep_recording(id, Recording(data=words.encode(), media_type="audio/wav"))
            await store.add_words(id, where.user.id, words)
            await inbox.done(f"event of {id}")
        await store.open_dialog(
            scope(place()), Dialog(kind="inputs", state={"text": words}, asked_at=clock.now)
        )
        assert found() > 1000
        await store.forget("playground", "w", "ann")
        clock.forward(hours=25)
        await purge(store, clock)
        await store.forget("playground", "w", "bob")
        assert found() == 0


async def test_bodies_of_work_that_is_done_are_emptied(
    engine: AsyncEngine, inbox: SqlInbox
) -> None:
    await inbox.accept(message("a", text="secret"), "talk")
    await inbox.done("a")
    async with engine.connect() as connection:
        body = await connection.execute(select(inbox_rows.c.body))
        assert body.scalar_one() == b""


async def test_an_answer_without_a_question_is_forgotten_as_well(store: Store) -> None:
    await store.open_answer(
        an_answer("a", state="failed", outcome="failed", text="half a text", inputs={"x": "y"})
    )
    await store.forget("playground", "w", "ann")
    answer = await store.answer("a")
    assert answer is not None
    assert (answer.text, answer.inputs) == ("", {})

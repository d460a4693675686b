"""An answer's way from the question to its last screen, and who may write on it."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import get_args

import pytest

from bot.events import Chat, File, Place, User
from bot.store.records import Outcome, Source, Upload, Used
from bot.store.store import Store
from tests.contract.conftest import Clock
from tests.fakes.happenings import AT, place, ref
from tests.fakes.kept import CLAIM, a_question, an_answer, finished, opened

pytestmark = pytest.mark.real_time

EVERYWHERE = Place(
    chat=Chat(platform="p", workspace="w", id="c", thread="t", private=True),
    user=User(id="u", workspace="own", name="Ann 🧭", language="zh-Hans"),
    reply_to=ref("r"),
    interaction="short-lived",
    only_user=True,
)


async def test_an_answer_comes_back_as_it_was_but_for_the_interaction(store: Store) -> None:
    answer = an_answer(
        "a",
        EVERYWHERE,
        question=ref("q"),
        replaces="older",
        inputs={"query": 'Où ?\n"\\ 🧭', "count": 3, "ratio": 0.1, "whole": 2.0, "sure": True},
        files=(File(handle="h", media_type="image/png", name="ü.png", size=7),),
    )
    kept = replace(answer, place=replace(EVERYWHERE, interaction=""))
    assert await store.open_answer(answer) == kept
    assert await store.answer("a") == kept
    assert await store.answer_for(answer.event) == kept
    assert [type(value) for value in (await store.open_answer(answer)).inputs.values()] == [
        *(str, int, float, float, bool)
    ]


async def test_an_answer_nobody_opened_is_none(store: Store) -> None:
    assert await store.answer("a") is None
    assert await store.answer_for("event of a") is None
    assert await store.claim("a", CLAIM) is None
    assert await store.want_stop("a") is None
    assert await store.keep("a", CLAIM, "text") is None
    assert not await store.closing("a", CLAIM, outcome="whole", text="")


async def test_an_event_has_one_answer_however_many_open_it(store: Store) -> None:
    async with asyncio.TaskGroup() as tries:
        opened = [
            tries.create_task(store.open_answer(an_answer(f"a{n}", event="e"))) for n in range(8)
        ]
    assert {each.result().id for each in opened} == {opened[0].result().id}
    assert len(await store.open_answers(place())) == 1


async def test_an_answer_goes_its_whole_way(store: Store, clock: Clock) -> None:
    await opened(store, "a")
    uploads = (Upload(id="up"), Upload(url="https://example.org/x.png"))
    assert await store.asked("a", CLAIM, inputs={"query": "as sent"}, uploads=uploads)
    assert await store.started("a", CLAIM, task_id="t", message_id="m")
    assert await store.keep("a", CLAIM, "Beca") is False
    assert await store.closing(
        "a",
        CLAIM,
        outcome="whole",
        text="Because.",
        sources=[Source(title="Book", url="https://example.org")],
        tokens=12,
        price=Decimal("0.00012000"),
        currency="USD",
    )
    closing = await store.answer("a")
    assert closing is not None
    assert (closing.state, closing.outcome, closing.finished_at) == ("closing", "whole", None)
    end = clock.forward(seconds=9)
    await store.closed("a", CLAIM)
    assert await store.answer("a") == an_answer(
        "a",
        state="whole",
        outcome="whole",
        inputs={"query": "as sent"},
        uploads=uploads,
        task_id="t",
        message_id="m",
        text="Because.",
        sources=(Source(title="Book", url="https://example.org"),),
        tokens=12,
        price=Decimal("0.00012000"),
        currency="USD",
        finished_at=end,
    )


async def test_each_step_is_only_taken_from_the_one_before(store: Store) -> None:
    await opened(store, "a")
    assert not await store.started("a", CLAIM, task_id="t", message_id="m")
    await store.closed("a", CLAIM)
    assert await store.asked("a", CLAIM, inputs={}, uploads=())
    assert not await store.asked("a", CLAIM, inputs={"other": 1}, uploads=())
    assert await store.started("a", CLAIM, task_id="t", message_id="")
    assert await store.started("a", CLAIM, task_id="t", message_id="m")
    found = await store.answer("a")
    assert found is not None
    assert (found.state, found.inputs, found.message_id) == ("streaming", {}, "m")


async def test_who_lost_the_claim_changes_nothing(store: Store) -> None:
    await opened(store, "a")
    assert await store.claim("a", "the next process") is not None
    before = await store.answer("a")
    assert not await store.asked("a", CLAIM, inputs={"x": 1}, uploads=())
    assert not await store.started("a", CLAIM, task_id="t", message_id="m")
    assert await store.keep("a", CLAIM, "late") is None
    assert not await store.closing("a", CLAIM, outcome="whole", text="late", tokens=5)
    await store.closed("a", CLAIM)
    assert await store.answer("a") == before
    assert await store.used(AT.date(), "playground:ann") == Used(
        day=AT.date(), end_user="playground:ann"
    )


async def test_of_two_processes_that_claim_at_once_one_writes(store: Store) -> None:
    await store.open_answer(an_answer("a"))
    await asyncio.gather(*(store.claim("a", f"p{n}") for n in range(6)))
    kept = await asyncio.gather(*(store.keep("a", f"p{n}", f"of p{n}") for n in range(6)))
    assert sorted(kept, key=str) == [False, None, None, None, None, None]
    found = await store.answer("a")
    assert found is not None
    assert found.text == f"of p{kept.index(False)}"


async def test_a_finished_answer_cannot_be_claimed(store: Store) -> None:
    await finished(store, "a")
    assert await store.claim("a", "the next process") is None


async def test_a_stop_is_heard_with_the_next_kept_text(store: Store) -> None:
    await opened(store, "a")
    await store.asked("a", CLAIM, inputs={}, uploads=())
    await store.started("a", CLAIM, task_id="t", message_id="m")
    told = await store.want_stop("a")
    assert told is not None
    assert (told.stop_wanted, told.task_id, told.state) == (True, "t", "streaming")
    assert await store.keep("a", CLAIM, "Bec") is True


async def test_a_stop_before_the_request_keeps_it_from_leaving(store: Store) -> None:
    await opened(store, "a")
    await store.want_stop("a")
    assert not await store.asked("a", CLAIM, inputs={"x": 1}, uploads=())
    found = await store.answer("a")
    assert found is not None
    assert (found.state, found.inputs) == ("waiting", {})


async def test_a_stop_leaves_a_finished_answer_alone(store: Store) -> None:
    done = await finished(store, "a")
    assert await store.want_stop("a") == done
    assert not done.stop_wanted


@pytest.mark.parametrize("outcome", get_args(Outcome))
async def test_what_is_decided_first_stays_and_is_counted_once(
    store: Store, outcome: Outcome
) -> None:
    await opened(store, "a")
    for _ in range(2):
        assert await store.closing(
            "a", CLAIM, outcome=outcome, text="first", error="Silence", tokens=3, price=Decimal("1")
        )
    assert await store.closing("a", CLAIM, outcome="failed", text="second", tokens=100)
    assert await store.keep("a", CLAIM, "a keeper that came late") is False
    await store.closed("a", CLAIM)
    assert await store.closing("a", CLAIM, outcome="failed", text="third", tokens=100)
    await store.closed("a", CLAIM)
    found = await store.answer("a")
    assert found is not None
    assert (found.state, found.outcome, found.text, found.error) == (
        *(outcome, outcome, "first", "Silence"),
    )
    used = await store.used(AT.date(), "playground:ann")
    assert (used.tokens, used.price) == (3, Decimal(1))


async def test_closing_keeps_the_ids_it_does_not_know_better(store: Store) -> None:
    for id in ("a", "b"):
        await opened(store, id)
        await store.asked(id, CLAIM, inputs={}, uploads=())
        await store.started(id, CLAIM, task_id="t", message_id="m")
    await store.closing("a", CLAIM, outcome="whole", text="")
    await store.closing("b", CLAIM, outcome="whole", text="", task_id="t2", message_id="m2")
    first, second = await store.answer("a"), await store.answer("b")
    assert first is not None
    assert second is not None
    assert (first.task_id, first.message_id) == ("t", "m")
    assert (second.task_id, second.message_id) == ("t2", "m2")


@pytest.mark.unmeasured
async def test_usage_adds_up_exactly_by_day_and_end_user(store: Store, clock: Clock) -> None:
    async def ask(id: str, user: str, price: str) -> None:
        await opened(store, id, place(user=user))
        await store.closing(
            *(id, CLAIM), outcome="whole", text="", tokens=1, price=Decimal(price), currency="USD"
        )

    # As floats these would end in …0000004.
    prices = ["0.1", "0.2", "0.0000001"] * 10
    await asyncio.gather(*(ask(f"a{n}", "ann", price) for n, price in enumerate(prices)))
    await ask("b", "bob", "1")
    clock.forward(days=1)
    await ask("c", "ann", "5")
    used = await store.used(AT.date(), "playground:ann")
    assert (used.tokens, used.price, used.currency) == (30, Decimal("3.0000010"), "USD")
    assert (await store.used(AT.date(), "playground:bob")).price == 1
    assert (await store.used(clock.now.date(), "playground:ann")).price == 5


async def test_a_day_of_usage_is_a_day_in_utc(store: Store, clock: Clock) -> None:
    await opened(store, "a")
    tokyo = timezone(timedelta(hours=9))
    clock.now = (AT + timedelta(hours=23, minutes=59)).astimezone(tokyo)
    await store.closing("a", CLAIM, outcome="whole", text="", tokens=7)
    assert (await store.used(AT.date(), "playground:ann")).tokens == 7


async def test_open_answers_are_this_persons_in_this_chat_oldest_first(store: Store) -> None:
    await finished(store, "done")
    await opened(store, "second", place(thread="t2"))
    await opened(store, "first", place(thread="t1"))
    await opened(store, "closing")
    await store.closing("closing", CLAIM, outcome="whole", text="")
    for id, where in {
        "other person": place(user="bob"),
        "other chat": place(chat="d"),
        "same id in another team": place(team="T2"),
    }.items():
        await opened(store, id, where)
    found = await store.open_answers(place())
    assert [answer.id for answer in found] == ["second", "first", "closing"]


async def test_a_message_leads_to_its_answer_whichever_part_it_shows(store: Store) -> None:
    for id in ("a", "b"):
        await opened(store, id)
        await store.shown_screen(id, 0, ref(f"{id}0"))
        await store.shown_screen(id, 1, ref(f"{id}1"))
        await store.shown_screen(id, 0, ref(f"{id}v"), role="voice")
        await store.shown_screen(id, 0, ref(f"{id}n"), role="note")
    for id in ("a", "b"):
        for part in "01vn":
            found = await store.answer_on(ref(f"{id}{part}"))
            assert found is not None
            assert found.id == id
    assert await store.answer_on(ref("a0", chat="d")) is None


async def test_the_same_message_id_in_another_chat_or_workspace_is_another_message(
    store: Store,
) -> None:
    await opened(store, "a")
    await store.shown_screen("a", 0, replace(ref("1"), workspace="w:c", chat="x"))
    assert await store.answer_on(replace(ref("1"), workspace="w", chat="c:x")) is None
    assert await store.answer_on(replace(ref("1"), workspace="w:c", chat="x")) is not None


async def test_the_latest_answer_is_finished_and_on_a_screen_in_the_thread_asked_about(
    store: Store,
) -> None:
    assert await store.latest_answer(place()) is None
    await finished(store, "one", place(thread="t1"), on=ref("1"))
    await finished(store, "two", place(thread="t2"), outcome="stopped", on=ref("2"))
    await finished(store, "without a screen")
    await opened(store, "not finished")
    await store.shown_screen("not finished", 0, ref("3"))
    await finished(store, "only meant")
    await store.intend_screen("only meant", 0)
    await finished(store, "another's", place(user="bob"), on=ref("4"))

    async def latest(where: Place) -> str:
        found = await store.latest_answer(where)
        return found.id if found else ""

    assert await latest(place()) == "two"
    assert await latest(place(thread="t1")) == "one"
    assert await latest(place(thread="t3")) == ""
    assert await latest(place(user="bob")) == "another's"


async def test_recent_answers_are_those_with_words_on_a_screen_wherever_they_were_asked(
    store: Store,
) -> None:
    for chat, id in (("c", "first"), ("d", "second"), ("c", "third")):
        await finished(store, id, place(chat), on=ref(id, chat))
    await finished(store, "another's", place(user="bob"), on=ref("4"))
    await finished(store, "of another team", place(team="own"), on=ref("5"))
    await finished(store, "unwritten", text="", outcome="stopped", on=ref("6"))
    await finished(store, "without a screen")
    await opened(store, "not finished")

    async def recent(limit: int) -> list[str]:
        return [each.id for each in await store.recent_answers(place("e"), limit)]

    assert await recent(9) == ["third", "second", "first"]
    assert await recent(2) == ["third", "second"]
    await store.forget("playground", "w", "ann")
    assert await recent(9) == []


async def test_answers_to_a_question_are_found_by_its_event_and_by_any_part_of_its_album(
    store: Store,
) -> None:
    for part in ("1", "2"):
        await store.remember_question(a_question(part, event="asked"))
    await finished(store, "a", event="asked", question=ref("1"))
    await finished(store, "again", event="pressed", question=ref("1"))
    await finished(store, "unrelated", event="other", question=ref("9"))
    await finished(store, "unquestioned", event="command")
    assert [each.id for each in await store.answers_to("asked")] == ["a", "again"]
    assert [each.id for each in await store.answers_to("command")] == ["unquestioned"]
    assert await store.answers_to("nothing") == []
    for part in ("1", "2"):
        found = await store.latest_for_question(ref(part))
        assert found is not None
        assert found.id == "again"
    found = await store.latest_for_question(ref("9"))
    assert found is not None
    assert found.id == "unrelated"
    assert await store.latest_for_question(ref("8")) is None


async def test_only_what_was_asked_for_counts_as_asked(store: Store, clock: Clock) -> None:
    await opened(store, "refused")
    await finished(store, "early")
    since = clock.forward(minutes=30)
    await finished(store, "late", on=ref("1"))
    await finished(store, "another's", place(user="bob"))
    await store.open_answer(an_answer("made elsewhere", state="asked", created_at=clock.now))
    await store.open_answer(an_answer("failed before", state="closing", outcome="failed"))
    assert await store.asked_since("playground:ann", AT) == 3
    assert await store.asked_since("playground:ann", since) == 2
    assert await store.asked_since("playground:bob", since + timedelta(seconds=1)) == 0


async def test_an_answer_opened_with_its_outcome_is_finished(store: Store, clock: Clock) -> None:
    await store.open_answer(an_answer("a", state="failed", outcome="failed"))
    await store.open_answer(an_answer("b", state="closing", outcome="failed"))
    first, second = await store.answer("a"), await store.answer("b")
    assert first is not None
    assert second is not None
    assert (first.finished_at, second.finished_at) == (clock.now, None)


@pytest.mark.parametrize(
    ("said", "kept"),
    [("a\0b", "ab"), ("half \ud83d pair", "half ? pair"), ("é" * 70_000, "é" * 70_000), ("", "")],
    ids=["a NUL", "half a surrogate pair", "long", "nothing"],
)
async def test_any_text_can_be_kept(store: Store, said: str, kept: str) -> None:
    await opened(store, "a", inputs={"query": said})
    assert await store.keep("a", CLAIM, said) is False
    found = await store.answer("a")
    assert found is not None
    assert found.text == kept
    assert str(found.inputs["query"]).replace("\0", "") == kept
    assert await store.closing("a", CLAIM, outcome="whole", text=said, sources=[Source(title=said)])
    found = await store.answer("a")
    assert found is not None
    assert (found.text, found.sources[0].title.replace("\0", "")) == (kept, kept)


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="a time without a zone cannot be kept"):
        await store.open_answer(an_answer("a", created_at=AT.replace(tzinfo=None)))
    assert await store.answer("a") is None

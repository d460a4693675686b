"""People's words about answers: given by themselves, or asked for after a 👎."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.events import Quote, Submission
from bot.store.records import Dialog, scope
from bot.surface import Capabilities
from tests.fakes.bench import EN, wired
from tests.fakes.completion_wire import Wire, refused
from tests.fakes.rated import ASK, answered, chosen, disliked, press, ratings_sent, react

pytestmark = pytest.mark.real_time


async def test_words_for_an_answer_go_with_its_rating(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await press(bench, "like")
        await bench.do(bench.command("feedback", " well put "))
        assert bench.screen.texts[-1] == EN.rating_thanks
        await bench.do(react(bench, "👎"))
    assert ratings_sent(wire) == [
        ("like", None),
        ("like", "well put"),
        ("dislike", "well put"),
    ]


async def test_where_a_reply_can_be_opened_the_question_opens_one(tmp_path: Path) -> None:
    able = Capabilities(opens_replies=True)
    async with answered(tmp_path, able=able) as (bench, wire):
        await press(bench, "dislike")
        note = bench.screen.bubbles[-1]
        assert note.message.text == EN.rating_ask_words
        assert (note.message.asks, note.message.buttons) == (EN.rating_ask_hint, ())
        await bench.do(bench.message("too long", quoted=Quote(ref=note.ref)))
    assert ratings_sent(wire)[-1] == ("dislike", "too long")


async def test_words_without_a_rating_wait_for_one(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.do(bench.command("feedback", "too long"))
        note = bench.screen.bubbles[-1]
        assert note.message.text == EN.rating_needed
        assert ratings_sent(wire) == []
        dislike = note.message.buttons[1]
        await bench.do(bench.press("dislike", note, value=dislike.value))
        assert bench.screen.texts == ["Because.", EN.rating_thanks]
        assert chosen(bench) == ["dislike"]
    assert ratings_sent(wire) == [("dislike", "too long")]


async def test_words_mean_the_answer_that_is_replied_to(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        question = bench.message("")
        first = bench.screen.bubbles[0]
        await bench.do(bench.message("And now?"))
        quoted = Quote(ref=first.ref)
        await bench.do(bench.command("feedback", "good", quoted=quoted))
        answer = await bench.store.answer_on(first.ref)
        assert answer is not None
        rating = await bench.store.rating(answer.id, "ann")
        assert rating is not None
        assert rating.content == "good"
        assert answer.question is not None
        quoted = Quote(ref=answer.question)
        await bench.do(bench.command("feedback", "better", quoted=quoted))
        rating = await bench.store.rating(answer.id, "ann")
        assert rating is not None
        assert rating.content == "better"
        await bench.do(bench.command("feedback", "what?", quoted=Quote(ref=question.ref)))
        assert bench.screen.texts[-1] == EN.rating_nothing


async def test_feedback_explains_itself(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        await bench.do(bench.command("feedback", "  "))
        assert bench.screen.texts[-1] == EN.rating_how
        await bench.do(bench.command("feedback", "good", user="bob"))
        assert bench.screen.texts[-1] == EN.rating_nothing


async def test_words_of_others_are_kept_here(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        quoted = Quote(ref=bench.screen.bubbles[0].ref)
        await bench.do(bench.command("feedback", "nonsense", user="bob", quoted=quoted))
        assert bench.screen.texts[-1] == EN.rating_of_asker
        kept = [(rating.user, rating.content) for rating, _ in await bench.store.local_ratings()]
    assert kept == [("bob", "nonsense")]
    assert ratings_sent(wire) == []


async def test_an_answer_that_never_began_cannot_be_rated(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, refused(400, "provider_quota_exceeded"))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Why?"))
        shown = list(bench.screen.texts)
        await bench.do(react(bench, "👎"))
        await press(bench, "like")
        assert bench.screen.texts == shown
        assert await bench.store.local_ratings() == []
        await bench.do(bench.command("feedback", "bad"))
        assert bench.screen.texts[-1] == EN.rating_impossible


async def test_after_a_dislike_a_reply_becomes_the_words(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        note = await disliked(bench)
        reply = bench.message("it is wrong", quoted=Quote(ref=note))
        await bench.do(reply)
        await bench.do(reply, attempts=1)
        assert bench.screen.texts[-1] == EN.rating_thanks
        assert wire.times(ASK) == 1
    assert ratings_sent(wire) == [("dislike", None), ("dislike", "it is wrong")]


async def test_a_question_after_a_dislike_is_a_question(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await disliked(bench)
        await bench.do(bench.message("Say it in one word"))
        assert wire.times(ASK) == 2
    assert ratings_sent(wire) == [("dislike", None)]


async def test_after_the_button_the_next_message_becomes_the_words(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        note = await disliked(bench)
        button = bench.screen.bubbles[-1].message.buttons[0]
        await bench.do(bench.press("choose", note, value=button.value))
        assert bench.screen.texts[-1] == EN.rating_write
        await bench.do(bench.message("too long"))
        assert bench.screen.texts[-1] == EN.rating_thanks
        await bench.do(bench.message("Once more"))
        assert wire.times(ASK) == 2
    assert ratings_sent(wire) == [("dislike", None), ("dislike", "too long")]


@pytest.mark.parametrize("way", ["cancelled", "late", "elsewhere"])
async def test_words_that_are_no_longer_awaited_are_a_question(tmp_path: Path, way: str) -> None:
    async with answered(tmp_path) as (bench, wire):
        note = await disliked(bench)
        button = bench.screen.bubbles[-1].message.buttons[0]
        await bench.do(bench.press("choose", note, value=button.value))
        if way == "cancelled":
            await bench.do(bench.press("cancel", note))
            assert bench.screen.texts[-1] == EN.rating_cancelled
        if way == "late":
            bench.later += timedelta(minutes=11)
        quoted = Quote(ref=bench.screen.bubbles[0].ref) if way == "elsewhere" else None
        await bench.do(bench.message("Which?", quoted=quoted))
        assert wire.times(ASK) == 2
    assert ratings_sent(wire) == [("dislike", None)]


async def test_where_there_are_forms_the_button_opens_one(tmp_path: Path) -> None:
    able = Capabilities(forms=True)
    async with answered(tmp_path, able=able) as (bench, wire):
        note = await disliked(bench, EN.rating_ask_form)
        button = bench.screen.bubbles[-1].message.buttons[0]
        pressed = bench.press("choose", note, value=button.value)
        await bench.do(replace(pressed, place=replace(pressed.place, interaction="click")))
        [form] = bench.screen.forms
        assert form.check({"words": " "}) == {"words": "Remark is needed."}
        assert form.check({"words": "wrong"}) == {}
        for words in ("", "wrong"):
            filled = Submission(
                id=f"s{words}",
                place=bench.place(),
                at=bench.now(),
                form=form.id,
                values={"words": words},
            )
            await bench.do(filled)
        assert bench.screen.texts[-1] == EN.rating_thanks
        await bench.do(bench.press("choose", note, value=button.value))
        assert EN.rating_write in bench.screen.texts  # the click has expired
    assert ratings_sent(wire) == [("dislike", None), ("dislike", "wrong")]


async def test_words_are_not_asked_for_while_another_question_waits(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        who = scope(bench.place())
        waiting = Dialog(kind="photo", state={}, asked_at=bench.now())
        await bench.store.open_dialog(who, waiting)
        await press(bench, "dislike")
        dialog = await bench.store.dialog(who)
        assert dialog is not None
        assert dialog.kind == "photo"
        assert bench.screen.texts == ["Because."]
        answer = await bench.latest()
        pressed = bench.press("choose", bench.screen.bubbles[0], value=f"words:{answer.id}")
        await bench.do(pressed)
        assert bench.screen.texts == [EN.rating_how]


async def test_words_for_an_answer_that_is_unknown_here_are_a_question(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        note = await disliked(bench)
        who = scope(bench.place())
        dialog = await bench.store.dialog(who)
        assert dialog is not None
        state = {**dialog.state, "answer": "gone"}
        await bench.store.open_dialog(who, replace(dialog, state=state))
        await bench.do(bench.message("wrong", quoted=Quote(ref=note)))
        assert wire.times(ASK) == 2


async def test_nobody_else_can_open_the_words_of_an_asker(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        note = await disliked(bench)
        button = bench.screen.bubbles[-1].message.buttons[0]
        await bench.do(bench.press("choose", note, user="bob", value=button.value))
        assert bench.screen.texts[-1] == EN.rating_ask_words


async def test_a_note_that_was_deleted_is_said_anew(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, _):
        note = await disliked(bench)
        button = bench.screen.bubbles[-1].message.buttons[0]
        bench.screen.delete_by_hand(note)
        await bench.do(bench.press("choose", note, value=button.value))
        assert bench.screen.texts == ["Because.", EN.rating_write]

"""What people think of answers: reactions, buttons and words, until the API knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.events import MessageRef, Quote, Reaction, Submission
from bot.service import rate, settling
from bot.service.tools import Rules
from bot.store.records import Dialog, Rating, scope
from bot.surface import Capabilities, Forbidden
from tests.fakes.bench import DIRECT, EN, GROUP, Bench, wired
from tests.fakes.completion_wire import (
    MESSAGE,
    OK,
    Given,
    Wire,
    end,
    message,
    refused,
    stream,
    told,
)

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
RATE = f"POST /messages/{MESSAGE}/feedbacks"


@asynccontextmanager
async def answered(
    folder: Path, *ratings: Given | Exception, text: str = "Because.", **options: object
) -> AsyncIterator[tuple[Bench, Wire]]:
    """With one answer on the screen, and what the API says to ratings."""
    wire = Wire()
    wire.on(ASK, stream(message(text), end()))
    wire.on(RATE, *(ratings or [told(OK) for _ in range(9)]))
    async with wired(folder, wire, **options) as bench:
        await bench.do(bench.message("Why?", chat=options.get("chat", DIRECT)))  # type: ignore[arg-type]
        yield bench, wire


def ratings_sent(wire: Wire) -> list[object]:
    told_ = [
        given.body for given in wire.given if "feedbacks" in str(given.asked and given.asked.url)
    ]
    return [(body["rating"], body.get("content")) for body in told_ if isinstance(body, dict)]


def react(
    bench: Bench, *added: str, off: tuple[str, ...] = (), user: str = "ann", on: object = None
) -> Reaction:
    ref = on if isinstance(on, MessageRef) else bench.screen.bubbles[0].ref
    id = f"r{next(bench.numbers)}"
    place = bench.place(user)
    return Reaction(id=id, place=place, at=bench.now(), ref=ref, added=added, removed=off)


def chosen(bench: Bench) -> list[str]:
    return [button.name for button in bench.screen.bubbles[0].message.buttons if button.chosen]


async def press(bench: Bench, name: str, *, user: str = "ann") -> None:
    bubble = bench.screen.bubbles[0]
    await bench.do(bench.press(name, bubble, user=user))


async def test_a_reaction_is_sent_as_the_asker_and_shown_on_the_button(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.do(react(bench, "🔥"))
        assert chosen(bench) == ["like"]
        assert wire.given[-1].body == {"rating": "like", "user": "screen:ann"}
        assert bench.screen.texts == ["Because."]
        await bench.do(react(bench, "👎", off=("🔥",)))
        assert chosen(bench) == ["dislike"]
        await bench.do(react(bench, off=("👎",)))
        assert chosen(bench) == []
    assert ratings_sent(wire) == [("like", None), ("dislike", None), (None, None)]


async def test_an_emoji_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.do(react(bench, "🤔"))
        await bench.do(react(bench, "👍", "🍓"))
        await bench.do(react(bench, off=("🍓",)))
    assert ratings_sent(wire) == [("like", None)]


async def test_the_operator_decides_which_emoji_count(tmp_path: Path) -> None:
    rules = Rules(likes=frozenset({"🍓"}), dislikes=frozenset({"❤"}))
    async with answered(tmp_path, rules=rules) as (bench, wire):
        await bench.do(react(bench, "👍"))
        await bench.do(react(bench, "🍓"))
        await bench.do(react(bench, "❤"))
    assert ratings_sent(wire) == [("like", None), ("dislike", None)]


async def test_of_several_reactions_the_latest_that_is_still_there_counts(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.do(react(bench, "👍"))
        await bench.do(react(bench, "👎"))
        await bench.do(react(bench, off=("👎",)))
        assert chosen(bench) == ["like"]
        await bench.do(react(bench, off=("👍",)))
    assert [rating for rating, _ in ratings_sent(wire)] == ["like", "dislike", "like", None]  # type: ignore[misc]


async def test_a_button_counts_until_it_is_pressed_again(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await press(bench, "like")
        assert chosen(bench) == ["like"]
        await press(bench, "like")
        assert chosen(bench) == []
        await press(bench, "dislike")
    assert [rating for rating, _ in ratings_sent(wire)] == ["like", None, "dislike"]  # type: ignore[misc]


async def test_a_button_outlives_a_reaction_that_comes_and_goes(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await press(bench, "like")
        await bench.do(react(bench, "👎"))
        await bench.do(react(bench, off=("👎",)))
        assert chosen(bench) == ["like"]
        await press(bench, "like")
        await bench.do(react(bench, "❤"))
        await bench.do(react(bench, off=("❤",)))
    wanted = [rating for rating, _ in ratings_sent(wire)]  # type: ignore[misc]
    assert wanted == ["like", "dislike", "like", None, "like", None]


async def test_a_press_that_is_done_twice_counts_once(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        action = bench.press("like", bench.screen.bubbles[0])
        await bench.do(action)
        await bench.do(action, attempts=1)
        assert chosen(bench) == ["like"]
        back = bench.press("like", bench.screen.bubbles[0])
        await bench.do(back)
        await bench.do(back, attempts=1)
        assert chosen(bench) == []
    assert ratings_sent(wire) == [("like", None), (None, None)]


async def test_what_others_think_is_kept_and_not_sent(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.do(react(bench, "👎", user="bob"))
        await press(bench, "like", user="cat")
        await rate.settle(bench.tools)
        kept = {rating.user: rating.wanted for rating, _ in await bench.store.local_ratings()}
        assert chosen(bench) == []
        assert bench.screen.texts == ["Because."]
    assert ratings_sent(wire) == []
    assert kept == {"bob": "dislike", "cat": "like"}


async def test_a_reaction_on_a_voice_message_counts(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        answer = await bench.latest()
        await bench.store.shown_screen(answer.id, 7, bench.ref("voice"), "voice")
        await bench.do(react(bench, "👍", on=bench.ref("voice")))
    assert ratings_sent(wire) == [("like", None)]


async def test_an_emoji_on_two_messages_of_one_answer_stays_until_both_are_gone(
    tmp_path: Path,
) -> None:
    async with answered(tmp_path) as (bench, wire):
        answer = await bench.latest()
        await bench.store.shown_screen(answer.id, 7, bench.ref("voice"), "voice")
        await bench.do(react(bench, "👍", on=bench.ref("voice")))
        await bench.do(react(bench, "👍"))
        await bench.do(react(bench, off=("👍",)))
        assert chosen(bench) == ["like"]
        await bench.do(react(bench, off=("👍",), on=bench.ref("voice")))
    assert ratings_sent(wire) == [("like", None), (None, None)]


async def test_a_reaction_that_overtakes_its_message_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate, "OVERTAKEN", 0.1)
    async with answered(tmp_path) as (bench, wire):
        answer = await bench.latest()
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(react(bench, "👍", on=bench.ref("late"))))
            group.create_task(bench.store.shown_screen(answer.id, 3, bench.ref("late"), "voice"))
        await bench.do(react(bench, "👎", on=bench.ref("of somebody else")))
    assert ratings_sent(wire) == [("like", None)]


async def test_a_long_answer_shows_the_choice_under_its_last_message(tmp_path: Path) -> None:
    text = "One sentence of many. " * 10
    async with answered(tmp_path, text=text, size=120) as (bench, wire):
        before = bench.screen.texts
        assert len(before) > 1
        await bench.do(react(bench, "👍"))
        assert bench.screen.texts == before
        last = bench.screen.bubbles[-1].message.buttons
        assert [button.name for button in last if button.chosen] == ["like"]
    assert ratings_sent(wire) == [("like", None)]


async def test_a_rating_is_sent_though_it_cannot_be_shown(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        bench.screen.fail_next(Forbidden(), Forbidden())
        await press(bench, "dislike")
    assert ratings_sent(wire) == [("dislike", None)]


async def test_an_answer_whose_text_is_gone_can_still_be_rated(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await bench.store.purge(bench.now() + timedelta(days=2), bench.now() - timedelta(days=9))
        await press(bench, "like")
        assert bench.screen.texts == ["Because."]
    assert ratings_sent(wire) == [("like", None)]


async def test_while_the_api_is_down_a_rating_is_kept_and_sent_later(tmp_path: Path) -> None:
    down = httpx.ConnectError("refused")
    async with answered(tmp_path, down, down, down, told(OK)) as (bench, wire):
        await press(bench, "like")
        rating = await bench.store.rating((await bench.latest()).id, "ann")
        assert rating is not None
        assert rating.attempts == 1
        assert rating.next_try is not None
        await rate.settle(bench.tools)
        assert wire.times(RATE) == 3  # a connection that fails is tried again at once
        bench.later += settling.FIRST_RETRY
        await rate.settle(bench.tools)
        await rate.settle(bench.tools)
    assert wire.times(RATE) == 4
    assert ratings_sent(wire) == [("like", None)]


def test_waits_grow_from_half_a_minute_to_hours_and_last_for_days() -> None:
    waits = [settling.retry_after(attempt) for attempt in range(settling.ATTEMPTS)]
    assert waits[0] == timedelta(seconds=30)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=4)
    assert timedelta(days=7) < sum(waits, timedelta()) < timedelta(days=14)


async def test_an_answer_the_api_does_not_know_is_given_up_after_a_few_tries(
    tmp_path: Path,
) -> None:
    unknown = [refused(404, "not_found") for _ in range(settling.UNKNOWN_ATTEMPTS + 3)]
    async with answered(tmp_path, *unknown) as (bench, wire):
        await press(bench, "like")
        for _ in range(settling.UNKNOWN_ATTEMPTS + 2):
            bench.later += timedelta(hours=5)
            await rate.settle(bench.tools)
        kept = [rating.wanted for rating, _ in await bench.store.local_ratings()]
    assert wire.times(RATE) == settling.UNKNOWN_ATTEMPTS
    assert kept == ["like"]


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


async def test_a_button_that_names_an_answer_of_another_chat_is_ignored(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        answer = await bench.latest()
        elsewhere = bench.press("like", bench.ref("x", chat="group"), value=answer.id, chat=GROUP)
        await bench.do(elsewhere)
    assert ratings_sent(wire) == []


async def test_a_rating_of_what_is_still_written_is_sent_at_its_end(tmp_path: Path) -> None:
    wire = Wire()
    more = asyncio.Event()
    wire.on(ASK, stream(message("Be"), more, message("cause."), end()))
    wire.on(RATE, told(OK))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("Why?")))
        await bench.until(lambda: bench.screen.texts == ["Be"])
        await bench.take_in(react(bench, "👍"))
        assert ratings_sent(wire) == []
        more.set()
        await bench.until(lambda: ratings_sent(wire))
    assert ratings_sent(wire) == [("like", None)]
    assert chosen(bench) == ["like"]


# Words after a 👎


async def disliked(bench: Bench) -> MessageRef:
    await press(bench, "dislike")
    note = bench.screen.bubbles[-1]
    assert note.message.text == EN.rating_ask_words
    return note.ref


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
        note = await disliked(bench)
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


def test_the_usual_emoji_are_told_apart() -> None:
    assert rate.opinion(Rules(), "❤\u200d🔥") == "like"
    assert rate.opinion(Rules(), "👎") == "dislike"
    assert rate.opinion(Rules(), "🗿") is None
    assert not rate.DEFAULT_LIKES & rate.DEFAULT_DISLIKES


async def test_ratings_of_others_that_are_due_are_put_aside(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        answer = await bench.latest()
        await bench.store.want_rating(answer.id, "bob", "like")
        await bench.store.want_rating(answer.id, "ann", "dislike")
        await rate.settle(bench.tools)
        assert await bench.store.ratings_due(bench.now()) == []
    assert ratings_sent(wire) == [("dislike", None)]


async def test_one_failure_of_the_service_ends_the_sweep(tmp_path: Path) -> None:
    async with answered(tmp_path, refused(401, "unauthorized")) as (bench, wire):
        await bench.do(bench.message("And now?"))
        await bench.store.want_rating((await bench.latest()).id, "ann", "like")
        first = await bench.store.answer_on(bench.screen.bubbles[0].ref)
        assert first is not None
        await bench.store.want_rating(first.id, "ann", "like")
        await rate.settle(bench.tools)
        assert wire.times(RATE) == 1
        assert len(await bench.store.ratings_due(bench.now())) == 1


async def test_how_long_a_rating_took_counts_every_wait(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rating = Rating(answer="a", user="u", attempts=2, next_try=now - timedelta(seconds=5))
    assert settling._lag(rating, now, None) == 30 + 60 + 5
    assert settling._lag(rating, now, now - timedelta(seconds=3)) == 3
    assert settling._lag(Rating(answer="a", user="u"), now, None) == 0

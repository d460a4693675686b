"""What people think of answers: reactions and buttons, until the API knows."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.service import rate, settling
from bot.service.tools import Rules
from bot.store.records import Rating
from bot.surface import Capabilities, Forbidden, Outgoing
from tests.fakes.bench import EN, GROUP, wired
from tests.fakes.completion_wire import OK, Wire, end, message, refused, stream, told
from tests.fakes.rated import ASK, RATE, answered, chosen, press, ratings_sent, react

pytestmark = pytest.mark.real_time


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


async def test_a_rating_that_comes_as_its_answer_ends_is_sent_at_once(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        ended = await bench.latest()
        as_it_was = replace(ended, state="answering", outcome=None, finished_at=None)
        await bench.tools.store.want_rating(ended.id, "ann", "like")
        assert await settling.send(bench.tools, as_it_was)
    assert ratings_sent(wire) == [("like", None)]


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
    assert [rating for rating, _ in ratings_sent(wire)] == ["like", "dislike", "like", None]


async def test_a_button_counts_until_it_is_pressed_again(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await press(bench, "like")
        assert chosen(bench) == ["like"]
        await press(bench, "like")
        assert chosen(bench) == []
        await press(bench, "dislike")
    assert [rating for rating, _ in ratings_sent(wire)] == ["like", None, "dislike"]


async def test_a_button_outlives_a_reaction_that_comes_and_goes(tmp_path: Path) -> None:
    async with answered(tmp_path) as (bench, wire):
        await press(bench, "like")
        await bench.do(react(bench, "👎"))
        await bench.do(react(bench, off=("👎",)))
        assert chosen(bench) == ["like"]
        await press(bench, "like")
        await bench.do(react(bench, "❤"))
        await bench.do(react(bench, off=("❤",)))
    wanted = [rating for rating, _ in ratings_sent(wire)]
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
        assert bench.screen.texts == ["Because.", EN.rating_of_other]
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


def test_emoji_count_as_the_operator_has_typed_them() -> None:
    rules = Rules(likes=frozenset({"\u2764\ufe0f", ":yes:"}), dislikes=frozenset({"👎🏽"}))
    assert rate.opinion(rules, "\u2764") == "like"
    assert rate.opinion(rules, ":yes:") == "like"
    assert rate.opinion(rules, "👎") == "dislike"
    assert rate.opinion(rules, "👍") is None


async def test_the_file_of_a_long_answer_is_not_sent_again_for_its_rating(tmp_path: Path) -> None:
    able = Capabilities(documents=True)
    rules, text = Rules(messages=2), " ".join(f"word{number:03}" for number in range(60))
    async with answered(tmp_path, text=text, able=able, rules=rules, size=200) as (bench, wire):
        *_, file = bench.screen.bubbles
        assert file.message.text == EN.rest_in_file
        await bench.do(react(bench, "👍", on=file.ref))
        assert bench.screen.bubbles[1].message.buttons[0].chosen
        assert len(bench.screen.documents) == 1
    assert ratings_sent(wire) == [("like", None)]


@pytest.mark.parametrize("name", ["like", "speak"])
async def test_a_press_on_a_message_nobody_knew_makes_it_known(tmp_path: Path, name: str) -> None:
    async with answered(tmp_path) as (bench, wire):
        answer = await bench.latest()
        shown = bench.screen.bubbles[0]
        await bench.store.removed_screen(answer.id, 0)
        await bench.store.intend_screen(answer.id, 0)  # as a process leaves it that is killed
        note = await bench.screen.post(answer.place, Outgoing(text=EN.maybe_incomplete))
        await bench.store.shown_screen(answer.id, 0, note, "note")
        await bench.do(bench.press(name, shown, value=answer.id))
        assert await bench.store.answer_on(shown.ref) == answer
        assert EN.maybe_incomplete not in bench.screen.texts
        await bench.do(react(bench, "👎"))
        assert chosen(bench) == ["dislike"]
    assert ratings_sent(wire)[-1] == ("dislike", None)

"""What a killed process leaves is taken up by the next: never billed twice, never said twice."""

import asyncio
from pathlib import Path

import pytest

from bot.events import Message
from bot.store.records import Answer, Outcome
from bot.surface import Forbidden, Outgoing, RateLimited, Unreachable
from tests.fakes.bench import EN, Bench, wired
from tests.fakes.completion_wire import TASK, Given, Wire, end, message, stream

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
STOP = f"POST /completion-messages/{TASK}/stop"


async def shown(bench: Bench, answer: Answer, text: str, *, part: int = 0) -> None:
    """A message the dead process had posted."""
    ref = await bench.screen.post(answer.place, Outgoing(text=text))
    await bench.store.shown_screen(answer.id, part, ref)


async def ended(bench: Bench, question: Message) -> Answer:
    answer = await bench.store.answer_for(question.id)
    assert answer is not None
    assert answer.finished_at is not None
    return answer


async def test_what_was_accepted_but_not_asked_is_answered(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        await bench.waiting_answer(question)
        await bench.do(question, attempts=1)
        assert (await ended(bench, question)).outcome == "whole"
    assert bench.screen.texts == ["Hello"]


async def test_what_streamed_keeps_its_text_in_its_message_and_is_not_asked_again(
    tmp_path: Path,
) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half of it")
        await shown(bench, answer, "Half")
        await bench.do(question, attempts=1)
        assert (await ended(bench, question)).outcome == "interrupted"
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == f"Half of it\n\n*{EN.interrupted}*"
    assert [button.name for button in bubble.message.buttons] == ["regenerate"]
    assert (wire.times(ASK), wire.times(STOP)) == (0, 1)
    assert bench.screen.statuses[-1:] == [""], "what passes in some chats goes on until it is ended"


async def test_what_left_nothing_behind_is_posted_with_its_kept_text(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        question = bench.message("Hi")
        await bench.streaming_answer(question, "Only a draft")
        await bench.do(question, attempts=1)
    assert bench.screen.texts == [f"Only a draft\n\n*{EN.interrupted}*"]


async def test_what_was_asked_but_never_began_says_so(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        await bench.streaming_answer(question, "", begun=False)
        await bench.do(question, attempts=1)
    assert bench.screen.texts == [f"*{EN.interrupted_unwritten}*"]
    assert wire.times(STOP) == 0


async def test_a_stop_wanted_before_the_crash_is_what_is_shown(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half")
        await bench.store.want_stop(answer.id)
        await bench.do(question, attempts=1)
    assert bench.screen.texts == [f"Half\n\n*{EN.stopped}*"]


async def test_text_that_may_be_on_the_screen_is_not_posted_again(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Maybe there")
        await bench.store.intend_screen(answer.id, 0)
        for attempt in (1, 2):
            await bench.do(question, attempts=attempt)
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == EN.maybe_incomplete
    assert [button.name for button in bubble.message.buttons] == ["regenerate"]


async def test_a_stop_pressed_on_a_message_nobody_knew_gives_it_its_ending(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half of it")
        await bench.store.intend_screen(answer.id, 0)
        await bench.screen.post(answer.place, Outgoing(text="Half"))
        lost = bench.screen.bubbles[0]
        await bench.do(question, attempts=1)
        assert bench.screen.texts == ["Half", EN.maybe_incomplete]
        for _ in range(2):
            await bench.do(bench.press("stop", lost, value=answer.id))
        assert await bench.store.answer_on(lost.ref) is not None
    [bubble] = bench.screen.bubbles
    assert bubble.ref == lost.ref
    assert bubble.message.text == f"Half of it\n\n*{EN.interrupted}*"
    assert [button.name for button in bubble.message.buttons] == ["regenerate"]
    assert (wire.times(ASK), wire.times(STOP)) == (0, 1)


async def test_a_stop_pressed_on_a_message_nobody_knew_ends_it_after_an_edit_too(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half of it")
        await bench.store.intend_screen(answer.id, 0)
        await bench.screen.post(answer.place, Outgoing(text="Half"))
        lost = bench.screen.bubbles[0]
        await bench.do(question, attempts=1)
        await bench.do(bench.edit(question, "Hi there"))
        assert bench.screen.texts == ["Half", "Hello"]
        await bench.do(bench.press("stop", lost, value=answer.id))
    assert bench.screen.texts == [f"Half of it\n\n*{EN.interrupted}*", "Hello"]


async def test_another_try_pressed_on_a_message_nobody_knew_takes_its_place(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half of it")
        await bench.store.intend_screen(answer.id, 0)
        await bench.screen.post(answer.place, Outgoing(text="Half of it, interrupted"))
        lost = bench.screen.bubbles[0]
        await bench.do(question, attempts=1)
        await bench.do(bench.press("regenerate", lost, value=answer.id))
    [bubble] = bench.screen.bubbles
    assert (bubble.ref, bubble.message.text) == (lost.ref, "Hello")


async def test_another_try_after_that_takes_the_place_of_the_note(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Maybe there")
        await shown(bench, answer, "Page one")
        await bench.store.intend_screen(answer.id, 1)
        await bench.do(question, attempts=1)
        assert bench.screen.texts == ["Page one", EN.maybe_incomplete]
        await bench.do(bench.press("regenerate", bench.screen.bubbles[-1]))
        newest = await bench.latest()
        screens = await bench.store.screens(newest.id)
    assert bench.screen.texts == ["Hello"]
    assert [(one.role, one.part) for one in screens] == [("text", 0)]


async def test_another_try_after_a_whole_answer_nobody_knows_takes_the_place_of_the_note(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Maybe there")
        await bench.store.intend_screen(answer.id, 0)
        await bench.store.closing(answer.id, "of the dead", outcome="whole", text="Maybe there")
        await bench.do(question, attempts=1)
        assert bench.screen.texts == [EN.maybe_incomplete]
        await bench.do(bench.press("regenerate", bench.screen.bubbles[-1]))
    assert bench.screen.texts == ["Hello"]


@pytest.mark.parametrize(
    ("error", "notes"),
    [
        (RateLimited(0.01), 1),
        (Unreachable(sent=False), 1),
        (Unreachable(sent=True), 1),
        (Forbidden(), 0),
    ],
    ids=["limited", "unsent", "sent", "blocked"],
)
async def test_the_note_is_posted_as_soon_as_it_can_be(
    tmp_path: Path, error: Exception, notes: int
) -> None:
    async with wired(tmp_path, Wire()) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Maybe there")
        await bench.store.intend_screen(answer.id, 0)
        bench.screen.fail_next(error)  # type: ignore[arg-type]  # all are SurfaceErrors
        if not isinstance(error, Forbidden):
            with pytest.raises(type(error)):
                await bench.do(question, attempts=1)
            await asyncio.sleep(0.02)
        await bench.do(question, attempts=2)
        await ended(bench, question)
    assert bench.screen.texts == [EN.maybe_incomplete] * notes


async def test_what_was_being_closed_is_closed_again_with_its_own_outcome(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Hello")
        await shown(bench, answer, "Hel")
        await bench.store.closing(
            answer.id, "of the dead", outcome="whole", text="Hello", tokens=44
        )
        await bench.do(question, attempts=1)
        assert (await ended(bench, question)).outcome == "whole"
        used = await bench.store.used(bench.now().date(), answer.end_user)
    assert bench.screen.texts == ["Hello"]
    assert used.tokens == 44
    assert wire.times(STOP) == 0


@pytest.mark.parametrize("outcome", ["stopped", "interrupted"])
async def test_what_was_decided_to_end_early_is_stopped_before_it_is_closed_again(
    tmp_path: Path, outcome: Outcome
) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half")
        await bench.store.closing(answer.id, "of the dead", outcome=outcome, text="Half")
        await bench.do(question, attempts=1)
        assert (await ended(bench, question)).outcome == outcome
    assert wire.times(STOP) == 1


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "waiting"])
async def test_the_answer_of_work_that_is_given_up_ends_and_can_be_had_again(
    tmp_path: Path, begun: bool
) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        if begun:
            answer = await bench.streaming_answer(question, "Half")
            await shown(bench, answer, "Hal")
        else:
            await bench.waiting_answer(question)
        for _ in range(2):
            await bench.service.abandon(bench.work(question))
        assert (await ended(bench, question)).outcome == "interrupted"
        await bench.service.abandon(bench.work(bench.message("Never begun")))
    [bubble] = bench.screen.bubbles
    said = f"Half\n\n*{EN.interrupted}*" if begun else f"*{EN.interrupted_unwritten}*"
    assert bubble.message.text == said
    assert [button.name for button in bubble.message.buttons] == ["regenerate"]
    assert (wire.times(ASK), wire.times(STOP)) == (0, int(begun))


async def test_what_is_finished_is_left_alone(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        await bench.do(question)
        calls = len(bench.screen.calls)
        await bench.do(question, attempts=1)
        assert len(bench.screen.calls) == calls
    assert wire.times(ASK) == 1


async def test_an_answer_in_place_goes_on_in_place(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), 0.05), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        await bench.do(question)
        old = await bench.latest()
        press = bench.press("regenerate", bench.screen.bubbles[0])
        await bench.store.open_answer(bench.replacing(old, press))
        await bench.do(press, attempts=1)
        assert len(bench.screen.bubbles) == 1
    assert bench.screen.texts == ["two"]


async def test_every_step_back_may_be_broken_off_in_its_turn(tmp_path: Path) -> None:
    wire = Wire()
    slow = Given(delay=3600.0)
    wire.on(STOP, slow)
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        answer = await bench.streaming_answer(question, "Half")
        await shown(bench, answer, "Hal")
        for moment in (0.0, 0.01, 0.05):
            taking_up = asyncio.create_task(bench.do(question, attempts=1))
            await asyncio.sleep(moment)
            taking_up.cancel()
            await asyncio.wait([taking_up])
        wire.on(
            STOP, Given((b'{"result": "success"}',), headers={"content-type": "application/json"})
        )
        await bench.do(question, attempts=4)
        await ended(bench, question)
    assert bench.screen.texts == [f"Half\n\n*{EN.interrupted}*"]


async def test_an_answer_cancelled_amid_its_text_says_so_and_is_taken_up(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        talk = asyncio.create_task(bench.do(question))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        talk.cancel()
        await asyncio.wait([talk])
        assert bench.screen.texts == [f"Half of\n\n*{EN.interrupted}*"]
        await bench.do(question, attempts=1)
        assert (await ended(bench, question)).outcome == "interrupted"
    assert len(bench.screen.messages) == 1
    assert wire.times(ASK) == 1

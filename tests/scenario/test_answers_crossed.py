"""Events that belong together, done in another order or once more beside what followed them."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Deleted, Event, MessageRef, Place, Submission
from bot.service import Service, answering, pictures
from bot.service.app import App
from bot.store.records import Work
from bot.surface import Capabilities, Outgoing, RateLimited
from tests.fakes.bench import EN, PLAIN, Bench, wired
from tests.fakes.completion_wire import PNG, ZERO, Wire, end, message, stream, told
from tests.fakes.details import QUERY, TONE, TOPIC, asking, sent
from tests.fakes.mortal import Death, live_and_die
from tests.fakes.rated import RATE
from tests.scenario.test_answers_changed import queries, uploads
from tests.scenario.test_answers_pictures import SEES

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "KEEP_EVERY", 0.02)
    monkeypatch.setattr(answering, "STOP_WAIT", 0.2)


async def once_more(bench: Bench, event: Event) -> None:
    await bench.service.handle(Work(event=event, lane="", attempts=1))


async def dies_over(bench: Bench, event: Event, verb: str) -> None:
    """The process does the event up to this verb of the store, and no further."""
    death = Death(1, late=True, verbs=[verb])
    await live_and_die(bench, event, death, attempts=0)
    assert death.came.is_set()


async def test_an_edit_taken_in_once_more_leaves_the_question_that_came_with_its_words(
    tmp_path: Path,
) -> None:
    wire = Wire()
    go_on = asyncio.Event()
    wire.on(ASK, stream(message("one"), go_on, message(" whole"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi")
        edited = bench.edit(asked, "Hello")
        await dies_over(bench, edited, "revise_question")
        talk = asyncio.create_task(bench.service.handle(bench.work(asked)))
        await bench.until(lambda: bench.screen.texts == ["one"])
        await once_more(bench, edited)
        go_on.set()
        await talk
        await bench.take_in(bench.accepted.pop())
    assert bench.screen.texts == ["one whole"]
    assert queries(wire) == ["Hello"]


async def test_a_question_put_off_and_edited_meanwhile_is_answered_once(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.message("Hi", files=(bench.picture("cat", PNG),))
        bench.screen.fail_next(RateLimited(retry_after=3.0))  # that nobody sees its picture
        with pytest.raises(RateLimited):
            await bench.do(asked)
        await bench.do(bench.edit(asked, "Hello"))
        await once_more(bench, asked)
    assert queries(wire) == ["Hello"]


async def test_a_question_edited_while_its_last_detail_comes_is_answered_once(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        asked = bench.message("Why?")
        await bench.do(asked)
        detail, edited = bench.message("cats"), bench.edit(asked, "Why not?")
        await bench.take_in(edited)
        follow_up = bench.accepted.pop()
        await bench.take_in(detail)
        released = bench.accepted.pop()
        await bench.take_in(follow_up)
        await bench.take_in(released)
    assert sent(wire) == [{"query": "Why not?", "topic": "cats"}]


async def test_a_stop_done_once_more_leaves_alone_what_was_asked_after_it(tmp_path: Path) -> None:
    wire = Wire()
    go_on = asyncio.Event()
    wire.on(ASK, stream(message("one"), go_on, message(" whole"), end()))
    async with wired(tmp_path, wire) as bench:
        stop, asked = bench.command("stop"), bench.message("Hi")
        await bench.inbox.accept(stop, "now")
        bench.screen.fail_next(RateLimited(retry_after=3.0))  # that there is nothing to stop
        with pytest.raises(RateLimited):
            await bench.do(stop)
        await bench.inbox.accept(asked, "talk")
        talk = asyncio.create_task(bench.do(asked))
        await bench.until(lambda: bench.screen.texts == ["one"])
        await once_more(bench, stop)
        go_on.set()
        await talk
    assert bench.screen.texts == ["one whole", EN.nothing_to_stop]


async def test_a_stop_done_once_more_keeps_a_question_that_waits_for_details_since(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        stop, asked = bench.command("stop"), bench.message("Why?")
        await bench.inbox.accept(stop, "now")
        await bench.inbox.accept(asked, "talk")
        await bench.do(asked)
        await once_more(bench, stop)
        await bench.do(bench.message("cats"))
    assert sent(wire) == [{"query": "Why?", "topic": "cats"}]


async def test_a_stop_done_once_more_ends_what_was_asked_before_it(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Half of"), wire.stop_asked, end(usage=ZERO)))
    async with wired(tmp_path, wire) as bench:
        stop, asked = bench.command("stop"), bench.message("Hi")
        await bench.inbox.accept(asked, "talk")
        await bench.inbox.accept(stop, "now")
        talk = asyncio.create_task(bench.do(asked))
        await bench.until(lambda: bench.screen.texts == ["Half of"])
        await once_more(bench, stop)
        await talk
    assert bench.screen.texts == [f"Half of\n\n*{EN.stopped}*"]


async def test_a_picture_deleted_once_more_waits_for_no_question(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire(), parameters=SEES) as bench:
        photo = bench.message("", files=(bench.picture("cat", PNG),))
        await bench.do(photo)
        assert bench.screen.texts == [EN.picture_what_to_do]
        gone = Deleted(id="gone", place=photo.place, at=bench.now(), ref=photo.ref)
        await dies_over(bench, gone, "delete_question")
        await once_more(bench, gone)
        assert await pictures.kept(bench.tools, photo.place) is None
    assert bench.screen.texts == []


async def test_a_picture_sent_while_a_question_waits_for_details_comes_after_it(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TOPIC, vision=True) as (bench, wire):
        wire.on("POST /files/upload", told({"id": "cat"}, 201))
        await bench.do(bench.message("Why?"))
        photo = bench.message("", files=(bench.picture("cat", PNG),))
        await bench.do(photo)
        await once_more(bench, photo)
        assert bench.screen.texts[-1].startswith(EN.inputs_needed)
        await bench.do(bench.message("cats"))
        assert sent(wire) == [{"query": "Why?", "topic": "cats"}]
        assert bench.screen.texts[-2:] == ["Because.", EN.picture_what_to_do]
        await bench.do(bench.message("What is it?"))
    assert wire.given[-1].body["files"][0]["upload_file_id"] == "cat"  # type: ignore[index]  # JSON


async def test_the_words_under_a_picture_sent_before_change_and_the_picture_stays(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "cat"}, 201))
    second = stream(message("two"), end())
    wire.on(ASK, stream(message("one"), end()), second)
    async with wired(tmp_path, wire, parameters=SEES) as bench:
        await bench.do(bench.message("", files=(bench.picture("cat", PNG),)))
        asked = bench.message("What?")
        await bench.do(asked)
        await bench.do(bench.edit(asked, "Who?"))
    assert uploads(second.body) == ["cat"]
    assert bench.screen.texts == [EN.picture_what_to_do, "two"]


async def test_a_question_that_met_no_app_is_not_asked_empty_after_a_kill(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        wire.on("GET /parameters", told({}, 503))
        asked = bench.message("Hi")
        await dies_over(bench, asked, "open_answer")
        wire.on("GET /parameters", told(PLAIN))
        # Another process asks the app anew.
        bench.service = Service(replace(bench.tools, app=App(bench.tools.completion)))
        await once_more(bench, asked)
        assert bench.screen.texts == [EN.service_failed]
        await bench.do(bench.press("regenerate", bench.screen.bubbles[0]))
    assert queries(wire) == ["Hi"]
    assert bench.screen.texts[-1] == "one"


async def test_a_question_held_while_the_last_detail_comes_is_asked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, wire):
        await bench.do(bench.message("Why?"))
        [note] = bench.screen.bubbles
        releasing, post = asyncio.Event(), bench.screen.post

        async def post_late(place: Place, message: Outgoing) -> MessageRef:
            await releasing.wait()
            return await post(place, message)

        async def accept_late(event: Event) -> bool:
            releasing.set()
            await second
            return await bench.tools.accept(event)

        monkeypatch.setattr(bench.screen, "post", post_late)
        second = asyncio.create_task(bench.take_in(bench.command("ask", "Why not?")))
        await bench.until(lambda: note.gone)  # another note is about to take its place
        service = Service(replace(bench.tools, accept=accept_late))
        await service.handle(bench.work(bench.press("choose", note, value="o1")))
        while bench.accepted:
            await bench.take_in(bench.accepted.pop(0))
    assert sent(wire) == [
        {"query": "Why?", "tone": "casual"},
        {"query": "Why not?", "tone": "casual"},
    ]


async def test_words_about_an_answer_leave_a_question_that_waits_for_details(
    tmp_path: Path,
) -> None:
    able = Capabilities(forms=True, private_replies=True)
    async with asking(tmp_path, QUERY, TONE, able=able) as (bench, wire):
        wire.on(RATE, told({"result": "success"}))
        await bench.do(bench.command("ask", "tone=formal Why?"))
        answer = await bench.latest()
        await bench.do(bench.press("dislike", bench.screen.bubbles[0]))
        await bench.do(bench.message("And why not?"))
        words = Submission(
            id="words",
            place=bench.place(),
            at=bench.now(),
            form=f"words:{answer.id}",
            values={"words": "too short"},
        )
        await bench.do(words)
        filled = replace(words, id="details", form="inputs", values={"tone": "casual"})
        await bench.do(filled)
    assert queries(wire) == ["Why?", "And why not?"]

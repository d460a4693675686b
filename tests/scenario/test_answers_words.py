"""What goes to the API as the question, and what people are told about their commands."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Quote, Reaction, Submission
from bot.service import Service, cases
from bot.service.asked import QUOTED
from bot.service.tools import Rules
from bot.store.database import Fault
from bot.store.records import scope
from bot.surface import RateLimited, SurfaceError, Unreachable
from tests.fakes.bench import EN, GROUP, wired
from tests.fakes.completion_wire import MESSAGE, PNG, Wire, end, message, stream, told
from tests.scenario.test_answers_changed import queries
from tests.scenario.test_answers_pictures import QUERY, SEES

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
FEEDBACK = f"POST /messages/{MESSAGE}/feedbacks"


async def test_a_reply_takes_the_words_it_is_about_along(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Guten Tag"), end()))
    async with wired(tmp_path, wire) as bench:
        quote = Quote(ref=bench.ref("elsewhere"), text="Bonjour.\n\nÇa va ?")
        await bench.do(bench.message("Translate this", quoted=quote))
    assert queries(wire) == ["Translate this\n\n> Bonjour.\n>\n> Ça va ?"]


async def test_alone_with_the_bot_a_reply_to_its_answer_is_about_that_answer(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("A long answer."), end()), stream(message("Short."), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        [bubble] = bench.screen.bubbles
        quote = Quote(ref=bubble.ref, text=bubble.message.text)
        await bench.do(bench.message("Shorter", quoted=quote))
    assert queries(wire)[-1] == "Shorter\n\n> A long answer."


async def test_in_a_group_a_reply_to_the_bot_is_how_one_speaks_to_it(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi", chat=GROUP))
        [bubble] = bench.screen.bubbles
        quote = Quote(ref=bubble.ref, text=bubble.message.text)
        await bench.do(bench.message("And?", quoted=quote, chat=GROUP))
    assert queries(wire)[-1] == "And?"


async def test_command_without_words_asks_about_the_bots_own_answer(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("One."), end()), stream(message("Two."), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Count.", chat=GROUP))
        (shown,) = bench.screen.messages.values()
        quote = Quote(ref=shown.ref, text="One.")
        await bench.do(bench.command("ask", place=bench.place(chat=GROUP), quoted=quote))
        assert (await bench.latest(chat=GROUP)).inputs == {"query": "> One."}


async def test_quoted_words_are_left_out_where_the_app_has_no_room(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    short = {"paragraph": {"variable": "query", "required": True, "max_length": 20}}
    async with wired(tmp_path, wire, parameters={"user_input_form": [short]}) as bench:
        quote = Quote(ref=bench.ref("elsewhere"), text="many words " * 1000)
        await bench.do(bench.message("Why?", quoted=quote))
    assert queries(wire) == ["Why?"]


async def test_of_a_long_quote_the_beginning_goes_along(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        quote = Quote(ref=bench.ref("elsewhere"), text="x" * (QUOTED + 1))
        await bench.do(bench.message("Why?", quoted=quote))
    assert queries(wire) == ["Why?\n\n> " + "x" * QUOTED]


async def test_a_question_may_come_as_a_command(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.command("ask", "What is it?"))
        await bench.do(bench.command("retry"))
    assert queries(wire)[-1] == "What is it?"
    assert bench.screen.texts == ["one", "one"]


async def test_a_question_that_waited_for_details_is_asked_with_its_picture(
    tmp_path: Path,
) -> None:
    wire = Wire()
    wire.on("POST /files/upload", told({"id": "cat"}, 201))
    given = stream(message("A cat."), end())
    wire.on(ASK, given)
    tone = {"text-input": {"label": "Tone", "variable": "tone", "required": True}}
    asks = {**SEES, "user_input_form": [QUERY, tone]}
    async with wired(tmp_path, wire, parameters=asks) as bench:
        await bench.do(bench.message("", files=(bench.picture("cat", PNG),)))
        await bench.do(bench.message("What is it?"))
        assert wire.times(ASK) == 0
        await bench.do(bench.message("friendly"))
    body = given.body
    assert isinstance(body, dict)
    assert body["inputs"] == {"query": "What is it?", "tone": "friendly"}
    assert len(body["files"]) == 1


async def test_whoever_may_not_ask_is_told_why_and_nobody_else(tmp_path: Path) -> None:
    wire = Wire()
    rules = Rules(users=frozenset({"bob"}))
    async with wired(tmp_path, wire, rules=rules) as bench:
        await bench.do(bench.message("Hi"))
    [bubble] = bench.screen.bubbles
    assert bubble.message.text == EN.not_allowed_you
    assert bubble.place.only_user
    assert wire.times(ASK) == 0


async def test_a_command_nobody_knows_points_to_the_help(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        await bench.do(bench.command("dance"))
        await bench.do(bench.command("x" * 500))
    assert bench.screen.texts[0] == EN.unknown_command.format(command="dance")
    assert len(bench.screen.texts[1]) < 200


async def test_a_button_nobody_knows_does_nothing(tmp_path: Path) -> None:
    async with wired(tmp_path, Wire()) as bench:
        await bench.do(bench.press("dance", bench.ref("old")))
    assert bench.screen.calls == []


@pytest.mark.parametrize("name", ["start", "help", "about", "inputs", "voice", "feedback"])
async def test_every_command_says_something(tmp_path: Path, name: str) -> None:
    wire = Wire()
    wire.on("GET /info", told({"name": "App", "description": "What it does."}))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.command(name))
    assert len(bench.screen.texts) == 1


async def test_every_button_under_an_answer_does_something(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    wire.on(FEEDBACK, told({}))
    wire.on("POST /text-to-audio", told(None))
    speaks = {"user_input_form": [QUERY], "text_to_speech": {"enabled": True}}
    async with wired(tmp_path, wire, parameters=speaks) as bench:
        await bench.do(bench.message("Hi"))
        [bubble] = bench.screen.bubbles
        assert [one.name for one in bubble.message.buttons] == [
            "like",
            "dislike",
            "regenerate",
            "speak",
        ]
        for button in bubble.message.buttons:
            calls = len(bench.screen.calls) + len(bench.screen.statuses)
            await bench.do(bench.press(button.name, bubble, value=button.value))
            assert len(bench.screen.calls) + len(bench.screen.statuses) > calls, button.name


async def test_a_rating_given_while_it_was_written_shows_on_its_buttons(tmp_path: Path) -> None:
    wire = Wire()
    more = asyncio.Event()
    wire.on(ASK, stream(message("Hello"), more, message(" world"), end()))
    wire.on(FEEDBACK, told({}))
    async with wired(tmp_path, wire) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.do(bench.message("Hi")))
        await bench.until(lambda: bench.screen.texts == ["Hello"])
        [bubble] = bench.screen.bubbles
        await bench.do(bench.press("like", bubble, value=bubble.message.buttons[0].value))
        more.set()
    chosen = [one.name for one in bubble.message.buttons if one.chosen]
    assert chosen == ["like"]
    assert any(asked.endswith("/feedbacks") for asked in wire.asked)


async def test_to_forget_ends_what_runs_and_takes_the_words_away(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Secret"), wire.stop_asked, end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        async with asyncio.TaskGroup() as group:
            group.create_task(bench.do(question))
            await bench.until(lambda: bench.screen.texts == ["Secret"])
            await bench.do(bench.command("forget"))
        answer = await bench.store.answer_for(question.id)
        assert answer is not None
        assert (answer.text, answer.inputs) == ("", {})
    assert EN.forgotten in bench.screen.texts


async def test_a_form_that_was_filled_in_is_kept(tmp_path: Path) -> None:
    tone = {"text-input": {"label": "Tone", "variable": "tone"}}
    async with wired(tmp_path, Wire(), parameters={"user_input_form": [QUERY, tone]}) as bench:
        place = bench.place()
        values = {"tone": "friendly"}
        filled = Submission(id="s1", place=place, at=bench.now(), form="inputs", values=values)
        await bench.do(filled)
        assert (await bench.store.preferences(scope(place))).inputs == values


async def test_the_sweeps_send_what_is_due_and_purge_what_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "SETTLE_EVERY", 0.01)
    monkeypatch.setattr(cases, "PURGE_EVERY", 0.01)
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    async with wired(tmp_path, wire) as bench:
        question = bench.message("Hi")
        await bench.do(question)
        answer = await bench.latest()
        await bench.store.want_rating(answer.id, "ann", "like")
        wire.on(FEEDBACK, told({}))
        bench.later += Rules().keep_text * 2
        sweeps = asyncio.create_task(bench.service.run())
        await bench.until(lambda: any(one.endswith("/feedbacks") for one in wire.asked))
        async with asyncio.timeout(2):
            while (await bench.latest()).text:  # noqa: ASYNC110 - the sweep has no event
                await asyncio.sleep(0.01)
        sweeps.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sweeps


async def test_people_without_a_language_are_spoken_to_in_the_apps(tmp_path: Path) -> None:
    wire = Wire()
    async with wired(tmp_path, wire) as bench:
        wire.on("GET /site", told({"default_language": "zh-Hans"}))
        place = bench.place()
        silent = replace(place, user=replace(place.user, language=""))
        assert (await bench.tools.phrases_for(silent)).language.startswith("zh")
        assert (await bench.tools.phrases_for(place)).language == "en"
        await bench.store.set_language(scope(silent), "en")
        assert (await bench.tools.phrases_for(silent)).language == "en"


async def test_a_reaction_is_a_rating(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Hello"), end()))
    wire.on(FEEDBACK, told({}))
    async with wired(tmp_path, wire) as bench:
        await bench.do(bench.message("Hi"))
        [bubble] = bench.screen.bubbles
        place = bench.place()
        await bench.do(
            Reaction(id="r1", place=place, at=bench.now(), ref=bubble.ref, added=("👍",))
        )
        rating = await bench.store.rating((await bench.latest()).id, "ann")
    assert rating is not None
    assert (rating.wanted, rating.sent) == ("like", "like")


async def test_the_next_detail_may_be_chosen_by_a_button(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()))
    select = {"label": "Tone", "variable": "tone", "required": True, "options": ["dry", "warm"]}
    asks = {"user_input_form": [QUERY, {"select": select}]}
    async with wired(tmp_path, wire, parameters=asks) as bench:
        await bench.do(bench.message("Hi"))
        [note] = bench.screen.bubbles
        warm = next(one for one in note.message.buttons if one.label == "warm")
        await bench.do(bench.press("choose", note, value=warm.value))
        assert (await bench.latest()).inputs == {"query": "Hi", "tone": "warm"}


async def test_a_command_that_is_a_message_can_be_edited(tmp_path: Path) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("one"), end()), stream(message("two"), end()))
    async with wired(tmp_path, wire) as bench:
        asked = bench.command("ask", "Hi", ref=bench.ref("q1"))
        await bench.do(asked)
        edited = replace(bench.edit(bench.message(""), "Hello"), ref=bench.ref("q1"))
        await bench.do(edited)
    assert queries(wire) == ["Hi", "Hello"]
    assert bench.screen.texts == ["two"]


async def test_a_sweep_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "SETTLE_EVERY", 0.01)
    async with wired(tmp_path, Wire()) as bench:
        calls: list[None] = []

        class Away:
            async def ratings_due(self, now: object) -> object:
                calls.append(None)
                raise Fault("away")

            async def purge(self, *before: object) -> int:
                return 0

        service = Service(replace(bench.tools, store=Away()))  # type: ignore[arg-type]  # enough
        sweeps = asyncio.create_task(service.run())
        await bench.until(lambda: len(calls) > 2)
        sweeps.cancel()
        await asyncio.wait([sweeps])


@pytest.mark.parametrize("lands", [False, True])
async def test_an_answer_that_may_not_have_arrived_has_a_line_that_says_so(
    tmp_path: Path, lands: bool
) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Because."), end()), stream(message("Thus."), end()))
    async with wired(tmp_path, wire, drafts=True) as bench:
        bench.screen.fail_next(Unreachable(sent=True), verb="finish", lands=lands)
        await bench.do(bench.message("Why?"))
        assert bench.screen.texts == ["Because."] * lands + [EN.maybe_incomplete]
        [again] = bench.screen.bubbles[-1].message.buttons
        await bench.do(bench.press(again.name, bench.screen.bubbles[-1], value=again.value))
        assert bench.screen.texts[-1] == "Thus."
    assert wire.times(ASK) == 2


@pytest.mark.parametrize("error", [Unreachable(sent=True), Unreachable(sent=False), RateLimited(0)])
async def test_the_line_comes_once_it_can_be_said(tmp_path: Path, error: SurfaceError) -> None:
    wire = Wire()
    wire.on(ASK, stream(message("Because."), end()))
    async with wired(tmp_path, wire, drafts=True) as bench:
        question = bench.message("Why?")
        bench.screen.fail_next(Unreachable(sent=True), verb="finish")
        bench.screen.fail_next(error, verb="post")
        with pytest.raises(BaseExceptionGroup):  # to be done again
            await bench.do(question)
        assert bench.screen.texts == []
        await bench.do(question, attempts=1)
        assert bench.screen.texts == [EN.maybe_incomplete]
        await bench.do(question, attempts=2)
        assert bench.screen.texts == [EN.maybe_incomplete]
        answer = await bench.latest()
    assert (answer.outcome, answer.text) == ("whole", "Because.")
    assert wire.times(ASK) == 1

"""Forms, the list of details, and what holds without buttons or without the app."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Submission
from bot.service import inputs, steps
from bot.store.records import Dialog, scope
from tests.fakes.bench import EN, GROUP
from tests.fakes.completion_wire import refused
from tests.fakes.details import (
    BARE,
    FORMS,
    QUERY,
    SHORT,
    STYLE,
    TONE,
    TOPIC,
    asking,
    labels,
    press,
    remembered,
    sent,
)

pytestmark = pytest.mark.real_time


async def test_an_app_without_details_asks_for_none(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY) as (bench, wire):
        await bench.do(bench.message("Why?"))
        assert sent(wire) == [{"query": "Why?"}]
        await bench.do(bench.command("inputs"))
    assert bench.screen.texts == ["Because.", EN.inputs_none]


async def test_a_form_is_opened_and_the_question_runs_when_it_is_filled_in(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, STYLE, able=FORMS) as (bench, wire):
        await bench.do(bench.message("Why?"))
        assert bench.screen.texts == [EN.inputs_needed_form]
        assert labels(bench) == [EN.button_fill_in, EN.button_cancel]
        place = replace(bench.place(), interaction="click")
        fill_in = bench.press("inputs", bench.screen.bubbles[0])
        await bench.do(replace(fill_in, place=place))
        [form] = bench.screen.forms
        assert [field.name for field in form.fields] == ["tone"]
        assert form.check({"tone": "loud"}) == {"tone": "Tone must be one of: formal, casual."}
        assert form.check({"tone": "formal"}) == {}
        filled = Submission(
            id="s1", place=bench.place(), at=bench.now(), form=form.id, values={"tone": "formal"}
        )
        await bench.do(filled)
    assert sent(wire) == [{"query": "Why?", "tone": "formal", "style": "plain"}]
    assert bench.screen.texts == [EN.inputs_saved, "Because."]


async def test_what_a_command_is_told_about_details_is_for_its_sender_alone(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, able=FORMS) as (bench, _):
        place = bench.place(chat=GROUP)
        for name, text in (("inputs", ""), ("ask", "")):
            await bench.do(bench.command(name, text, place=place))
        assert bench.screen.texts == [EN.inputs_none, EN.ask_how_group]
        assert all(bubble.place.only_user for bubble in bench.screen.bubbles)


async def test_among_others_only_who_sent_a_command_is_asked_for_its_details(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, _):
        await bench.do(bench.command("ask", "Why?", place=bench.place(chat=GROUP)))
        await bench.do(bench.message("How?", user="bob", chat=GROUP))
        assert bench.screen.texts == [EN.inputs_needed_form] * 2
        assert [bubble.place.only_user for bubble in bench.screen.bubbles] == [True, False]


async def test_what_a_form_releases_may_be_answered_as_the_form_may(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, _):
        place = replace(bench.place(), interaction="fresh")
        await bench.do(bench.message("Why?"))
        for form, values in ((steps.DETAILS, {}), (inputs.QUESTION, {"query": "How?"})):
            filled = Submission(
                id=f"s-{form}",
                place=place,
                at=bench.now(),
                form=form,
                values={"tone": "formal", **values},
            )
            await bench.do(filled)
        answers = [one for one in bench.screen.bubbles if one.message.text == "Because."]
        assert [one.place.interaction for one in answers] == ["fresh", "fresh"]


async def test_a_form_that_can_no_longer_be_opened_is_asked_in_messages(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await press(bench, EN.button_fill_in)
        assert labels(bench) == ["formal", "casual", EN.button_cancel]
        await press(bench, "formal")
        assert sent(wire) == [{"query": "Why?", "tone": "formal"}]
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_fill_in)
    assert labels(bench) == ["Tone"]


async def test_a_form_filled_in_wrongly_is_offered_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await bench.do(
            Submission(
                id="s1",
                place=bench.place(),
                at=bench.now(),
                form=steps.DETAILS,
                values={"tone": "loud"},
            )
        )
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        assert labels(bench) == [EN.button_fill_in]
    assert sent(wire) == []


async def test_ask_alone_opens_one_form_for_question_and_details(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        place = replace(bench.place(), interaction="slash")
        await bench.do(replace(bench.command("ask"), place=place))
        [form] = bench.screen.forms
        assert [field.name for field in form.fields] == ["query", "tone"]
        assert form.check({"query": " ", "tone": "formal"}) == {"query": "Question is needed."}
        values = {"query": "tone=casual is a word?", "tone": "formal"}
        await bench.do(
            Submission(id="s1", place=place, at=bench.now(), form=form.id, values=values)
        )
        assert bench.screen.texts == ["Because."]
        await bench.do(bench.command("ask"))
    assert bench.screen.texts[-1] == EN.ask_how
    assert len(sent(wire)) == 1


async def test_details_are_listed_and_each_can_be_changed(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, STYLE, TONE, SHORT) as (bench, _):
        await bench.do(bench.command("inputs"))
        assert bench.screen.texts == [
            f"{EN.inputs_list}\n\n- **Style**: plain\n- **Tone**: nothing\n- **Short**: nothing"
        ]
        assert labels(bench) == ["Style", "Tone", "Short", EN.button_all]
        await press(bench, "Style")
        assert labels(bench) == [EN.button_keep]
        assert "Default: plain" in bench.screen.texts[-1]
        await bench.do(bench.message("in *rhymes*"))
        assert bench.screen.texts[0] == "**Style**: in \\*rhymes\\*"
        assert bench.screen.texts[1].startswith(EN.inputs_saved)
        await press(bench, "Tone")
        await press(bench, "casual")
        assert "- **Tone**: casual" in bench.screen.texts[1]
        assert len(bench.screen.texts) == 2
        await press(bench, "Style")
        assert labels(bench) == [EN.button_keep, EN.button_default]
        await press(bench, EN.button_default)
        assert await remembered(bench) == {"tone": "casual"}
        await press(bench, "Tone")
        assert labels(bench) == ["formal", "casual", EN.button_keep, EN.button_clear]
        await press(bench, EN.button_keep)
        assert await remembered(bench) == {"tone": "casual"}
    assert labels(bench) == ["Style", "Tone", "Short", EN.button_all]


async def test_details_can_be_set_in_one_line_where_there_are_no_buttons(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=BARE) as (bench, _):
        await bench.do(bench.command("inputs"))
        assert EN.inputs_how.format(name="tone") in bench.screen.texts[-1]
        await bench.do(bench.command("inputs", "tone=loud"))
        assert bench.screen.texts[-1].startswith("Tone must be one of")
        await bench.do(bench.command("inputs", "Tone=formal"))
        assert bench.screen.texts[-1].startswith(EN.inputs_saved)
        assert await remembered(bench) == {"tone": "formal"}


async def test_options_are_written_out_where_there_are_no_buttons(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=BARE) as (bench, wire):
        await bench.do(bench.message("Why?"))
        assert "- formal\n\n- casual" in bench.screen.texts[0]
        await bench.do(bench.message("casual"))
    assert sent(wire) == [{"query": "Why?", "tone": "casual"}]


async def test_a_photo_that_waits_is_not_forgotten_over_a_look_at_the_details(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE) as (bench, _):
        who = scope(bench.place())
        await bench.store.open_dialog(who, Dialog(kind="photo", state={}, asked_at=bench.now()))
        await bench.do(bench.command("inputs"))
        dialog = await bench.store.dialog(who)
    assert dialog is not None
    assert dialog.kind == "photo"


async def test_while_the_app_cannot_be_reached_people_are_told_so(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as (bench, wire):
        await bench.do(bench.message("Why?"))
        wire.on("GET /parameters", refused(500, ""))
        bench.tools.app._parameters._value = None  # a new process knows nothing yet
        bench.tools.app._parameters._due = 0.0
        await bench.do(bench.command("inputs"))
        assert bench.screen.texts[-1] == EN.app_unavailable
        await bench.do(bench.message("cats"))
        assert bench.screen.texts[-1] == EN.app_unavailable
        filled = Submission(
            id="s1", place=bench.place(), at=bench.now(), form=steps.DETAILS, values={}
        )
        await bench.do(filled)
        assert bench.screen.texts[-1] == EN.app_unavailable
        suggested = bench.press("suggest", bench.screen.bubbles[0], value="0")
        await bench.do(suggested)
        assert bench.screen.texts[-1] == EN.app_unavailable
        assert await remembered(bench) == {}


async def test_a_list_that_was_deleted_is_posted_anew(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, STYLE) as (bench, _):
        await bench.do(bench.command("inputs"))
        note = bench.screen.bubbles[0]
        bench.screen.delete_by_hand(note.ref)
        await bench.do(bench.press("choose", note, value="f0"))
        assert bench.screen.texts[-1].startswith("**Style**: please write")
        bench.screen.delete_by_hand(bench.screen.bubbles[-1].ref)
        await bench.do(bench.message("brief"))
        assert bench.screen.texts[-1].endswith("- **Style**: brief")


async def test_what_was_kept_runs_as_soon_as_nothing_is_missing_any_more(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        await bench.do(bench.message("Why?"))
        who = scope(bench.place())
        await bench.store.save_inputs(who, {"tone": "formal"})  # in another chat window, say
        await press(bench, EN.button_fill_in)
        assert sent(wire) == [{"query": "Why?", "tone": "formal"}]


async def test_what_was_kept_runs_with_the_next_question_too(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as (bench, wire):
        await bench.do(bench.message("Why?"))
        await bench.store.save_inputs(scope(bench.place()), {"tone": "formal"})
        await bench.do(bench.command("ask", "tone=loud Really?"))
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        assert sent(wire) == []
        await bench.do(bench.command("inputs", "tone=casual"))
    assert sent(wire) == [{"query": "Why?", "tone": "casual"}]

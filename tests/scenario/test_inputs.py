"""What an app asks for besides the question, as people are asked for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Event, Quote, Submission
from bot.service import inputs
from bot.store.records import Dialog, Value, scope
from bot.surface import Again, Busy, Capabilities
from tests.fakes.bench import EN, GROUP, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, refused, stream, told

pytestmark = pytest.mark.real_time
ASK = "POST /completion-messages"
QUERY = {"paragraph": {"label": "Question", "variable": "query", "required": True}}
TONE = {
    "select": {
        "label": "Tone",
        "variable": "tone",
        "required": True,
        "options": ["formal", "casual"],
    }
}
COUNT = {"number": {"label": "How many", "variable": "count", "required": True}}
TOPIC = {"text-input": {"label": "Topic", "variable": "topic", "required": True, "max_length": 8}}
SHORT = {"checkbox": {"label": "Short", "variable": "short", "required": True}}
STYLE = {
    "paragraph": {"label": "Style", "variable": "style", "required": False, "default": "plain"}
}
FORMS = Capabilities(forms=True, private_replies=True)
BARE = Capabilities(buttons=False)


@asynccontextmanager
async def asking(folder: Path, *fields: object, **options: object) -> AsyncIterator[Bench]:
    wire = Wire()
    wire.on(ASK, *(stream(message("Because."), end()) for _ in range(5)))
    form = {"user_input_form": [*fields]}
    async with wired(folder, wire, parameters=form, **options) as bench:
        bench.wire = wire  # type: ignore[attr-defined]  # what was asked, for the tests here
        yield bench


def sent(bench: Bench) -> list[object]:
    wire: Wire = bench.wire  # type: ignore[attr-defined]  # see above
    bodies = [given.body for given in wire.given if given.asked and given.asked.method == "POST"]
    return [body["inputs"] for body in bodies if isinstance(body, dict)]


def labels(bench: Bench) -> list[str]:
    return [button.label for button in bench.screen.bubbles[-1].message.buttons]


async def press(bench: Bench, label: str, *, user: str = "ann", chat: object = None) -> None:
    """Press the button of the newest message that has it."""
    for bubble in reversed(bench.screen.bubbles):
        for button in bubble.message.buttons:
            if button.label == label:
                where = {} if chat is None else {"chat": chat}
                action = bench.press(button.name, bubble, user=user, value=button.value, **where)
                await bench.do(action)
                return
    raise AssertionError(f"nothing offers {label!r}")


async def remembered(bench: Bench, user: str = "ann") -> dict[str, Value]:
    return dict((await bench.store.preferences(scope(bench.place(user)))).inputs)


async def test_an_app_without_details_asks_for_none(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY) as bench:
        await bench.do(bench.message("Why?"))
        assert sent(bench) == [{"query": "Why?"}]
        await bench.do(bench.command("inputs"))
    assert bench.screen.texts == ["Because.", EN.inputs_none]


async def test_missing_details_are_asked_one_by_one_and_the_question_runs_then(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, TONE, QUERY, COUNT, SHORT, STYLE) as bench:
        await bench.do(bench.message("Why?"))
        assert sent(bench) == []
        assert bench.screen.texts == [f"{EN.inputs_needed}\n\n**Tone**: please choose."]
        assert labels(bench) == ["formal", "casual", EN.button_cancel]
        await press(bench, "casual")
        assert bench.screen.texts == ["**Tone**: casual", "**How many**: please send a number."]
        await bench.do(bench.message("3"))
        assert bench.screen.texts[1:] == ["**How many**: 3", "**Short**: yes or no?"]
        await press(bench, EN.button_yes)
        assert bench.screen.texts[2:] == ["**Short**: Yes", "Because."]
        assert sent(bench) == [
            {"tone": "casual", "query": "Why?", "count": 3, "short": True, "style": "plain"}
        ]
        assert await remembered(bench) == {"tone": "casual", "count": 3, "short": True}

        await bench.do(bench.message("And why not?"))
    assert len(sent(bench)) == 2
    assert sent(bench)[1]["query"] == "And why not?"  # type: ignore[index]  # a JSON body


async def test_what_does_not_fit_is_told_and_asked_for_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC, COUNT) as bench:
        await bench.do(bench.message("Why?"))
        assert EN.inputs_limit.format(limit=8) in bench.screen.texts[0]
        await bench.do(bench.message("far too long"))
        told_ = bench.screen.texts[1].split("\n\n")
        assert told_[0] == "Topic is too long: at most 8 characters, please."
        assert bench.screen.texts[0] == "**Topic**"
        await bench.do(bench.message("cats"))
        await bench.do(bench.message("many"))
        assert "How many must be a number" in bench.screen.texts[-1]
        await bench.do(bench.message("2.5"))
    assert sent(bench) == [{"query": "Why?", "topic": "cats", "count": 2.5}]


async def test_an_option_may_be_written_too(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, SHORT) as bench:
        await bench.do(bench.message("Why?"))
        await bench.do(bench.message("loud"))
        assert bench.screen.texts[-1].startswith("Tone must be one of: formal, casual.")
        await bench.do(bench.message("FORMAL "))
        await bench.do(bench.message("No"))
    assert sent(bench) == [{"query": "Why?", "tone": "formal", "short": False}]


async def test_among_others_only_a_reply_answers_the_question(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as bench:
        first = bench.message("Why?", chat=GROUP)
        await bench.do(first)
        [note] = bench.screen.bubbles
        assert "reply to this message" in note.message.text
        assert note.place.reply_to == first.ref
        await bench.do(bench.message("cats", user="bob", chat=GROUP, quoted=Quote(ref=note.ref)))
        assert sent(bench) == []
        await bench.do(bench.message("Another question", chat=GROUP))
        note = bench.screen.bubbles[-1]
        await bench.do(bench.message("dogs", chat=GROUP, quoted=Quote(ref=note.ref)))
    assert sent(bench) == [
        {"query": "Why?", "topic": "dogs"},
        {"query": "Another question", "topic": "dogs"},
    ]


async def test_a_cancelled_question_is_not_sent(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as bench:
        await bench.do(bench.message("Why?"))
        await press(bench, EN.button_cancel)
        assert bench.screen.texts == [EN.inputs_question_dropped]
        assert labels(bench) == []
        await bench.do(bench.message("Once more"))
    assert EN.inputs_needed in bench.screen.texts[-1]
    assert sent(bench) == []


async def test_a_button_of_an_earlier_question_does_nothing(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as bench:
        await bench.do(bench.message("Why?"))
        old = bench.screen.bubbles[0]
        await press(bench, "formal")
        await bench.do(bench.press("choose", old, value="o1"))
        assert bench.screen.texts[-1] == EN.inputs_stale
        assert await remembered(bench) == {"tone": "formal"}


async def test_somebody_else_hears_alone_that_a_question_is_not_theirs(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as bench:
        await bench.do(bench.message("Why?", chat=GROUP))
        await press(bench, "formal", user="bob", chat=GROUP)
        assert bench.screen.texts[-1] == EN.inputs_stale
        assert bench.screen.bubbles[-1].place.only_user
        assert await remembered(bench, "bob") == {}


async def test_a_press_that_is_done_twice_counts_once(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, TOPIC) as bench:
        await bench.do(bench.message("Why?"))
        note = bench.screen.bubbles[0]
        action = bench.press("choose", note, value="o0")
        await bench.do(action)
        await bench.do(action, attempts=1)
        reply = bench.message("cats")
        await bench.do(reply)
        await bench.do(reply, attempts=1)
    assert sent(bench) == [{"query": "Why?", "tone": "formal", "topic": "cats"}]
    assert bench.screen.texts.count("Because.") == 1


async def test_details_set_in_front_of_a_question_hold_for_it_alone(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, COUNT) as bench:
        await bench.do(bench.command("ask", "tone=casual count=4 x=3, why?"))
        assert sent(bench) == [{"query": "x=3, why?", "tone": "casual", "count": 4}]
        assert await remembered(bench) == {}
        await bench.do(bench.command("ask", "tone=loud count=4 why?"))
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        await bench.do(bench.command("ask", "tone=formal why?"))
        assert bench.screen.texts[-1].endswith("**How many**: please send a number.")
        await bench.do(bench.message("7"))
    assert sent(bench)[1:] == [{"query": "why?", "tone": "formal", "count": 7}]


async def test_a_form_is_opened_and_the_question_runs_when_it_is_filled_in(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, STYLE, able=FORMS) as bench:
        await bench.do(bench.message("Why?"))
        assert bench.screen.texts == [EN.inputs_needed]
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
    assert sent(bench) == [{"query": "Why?", "tone": "formal", "style": "plain"}]
    assert bench.screen.texts == [EN.inputs_saved, "Because."]


async def test_a_form_that_can_no_longer_be_opened_is_asked_in_messages(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as bench:
        await bench.do(bench.message("Why?"))
        await press(bench, EN.button_fill_in)
        assert labels(bench) == ["formal", "casual", EN.button_cancel]
        await press(bench, "formal")
        assert sent(bench) == [{"query": "Why?", "tone": "formal"}]
        await bench.do(bench.command("inputs"))
        await press(bench, EN.button_fill_in)
    assert labels(bench) == ["Tone"]


async def test_a_form_filled_in_wrongly_is_offered_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as bench:
        await bench.do(bench.message("Why?"))
        await bench.do(
            Submission(
                id="s1",
                place=bench.place(),
                at=bench.now(),
                form=inputs.DETAILS,
                values={"tone": "loud"},
            )
        )
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        assert labels(bench) == [EN.button_fill_in]
    assert sent(bench) == []


async def test_ask_alone_opens_one_form_for_question_and_details(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as bench:
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
    assert len(sent(bench)) == 1


async def test_details_are_listed_and_each_can_be_changed(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, STYLE, TONE, SHORT) as bench:
        await bench.do(bench.command("inputs"))
        assert bench.screen.texts == [
            f"{EN.inputs_list}\n\n- **Style**: plain\n- **Tone**: nothing\n- **Short**: nothing"
        ]
        assert labels(bench) == ["Style", "Tone", "Short"]
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
    assert labels(bench) == ["Style", "Tone", "Short"]


async def test_details_can_be_set_in_one_line_where_there_are_no_buttons(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=BARE) as bench:
        await bench.do(bench.command("inputs"))
        assert EN.inputs_how.format(name="tone") in bench.screen.texts[-1]
        await bench.do(bench.command("inputs", "tone=loud"))
        assert bench.screen.texts[-1].startswith("Tone must be one of")
        await bench.do(bench.command("inputs", "Tone=formal"))
        assert bench.screen.texts[-1].startswith(EN.inputs_saved)
        assert await remembered(bench) == {"tone": "formal"}


async def test_options_are_written_out_where_there_are_no_buttons(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=BARE) as bench:
        await bench.do(bench.message("Why?"))
        assert "- formal\n\n- casual" in bench.screen.texts[0]
        await bench.do(bench.message("casual"))
    assert sent(bench) == [{"query": "Why?", "tone": "casual"}]


async def test_what_the_app_no_longer_takes_is_asked_for_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as bench:
        who = scope(bench.place())
        await bench.store.save_inputs(who, {"tone": "ironic", "mood": "good"})
        await bench.do(bench.message("Why?"))
        assert EN.inputs_needed in bench.screen.texts[-1]
    assert sent(bench) == []


async def test_an_answer_to_a_question_of_yesterday_is_a_new_question(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as bench:
        await bench.do(bench.message("Why?"))
        bench.later += bench.tools.rules.keep_text
        await bench.do(bench.message("What is new?"))
        assert await remembered(bench) == {}
        assert EN.inputs_needed in bench.screen.texts[-1]


async def test_a_form_that_has_changed_meanwhile_lets_the_message_be_a_question(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as bench:
        await bench.do(bench.message("Why?"))
        wire: Wire = bench.wire  # type: ignore[attr-defined]  # see above
        wire.on("GET /parameters", told({"user_input_form": [QUERY]}))
        bench.tools.app._parameters._due = 0.0  # five minutes have passed
        await bench.do(bench.message("What is new?"))
    assert sent(bench) == [{"query": "What is new?"}]


async def test_a_question_too_long_for_the_app_is_told_so(tmp_path: Path) -> None:
    short = {"text-input": {"label": "Word", "variable": "word", "required": True, "max_length": 5}}
    async with asking(tmp_path, short) as bench:
        await bench.do(bench.message("a whole sentence"))
        assert bench.screen.texts == ["Word is too long: at most 5 characters, please."]
    assert sent(bench) == []


async def test_a_photo_that_waits_is_not_forgotten_over_a_look_at_the_details(
    tmp_path: Path,
) -> None:
    async with asking(tmp_path, QUERY, TONE) as bench:
        who = scope(bench.place())
        await bench.store.open_dialog(who, Dialog(kind="photo", state={}, asked_at=bench.now()))
        await bench.do(bench.command("inputs"))
        dialog = await bench.store.dialog(who)
    assert dialog is not None
    assert dialog.kind == "photo"


async def test_while_the_app_cannot_be_reached_people_are_told_so(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as bench:
        await bench.do(bench.message("Why?"))
        wire: Wire = bench.wire  # type: ignore[attr-defined]  # see above
        wire.on("GET /parameters", refused(500, ""))
        bench.tools.app._parameters._value = None  # a new process knows nothing yet
        bench.tools.app._parameters._due = 0.0
        await bench.do(bench.command("inputs"))
        assert bench.screen.texts[-1] == EN.app_unavailable
        await bench.do(bench.message("cats"))
        assert bench.screen.texts[-1] == EN.app_unavailable
        filled = Submission(
            id="s1", place=bench.place(), at=bench.now(), form=inputs.DETAILS, values={}
        )
        await bench.do(filled)
        assert bench.screen.texts[-1] == EN.app_unavailable
        suggested = bench.press("suggest", bench.screen.bubbles[0], value="0")
        await bench.do(suggested)
        assert bench.screen.texts[-1] == EN.app_unavailable
        assert await remembered(bench) == {}


async def test_a_full_inbox_is_tried_again_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TOPIC) as bench:
        await bench.do(bench.message("Why?"))
        reply = bench.message("cats")

        async def full(event: Event) -> bool:
            raise Busy(7.0)

        tools = replace(bench.tools, accept=full)
        with pytest.raises(Again) as again:
            await inputs.reply(tools, reply)
        assert again.value.after == 7.0
        await bench.do(reply, attempts=1)
    assert sent(bench) == [{"query": "Why?", "topic": "cats"}]


async def test_a_list_that_was_deleted_is_posted_anew(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, STYLE) as bench:
        await bench.do(bench.command("inputs"))
        note = bench.screen.bubbles[0]
        bench.screen.delete_by_hand(note.ref)
        await bench.do(bench.press("choose", note, value="f0"))
        assert bench.screen.texts[-1].startswith("**Style**: please write")
        bench.screen.delete_by_hand(bench.screen.bubbles[-1].ref)
        await bench.do(bench.message("brief"))
        assert bench.screen.texts[-1].endswith("- **Style**: brief")


async def test_a_button_without_meaning_asks_again(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE) as bench:
        await bench.do(bench.message("Why?"))
        await bench.do(bench.press("choose", bench.screen.bubbles[0], value="o9"))
        assert labels(bench) == ["formal", "casual", EN.button_cancel]
        await press(bench, "formal")
    assert sent(bench) == [{"query": "Why?", "tone": "formal"}]


async def test_what_was_kept_runs_as_soon_as_nothing_is_missing_any_more(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as bench:
        await bench.do(bench.message("Why?"))
        who = scope(bench.place())
        await bench.store.save_inputs(who, {"tone": "formal"})  # in another chat window, say
        await press(bench, EN.button_fill_in)
        assert sent(bench) == [{"query": "Why?", "tone": "formal"}]


async def test_what_was_kept_runs_with_the_next_question_too(tmp_path: Path) -> None:
    async with asking(tmp_path, QUERY, TONE, able=FORMS) as bench:
        await bench.do(bench.message("Why?"))
        await bench.store.save_inputs(scope(bench.place()), {"tone": "formal"})
        await bench.do(bench.command("ask", "tone=loud Really?"))
        assert bench.screen.texts[-1] == "Tone must be one of: formal, casual."
        assert sent(bench) == []
        await bench.do(bench.command("inputs", "tone=casual"))
    assert sent(bench) == [{"query": "Why?", "tone": "casual"}]

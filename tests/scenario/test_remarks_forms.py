"""Words about an answer where forms can be opened: at once by a press, by an offer otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Chat, Submission
from bot.surface import Capabilities
from tests.fakes.bench import DIRECT, EN, GROUP, Bench
from tests.fakes.completion_wire import end, message, stream
from tests.fakes.rated import ASK, answered, disliked, press, ratings_sent, react

pytestmark = pytest.mark.real_time

FORMS = Capabilities(forms=True, private_replies=True)
THREAD = Chat(platform="screen", workspace="bot", id="group", thread="t1")


def filled(bench: Bench, words: str, *, chat: Chat = DIRECT) -> Submission:
    return Submission(
        id=f"s{next(bench.numbers)}",
        place=bench.place(chat=chat),
        at=bench.now(),
        form=bench.screen.forms[-1].id,
        values={"words": words},
    )


async def test_a_fresh_press_opens_the_form_and_asks_nothing_in_the_chat(tmp_path: Path) -> None:
    async with answered(tmp_path, able=FORMS) as (bench, wire):
        pressed = bench.press("dislike", bench.screen.bubbles[0])
        await bench.do(replace(pressed, place=replace(pressed.place, interaction="click")))
        assert bench.screen.texts == ["Because."]
        await bench.do(filled(bench, "wrong"))
        assert bench.screen.texts == ["Because.", EN.rating_thanks]
    assert ratings_sent(wire) == [("dislike", None), ("dislike", "wrong")]


async def test_a_press_that_came_too_late_is_offered_the_form(tmp_path: Path) -> None:
    async with answered(tmp_path, able=FORMS) as (bench, _):
        await disliked(bench, EN.rating_ask_form)
        assert [one.label for one in bench.screen.bubbles[-1].message.buttons] == [EN.button_words]
        await press(bench, "like")
        assert bench.screen.texts == ["Because."]


async def test_among_others_only_who_reacted_is_offered_the_form_and_beside_the_answer(
    tmp_path: Path,
) -> None:
    async with answered(tmp_path, able=FORMS) as (bench, wire):
        wire.on(ASK, stream(message("So."), end()))
        await bench.do(bench.message("How?", chat=THREAD))
        answer = bench.screen.bubbles[-1]
        reaction = react(bench, "👎", on=answer.ref)
        await bench.do(replace(reaction, place=replace(reaction.place, chat=GROUP)))
        note = bench.screen.bubbles[-1]
        assert note.message.text == EN.rating_ask_form
        assert note.place.only_user and note.place.chat == THREAD
        bench.screen.delete_by_hand(note.ref)
        button = note.message.buttons[0]
        pressed = bench.press("choose", note.ref, value=button.value, chat=THREAD)
        await bench.do(replace(pressed, place=replace(pressed.place, interaction="click")))
        await bench.do(filled(bench, "wrong", chat=THREAD))
        thanked = bench.screen.bubbles[-1]
        assert thanked.message.text == EN.rating_thanks and thanked.place.only_user
    assert ratings_sent(wire)[-1] == ("dislike", "wrong")

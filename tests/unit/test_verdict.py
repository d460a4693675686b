"""The judge of the nights of kills: what may be on a screen besides the answers, and what not."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.counted_sandbox import Counted, Writing
from tests.fakes.crowd import Asked, Guest
from tests.fakes.doubts import Doubts
from tests.fakes.verdict import EN, judge

CHAT = "chat"
WHOLE = ("like", "dislike", "regenerate")
OUTLIVED = Doubts(outlived=Counter({CHAT: 1}))
NONE = Doubts()


@dataclass
class Quiet(Counted):
    """An API nobody asks for anything any more."""

    application: web.Application = field(default_factory=web.Application)

    @property
    def running(self) -> int:
        return 0


@dataclass
class One:
    """A crowd of one, who has asked one thing and edited it."""

    guests: list[Guest] = field(
        default_factory=lambda: [
            Guest("Ann", chat=CHAT, questions=[Asked("mark2", CHAT, "edit", "mark1")])
        ]
    )
    done: Counter[str] = field(default_factory=Counter)
    below: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)

    async def look(self) -> dict[str, Any]:
        return {}

    async def doubts(self) -> Doubts:
        return NONE


def said(text: str, *buttons: str, author: str = "bot", growing: bool = False) -> dict[str, Any]:
    named = [{"name": name} for name in buttons]
    about = {"id": text, "chat": CHAT, "author": author, "voice": None}
    return {**about, "text": text, "buttons": named, "growing": growing}


QUESTION = said("mark2?", author="Ann")
NEW = said("mark2 in short.", "regenerate")
OLD = said("mark1 in short.", *WHOLE)
HALF = said("mark1 in", "stop")
STREAM = said("mark1 in", growing=True)
UNWRITTEN = said(f"*{EN.stopped_unwritten}*", "regenerate")
NOTE = said(EN.maybe_incomplete, "regenerate")


def faults(*told: dict[str, Any], doubts: Doubts = NONE) -> list[str]:
    written = Writing(mark="mark1", pieces=[(0.0, OLD["text"])], whole=True)
    app = Quiet(writings=[written])
    return judge([QUESTION, *told], One(), app, 0, doubts).faults


def test_an_answer_to_the_question_as_it_reads_now_is_all_there_has_to_be() -> None:
    assert faults(NEW) == []


@pytest.mark.parametrize("lost", [OLD, HALF, STREAM, UNWRITTEN])
def test_what_nobody_knew_when_its_question_was_edited_may_be_there_once(
    lost: dict[str, Any],
) -> None:
    assert faults(lost, NEW, doubts=OUTLIVED) == []
    assert faults(lost, NEW) != []
    assert faults(lost, {**lost, "id": "twin"}, NEW, doubts=OUTLIVED) != []


@pytest.mark.parametrize(
    "twin", [said("mark2 in other words.", "regenerate"), said("mark2 in", "stop")]
)
def test_a_second_answer_to_the_new_words_is_a_fault_whatever_was_lost(
    twin: dict[str, Any],
) -> None:
    assert faults(twin, NEW) != []
    assert faults(twin, NEW, doubts=OUTLIVED) != []
    assert faults(OLD, twin, NEW, doubts=OUTLIVED) != []


@pytest.mark.parametrize("lost", [OLD, HALF])
def test_what_was_lost_stands_in_for_no_answer(lost: dict[str, Any]) -> None:
    assert faults(lost, doubts=OUTLIVED) != []


def test_what_is_noted_below_is_not_counted_again() -> None:
    lost = said("mark2 in other words.", "regenerate")
    assert faults(lost, NOTE) == []
    assert faults(lost, NOTE, NEW) != []

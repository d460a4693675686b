"""What is asked by a command where answers have threads: shown as a message, answered below it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.events import Command
from bot.store.records import Question
from bot.surface import Forbidden
from tests.fakes.bench import ABLE, DIRECT, EN, GROUP, PLAIN, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, stream, told

pytestmark = pytest.mark.real_time
THREADS = replace(ABLE, opens_threads=True, forms=True)


@asynccontextmanager
async def threaded(folder: Path) -> AsyncIterator[Bench]:
    wire = Wire()
    wire.on("POST /completion-messages", *(stream(message("Because."), end()) for _ in range(5)))
    app = {**PLAIN, "suggested_questions": ["What is tea?"]}
    async with wired(folder, wire, parameters=app, able=THREADS) as bench:
        wire.on("GET /info", told({"name": "app"}))
        yield bench


def asked(bench: Bench, text: str = "Why?", **more: object) -> Command:
    place = replace(bench.place(chat=GROUP), interaction="permission")
    return bench.command("ask", text, **{"place": place, **more})


async def test_question_of_a_command_is_shown_and_answered_in_its_thread(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        await bench.do(asked(bench))
        head, answer = bench.screen.messages.values()
        assert head.message.text == EN.suggested.format(name="Ann", question="Why?")
        assert answer.message.text.startswith("Because.")
        kept = await bench.latest(chat=GROUP)
        assert kept.place.chat.thread == head.ref.id
        assert kept.question == head.ref


async def test_question_is_not_shown_again_by_the_process_after_a_crash(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        command, head = asked(bench), bench.ref("head", chat=GROUP.id)
        await bench.store.take_question([Question(ref=head, event=command.id, text="Why?")])
        await bench.do(command, attempts=1)
        assert [text.split()[0] for text in bench.screen.texts] == ["Because."]
        assert (await bench.latest(chat=GROUP)).place.chat.thread == "head"


async def test_where_the_bot_may_not_post_the_command_itself_is_answered(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        bench.screen.fail_next(Forbidden(), verb="post")
        await bench.do(asked(bench))
        assert [text.split()[0] for text in bench.screen.texts] == ["Because."]
        place = (await bench.latest(chat=GROUP)).place
        assert place.chat.thread == ""


async def test_question_for_one_person_alone_is_not_shown(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        place = replace(bench.place(chat=GROUP), only_user=True)
        await bench.do(asked(bench, place=place))
        assert [text.split()[0] for text in bench.screen.texts] == ["Because."]


@pytest.mark.parametrize("thread", ["", "open"])
async def test_suggested_question_heads_a_thread_unless_it_is_in_one(
    tmp_path: Path, thread: str
) -> None:
    async with threaded(tmp_path) as bench:
        pressed = bench.press("suggest", bench.ref("x"), value="0")
        chat = replace(DIRECT, thread=thread)
        await bench.do(replace(pressed, place=replace(pressed.place, chat=chat)))
        head, answer = bench.screen.bubbles
        assert head.message.text == "> What is tea?"
        assert answer.place.chat.thread == (thread or head.ref.id)


async def test_welcome_is_for_whom_the_bot_has_never_answered(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        await bench.do(bench.command("welcome"))
        greeted = len(bench.screen.messages)
        assert greeted == 1
        await bench.do(bench.message("Why?"))
        answered = len(bench.screen.messages)
        await bench.do(bench.command("welcome"))
        assert len(bench.screen.messages) == answered == greeted + 1


async def test_bare_command_opens_a_form_for_the_question_alone(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        await bench.do(asked(bench, ""))
        (form,) = bench.screen.forms
        assert (form.title, form.submit) == (EN.ask_title, EN.button_send)
        assert [field.name for field in form.fields] == ["query"]


async def test_permission_of_a_command_reaches_its_answer(tmp_path: Path) -> None:
    async with threaded(tmp_path) as bench:
        bench.screen.fail_next(Forbidden(), verb="post")
        await bench.do(asked(bench))
        (shown,) = bench.screen.messages.values()
        assert shown.place.interaction == "permission"


async def test_where_one_command_is_all_there_is_others_are_words_behind_it(
    tmp_path: Path,
) -> None:
    async with threaded(tmp_path) as bench:
        bench.screen.abilities = replace(THREADS, one_command="/dify")
        await bench.do(bench.command("help"))
        await bench.do(bench.command("help", place=bench.place(chat=GROUP)))
        told, among_others = bench.screen.texts
        assert told.startswith(EN.help_head) and EN.help_edit in told
        assert among_others.startswith(EN.help_head_threads.replace("/ask", "/dify"))
        assert EN.help_edit not in among_others
        assert f"- /dify private – {EN.command_private}" in told
        assert "/dify retry –" in told
        assert "/dify – " in told
        assert "/retry" not in told.replace("/dify retry", "")
        assert "/ask" not in told
        bench.screen.abilities = replace(THREADS, one_command="/dify", reactions=False)
        await bench.do(bench.command("help"))
        assert EN.help_reactions_member in bench.screen.texts[-1]

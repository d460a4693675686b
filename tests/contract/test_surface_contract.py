"""What every platform's surface promises, whatever the platform: one suite, a stage for each.

A stage stands for a platform and the people on it. A new adapter writes one, adds it to STAGES and
has the whole suite.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.events import Action, Command, File, Message, Place, Reaction
from bot.live import LiveReply
from bot.surface import (
    Button,
    Document,
    Expired,
    Forbidden,
    Form,
    FormField,
    Gone,
    Growing,
    Outgoing,
    Rank,
    RateLimited,
    Speech,
    Stopped,
    SurfaceError,
    TooLarge,
)
from tests.fakes.slack_stage import slack
from tests.fakes.stage import STOP, Forgetful, Stage, playground
from tests.fakes.telegram_stage import telegram

STAGES = [
    pytest.param(playground("ideal"), id="playground-ideal"),
    pytest.param(playground("telegram"), id="playground-telegram"),
    pytest.param(playground("slack"), id="playground-slack"),
    pytest.param(telegram("draft"), id="telegram-draft"),
    pytest.param(telegram("edit"), id="telegram-edit"),
    pytest.param(telegram("group"), id="telegram-group"),
    pytest.param(slack("dm"), id="slack-dm"),
    pytest.param(slack("channel"), id="slack-channel"),
    pytest.param(slack("edits"), id="slack-edits"),
]
LIMITED = STAGES[1:]
STOPPABLE = [*STAGES[1:4], *STAGES[6:8]]
WITH_FORMS = [STAGES[0], STAGES[2], *STAGES[6:]]
LIKE = Button(label="👍", name="like", value="a1")
Open = Callable[[], AbstractAsyncContextManager[Stage]]


def growing(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=(STOP,))


async def show(stage: Stage, message: Growing, frame: Outgoing) -> None:
    """One frame as the core shows it: the slot first."""
    if cost := message.cost(frame):
        await stage.pace.slot(cost, Rank.FRAME)
        await message.show(frame)


@pytest.mark.parametrize("open_stage", STAGES)
class TestEverySurface:
    async def test_a_posted_message_can_be_edited_and_deleted_by_its_ref(
        self, open_stage: Open
    ) -> None:
        async with open_stage() as stage:
            for place in (stage.place(), stage.place(private=False)):
                first = await stage.surface.post(place, Outgoing(text="One"))
                second = await stage.surface.post(place, Outgoing(text="Two", buttons=(LIKE,)))
                assert first != second and first.platform == stage.surface.name
                assert (first.workspace, first.chat) == (place.chat.workspace, place.chat.id)
                assert await stage.surface.edit(place, first, Outgoing(text="1")) == first
                assert stage.shown(place) == ["1", "Two"]
                assert stage.buttons(second) == ["like"]
                await stage.surface.edit(place, second, Outgoing(text="2"))
                assert stage.buttons(second) == []
                await stage.surface.delete(place, first)
                assert stage.shown(place) == ["2"]

    async def test_a_document_is_a_message_with_its_caption_and_buttons(
        self, open_stage: Open
    ) -> None:
        async with open_stage() as stage:
            place = stage.place()
            assert stage.surface.capabilities(place).documents
            document = Document(name="answer.md", data=b"# The rest")
            caption = Outgoing(text="The rest", buttons=(LIKE,))
            ref = await stage.surface.post_document(place, document, caption)
            assert stage.shown(place) == ["The rest"] and stage.buttons(ref) == ["like"]
            with pytest.raises(Gone):
                await stage.surface.edit(place, ref, Outgoing(text="No document"))
            await stage.surface.delete(place, ref)
            assert stage.shown(place) == []

    async def test_what_changes_nothing_is_no_failure(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            ref = await stage.surface.post(place, Outgoing(text="One"))
            assert await stage.surface.edit(place, ref, Outgoing(text="One")) == ref
            await stage.surface.delete(place, ref)
            await stage.surface.delete(place, ref)

    async def test_a_message_people_removed_is_gone(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            ref = await stage.surface.post(place, Outgoing(text="One"))
            await stage.remove(ref)
            with pytest.raises(Gone):
                await stage.surface.edit(place, ref, Outgoing(text="Two"))
            async with stage.surface.grow(place, ref) as message:
                with pytest.raises(Gone):
                    await message.finish(Outgoing(text="Two"))
            assert stage.accepted() == []

    async def test_who_is_nothing_special_is_a_member(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            for private in (True, False):
                assert await stage.surface.standing(stage.place(private=private)) == "member"

    async def test_where_the_bot_may_not_speak_it_hears_so(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.nowhere()
            with pytest.raises(Forbidden):
                await stage.surface.post(place, Outgoing(text="One"))
            async with stage.surface.grow(place) as message:
                with pytest.raises(Forbidden):
                    await message.show(growing("One"))
                with pytest.raises(Forbidden):
                    await message.finish(Outgoing(text="One"))

    async def test_growth_ends_as_one_message_with_the_last_text(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            for place in (stage.place(), stage.place(private=False)):
                words = ["Tea", "is", "a", "drink", "made", "of", "leaves."]
                async with stage.surface.grow(place) as message:
                    for count in range(1, len(words) + 1):
                        await show(stage, message, growing(" ".join(words[:count])))
                    ref = await message.finish(Outgoing(text="Tea is a drink.", buttons=(LIKE,)))
                assert stage.shown(place) == ["Tea is a drink."]
                assert stage.buttons(ref) == ["like"]
                assert await stage.surface.edit(place, ref, Outgoing(text="Tea.")) == ref
            assert stage.refusals() == 0

    async def test_a_frame_that_is_shown_already_costs_nothing(self, open_stage: Open) -> None:
        async with open_stage() as stage, stage.surface.grow(stage.place()) as message:
            assert message.ref is None
            await show(stage, message, growing("One"))
            assert message.cost(growing("One")) == ()
            assert message.cost(growing("One two")) != ()

    async def test_an_old_message_grows_in_its_place(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            old = await stage.surface.post(place, Outgoing(text="Before"))
            async with stage.surface.grow(place, old) as message:
                await show(stage, message, growing("After"))
                assert await message.finish(Outgoing(text="After all")) == old
            assert stage.shown(place) == ["After all"]

    async def test_a_message_left_without_an_end_can_still_be_given_one(
        self, open_stage: Open
    ) -> None:
        async with open_stage() as stage:
            place = stage.place()
            async with stage.surface.grow(place) as message:
                await show(stage, message, growing("One"))
                ref = message.ref
            if ref is None:  # a draft: nothing is left of it
                assert stage.shown(place) == []
                return
            await stage.surface.edit(place, ref, Outgoing(text="One, interrupted"))
            assert stage.shown(place) == ["One, interrupted"]

    async def test_what_fits_is_taken(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            for letter in ("a", "é", "漢", "😀", "**b** "):
                text = letter * 60_000
                fit = stage.surface.fits(place, text)
                assert 1 <= fit <= len(text)
                ref = await stage.surface.post(place, Outgoing(text=text[:fit]))
                await stage.surface.delete(place, ref)
            assert stage.surface.fits(place, "a") == 1

    async def test_a_word_of_a_person_is_one_event_however_often_it_comes(
        self, open_stage: Open
    ) -> None:
        async with open_stage() as stage:
            await stage.say("What is tea?")
            await stage.deliver_again()
            [event] = stage.accepted()
            assert isinstance(event, Message) and event.text == "What is tea?"
            assert event.place.chat.private
            answer = await stage.surface.post(event.place, Outgoing(text="A drink"))
            assert answer.chat == event.ref.chat
            assert stage.accepted() == [event]

    async def test_in_a_group_only_what_is_said_to_the_bot_is_heard(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            await stage.say_in_group("Nice weather", to_the_bot=False)
            await stage.say_in_group("What is tea?", to_the_bot=True)
            [event] = stage.accepted()
            assert isinstance(event, Message) and event.text == "What is tea?"
            assert not event.place.chat.private
            ref = await stage.surface.post(event.place, Outgoing(text="A drink"))
            assert ref.chat == event.ref.chat

    async def test_buttons_and_reactions_name_the_message_they_are_on(
        self, open_stage: Open
    ) -> None:
        async with open_stage() as stage:
            place = stage.place()
            ref = await stage.surface.post(place, Outgoing(text="One", buttons=(LIKE,)))
            await stage.press(ref, LIKE)
            await stage.press(ref, LIKE)
            await stage.react(ref, "👎")
            first, second, reaction = stage.accepted()
            assert isinstance(first, Action) and isinstance(second, Action)
            assert (first.ref, first.name, first.value) == (ref, "like", "a1")
            assert first.id != second.id
            assert isinstance(reaction, Reaction)
            assert (reaction.ref, reaction.added, reaction.removed) == (ref, ("👎",), ())

    async def test_a_file_is_read_no_further_than_allowed(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            await stage.say("Look", file=b"0123456789")
            [event] = stage.accepted()
            assert isinstance(event, Message)
            [file] = event.files
            assert await stage.surface.read_file(file, limit=10) == b"0123456789"
            with pytest.raises(TooLarge):
                await stage.surface.read_file(file, limit=9)
            with pytest.raises(Gone):
                await stage.surface.read_file(
                    File(handle="nothing", media_type="image/png"), limit=9
                )

    async def test_a_voice_note_of_the_preferred_kind_is_taken(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            kinds = stage.surface.capabilities(place).voice_types
            speech = Speech(data=b"OggS", media_type=kinds[0], seconds=1.0)
            ref = await stage.surface.post_voice(place, speech)
            assert ref is None or ref.chat == place.chat.id

    async def test_a_status_is_no_message(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            await stage.surface.show_status(place, "12 before you")
            await stage.surface.show_status(place, "")
            assert stage.shown(place) == []


@pytest.mark.parametrize("open_stage", LIMITED)
class TestEverySurfaceWithLimits:
    async def test_many_who_write_at_once_break_no_budget(self, open_stage: Open) -> None:
        async with open_stage() as stage:

            async def answer(place: Place, number: int) -> None:
                async with stage.surface.grow(place) as message:
                    for count in range(1, 20):
                        await show(stage, message, growing(f"{number}: " + "word " * count))
                    await message.finish(Outgoing(text=f"{number}"))

            places = [stage.place(private=number % 2 == 0) for number in range(6)]
            await asyncio.gather(*(answer(place, n) for n, place in enumerate(places)))
            assert stage.refusals() == 0
            shown = stage.shown(stage.place()) + stage.shown(stage.place(private=False))
            assert sorted(shown) == ["0", "1", "2", "3", "4", "5"]

    async def test_a_429_is_told_in_seconds_and_nothing_was_done(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            async with stage.surface.grow(place) as message:
                stage.silence(137)
                frame = growing("One")
                with pytest.raises(RateLimited) as limited:
                    await message.show(frame)
                assert limited.value.retry_after == pytest.approx(137, abs=1)
                assert stage.shown(place) == []
                await asyncio.sleep(limited.value.retry_after)
                await message.show(frame)
                await message.finish(Outgoing(text="One"))
            assert stage.shown(place) == ["One"]

    async def test_an_end_that_is_refused_keeps_everybody_waiting_and_then_lands(
        self, open_stage: Open
    ) -> None:
        async with open_stage() as stage:
            place, loop = stage.place(), asyncio.get_running_loop()
            async with stage.surface.grow(place) as message:
                await show(stage, message, growing("One"))
                stage.silence(60)
                started = loop.time()
                with pytest.raises(RateLimited):
                    await message.finish(Outgoing(text="One."))
                await message.finish(Outgoing(text="One."))
                assert loop.time() - started == pytest.approx(60, abs=3)
            assert stage.shown(place) == ["One."]
            assert stage.refusals() == 1

    async def test_an_ending_can_be_booked_before_it_begins(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            endings = stage.surface.endings(stage.place())
            assert endings and stage.pace.book(endings, who="a")
            most = min(budget.burst for budget in endings)
            assert [stage.pace.book(endings, who=f"{n}") for n in range(most)].count(False) == 1

    async def test_what_does_not_fit_is_refused_by_the_platform(self, open_stage: Open) -> None:
        async with open_stage() as stage:
            place = stage.place()
            text = "a" * 60_000
            # Some platforms take a little more than is ever given to them.
            fit = stage.surface.fits(place, text) * 6 // 5
            with pytest.raises(SurfaceError):
                await stage.surface.post(place, Outgoing(text=text[:fit]))
            assert stage.shown(place) == []


@pytest.mark.parametrize("open_stage", STOPPABLE)
async def test_the_platforms_own_stop_reaches_the_painter_and_the_bot(open_stage: Open) -> None:
    async with open_stage() as stage:
        place = stage.place()
        await stage.surface.show_status(place, "Thinking…", doing="thinking")
        async with stage.surface.grow(place) as message:
            await show(stage, message, growing("One"))
            await stage.stop()
            with pytest.raises(Stopped):
                await show(stage, message, growing("One two"))
            [event] = stage.accepted()
            assert isinstance(event, Action | Command) and event.name == "stop"
            await message.finish(Outgoing(text="One"))
        assert stage.shown(place) == ["One"]


@pytest.mark.parametrize("open_stage", WITH_FORMS)
async def test_a_form_is_opened_by_a_click_or_it_has_expired(open_stage: Open) -> None:
    form = Form(
        id="inputs",
        title="Inputs",
        fields=(FormField(name="city", label="City", kind="text"),),
        submit="Go",
        check=lambda values: {},
    )
    async with open_stage() as stage:
        place = stage.place()
        assert stage.surface.capabilities(place).forms
        with pytest.raises(Expired):
            await stage.surface.open_form(place, form)
        ref = await stage.surface.post(place, Outgoing(text="Fill in", buttons=(LIKE,)))
        await stage.press(ref, LIKE)
        await stage.surface.open_form(stage.accepted()[-1].place, form)


@pytest.mark.parametrize("open_stage", STAGES)
async def test_a_live_reply_brings_a_long_answer_whole_to_the_screen(open_stage: Open) -> None:
    more = "It is drunk all over the world, hot or cold. " * 12
    words = "".join(
        f"## Part {number}\n\nTea is a **drink**, see [here](https://a.b/{number}). {more}\n\n"
        for number in range(24)
    )
    async with open_stage() as stage:
        place = stage.place()
        live = LiveReply(stage.surface, place, stage.pace, Forgetful(), who="a1", buttons=(STOP,))
        async with live:
            for end in range(0, len(words), 40):
                live.show(words[:end])
                await asyncio.sleep(0.05)
            refs = await live.finish(Outgoing(text=words, buttons=(LIKE,)))
        shown = stage.shown(place)
        assert "".join("".join(shown).split()) == "".join(stage.read(words).split())
        assert len(refs) == len(shown) and stage.buttons(refs[-1]) == ["like"]
        assert live.limited == stage.refusals() == 0
        assert live.frames > len(refs)

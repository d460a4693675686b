"""What people do becomes the right events, each exactly once, and nothing else does."""

import asyncio
from typing import Any

import pytest

from adapters.playground import room as rooms
from adapters.playground.guard import Faulty, Refused
from adapters.playground.requests import Delete, Edit, Press, React, Send, Submit
from bot.events import Action, Command, Deleted, Edited, Message, Reaction, Submission
from bot.surface import Busy, Button, Expired, Form, FormField, Outgoing
from tests.fakes.playground import played

LIKE = Button(label="👍", name="like", value="a1")


async def test_words_in_a_direct_chat_are_a_message_with_the_message_as_its_name() -> None:
    with played() as room:
        [event] = await room.say("  What is tea?  ")
        assert isinstance(event, Message)
        assert event.text == "What is tea?"
        assert event.id == f"playground:{room.room.id}:dm-ada:{event.ref.id}"
        assert event.place.chat.private and event.place.reply_to is None
        assert event.place.user.language == "en"
        assert room.text(event.ref) == "What is tea?"


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("/stop", "stop", ""),
        ("/Ask  what\nis tea", "ask", "what\nis tea"),
        ("/voice@parley", "voice", ""),
        ("/ask@Parley now", "ask", "now"),
    ],
)
async def test_a_slash_makes_a_command(text: str, name: str, rest: str) -> None:
    with played() as room:
        [event] = await room.say(text)
        assert isinstance(event, Command)
        assert (event.name, event.text) == (name, rest)
        assert event.ref is not None and room.text(event.ref) == text


async def test_a_path_or_another_bots_command_is_no_command() -> None:
    with played() as room:
        [event] = await room.say("/usr/bin is what?")
        assert isinstance(event, Message)
        assert await room.say("/stop@other", chat="everyone") == []


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Nice weather", None),
        ("mail me@parley.org", None),
        ("@parleyx what?", None),
        ("@parley what is tea?", "what is tea?"),
        ("@Parley, what is tea?", "what is tea?"),
        ("What is tea, @parley", "What is tea,"),
        ("Is @parley here?", "Is @parley here?"),
    ],
)
async def test_in_the_group_the_bot_hears_only_what_is_said_to_it(
    text: str, heard: str | None
) -> None:
    with played() as room:
        events = await room.say(text, chat="everyone")
        assert [event.text for event in events if isinstance(event, Message)] == (
            [] if heard is None else [heard]
        )
        assert len(room.room.posts) == 1
        if events:
            assert events[0].place.reply_to == events[0].ref
            assert not events[0].place.chat.private


@pytest.mark.parametrize("name", ["Parley & co.", "parley & CO.", "parley"])
async def test_in_the_group_it_is_called_by_the_name_people_read_too(name: str) -> None:
    with played() as room:
        room.room.title = "Parley & co."
        [event] = await room.say(f"@{name}, what is tea?", chat="everyone")
        assert isinstance(event, Message)
        assert event.text == "what is tea?"
        assert await room.say("@Parleys what is tea?", chat="everyone") == []


async def test_a_reply_brings_what_it_is_about_files_included() -> None:
    with played() as room:
        file = await room.room.upload(b"png", "image/png", "a.png")
        [first] = await room.say("Look", files=[file.id])
        [second] = await room.say("And this?", reply_to=first.ref.id)
        assert second.quoted is not None
        assert second.quoted.text == "Look"
        assert second.quoted.ref == first.ref
        [handle] = second.quoted.files
        assert await room.surface.read_file(handle, limit=3) == b"png"
        answer = await room.surface.post(room.place(group=True), Outgoing(text="An answer"))
        [third] = await room.say("Why?", chat="everyone", reply_to=answer.id)
        assert third.quoted is not None and third.quoted.text == "An answer"
        [fourth] = await room.say("Gone?", reply_to="999")
        assert fourth.quoted is None
        [other] = await room.say("Not yours", person="ben", reply_to=first.ref.id)
        assert other.quoted is None


async def test_several_files_are_an_album_with_the_words_on_the_first() -> None:
    with played() as room:
        ids = [(await room.room.upload(b"x", "image/png", f"{n}.png")).id for n in range(3)]
        events = await room.say("Which is best?", files=ids)
        assert [event.text for event in events] == ["Which is best?", "", ""]
        assert {event.album for event in events} == {events[0].ref.id}
        assert [file.name for event in events for file in event.files] == [
            "0.png",
            "1.png",
            "2.png",
        ]
        assert len({event.id for event in events}) == 3
        [single] = await room.say("One", files=ids[:1])
        assert single.album == ""
        [command] = await room.say("/ask which", files=ids)
        assert len(command.files) == 3


async def test_the_same_deed_again_changes_nothing_and_is_accepted_once() -> None:
    with played() as room:
        deed = Send(id="c1", person="ada", chat="dm-ada", text="Hello")
        await room.do(deed)
        await room.do(deed)
        assert len(room.room.posts) == 1
        assert room.deliveries == 1
        unheard = Send(id="c2", person="ada", chat="everyone", text="Hello")
        await room.do(unheard)
        await room.do(unheard)
        assert len(room.room.posts) == 2


async def test_a_deed_that_found_the_bot_busy_is_kept_and_finished_by_the_next_try() -> None:
    with played() as room:
        room.busy = True
        deed = Send(id="c1", person="ada", chat="dm-ada", text="Hello")
        with pytest.raises(Busy):
            await room.do(deed)
        with pytest.raises(Busy):
            await room.do(deed)
        assert len(room.room.posts) == 1
        room.busy = False
        await room.do(deed)
        assert len(room.accepted) == 1


async def test_an_edit_has_its_own_id_each_time_and_reaches_the_bot_whole() -> None:
    with played() as room:
        [said] = await room.say("Tea?")
        [first] = await room.do(Edit(id="e1", message=said.ref.id, text="Green tea?"))
        [second] = await room.do(Edit(id="e2", message=said.ref.id, text="Black tea?"))
        assert isinstance(first, Edited) and isinstance(second, Edited)
        assert first.ref == second.ref == said.ref
        assert len({said.id, first.id, second.id}) == 3
        assert second.text == "Black tea?"
        assert room.room.posts[said.ref.id].edited
        assert await room.do(Edit(id="e3", message=said.ref.id, text="Black tea? ")) == []


async def test_an_edit_reaches_the_bot_when_the_old_or_the_new_words_were_for_it() -> None:
    with played() as room:
        await room.say("Nice weather", chat="everyone")
        assert await room.do(Edit(id="e1", message="1", text="Fine weather")) == []
        [event] = await room.do(Edit(id="e2", message="1", text="@parley weather?"))
        assert event.text == "weather?"
        [event] = await room.do(Edit(id="e3", message="1", text="weather?"))
        assert event.text == "weather?"


async def test_an_edited_command_is_its_question_and_no_edit_is_a_command() -> None:
    with played() as room:
        await room.say("/ask Tea?")
        [event] = await room.do(Edit(id="e1", message="1", text="/ask Green tea?"))
        assert isinstance(event, Edited) and event.text == "Green tea?"
        assert await room.do(Edit(id="e2", message="1", text="/help")) == []


async def test_a_deleted_message_is_told_where_the_platform_tells() -> None:
    with played() as room:
        [said] = await room.say("Tea?")
        [event] = await room.do(Delete(id="d1", message=said.ref.id))
        assert isinstance(event, Deleted) and event.ref == said.ref
        assert room.text(said.ref) is None
        room.room.behave("telegram")
        [said] = await room.say("Tea?")
        assert await room.do(Delete(id="d2", message=said.ref.id)) == []
        assert room.text(said.ref) is None


async def test_the_bots_own_message_may_be_deleted_and_it_is_not_told() -> None:
    with played() as room:
        ref = await room.surface.post(room.place(), Outgoing(text="Hello"))
        assert await room.do(Delete(id="d1", message=ref.id)) == []
        assert room.text(ref) is None


async def test_a_reaction_is_one_event_with_both_sides() -> None:
    with played("telegram") as room:
        ref = await room.surface.post(room.place(), Outgoing(text="Hello"))

        async def react(emoji: str, on: bool) -> list[Any]:
            return await room.do(
                React(id=room.new_id(), person="ada", message=ref.id, emoji=emoji, on=on)
            )

        [event] = await react("👍🏽", True)
        assert isinstance(event, Reaction)
        assert (event.added, event.removed, event.ref) == (("👍",), (), ref)
        [event] = await react("👎", True)
        assert (event.added, event.removed) == (("👎",), ("👍",))
        assert await react("👎", True) == []
        [event] = await react("👎", False)
        assert (event.added, event.removed) == ((), ("👎",))
        assert await react("👎", False) == []
        assert room.room.posts[ref.id].reactions == {}
        with pytest.raises(Refused, match="no such reaction"):
            await react("🧉", True)


async def test_reactions_of_several_people_stand_side_by_side() -> None:
    with played() as room:
        ref = await room.surface.post(room.place(group=True), Outgoing(text="Hello"))
        for person, emoji in (("ada", "👍"), ("ben", "👍"), ("ada", "❤️"), ("chen", "🧉")):
            await room.do(
                React(id=room.new_id(), person=person, message=ref.id, emoji=emoji, on=True)
            )
        await room.do(React(id="off", person="ada", message=ref.id, emoji="👍", on=False))
        assert room.room.posts[ref.id].reactions == {
            "👍": ("ben",),
            "❤": ("ada",),
            "🧉": ("chen",),
        }


async def test_a_button_comes_back_as_it_was_given() -> None:
    with played() as room:
        ref = await room.surface.post(room.place(), Outgoing(text="Hi", buttons=(LIKE,)))
        [event] = await room.do(
            Press(id="p1", person="ada", message=ref.id, name="like", value="a1")
        )
        assert isinstance(event, Action)
        assert (event.name, event.value, event.ref) == ("like", "a1", ref)
        assert event.place.interaction
        with pytest.raises(Refused, match="button"):
            await room.do(Press(id="p2", person="ada", message=ref.id, name="like", value="a2"))


def form(id: str = "inputs") -> Form:
    return Form(
        id=id,
        title="Before we begin",
        fields=(FormField(name="city", label="City", kind="text", required=True),),
        submit="Go",
        check=lambda values: {} if values.get("city") else {"city": "Name a city."},
    )


async def test_a_form_is_checked_before_the_bot_hears_of_it() -> None:
    with played() as room:
        [asked] = await room.say("Weather?")
        await room.surface.open_form(asked.place, form())
        wrong = Submit(id="s1", person="ada", chat="dm-ada", form="inputs", values={"city": "  "})
        with pytest.raises(Faulty) as refused:
            await room.do(wrong)
        assert refused.value.faults == {"city": "Name a city."}
        [event] = await room.do(
            Submit(id="s2", person="ada", chat="dm-ada", form="inputs", values={"city": " Ulm "})
        )
        assert isinstance(event, Submission)
        assert (event.form, event.values) == ("inputs", {"city": "Ulm"})


async def test_a_form_of_an_earlier_process_is_checked_by_the_bot_alone() -> None:
    with played() as room:
        [event] = await room.do(
            Submit(id="s1", person="ada", chat="dm-ada", form="inputs", values={})
        )
        assert isinstance(event, Submission)


async def test_a_permission_holds_once_and_for_its_time() -> None:
    with played("slack") as room:
        [said] = await room.say("Weather?")
        assert said.place.interaction == ""
        with pytest.raises(Expired):
            await room.surface.open_form(said.place, form())
        [asked] = await room.say("/inputs")
        await room.surface.open_form(asked.place, form())
        with pytest.raises(Expired):
            await room.surface.open_form(asked.place, form())
        [late] = await room.say("/inputs")
        await asyncio.sleep(3)
        with pytest.raises(Expired):
            await room.surface.open_form(late.place, form())


@pytest.mark.parametrize(
    "deed",
    [
        Send(id="x", person="nobody", chat="everyone", text="a"),
        Send(id="x", person="ada", chat="dm-ben", text="a"),
        Send(id="x", person="ada", chat="dm-ada", text="  "),
        Send(id="x", person="ada", chat="dm-ada", text="a", files=["00"]),
        Edit(id="x", message="9", text="a"),
        Edit(id="x", message="1", text="mine"),
        Edit(id="x", message="2", text=" "),
        Delete(id="x", message="9"),
        React(id="x", person="ada", message="9", emoji="👍", on=True),
        React(id="x", person="ben", message="1", emoji="👍", on=True),
        Press(id="x", person="ada", message="9", name="like"),
        Press(id="x", person="ben", message="3", name="like", value="a1"),
        Submit(id="x", person="ada", chat="dm-ben", form="f", values={}),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_no_trace(deed: Any) -> None:
    with played() as room:
        await room.surface.post(room.place(), Outgoing(text="The bot's"))
        await room.say("Ada's")
        await room.surface.post(
            room.place(group=True, only_user=True), Outgoing(text="psst", buttons=(LIKE,))
        )
        before, number = dict(room.room.posts), room.room.number()
        with pytest.raises(Refused):
            await room.do(deed)
        assert (room.room.posts, room.room.number()) == (before, number)
        assert not room.room.knows("x")


async def test_somebody_new_has_a_chat_and_a_name_of_their_own() -> None:
    with played() as room:
        assert room.deeds.join("Ada").id == "ada2"
        assert room.deeds.join("李雷").id == "person"
        assert room.deeds.join("韩梅梅").id == "person2"
        [event] = await room.say("Hi", person="person")
        assert event.place.chat.id == "dm-person"
        for name in ("", "<b>", "x" * 41):
            with pytest.raises(Refused):
                room.deeds.join(name)
        for number in range(rooms.MOST_PEOPLE - len(room.room.people)):
            room.deeds.join(f"P{number}")
        with pytest.raises(Refused, match="full"):
            room.deeds.join("One more")

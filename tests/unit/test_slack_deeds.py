"""Commands, presses, shortcuts and forms: the samples of what people do in Slack."""

import pytest

from adapters.slack import commands, content, deeds, interaction, payloads
from adapters.slack.heard import Heard, mapping
from adapters.slack.interaction import Interaction
from bot.events import Action, Command
from tests.fakes.slack_payloads import (
    ADA,
    DM,
    NAMES,
    NOW,
    ROOM,
    TEAM,
    found,
    heard,
    payload,
    read,
    ref,
)

Json = dict[str, object]

QUESTION, ANSWER = "1795330000.000100", "1795330010.000100"


class TestCommands:
    def test_it_says_who_where_and_how_to_answer(self) -> None:
        asked = found(Command, "command")
        assert (asked.name, asked.text) == ("ask", "What is tea & @ben?")
        assert asked.id.startswith(f"slack:{TEAM}:command:")
        chat = asked.place.chat
        assert (chat.id, chat.thread, chat.private) == (ROOM, "", False)
        assert (asked.place.user.id, asked.place.user.name) == (ADA, "ada")
        assert interaction.read(asked.place.interaction) == Interaction(
            kind="command",
            trigger="13345224609.738474920.8088930838d88f008e0",
            response_url="https://hooks.slack.com/commands/T024BE7LD/7890/abc",
        )
        assert "hooks" not in repr(asked) and asked.at == NOW

    def test_its_id_names_it_and_opens_nothing(self) -> None:
        told = dict(payload("command"))
        trigger, other = str(told["trigger_id"]), "1.2." + "b" * 5000
        events = [read({**told, "trigger_id": one}).event for one in (trigger, trigger, other)]
        ids = [event.id for event in events if event]
        assert ids[0] == ids[1] != ids[2]
        assert trigger not in repr(ids) and max(map(len, ids)) < 100

    @pytest.mark.parametrize(
        ("text", "name", "rest"),
        [
            ("", "ask", ""),
            ("  What is tea?  ", "ask", "What is tea?"),
            ("stop", "stop", ""),
            ("STOP", "stop", ""),
            ("stop the music", "ask", "stop the music"),
            ("voice", "voice", ""),
            ("voice on", "voice", "on"),
            ("Voice  OFF", "voice", "off"),
            ("voice of the people", "ask", "voice of the people"),
            ("voice on the radio", "ask", "voice on the radio"),
            ("inputs", "inputs", ""),
            ("inputs and outputs", "ask", "inputs and outputs"),
            ("feedback", "feedback", ""),
            ("feedback Too long\nby half", "feedback", "Too long\nby half"),
            ("retry", "retry", ""),
            ("retry this", "ask", "retry this"),
            ("help", "help", ""),
            ("help me write", "ask", "help me write"),
            ("about", "about", ""),
            ("forget", "forget", ""),
            ("forget me not", "ask", "forget me not"),
            ("stats", "stats", ""),
            ("topic=tea tone=dry Write", "ask", "topic=tea tone=dry Write"),
            ("stop?", "ask", "stop?"),
        ],
    )
    def test_a_word_is_a_command_only_where_nothing_else_is_said(
        self, text: str, name: str, rest: str
    ) -> None:
        assert commands.split(text) == (False, name, rest)

    @pytest.mark.parametrize("text", ["private why?", "Private  why?"])
    def test_a_private_question_and_its_answer_are_the_askers_alone(self, text: str) -> None:
        assert commands.split(text) == (True, "ask", "why?")
        asked = read({**payload("command"), "text": text}).event
        assert isinstance(asked, Command) and asked.place.only_user

    def test_without_a_question_its_form_is_private(self) -> None:
        assert commands.split("private") == (True, "ask", "")

    def test_words_that_look_like_marks_are_the_persons_own(self) -> None:
        asked = read({**payload("command"), "text": "is 1 &lt; 2 in <#C1|general>?"}).event
        assert isinstance(asked, Command) and asked.text == "is 1 < 2 in #general?"

    @pytest.mark.parametrize("field", ["user_id", "channel_id"])
    def test_nobodys_is_nothing_said(self, field: str) -> None:
        assert read({**payload("command"), field: ""}) == Heard()

    def test_without_a_trigger_each_is_still_another(self) -> None:
        asked = read({**payload("command"), "trigger_id": ""}).event
        assert asked is not None and asked.id == f"slack:{TEAM}:command:{NOW.timestamp()}"


class TestPresses:
    def test_a_press_goes_on_in_the_thread_of_its_message(self) -> None:
        pressed = found(Action, "press")
        assert (pressed.name, pressed.value) == ("regenerate", "a1b2")
        assert pressed.ref == ref(ANSWER, ROOM) and pressed.place.chat.thread == QUESTION
        assert not pressed.place.only_user
        told = interaction.read(pressed.place.interaction)
        assert told is not None and told.kind == "press" and told.trigger and told.response_url

    def test_the_thumbs_of_slacks_own_block_are_buttons(self) -> None:
        pressed = found(Action, "press_feedback")
        assert (pressed.name, pressed.value) == ("dislike", "a1b2")

    def test_a_message_without_a_thread_begins_one(self) -> None:
        assert found(Action, "press_root").place.chat.thread == ANSWER

    def test_on_what_only_one_person_sees_nothing_hangs(self) -> None:
        pressed = found(Action, "press_ephemeral")
        assert pressed.place.only_user and pressed.place.chat.thread == ""

    @pytest.mark.parametrize("name", ["press_unknown", "press_in_modal"])
    def test_what_is_no_button_of_ours_says_nothing(self, name: str) -> None:
        assert heard(name) == Heard()

    def test_at_home_it_is_said_in_the_persons_own_chat(self) -> None:
        pressed = found(Action, "press_home")
        assert (pressed.name, pressed.value) == ("suggest", "1")
        assert (pressed.place.chat.id, pressed.place.chat.private) == (DM, True)
        assert pressed.ref == ref("") and not heard("press_home").directly

    def test_orders_at_home_are_commands(self) -> None:
        ordered = found(Command, "press_home_order")
        assert (ordered.name, ordered.text) == ("voice", "on")

    def test_a_home_that_carries_no_chat_is_that_of_the_person(self) -> None:
        told = payload("press_home")
        told["view"] = {"id": "V1", "type": "home", "private_metadata": ""}
        assert read(told).directly

    @pytest.mark.parametrize("name", ["press", "press_home"])
    def test_without_any_action_nothing_was_pressed(self, name: str) -> None:
        assert read({**payload(name), "actions": []}) == Heard()


class TestShortcuts:
    def test_the_message_is_the_question_and_its_thread_the_place(self) -> None:
        asked = found(Command, "shortcut_message")
        assert (asked.name, asked.text) == ("ask", "")
        assert asked.quoted is not None and asked.quoted.text == "Tea is <wet>"
        assert asked.quoted.ref == ref("1795329000.000700", ROOM)
        assert [file.media_type for file in asked.quoted.files] == ["image/png"]
        assert asked.place.chat.thread == "1795329000.000700"
        assert asked.place.interaction.startswith("shortcut|")

    def test_in_a_thread_it_is_answered_there(self) -> None:
        place = found(Command, "shortcut_message_in_thread").place
        assert place.chat.thread == "1795329000.000700"

    def test_what_an_app_says_in_blocks_and_cards_is_what_it_says(self) -> None:
        asked = heard("shortcut_on_alert", U0BEN00BEN="Ben").event
        assert isinstance(asked, Command) and asked.quoted is not None
        assert asked.quoted.text.splitlines() == [
            "Deploy failed",
            "See run 1 (https://ci.example.com/1) & retry",
            "*Branch* main",
            "a < b @Ben:fire:here (https://example.com)https://example.com/x",
            *("one", "two", "exit 1", "**bold**", "Before", "Log", "line", "only this"),
        ]

    def test_blocks_of_any_shape_say_something_or_nothing(self) -> None:
        deep: object = {"text": "x"}
        for _ in range(50):
            deep = {"elements": [deep]}
        odd: tuple[object, ...] = (
            *(None, 3, "x", [[]], [{"elements": 7}], [deep]),
            [{"type": "rich_text_section", "elements": [3, {"type": "link"}, {"type": "user"}]}],
        )
        for blocks in odd:
            assert content.text(payloads.Message(blocks=blocks)) == ""
        many = [{"text": "x"}] * 5000
        assert len(content.text(payloads.Message(blocks=many)).splitlines()) == content.LINES

    def test_the_other_one_belongs_to_no_chat(self) -> None:
        asked = heard("shortcut_global")
        assert isinstance(asked.event, Command) and asked.event.name == "ask"
        assert asked.directly and asked.event.place.chat.private

    def test_without_its_message_it_says_nothing(self) -> None:
        told = payload("shortcut_message")
        del told["message"]
        assert read(told) == Heard()


class TestForms:
    def test_what_was_filled_in_is_for_the_forms(self) -> None:
        assert heard("view_submission").submitted
        deed = deeds.submission(mapping(payload("view_submission")))
        assert deed.user.id == ADA and deed.trigger
        assert deeds.first_field(payload("view_submission")) == "f0"

    @pytest.mark.parametrize("view", [None, {}, {"blocks": 3}, {"blocks": [3, {"type": "x"}]}])
    def test_a_view_may_have_no_field(self, view: object) -> None:
        assert deeds.first_field({"view": view}) == ""

    def test_one_that_was_closed_says_nothing(self) -> None:
        assert heard("view_closed") == Heard()

    def test_nor_does_whoever_is_nobody(self) -> None:
        assert read({**payload("press"), "user": {}}) == Heard()


class TestPermissions:
    def test_they_come_back_as_they_were(self) -> None:
        made = Interaction(kind="press", trigger="1.2.a", response_url="https://hooks.x/a|b")
        assert interaction.read(made.packed()) == made
        assert interaction.response_url(made.packed()) == "https://hooks.x/a|b"

    @pytest.mark.parametrize("packed", ["", "nothing", "other|1|2"])
    def test_where_there_is_none_there_is_none(self, packed: str) -> None:
        assert interaction.read(packed) is None and interaction.response_url(packed) == ""

    def test_what_is_too_long_is_left_out(self) -> None:
        long = Interaction(kind="press", trigger="1.2.a", response_url="https://x/" + "a" * 600)
        assert interaction.read(long.packed()) == Interaction(kind="press", trigger="1.2.a")
        longer = Interaction(kind="press", trigger="é" * 300)
        assert interaction.read(longer.packed()) == Interaction(kind="press")

    def test_a_trigger_that_would_break_it_is_none(self) -> None:
        made = Interaction(kind="view", trigger="1|2", response_url="https://x")
        assert interaction.read(made.packed()) == Interaction(kind="view", response_url="https://x")

    @pytest.mark.parametrize("name", NAMES)
    def test_all_of_slacks_fit(self, name: str) -> None:
        if payload(name).get("type") not in ("event_callback", "app_rate_limited"):
            event = heard(name).event if name != "url_verification" else None
            assert event is None or interaction.read(event.place.interaction) is not None

"""What people say to the bot: the samples of messages, edits and commands."""

from datetime import UTC, datetime

import pytest

from adapters.telegram.addressing import Me
from adapters.telegram.inbound import parse
from bot.events import Command, Edited, File, Message
from tests.fakes.telegram_payloads import (
    GROUP,
    LARGE,
    ME,
    NOW,
    command,
    event,
    heard,
    message,
    part,
    payload,
    ref,
)


class TestMessages:
    def test_a_text_says_who_where_and_when(self) -> None:
        said = message("text")
        assert said.id == f"telegram:42:{payload('text')['update_id']}"
        assert said.text == "What is tea?" and said.ref == said.place.reply_to == ref(11)
        assert said.at == datetime.fromtimestamp(1795330000, UTC)
        chat, user = said.place.chat, said.place.user
        assert (chat.platform, chat.workspace, chat.id, chat.thread, chat.private) == (
            *("telegram", "42", "1001", ""),
            True,
        )
        assert (user.id, user.workspace, user.name) == ("1001", "", "Ada Lovelace")
        assert user.language == "en-GB" and said.place.interaction == ""

    def test_of_a_photo_the_largest_size_is_taken(self) -> None:
        said = message("photo_with_caption")
        assert (said.text, said.files, said.album) == ("What is this?", (LARGE,), "")

    def test_each_part_of_an_album_is_an_event_that_names_it(self) -> None:
        first, second = message("album_first"), message("album_second")
        assert first.album == second.album == "13579" and first.id != second.id
        assert (first.text, second.text) == ("Which is better?", "")
        assert first.files == second.files == (LARGE,)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("image_as_document", "image/png"),
            ("image_by_name", "image/webp"),
            ("sticker_still", "image/webp"),
            ("live_photo", "image/jpeg"),
        ],
    )
    def test_pictures_come_in_many_dresses(self, name: str, kind: str) -> None:
        [file] = message(name).files
        assert file.media_type == kind and file.handle.startswith("42:")

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("text_document", "application/pdf"),
            ("sticker_animated", "application/x-tgsticker"),
            ("sticker_video", "video/webm"),
            ("voice", "audio/ogg"),
            ("music", "audio/mpeg"),
            ("video", "video/mp4"),
            ("video_note", "video/mp4"),
            ("gif", "video/mp4"),
            ("location", "application/x-telegram-location"),
            ("venue", "application/x-telegram-venue"),
            ("contact", "application/x-telegram-contact"),
            ("poll", "application/x-telegram-poll"),
            ("dice", "application/x-telegram-dice"),
        ],
    )
    def test_what_cannot_be_looked_at_tells_its_kind(self, name: str, kind: str) -> None:
        assert [file.media_type for file in message(name).files] == [kind]

    def test_a_forwarded_message_is_a_question(self) -> None:
        assert message("forwarded").text == "Tea cures all."

    def test_of_a_rich_message_the_words_are_read(self) -> None:
        assert message("forwarded_rich").text.splitlines() == [
            *("Tea", "A hot drink.", "green", "black", "Kind | °C", "green | 80", "e=mc^2")
        ]

    def test_of_a_rich_message_without_end_the_first_levels_are_read(self) -> None:
        update = payload("text")
        deep: object = {"text": "far down"}
        for _ in range(100):
            deep = {"blocks": [deep]}
        bottom: object = "far down"
        for _ in range(100):
            bottom = [{"type": "bold", "text": bottom}]
        inner = part(update, "message")
        del inner["text"]
        inner["rich_message"] = {"blocks": [{"text": "Tea"}, deep, {"text": bottom}, 7]}
        told = parse(update, ME, now=NOW).event
        assert isinstance(told, Message) and told.text == "Tea"

    def test_a_topic_is_a_thread_and_a_chain_of_replies_is_none(self) -> None:
        assert message("private_topic").place.chat.thread == "7"
        assert message("forum_topic").place.chat.thread == "3"
        assert message("group_reply_to_bot").place.chat.thread == ""

    @pytest.mark.parametrize("name", ["service_joined", "service_pinned", "unknown_kind"])
    def test_what_nobody_said_is_nothing(self, name: str) -> None:
        assert event(name) is None


class TestReplies:
    def test_what_is_replied_to_goes_along(self) -> None:
        quoted = command("reply_to_answer").quoted
        assert quoted is not None and (quoted.ref, quoted.text) == (ref(10), "Tea is a drink.")

    def test_pictures_replied_to_go_along(self) -> None:
        said = message("reply_to_photo")
        assert said.quoted is not None and said.files == ()
        assert (said.quoted.text, said.quoted.files) == ("My cup", (LARGE,))

    def test_words_picked_out_stand_for_the_whole(self) -> None:
        quoted = message("reply_with_quote").quoted
        assert quoted is not None and (quoted.ref, quoted.text) == (ref(10), "a drink")

    def test_a_message_of_another_chat_goes_along(self) -> None:
        quoted = message("reply_to_other_chat").quoted
        assert quoted is not None and quoted.ref == ref(5, "-1007")
        assert (quoted.text, quoted.files) == ("Tea cures all.", (LARGE,))

    def test_the_note_that_opened_a_topic_is_no_quote(self) -> None:
        assert message("forum_topic").quoted is None
        assert event("forum_topic_talk") is None


class TestGroups:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("group_mention", "😀😀 @Parley_Bot, what is tea?"),
            ("group_mention_first", "what is tea?"),
            ("group_mention_last", "What is tea 🍵"),
            ("group_mention_by_name", "what is tea?"),
            ("group_mention_in_caption", "what is this?"),
            ("group_reply_to_bot", "And coffee?"),
            ("forum_topic", "which one?"),
        ],
    )
    def test_who_speaks_to_the_bot_is_heard_and_its_name_left_out(
        self, name: str, text: str
    ) -> None:
        assert message(name).text == text

    @pytest.mark.parametrize(
        "name",
        [
            "group_talk",
            "group_reply_to_person",
            "group_mention_of_another",
            "group_mention_in_code",
            "group_album_part",
            "group_command_at_other",
            "group_command_unknown",
            "group_other_bot",
            "group_channel_forward",
        ],
    )
    def test_what_is_not_for_the_bot_is_not_heard(self, name: str) -> None:
        assert event(name) is None

    def test_a_part_of_an_album_that_was_for_the_bot_is_too(self) -> None:
        part = heard("group_album_part", albums=("24680",)).event
        assert isinstance(part, Message) and part.album == "24680"

    def test_to_call_the_bot_under_a_message_asks_about_that(self) -> None:
        said = message("group_mention_about_another")
        assert said.text == "" and said.quoted is not None
        assert said.quoted.text == "Tea cures all."

    def test_to_call_the_bot_and_say_nothing_is_to_ask_how(self) -> None:
        update = payload("group_mention_about_another")
        del part(update, "message")["reply_to_message"]
        told = parse(update, ME, now=NOW).event
        assert isinstance(told, Command) and (told.name, told.text) == ("ask", "")

    @pytest.mark.parametrize("name", ["group_anonymous_admin", "group_channel_speaks"])
    def test_who_speaks_for_a_chat_is_that_chat(self, name: str) -> None:
        user = message(name).place.user
        assert user.id in (f"chat:{GROUP}", "chat:-1009") and user.name.startswith("Tea")

    def test_a_question_through_another_bot_is_one_and_through_this_is_none(self) -> None:
        assert message("via_other_bot").text == "What is tea?"
        assert event("via_this_bot") is None

    def test_a_channel_is_no_place_to_talk(self) -> None:
        update = payload("group_mention")
        part(update, "message")["chat"] = {"id": -1009, "type": "channel", "title": "Tea news"}
        assert parse(update, ME, now=NOW).event is None

    def test_until_its_name_is_known_no_mention_is_the_bots(self) -> None:
        nameless = parse(payload("group_mention"), Me(id=42, username=""), now=NOW)
        assert nameless.event is None


class TestCommands:
    def test_a_link_to_the_bot_may_carry_a_word(self) -> None:
        start = command("command_start")
        assert (start.name, start.text, start.ref) == ("start", "tea_2026-a", ref(11))

    def test_what_no_link_can_carry_is_dropped(self) -> None:
        assert command("command_start_forged").text == ""

    def test_a_command_may_stand_under_a_picture(self) -> None:
        ask = command("command_ask_photo")
        assert (ask.name, ask.text, ask.files) == ("ask", "What is this?", (LARGE,))

    def test_a_command_before_an_album_leaves_it_an_album(self) -> None:
        update = payload("command_ask_photo")
        part(update, "message")["media_group_id"] = "13579"
        told = parse(update, ME, now=NOW).event
        assert isinstance(told, Message)
        assert (told.text, told.album) == ("What is this?", "13579")

    def test_an_unknown_command_is_told_by_its_name(self) -> None:
        assert (command("command_unknown").name, command("command_unknown").text) == (
            "brew",
            "strong",
        )

    def test_a_slash_alone_makes_no_command(self) -> None:
        assert message("command_like_path").text == "/usr/bin/tea is what?"

    @pytest.mark.parametrize("name", ["group_command", "group_command_at_bot"])
    def test_in_a_group_with_or_without_the_bots_name(self, name: str) -> None:
        assert (command(name).name, command(name).text) == ("ask", "What is tea?")

    def test_a_command_may_follow_the_bots_name(self) -> None:
        assert command("group_command_after_mention").name == "stop"


class TestEdits:
    @pytest.mark.parametrize(
        ("name", "text", "files"),
        [
            ("edited_text", "What is coffee?", ()),
            ("edited_caption", "What is that?", (LARGE,)),
            ("edited_ask", "What is coffee?", ()),
        ],
    )
    def test_an_edit_tells_the_whole(self, name: str, text: str, files: tuple[File, ...]) -> None:
        changed = event(name)
        assert isinstance(changed, Edited) and changed.ref == ref(11)
        assert (changed.text, changed.files) == (text, files)
        assert changed.at == datetime.fromtimestamp(1795330009, UTC)

    @pytest.mark.parametrize("name", ["edited_command", "edited_live_location"])
    def test_what_was_no_question_is_none_by_an_edit(self, name: str) -> None:
        assert event(name) is None

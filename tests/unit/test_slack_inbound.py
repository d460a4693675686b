"""What Slack tells by itself: the samples of its events."""

from datetime import UTC, datetime

import pytest

from adapters.slack import handles, inbound
from adapters.slack.handles import Source
from adapters.slack.heard import Heard
from bot.events import Action, Command, Deleted, Edited, Message, Reaction
from tests.fakes.slack_payloads import (
    ADA,
    BOT,
    DM,
    ME,
    ROOM,
    TEAM,
    found,
    heard,
    payload,
    read,
    ref,
)

Json = dict[str, object]

QUESTION, LATER = "1795330000.000100", "1795330050.000200"


def inner(told: Json) -> Json:
    event = told["event"]
    assert isinstance(event, dict)
    return event


class TestMessages:
    def test_a_text_says_who_where_and_when(self) -> None:
        said = found(Message, "dm")
        assert said.id == f"slack:{TEAM}:{DM}:{QUESTION}"
        assert said.text == "What is tea?" and said.ref == said.place.reply_to == ref(QUESTION)
        assert said.at == datetime.fromtimestamp(1795330000.0001, UTC)
        chat, user = said.place.chat, said.place.user
        assert (chat.platform, chat.workspace, chat.id, chat.private) == ("slack", TEAM, DM, True)
        assert chat.thread == QUESTION, "its answer begins a thread"
        assert (user.id, user.workspace) == (ADA, TEAM) and said.place.interaction == ""

    def test_what_is_said_in_a_thread_is_answered_there(self) -> None:
        assert found(Message, "dm_in_thread").place.chat.thread == QUESTION

    def test_the_app_sees_what_the_person_typed(self) -> None:
        said = heard("dm_escaped", U0BEN00BEN="Ben").event
        assert isinstance(said, Message)
        assert said.text == (
            "Is 1 < 2 && 3 > 2? See the page (https://example.com/a?b=1&c=2), example.com, "
            "ann@example.com, #general, @Ben and @here"
        )

    def test_whoever_is_not_known_stays_an_id(self) -> None:
        said = found(Message, "dm_escaped")
        assert "@U0BEN00BEN" in said.text
        assert inbound.mentioned(payload("dm_escaped"), ME) == ("U0BEN00BEN",)

    def test_nobody_is_asked_about_for_what_is_overheard(self) -> None:
        told = payload("channel_talk")
        inner(told)["text"] = "<@U0BEN00BEN> What is tea?"
        assert inbound.mentioned(told, ME) == ()
        inner(told)["text"] = f"<@{BOT}> who is <@U0BEN00BEN>?"
        assert inbound.mentioned(told, ME) == ("U0BEN00BEN",)

    def test_an_italic_message_is_a_message(self) -> None:
        assert found(Message, "dm_me").text == "wonders what tea is"

    def test_fields_that_are_null_are_not_there(self) -> None:
        assert found(Message, "dm_nulls") == found(Message, "dm")

    def test_a_forwarded_message_is_quoted(self) -> None:
        quoted = found(Message, "dm_forwarded").quoted
        assert quoted is not None and quoted.text == "Tea is <wet>"
        assert quoted.ref == ref("1795329000.000700", "C0GENERAL1") and len(quoted.files) == 1

    def test_forwarded_without_a_word_it_is_still_quoted(self) -> None:
        said = found(Message, "dm_forwarded_blocks")
        assert said.text == "" and said.quoted is not None
        assert said.quoted.text == "Tea is wet"

    def test_a_preview_is_no_quote(self) -> None:
        said = found(Message, "dm_link_preview")
        assert said.quoted is None and said.text == "https://example.com"

    @pytest.mark.parametrize(
        "name",
        ["dm_empty", "channel_talk", "own_message", "other_bot", "slackbot", "assistant_root"],
    )
    def test_nobody_asks_by_it(self, name: str) -> None:
        assert heard(name) == Heard()

    @pytest.mark.parametrize("name", ["joined", "assistant_context", "file_shared"])
    def test_notes_of_slack_say_nothing(self, name: str) -> None:
        assert heard(name) == Heard()


class TestMentions:
    def test_a_mention_is_answered_in_its_thread(self) -> None:
        said = found(Message, "mention")
        assert said.text == "What is tea?"
        chat = said.place.chat
        assert (chat.id, chat.thread, chat.private) == (ROOM, QUESTION, False)

    def test_both_events_of_one_mention_are_one_question(self) -> None:
        assert found(Message, "mention") == found(Message, "mention_message")

    def test_in_a_thread_it_is_answered_in_that(self) -> None:
        said = found(Message, "mention_in_thread")
        assert said.place.chat.thread == QUESTION
        assert said.place.reply_to == ref("1795330060.000300", ROOM)

    @pytest.mark.parametrize("name", ["mention", "mention_last", "mention_broadcast"])
    def test_the_name_is_no_part_of_the_question(self, name: str) -> None:
        assert found(Message, name).text.rstrip("?") == "What is tea"

    def test_within_a_sentence_the_name_belongs_to_it(self) -> None:
        said = heard("mention_in_thread", **{BOT: "Parley"}).event
        assert isinstance(said, Message) and said.text == "and @Parley, coffee?"

    def test_several_people_talk_in_a_group_without_being_alone(self) -> None:
        assert not found(Message, "mention_group").place.chat.private

    def test_whoever_only_calls_hears_how_to_ask(self) -> None:
        said = found(Command, "mention_only")
        assert (said.name, said.text) == ("ask", "") and said.ref == ref(QUESTION, ROOM)

    def test_one_that_was_edited_may_be_news_or_an_edit(self) -> None:
        found = heard("mention_edited")
        assert isinstance(found.event, Message) and isinstance(found.otherwise, Edited)
        assert found.event.id == f"slack:{TEAM}:{ROOM}:{QUESTION}"
        assert found.otherwise.id == f"{found.event.id}:1795330090.000000"
        assert found.event.text == found.otherwise.text == "What is coffee?"


class TestFiles:
    def test_a_photo_can_be_read_with_the_token_of_its_workspace(self) -> None:
        said = found(Message, "dm_photo")
        [file] = said.files
        assert (said.text, file.media_type, file.size, file.name) == (
            *("What is this?", "image/png", 150_000),
            "leaf.png",
        )
        assert handles.read(file.handle) == Source(
            team=TEAM,
            id="F0PICTURE1",
            url=f"https://files.slack.com/files-pri/{TEAM}-F0PICTURE1/download/leaf.png",
        )
        assert "files-pri" not in repr(said)

    def test_so_can_one_that_comes_with_a_mention(self) -> None:
        assert len(found(Message, "mention_photo").files) == 1

    def test_a_recording_is_sound_though_it_is_called_a_film(self) -> None:
        [file] = found(Message, "dm_voice_clip").files
        assert file.media_type == "audio/mp4"

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("dm_external_file", "application/x-slack-external"),
            ("dm_hidden_file", "application/x-slack-hidden"),
        ],
    )
    def test_what_cannot_be_read_has_no_handle(self, name: str, kind: str) -> None:
        [file] = found(Message, name).files
        assert (file.media_type, file.handle) == (kind, "")

    def test_what_is_gone_is_no_file(self) -> None:
        assert found(Message, "dm_file_gone").files == ()

    def test_of_a_file_from_elsewhere_slack_is_asked_where_it_is(self) -> None:
        [file] = found(Message, "mention_shared_file").files
        assert handles.read(file.handle) == Source(team=TEAM, id="F0CONNECT1")
        assert file.media_type == "application/octet-stream"

    @pytest.mark.parametrize("handle", ["", "T1", "T1|F1", "|F1|u", "T1||u"])
    def test_a_handle_of_something_else_is_none(self, handle: str) -> None:
        assert handles.read(handle) is None

    def test_a_handle_comes_back_whatever_its_address(self) -> None:
        source = Source(team="T1", id="F1", url="https://files.slack.com/a|b")
        assert handles.read(handles.pack(source)) == source


class TestChanges:
    def test_an_edit_gives_the_message_whole(self) -> None:
        edited = found(Edited, "edited")
        assert edited.id == f"slack:{TEAM}:{DM}:{QUESTION}:1795330100.000000"
        assert (edited.text, edited.ref) == ("What is coffee?", ref(QUESTION))
        assert edited.place.user.id == ADA and edited.place.chat.private
        assert found(Edited, "edited_in_thread").place.chat.thread == QUESTION

    def test_a_preview_changes_nothing(self) -> None:
        assert heard("edited_preview") == Heard()

    def test_a_picture_that_was_taken_away_does(self) -> None:
        edited = found(Edited, "edited_file_removed")
        assert len(edited.files) == 1 and edited.text == "Look at both"

    def test_in_channels_questions_are_followed(self) -> None:
        assert found(Edited, "edited_in_channel").text == "What is coffee?"
        assert heard("edited_channel_talk") == Heard()

    def test_who_takes_the_name_out_has_still_edited_a_question(self) -> None:
        told = payload("edited_in_channel")
        inner(told)["message"] = {**payload_message(told), "text": "What is coffee?"}
        assert isinstance(read(told).event, Edited)

    def test_who_puts_the_name_in_has_asked_only_now(self) -> None:
        told = payload("edited_in_channel")
        before = inner(told)["previous_message"]
        assert isinstance(before, dict)
        before["text"] = "What is coffee?"
        asked = read(told)
        mention = heard("mention_edited")
        assert isinstance(asked.event, Message) and isinstance(asked.otherwise, Edited)
        assert mention.event is not None and asked.event.id == mention.event.id

    def test_what_the_bot_edits_is_not_heard(self) -> None:
        assert heard("edited_by_bot") == Heard()

    @pytest.mark.parametrize("name", ["deleted", "deleted_with_thread"])
    def test_a_deleted_question_is_told_by_whoever_had_asked(self, name: str) -> None:
        deleted = found(Deleted, name)
        assert deleted.id == f"slack:{TEAM}:{DM}:{QUESTION}:deleted"
        assert deleted.ref == ref(QUESTION) and deleted.place.user.id == ADA

    def test_what_the_bot_deletes_is_not_heard(self) -> None:
        assert heard("deleted_by_bot") == Heard()


def payload_message(told: Json) -> Json:
    message = inner(told)["message"]
    assert isinstance(message, dict)
    return message


class TestReactions:
    def test_a_thumb_is_a_sign_on_a_message(self) -> None:
        reaction = found(Reaction, "reaction_added")
        assert (reaction.added, reaction.removed) == (("👍",), ())
        assert reaction.ref == ref("1795330010.000100") and reaction.place.user.id == ADA
        assert reaction.id == (
            f"slack:{TEAM}:{DM}:1795330010.000100:{ADA}:+1:added:1795330300.000600"
        )

    def test_taken_off_it_is_another_happening(self) -> None:
        reaction = found(Reaction, "reaction_removed")
        assert (reaction.added, reaction.removed) == ((), ("👍",))
        assert reaction.id != found(Reaction, "reaction_added").id

    def test_skin_tones_do_not_matter(self) -> None:
        assert found(Reaction, "reaction_skin_tone").added == ("👎",)

    def test_a_workspaces_own_sign_keeps_its_name(self) -> None:
        assert found(Reaction, "reaction_own_emoji").added == (":parley-love:",)

    def test_where_the_owner_is_not_told_it_may_be_ours(self) -> None:
        reaction = found(Reaction, "reaction_without_owner")
        assert reaction.added == ("❤",) and not reaction.place.chat.private

    @pytest.mark.parametrize("name", ["reaction_elsewhere", "reaction_on_file", "reaction_by_bot"])
    def test_others_and_the_bots_own_say_nothing(self, name: str) -> None:
        assert heard(name) == Heard()


class TestOpening:
    def test_the_messages_tab_is_welcomed_in(self) -> None:
        said = found(Command, "messages_opened")
        assert said.name == "welcome" and said.place.chat.id == DM
        assert said.place.chat.private and said.place.chat.thread == ""
        assert said.id == f"slack:{TEAM}:{payload('messages_opened')['event_id']}"

    def test_the_older_pane_is_welcomed_in_its_thread(self) -> None:
        said = found(Command, "assistant_started")
        assert (said.name, said.place.chat.thread) == ("welcome", "1795330500.000800")
        assert said.place.user.id == ADA and said.place.chat.private

    def test_the_home_page_is_nothing_said(self) -> None:
        found = heard("home_opened")
        assert found.event is None and found.home is not None
        assert (found.home.user.id, found.home.chat.id) == (ADA, DM)

    def test_another_tab_is_nobodys(self) -> None:
        told = payload("messages_opened")
        inner(told)["tab"] = "about"
        assert read(told) == Heard()


class TestStopping:
    def test_it_is_a_press_on_what_was_growing(self) -> None:
        found = heard("session_stopped")
        action = found.event
        assert isinstance(action, Action) and action.name == "stop"
        assert action.ref == ref("1795330010.000100")
        assert action.place.chat.thread == QUESTION
        assert found.stopped is not None and found.stopped.thread == QUESTION
        assert found.stopped.messages == ("1795330010.000100", "1795330020.000100")

    def test_before_anything_grew_it_is_one_on_the_thread(self) -> None:
        assert found(Action, "session_stopped_early").ref == ref(QUESTION)

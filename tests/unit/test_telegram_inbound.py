"""What Telegram's updates mean: every payload in `tests/payloads/telegram`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import telegram
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.addressing import Me
from adapters.telegram.inbound import Heard, Unreadable, bare, parse
from bot.events import (
    Action,
    Command,
    Edited,
    Event,
    File,
    Message,
    MessageRef,
    Reaction,
    decode,
    encode,
)

PAYLOADS = Path(__file__).parent.parent / "payloads" / "telegram"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))
ME = Me(id=42, username="parley_bot")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
GROUP = "-1001234567890"
LARGE = File(handle="42:large", media_type="image/jpeg", size=150_000)


def payload(name: str) -> dict[str, object]:
    loaded = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def heard(name: str, *, albums: tuple[str, ...] = ()) -> Heard:
    return parse(payload(name), ME, albums=albums, now=NOW)


def part(update: dict[str, object], name: str) -> dict[str, object]:
    inner = update[name]
    assert isinstance(inner, dict)
    return inner


def event(name: str) -> Event | None:
    return heard(name).event


def message(name: str) -> Message:
    found = event(name)
    assert isinstance(found, Message)
    return found


def command(name: str) -> Command:
    found = event(name)
    assert isinstance(found, Command)
    return found


def ref(id: int, chat: str = "1001") -> MessageRef:
    return MessageRef(platform="telegram", workspace="42", chat=chat, id=str(id))


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


class TestWhatElsePeopleDo:
    def test_a_press_names_the_button_and_the_question(self) -> None:
        told = heard("press")
        assert isinstance(told.event, Action) and told.callback == "778899"
        assert (told.event.name, told.event.value) == ("like", "a1")
        assert told.event.ref == ref(10, GROUP) and told.event.place.reply_to == ref(11, GROUP)
        assert (told.event.place.user.id, told.event.at) == ("1001", NOW)

    def test_a_press_on_an_old_message_is_one(self) -> None:
        told = heard("press_inaccessible").event
        assert isinstance(told, Action) and told.ref == ref(10) and told.place.chat.private

    @pytest.mark.parametrize("name", ["press_forged", "press_inline"])
    def test_a_forged_press_does_nothing_but_is_acknowledged(self, name: str) -> None:
        assert (heard(name).event, heard(name).callback) == (None, "778899")

    @pytest.mark.parametrize(
        ("name", "added", "removed"),
        [
            ("reaction_added", ("👍",), ()),
            ("reaction_changed", ("❤",), ("👍",)),
            ("reaction_removed", (), ("👎",)),
        ],
    )
    def test_a_reaction_says_what_came_and_what_went(
        self, name: str, added: tuple[str, ...], removed: tuple[str, ...]
    ) -> None:
        told = event(name)
        assert isinstance(told, Reaction) and told.ref.id == "10"
        assert (told.added, told.removed) == (added, removed)

    @pytest.mark.parametrize("name", ["reaction_custom", "reaction_anonymous"])
    def test_a_reaction_without_person_or_meaning_is_none(self, name: str) -> None:
        assert event(name) is None

    def test_another_skin_is_no_other_reaction(self) -> None:
        update = payload("reaction_added")
        inner = part(update, "message_reaction")
        inner["old_reaction"] = [{"type": "emoji", "emoji": "👍🏿"}]
        assert parse(update, ME, now=NOW).event is None
        assert bare("🤷🏽\u200d♂️") == "🤷\u200d♂"

    @pytest.mark.parametrize(
        ("name", "standing"),
        [
            ("blocked", "gone"),
            ("unblocked", "member"),
            ("promoted", "administrator"),
            ("restricted_away", "gone"),
            ("reaction_anonymous", "administrator"),
            ("reaction_added", ""),
            ("text", ""),
        ],
    )
    def test_it_is_told_what_the_bot_is_in_a_chat(self, name: str, standing: str) -> None:
        assert heard(name).standing == standing and heard(name).chat

    def test_a_group_that_moves_tells_so_on_both_sides(self) -> None:
        assert heard("migrated_to").moved == heard("migrated_from").moved == (-77, int(GROUP))
        assert event("migrated_to") is None

    def test_the_stop_of_a_draft_is_a_command_of_the_chats_person(self) -> None:
        told = heard("stop_of_draft")
        assert told.stopped == 2**53 + 1 and isinstance(told.event, Command)
        assert told.event.name == "stop" and told.event.place.chat.thread == "7"
        assert told.event.place.user.id == "1001"

    def test_a_stop_that_no_draft_can_have_sent_is_none(self) -> None:
        assert heard("stop_in_group") == Heard(chat=int(GROUP))


def test_python_telegram_bot_reads_the_same() -> None:
    agreed = 0
    for name in NAMES:
        update = payload(name)
        read = telegram.Update.de_json(update, None)
        told = parse(update, ME, albums=("24680",), now=NOW)
        if told.event is None or read.effective_chat is None:
            continue
        assert told.event.place.chat.id == str(read.effective_chat.id), name
        agreed += 1
        if read.message and isinstance(told.event, Message | Command) and told.event.ref:
            assert told.event.ref.id == str(read.message.id), name
            said = read.message.text or read.message.caption or told.event.text
            assert told.event.text in said and told.event.at == read.message.date, name
    assert agreed > 50


def test_an_event_is_the_same_after_it_was_kept() -> None:
    for name in NAMES:
        told = event(name)
        assert told is None or decode(*encode(told)) == told, name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=40)
def test_no_json_breaks_it(update: object) -> None:
    readable(update)


@given(st.sampled_from(NAMES), st.randoms(use_true_random=False), JSON)
@settings(max_examples=80)
def test_no_part_of_an_update_that_is_strange_breaks_it(
    name: str, random: Random, strange: object
) -> None:
    update = payload(name)
    at: object = update
    while isinstance(at, dict | list) and at:
        key = random.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if random.random() < 0.4:
            at[key] = strange
            break
        at = at[key]
    readable(update)


def readable(update: object) -> None:
    try:
        told = parse(update, ME, albums=("24680",), now=NOW)
    except Unreadable:
        return
    if told.event is not None:
        assert encode(told.event)


@pytest.mark.parametrize(
    "strange",
    [
        {"update_id": 1, "\ud800": 1},
        {"update_id": 1, "message": {"message_id": 1, "date": 10**30, "chat": {"id": 1}}},
        {"update_id": 1, "message": {"message_id": 1, "chat": {"id": "1; drop"}}},
        {"update_id": True},
        {"message": {}},
        ["update_id"],
        None,
    ],
)
def test_what_is_no_update_is_unreadable(strange: object) -> None:
    with pytest.raises(Unreadable):
        parse(strange, ME, now=NOW)


def test_half_a_sign_in_a_text_is_kept_as_far_as_it_goes() -> None:
    update = payload("group_mention_first")
    inner = part(update, "message")
    inner["text"] = "@parley_bot \ud83d what is tea?"
    told = parse(update, ME, now=NOW).event
    assert isinstance(told, Message) and told.text == "\ud83d what is tea?"
    assert encode(told)


def test_marks_beyond_the_text_and_in_the_middle_of_a_sign_mark_nothing() -> None:
    update = payload("group_mention_first")
    inner = part(update, "message")
    for offset, length in ((1, 1), (1000, 5), (0, 10**12)):
        inner["text"] = "😀"
        inner["entities"] = [{"type": "mention", "offset": offset, "length": length}]
        assert parse(update, ME, now=NOW).event is None

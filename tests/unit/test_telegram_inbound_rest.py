"""What else people do, and what no server of Telegram would send."""

from random import Random

import pytest
import telegram
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.inbound import Heard, Unreadable, bare, parse
from bot.events import Action, Command, Message, Moved, Reaction, decode, encode
from tests.fakes.telegram_payloads import (
    GROUP,
    ME,
    NAMES,
    NOW,
    event,
    heard,
    part,
    payload,
    ref,
)


class TestWhatElsePeopleDo:
    def test_a_press_names_the_button_and_the_question(self) -> None:
        told = heard("press")
        assert isinstance(told.event, Action) and told.callback == "778899"
        assert (told.event.name, told.event.value) == ("like", "a1")
        assert told.event.ref == ref(10, GROUP) and told.event.place.reply_to == ref(11, GROUP)
        assert (told.event.place.user.id, told.event.at) == ("1001", NOW)

    def test_somebody_elses_press_is_answered_alone_or_at_what_was_pressed(self) -> None:
        update = payload("press")
        query = part(update, "callback_query")
        query["from"] = {"id": 1002, "is_bot": False, "first_name": "Bo"}
        told = parse(update, ME, now=NOW).event
        assert told is not None and told.place.user.id == "1002"
        assert (told.place.interaction, told.place.reply_to) == ("778899", ref(10, GROUP))
        assert heard("press").event.place.interaction == ""  # type: ignore[union-attr]  # is one

    def test_a_press_on_what_was_asked_in_the_groups_name_is_answered_where_it_was_asked(
        self,
    ) -> None:
        update = payload("press")
        query = part(update, "callback_query")
        query["message"]["reply_to_message"] = payload("group_anonymous_admin")["message"]
        told = parse(update, ME, now=NOW).event
        assert told is not None and told.place.user.id == "1001"
        assert (told.place.interaction, told.place.reply_to) == ("778899", ref(11, GROUP))

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

    def test_a_reaction_without_meaning_is_none(self) -> None:
        assert event("reaction_custom") is None

    def test_a_reaction_in_the_groups_name_is_the_groups(self) -> None:
        told = event("reaction_anonymous")
        assert isinstance(told, Reaction) and told.added == ("👍",)
        assert (told.place.user.id, told.place.user.name) == (f"chat:{GROUP}", "Tea lovers")

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
        for told in (heard("migrated_to").event, heard("migrated_from").event):
            assert isinstance(told, Moved)
            assert told.id == "telegram:42:moved:-77"
            assert (told.place.chat.id, told.old) == (GROUP, "-77")
            assert not told.place.chat.private

    def test_the_stop_of_a_draft_is_a_press_of_the_chats_person(self) -> None:
        told = heard("stop_of_draft")
        assert told.stopped == 2**53 + 1 and isinstance(told.event, Action)
        assert told.event.name == "stop" and told.event.place.chat.thread == "7"
        assert told.event.ref.id == f"draft {2**53 + 1}"
        assert told.event.place.user.id == "1001"

    def test_a_stop_that_no_draft_can_have_sent_is_none(self) -> None:
        assert heard("stop_in_group") == Heard(chat=int(GROUP))


def test_python_telegram_bot_reads_the_same() -> None:
    agreed = 0
    for name in NAMES:
        update = payload(name)
        read = telegram.Update.de_json(update, None)
        told = parse(update, ME, albums=("24680",), now=NOW)
        if told.event is None or isinstance(told.event, Moved) or read.effective_chat is None:
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

"""Calls against the strict server: which chat and topic they reach, and which no more."""

import pytest

from adapters.telegram import limits
from adapters.telegram.errors import NoThread
from adapters.telegram.shapes import To
from bot.surface import Forbidden, Gone, RateLimited
from tests.fakes.telegram_line import in_group, world


async def test_blocked_chat_is_not_called_again_until_something_is_heard() -> None:
    there = world()
    there.seat.block()
    with pytest.raises(Forbidden):
        await there.account.calls.send_text(there.to, "a")
    before = len(there.telegram.calls)
    with pytest.raises(Forbidden):
        await there.account.calls.draft(there.to, 7, "a")
    assert len(there.telegram.calls) == before
    there.seat.unblock()
    there.account.revive(str(there.to.chat))
    await there.account.calls.send_text(there.to, "b")
    assert there.seat.shown() == ["b"]


async def test_missing_right_is_no_reason_to_give_a_chat_up() -> None:
    there = world()
    group, _ = in_group(there)
    group.chat.refuses["sendMessage"] = "not enough rights to send text messages to the chat"
    with pytest.raises(Forbidden):
        await there.account.calls.send_text(To(chat=group.chat.id), "a")
    assert not there.account.is_dead(str(group.chat.id))


async def test_group_that_became_a_supergroup_is_followed() -> None:
    there = world()
    group, seat = in_group(there)
    moved = group.migrate()
    await there.account.calls.send_text(To(chat=group.chat.id), "a")
    await there.account.calls.send_text(To(chat=group.chat.id), "b")
    shown = moved.seat(seat.person).shown()
    assert shown == ["a", "b"]
    assert len(there.telegram.refusals) == 1  # the second went straight there


async def test_what_a_group_left_behind_when_it_moved_is_not_looked_for_there() -> None:
    there = world()
    group, seat = in_group(there)
    left = await there.account.calls.send_text(To(chat=group.chat.id), "a")
    moved = group.migrate()
    other = moved.chat.last_id + left  # the ids begin anew, and this is the same
    for number in range(moved.chat.last_id, other):
        there.telegram.post(moved.chat, there.bot.id, text=f"other {number}")
    before = moved.seat(seat.person).shown()
    with pytest.raises(Gone):
        await there.account.calls.edit_text(group.chat.id, left, "b")
    assert moved.seat(seat.person).shown() == before
    assert there.telegram.counted["editMessageText"] == 1


async def test_limit_in_a_group_that_moved_is_told_by_the_name_it_was_called() -> None:
    there = world()
    group, _ = in_group(there)
    moved = group.migrate()
    there.telegram.flood.silence(60.0, there.bot.id, moved.chat.id)
    with pytest.raises(RateLimited) as limited:
        await there.account.calls.send_text(To(chat=group.chat.id), "a")
    assert limited.value.scope == limits.chat_scope("42", str(group.chat.id))


async def test_group_that_does_not_stay_anywhere_is_given_up() -> None:
    there = world()
    group, _ = in_group(there)
    group.migrate().migrate()
    with pytest.raises(Forbidden):
        await there.account.calls.send_text(To(chat=group.chat.id), "a")


async def test_account_that_was_told_of_a_move_goes_there_at_once() -> None:
    there = world()
    group, seat = in_group(there)
    moved = group.migrate()
    there.account.move(str(group.chat.id), str(moved.chat.id))
    there.account.bury(str(moved.chat.id))
    assert there.account.is_dead(str(moved.chat.id))
    there.account.revive(str(moved.chat.id))
    there.account.set_administers(str(moved.chat.id), True)
    await there.account.calls.send_text(To(chat=group.chat.id), "a")
    assert moved.seat(seat.person).shown() == ["a"]
    assert there.account.administers(str(group.chat.id))
    assert not there.telegram.violations()


async def test_message_to_a_closed_topic_goes_to_the_chat() -> None:
    there = world()
    group, seat = in_group(there, forum=True)
    topic = group.topic()
    group.chat.closed_topics.add(topic)
    await there.account.calls.send_text(To(chat=group.chat.id, thread=topic), "a")
    assert [(post.text, post.thread) for post in seat.answers] == [("a", 0)]


async def test_chat_whose_own_topic_is_closed_says_so() -> None:
    there = world()
    group, _ = in_group(there, forum=True)
    group.chat.refuses["sendMessage"] = "TOPIC_CLOSED"
    with pytest.raises(NoThread):
        await there.account.calls.send_text(To(chat=group.chat.id), "a")
    assert there.telegram.counted["sendMessage"] == 1


async def test_message_to_the_general_topic_names_none() -> None:
    there = world()
    group, seat = in_group(there, forum=True)
    await there.account.calls.send_text(To(chat=group.chat.id, thread=1), "a")
    await there.account.calls.chat_action(To(chat=group.chat.id, thread=1), "typing")
    assert seat.shown() == ["a"]
    assert not there.telegram.violations()


async def test_own_rights_in_a_group_are_known() -> None:
    there = world()
    group, _ = in_group(there, admin=True)
    assert (await there.account.calls.chat_member_rights(group.chat.id))["status"] == (
        "administrator"
    )

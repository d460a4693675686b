"""Calls against the strict server: what is said and drawn arrives as it was meant."""

import pytest

from adapters.telegram.errors import NoThread, Refused, Unsupported
from adapters.telegram.shapes import Key, Markup, To
from bot.surface import Gone, Unreachable
from tests.fakes.telegram_line import STOP, Mark, world

# Messages


async def test_message_arrives_with_its_formatting_buttons_and_without_preview() -> None:
    there = world()
    question = there.seat.say("hi")
    marks = [Mark("bold", 0, 4), Mark("text_link", 5, 4, url="https://example.org/a")]
    sent = await there.account.calls.send_text(
        there.to, "bold link", marks, markup=STOP, reply_to=question.id
    )
    [answer] = there.seat.answers
    assert (answer.id, answer.reply_to, answer.previewed) == (sent, question.id, False)
    assert answer.readable == "**bold** [link](https://example.org/a)"
    assert answer.buttons == ["⏹"]
    assert not there.telegram.violations()


async def test_message_goes_out_though_what_it_replies_to_was_deleted() -> None:
    there = world()
    question = there.seat.say("hi")
    there.seat.delete(question)
    await there.account.calls.send_text(there.to, "here", reply_to=question.id)
    assert there.seat.shown() == ["here"]


async def test_mention_names_the_person() -> None:
    there = world()
    person = there.seat.person.id
    mark = Mark("text_mention", 0, 3, url=f"tg://user?id={person}")
    await there.account.calls.send_text(there.to, "Ada", [mark])
    [(_, _, given)] = there.telegram.calls
    assert f'"user":{{"id":{person},' in str(given["entities"])


async def test_half_a_surrogate_pair_neither_fails_nor_moves_what_follows() -> None:
    there = world()
    half = "\ud83d"
    keys = Markup(rows=((Key(label=half, data="stop:a1"),),))
    marks = [Mark("bold", 2, 1), Mark("pre", 3, 1, language=half)]
    await there.account.calls.send_text(there.to, f"a{half}bc", marks, markup=keys)
    assert there.seat.shown() == ["a\ufffd**b**```\ufffd\nc\n```"]


async def test_edit_changes_text_and_takes_buttons_away() -> None:
    there = world()
    calls = there.account.calls
    sent = await calls.send_text(there.to, "a", markup=STOP)
    await calls.edit_text(there.to.chat, sent, "ab", [Mark("italic", 0, 2)])
    assert there.seat.shown() == ["_ab_"]
    assert there.seat.answers[0].buttons == []


async def test_edit_that_changes_nothing_is_no_failure() -> None:
    there = world()
    calls = there.account.calls
    sent = await calls.send_text(there.to, "a")
    await calls.edit_text(there.to.chat, sent, "a")
    assert [no.description for no in there.telegram.refusals]  # the server did refuse it


async def test_edit_and_delete_of_a_message_that_was_deleted_say_gone() -> None:
    there = world()
    calls = there.account.calls
    sent = await calls.send_text(there.to, "a")
    there.seat.delete(there.seat.answers[0])
    with pytest.raises(Gone):
        await calls.edit_text(there.to.chat, sent, "b")
    with pytest.raises(Gone):
        await calls.delete(there.to.chat, sent)


async def test_delete_takes_it_off_the_screen() -> None:
    there = world()
    sent = await there.account.calls.send_text(there.to, "a")
    await there.account.calls.delete(there.to.chat, sent)
    assert there.seat.shown() == []


async def test_unknown_refusal_says_what_the_server_said_without_what_it_quotes() -> None:
    there = world()
    there.seat.chat.refuses["sendMessage"] = 'ODD_THING "people\'s words" in 123456789'
    with pytest.raises(Refused) as refused:
        await there.account.calls.send_text(there.to, "a")
    assert refused.value.text == "odd_thing … in …"


async def test_reply_is_opened_with_a_hint_that_fits() -> None:
    there = world()
    ask = Markup(force_reply=True, placeholder="p" * 80, selective=True)
    await there.account.calls.send_text(there.to, "why?", markup=ask)
    assert there.seat.answers[0].markup == {
        "force_reply": True,
        "selective": True,
        "input_field_placeholder": "p" * 64,
    }


async def test_buttons_can_open_a_reply_until_the_server_refuses_that() -> None:
    there = world()
    calls, features = there.account.calls, there.account.features
    both = Markup(rows=STOP.rows, force_reply=True)
    await calls.send_text(there.to, "a", markup=both)
    assert there.seat.answers[0].markup["force_reply"] is True
    there.seat.chat.refuses["sendMessage"] = "can't parse force_reply"
    with pytest.raises(Refused):
        await calls.send_text(there.to, "b", markup=both)
    del there.seat.chat.refuses["sendMessage"]
    assert not features.force_reply_keyboard
    await calls.send_text(there.to, "c", markup=both)
    assert "force_reply" not in there.seat.answers[1].markup


async def test_colour_is_left_out_once_it_was_refused() -> None:
    there = world()
    await there.account.calls.send_text(there.to, "a", markup=STOP)
    assert there.seat.answers[0].rows[0][0]["style"] == "danger"
    there.account.features.switch_off("button_style")
    await there.account.calls.send_text(there.to, "b", markup=STOP)
    assert "style" not in there.seat.answers[1].rows[0][0]


async def test_markup_of_nothing_is_no_markup() -> None:
    there = world()
    await there.account.calls.send_text(there.to, "a", markup=Markup())
    assert there.seat.answers[0].markup == {}


# Rich messages


async def test_rich_message_is_sent_and_edited() -> None:
    there = world()
    calls = there.account.calls
    sent = await calls.send_rich(there.to, "<p>a</p>", markup=STOP)
    await calls.edit_rich(there.to.chat, sent, "<p>b</p>")
    assert there.seat.shown() == ["<p>b</p>"]


async def test_server_without_rich_messages_is_asked_once() -> None:
    there = world(api="10.0")
    await there.account.meet()
    with pytest.raises(Unsupported):
        await there.account.calls.send_rich(there.to, "<p>a</p>")
    assert not there.account.features.rich


async def test_edit_into_rich_is_known_to_be_unsupported_by_the_text_it_misses() -> None:
    there = world(api="10.0")
    await there.account.meet()
    sent = await there.account.calls.send_text(there.to, "a")
    with pytest.raises(Unsupported):
        await there.account.calls.edit_rich(there.to.chat, sent, "<p>b</p>")
    assert not there.account.features.rich


async def test_rich_message_that_is_refused_leaves_rich_messages_on() -> None:
    there = world()
    there.seat.chat.refuses["editMessageText"] = "RICH_MESSAGE_INVALID"
    sent = await there.account.calls.send_text(there.to, "a")
    with pytest.raises(Refused) as refused:
        await there.account.calls.edit_rich(there.to.chat, sent, "<p>b</p>")
    assert not isinstance(refused.value, Unsupported)
    assert there.account.features.rich


# What passes


async def test_draft_is_shown_with_its_stop_and_stays_when_that_is_pressed() -> None:
    there = world()
    await there.account.calls.draft(there.to, 7, "", can_stop=True)
    await there.account.calls.draft(there.to, 7, "so far", [Mark("bold", 0, 2)], can_stop=True)
    draft = there.seat.draft()
    assert draft is not None
    assert (draft.id, draft.readable, draft.can_stop, draft.keeps) == (7, "**so** far", True, True)


async def test_draft_goes_on_without_its_stop_once_that_was_refused() -> None:
    there = world()
    there.account.features.switch_off("draft_stop")
    await there.account.calls.draft(there.to, 7, "so far", can_stop=True)
    draft = there.seat.draft()
    assert draft is not None
    assert not draft.can_stop


async def test_draft_in_a_topic_that_is_gone_is_not_shown_elsewhere() -> None:
    there = world()
    with pytest.raises(NoThread):
        await there.account.calls.draft(To(chat=there.to.chat, thread=99), 7, "a")
    assert there.seat.draft() is None


async def test_failed_draft_was_never_there() -> None:
    there = world()
    there.telegram.faults.add("cut after", "sendMessageDraft", times=2)
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.draft(there.to, 7, "a")
    assert not failed.value.sent


async def test_chat_action_is_shown() -> None:
    there = world()
    await there.account.calls.chat_action(there.to, "record_voice")
    assert there.seat.chat.history[-1].text == "record_voice"


async def test_server_without_drafts_is_asked_once() -> None:
    there = world(api="9.2")
    await there.account.meet()
    with pytest.raises(Unsupported):
        await there.account.calls.draft(there.to, 7, "a")
    assert not there.account.features.draft

"""Calls against the strict server: what arrives, what is passed over, what is made again."""

import asyncio
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs
from telegram.error import NetworkError

from adapters.telegram import limits
from adapters.telegram.account import Account
from adapters.telegram.errors import (
    Conflict,
    NoThread,
    NotSent,
    Refused,
    Unauthorized,
    Unsupported,
    VoiceForbidden,
)
from adapters.telegram.shapes import Key, Markup, To
from bot.surface import Expired, Forbidden, Gone, RateLimited, TooLarge, Unreachable
from tests.fakes.bot_api import Bot, Group, InMemoryRequest, Seat, Telegram

TOKEN = "42:secret-of-the-bot"
OPUS = b"OggS" + bytes(24) + b"OpusHead" + bytes(100)
STOP = Markup(rows=((Key(label="⏹", data="stop:a1", style="danger"),),))


@dataclass(frozen=True)
class Mark:
    kind: str
    offset: int
    length: int
    url: str = ""
    language: str = ""


class Line(InMemoryRequest):
    """The server, over a connection that can be cut before anything leaves."""

    def __init__(self, telegram: Telegram) -> None:
        super().__init__(telegram)
        self.unconnected = 0

    async def do_request(self, *args: object, **kwargs: object) -> tuple[int, bytes]:
        if self.unconnected:
            self.unconnected -= 1
            raise NotSent("no connection")
        return await super().do_request(*args, **kwargs)  # type: ignore[arg-type]  # as given


@dataclass(frozen=True)
class World:
    telegram: Telegram
    bot: Bot
    seat: Seat
    line: Line
    account: Account

    @property
    def to(self) -> To:
        return To(chat=self.seat.chat.id)


def world(api: str = "10.3") -> World:
    telegram = Telegram(asyncio.get_running_loop().time, api=api)
    bot = telegram.bot(TOKEN)
    line = Line(telegram)
    seat = telegram.private(telegram.person(), bot)
    account = Account(TOKEN, api_url="https://api.test", request=line)
    return World(telegram, bot, seat, line, account)


def in_group(world: World, **about: bool) -> tuple[Group, Seat]:
    group = world.telegram.group(world.bot, **about)
    return group, group.seat(world.telegram.person("Grace"))


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


# Files


async def test_voice_note_arrives_with_its_length() -> None:
    there = world()
    await there.account.calls.send_voice(there.to, OPUS, seconds=3.4, markup=STOP)
    [answer] = there.seat.answers
    assert answer.medium is not None
    assert (answer.medium.kind, answer.medium.seconds) == ("voice", 3)
    assert answer.medium.data == OPUS


async def test_voice_that_a_person_refuses_is_told_apart_and_the_chat_goes_on() -> None:
    there = world()
    there.seat.person.blocks_voice = True
    with pytest.raises(VoiceForbidden):
        await there.account.calls.send_voice(there.to, OPUS, seconds=3)
    await there.account.calls.send_audio(
        there.to, b"ID3" + bytes(50), seconds=0, media_type="audio/mpeg", title="Answer"
    )
    assert there.seat.answers[0].medium is not None
    assert there.seat.answers[0].medium.kind == "audio"


async def test_document_keeps_its_name_and_type() -> None:
    there = world()
    await there.account.calls.send_document(
        there.to,
        'Ответ "1".md',
        b"# all",
        "text/markdown",
        caption="The rest",
        entities=[Mark("bold", 0, 3)],
        markup=STOP,
    )
    [answer] = there.seat.answers
    assert answer.medium is not None
    assert (answer.medium.name, answer.medium.media_type) == ('Ответ "1".md', "text/markdown")
    assert answer.readable == "**The** rest"


async def test_file_is_read_by_its_id_up_to_a_limit() -> None:
    there = world()
    photo = there.seat.photo(data=b"\xff\xd8\xff" + bytes(500))
    assert photo.medium is not None
    described = photo.medium.described
    assert isinstance(described, list)
    path, size = await there.account.calls.file_path(described[-1]["file_id"])
    assert size == 503
    assert await there.account.calls.download(path, limit=503) == photo.medium.data
    with pytest.raises(TooLarge):
        await there.account.calls.download(path, limit=502)


async def test_file_that_is_not_there_is_gone() -> None:
    there = world()
    with pytest.raises(Gone):
        await there.account.calls.file_path("nothing")
    for path in ("photos/nothing.jpg", "../../bot1/getMe"):
        with pytest.raises(Gone):
            await there.account.calls.download(path, limit=10)


async def test_file_that_telegram_does_not_hand_out_is_too_large() -> None:
    there = world()
    document = there.seat.send("document", bytes(20 * 2**20 + 1), name="a.png")
    assert document.medium is not None
    described = document.medium.described
    assert isinstance(described, dict)
    with pytest.raises(TooLarge):
        await there.account.calls.file_path(described["file_id"])


# Chats


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


# Limits and failures


async def test_limit_names_the_scope_of_the_chat() -> None:
    there = world()
    there.telegram.flood.silence(60.0, there.bot.id, there.to.chat)
    with pytest.raises(RateLimited) as limited:
        await there.account.calls.send_text(there.to, "a")
    assert limited.value.scope == limits.chat_scope("42", str(there.to.chat))
    assert limited.value.retry_after >= 60.0


async def test_limit_of_drafts_names_theirs() -> None:
    there = world()
    there.telegram.flood.silence(60.0, there.bot.id, there.to.chat)
    for call in (
        there.account.calls.draft(there.to, 7, "a"),
        there.account.calls.chat_action(there.to, "typing"),
    ):
        with pytest.raises(RateLimited) as limited:
            await call
        assert limited.value.scope == limits.draft_scope("42", str(there.to.chat))


async def test_message_is_sent_again_only_while_it_surely_did_not_leave() -> None:
    there = world()
    there.line.unconnected = 2
    await there.account.calls.send_text(there.to, "a")
    assert there.seat.shown() == ["a"]


async def test_message_that_the_server_failed_at_is_sent_again() -> None:
    there = world()
    there.telegram.faults.add("500", "sendMessage", times=2)
    await there.account.calls.send_text(there.to, "a")
    assert there.seat.shown() == ["a"]


async def test_message_that_the_server_keeps_failing_at_is_known_not_to_be_there() -> None:
    there = world()
    there.telegram.faults.add("500", "sendMessage", times=99)
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.send_text(there.to, "a")
    assert not failed.value.sent
    assert there.telegram.counted["sendMessage"] == 0


@pytest.mark.parametrize("fault", ["cut after", "silent after", "502"])
async def test_message_that_may_be_there_is_never_sent_again(fault: str) -> None:
    there = world()
    there.telegram.faults.add(fault, "sendMessage")  # type: ignore[arg-type]  # one of its kinds
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.send_text(there.to, "a")
    assert failed.value.sent
    assert len(there.seat.shown()) == (fault != "502")


async def test_message_that_never_left_is_known_not_to_be_there() -> None:
    there = world()
    there.line.unconnected = 99
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.send_text(there.to, "a")
    assert not failed.value.sent


@pytest.mark.parametrize("fault", ["cut", "cut after", "500", "502"])
async def test_edit_is_made_again(fault: str) -> None:
    there = world()
    sent = await there.account.calls.send_text(there.to, "a")
    there.telegram.faults.add(fault, "editMessageText")  # type: ignore[arg-type]  # as above
    await there.account.calls.edit_text(there.to.chat, sent, "b")
    assert there.seat.shown() == ["b"]


async def test_failing_ends_after_a_bounded_time() -> None:
    there = world()
    there.telegram.faults.add("silent", times=99)
    for call, most in (
        (there.account.calls.send_text(there.to, "a"), 16.0),
        (there.account.calls.edit_text(there.to.chat, 1, "a"), 11.0),
        (there.account.calls.draft(there.to, 7, "a"), 11.0),
    ):
        before = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable):
            await call
        assert asyncio.get_running_loop().time() - before < most


async def test_silence_is_logged_once_until_a_call_comes_through() -> None:
    there = world()
    lines: list[str] = []
    with capture_logs() as logged:
        for _ in range(3):
            there.telegram.faults.add("502", "sendMessage")
            with pytest.raises(Unreachable):
                await there.account.calls.send_text(there.to, "a")
        await there.account.meet()
        there.line.unconnected = 3
        with pytest.raises(Unreachable):
            await there.account.calls.send_text(there.to, "a")
        lines = [str(line.get("why")) for line in logged]
    assert lines == ["status 502", "no connection"]


async def test_error_has_nothing_of_the_request_behind_it() -> None:
    there = world()
    there.telegram.faults.add("cut", times=99)
    with pytest.raises(Unreachable) as failed:
        await there.account.calls.edit_text(there.to.chat, 1, "a")
    assert failed.value.__cause__ is None
    assert not isinstance(failed.value.__context__, NetworkError)


# Who and what the bot is


async def test_method_unknown_to_a_server_that_never_knew_the_bot_is_a_wrong_token() -> None:
    there = world(api="9.2")
    with pytest.raises(Unauthorized):
        await there.account.calls.draft(there.to, 7, "a")
    assert there.account.features.draft


async def test_bot_learns_its_name() -> None:
    there = world()
    await there.account.meet()
    assert there.account.username == "parley_bot"


@pytest.mark.parametrize("token", ["43:somebody-elses", "42:wrong"])
async def test_wrong_token_is_told(token: str) -> None:
    there = world()
    account = Account(token, request=there.line)
    with pytest.raises(Unauthorized):
        await account.meet()


async def test_updates_come_as_they_are() -> None:
    there = world()
    there.seat.say("hi")
    calls = there.account.calls
    [update] = await calls.get_updates(0, timeout=0, allowed=["message"])
    assert isinstance(update["message"], dict)
    assert update["message"]["text"] == "hi"
    number = update["update_id"]
    assert isinstance(number, int)
    assert await calls.get_updates(number + 1, timeout=50, allowed=["message"]) == []


async def test_second_poller_is_told() -> None:
    there = world()
    calls = there.account.calls
    await calls.set_webhook(
        "https://x.test/hook", secret="s", allowed=["message"], max_connections=9
    )
    assert (await calls.webhook_info())["url"] == "https://x.test/hook"
    with pytest.raises(Conflict):
        await calls.get_updates(0, timeout=0, allowed=["message"])
    await calls.delete_webhook()
    assert (await calls.webhook_info())["url"] == ""


async def test_button_press_is_answered_until_it_is_too_old() -> None:
    there = world()
    await there.account.calls.send_text(there.to, "a", markup=STOP)
    query = there.seat.press(there.seat.answers[0], "⏹")
    await there.account.calls.answer_callback(query)
    assert there.bot.answered == [query]
    with pytest.raises(Expired):
        await there.account.calls.answer_callback(query)


async def test_account_goes_on_after_its_polling_connection_was_renewed() -> None:
    there = world()
    async with there.account as account:
        await account.renew()
        assert await account.calls.get_updates(0, timeout=0, allowed=["message"]) == []


async def test_repr_shows_the_bot_and_nothing_else() -> None:
    assert repr(world().account) == "Account(42)"


@pytest.mark.parametrize(
    "token", ["", "secret", "42:", ":secret", "4²:secret", "42:se/cret", "42:se cret", "x42:secret"]
)
def test_what_cannot_be_a_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError, match="@BotFather") as refused:
        Account(token)
    assert "secret" not in str(refused.value)

"""The Bot API server of the tests refuses what Telegram would, and what Telegram would swallow."""

import pytest

from tests.fakes.bot_api import Bot, Person, Seat, Telegram


class Office:
    """A server whose clock the test turns, a bot, and somebody who talks to it."""

    def __init__(self, api: str = "10.3") -> None:
        self.now = 0.0
        self.telegram = Telegram(lambda: self.now, wall=lambda: 1_800_000_000 + self.now, api=api)
        self.bot: Bot = self.telegram.bot()
        self.ada: Person = self.telegram.person()
        self.dm: Seat = self.telegram.private(self.ada, self.bot)

    def call(self, method: str, **given: object) -> object:
        """The result, or "<code> <why>"."""
        given.setdefault("chat_id", self.ada.id)
        if method.startswith(("getUpdates", "setWebhook", "getMe", "setMy", "answer", "getFile")):
            del given["chat_id"]
        status, body = self.telegram.call(self.bot.token, method, given)
        return body["result"] if status == 200 else f"{status} {body['description']}"

    def say(self, text: str = "well", **given: object) -> object:
        return self.call("sendMessage", text=text, **given)


@pytest.fixture
def office() -> Office:
    return Office()


def bold(offset: int, length: int, kind: str = "bold", **more: object) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **more}


def test_a_good_message_is_shown_with_its_formatting_and_buttons(office: Office) -> None:
    keyboard = {"inline_keyboard": [[{"text": "👍", "callback_data": "like:1"}]]}

    office.say("🎉 done", entities=[bold(3, 4)], reply_markup=keyboard)

    assert office.dm.shown() == ["🎉 **done**"]
    assert office.dm.answers[0].buttons == ["👍"]
    assert office.telegram.violations() == []


@pytest.mark.parametrize(
    ("method", "given", "why"),
    [
        ("sendSong", {}, "404 Not Found: method not found"),
        ("sendMessage", {"text": "a", "txt": "a"}, "unknown parameter 'txt'"),
        ("sendMessage", {}, "'text' of sendMessage is required"),
        ("sendMessage", {"text": 5}, "must be a String"),
        ("sendMessage", {"text": "a", "message_thread_id": "x"}, "must be an Integer"),
        ("sendMessage", {"text": "a", "reply_markup": '{"inline_keybord": []}'}, "unknown"),
        ("sendMessage", {"text": "a", "reply_markup": "{"}, "as JSON"),
        ("sendMessage", {"text": " \n"}, "message text is empty"),
        ("sendMessage", {"text": "🎉" * 2049}, "message is too long"),
        ("sendMessage", {"text": "a", "parse_mode": "HTML"}, "no parse modes"),
        ("sendMessage", {"text": "a", "chat_id": 7}, "chat not found"),
        ("sendMessage", {"text": "a", "reply_parameters": {"message_id": 9}}, "replied not found"),
        ("sendMessage", {"text": "a", "message_thread_id": 5}, "message thread not found"),
        ("editMessageText", {"text": "a", "message_id": 9}, "message to edit not found"),
        ("deleteMessage", {"message_id": 9}, "message to delete not found"),
        ("sendMessageDraft", {"draft_id": 0, "text": "a"}, "draft_id must be non-zero"),
        ("sendVoice", {"voice": "file-9"}, "there is no voice"),
        ("getFile", {"file_id": "file-0"}, "wrong file_id"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
        ("setMyCommands", {"commands": [{"command": "A", "description": "a"}]}, "COMMAND_INVALID"),
        ("setWebhook", {"url": "https://a.example/", "secret_token": "a b"}, "unallowed"),
    ],
)
def test_what_does_not_fit_is_refused(
    office: Office, method: str, given: dict[str, object], why: str
) -> None:
    assert why in str(office.call(method, **given))
    assert [refusal.method for refusal in office.telegram.violations()] == [method]


@pytest.mark.parametrize(
    ("entities", "why"),
    [
        ([bold(0, 9)], "0..9 of 8"),
        ([bold(-1, 2)], "-1..1"),
        ([bold(0, 0)], "0..0"),
        ([bold(0, 1)], "splits a character"),
        ([bold(4, 1), bold(0, 2)], "not sorted"),
        ([bold(0, 4), bold(2, 4, "italic")], "overlap"),
        ([bold(0, 4), bold(0, 2, "code")], "code in bold"),
        ([bold(0, 4, "pre"), bold(0, 2)], "bold in pre"),
        ([bold(0, 4, "blockquote"), bold(0, 2, "expandable_blockquote")], "quote in a quote"),
        ([bold(2, 1)], "nothing visible"),
        ([bold(0, 4, "glow")], "unknown type"),
        ([bold(0, 4, "text_link", url="tg://user?id=1")], "unsupported link"),
        ([bold(0, 4, "text_link", url="javascript:a()")], "unsupported link"),
        ([bold(0, 4, "text_link")], "belong together"),
        ([bold(0, 4, language="py")], "only pre"),
        ([bold(3, 1)] * 101, "101 are too many"),
    ],
)
def test_formatting_is_in_bounds_in_order_and_nested_as_it_may_be(
    office: Office, entities: list[object], why: str
) -> None:
    assert why in str(office.say("🎉 quiet", entities=entities))


@pytest.mark.parametrize(
    ("html", "why"),
    [
        ("<p>a<img src='https://a.example/'></p>", "unsupported tag 'img'"),
        ("<tg-button type='callback_data' data='x'>a</tg-button>", "unsupported tag"),
        ("<tg-thinking>a</tg-thinking>", "unsupported tag"),
        ("<a href='tg://user?id=1'>a</a>", "unsupported link"),
        ("<b onclick='a'>a</b>", "attribute 'onclick'"),
        ("<b>a", "no end tag for 'b'"),
        ("<b><i>a</b></i>", "unexpected end tag 'b'"),
        ("<p>a</p><!-- b -->", "a comment"),
        ("<p></p>", "message text is empty"),
        ("a" * 32_769, "message is too long"),
        ("<p>a</p>" * 501, "too many blocks"),
        ("<blockquote>" * 17 + "a" + "</blockquote>" * 17, "nested too deeply"),
        ("<table><tr>" + "<td>a</td>" * 21 + "</tr></table>", "too many columns"),
    ],
)
def test_rich_text_is_read_by_an_allow_list(office: Office, html: str, why: str) -> None:
    rich = {"html": html, "skip_entity_detection": True}

    assert why in str(office.call("sendRichMessage", rich_message=rich))


@pytest.mark.parametrize(
    ("button", "why"),
    [
        ({"text": "a", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": " ", "callback_data": "a"}, "unallowed"),
        ({"text": "a"}, "exactly one action"),
        ({"text": "a", "url": "tg://settings"}, "unsupported link"),
        ({"text": "a", "callback_data": "a", "style": "pink"}, "style"),
    ],
)
def test_buttons_are_looked_at(office: Office, button: dict[str, object], why: str) -> None:
    assert why in str(office.say(reply_markup={"inline_keyboard": [[button]]}))
    assert "too long" in str(
        office.say(reply_markup={"inline_keyboard": [[{"text": "a", "callback_data": "a"}]] * 101})
    )


def test_an_edit_that_changes_nothing_is_refused_and_no_violation(office: Office) -> None:
    office.say("well")
    number = office.dm.answers[0].id

    assert "message is not modified" in str(
        office.call("editMessageText", text="well ", message_id=number)
    )
    assert office.telegram.violations() == []
    assert len(office.telegram.refusals) == 1


def test_what_opens_a_reply_and_what_others_wrote_cannot_be_edited(office: Office) -> None:
    office.say(reply_markup={"force_reply": True})
    own, foreign = office.dm.answers[0].id, office.dm.say("hello").id

    for number in (own, foreign):
        assert "can't be edited" in str(
            office.call("editMessageText", text="new", message_id=number)
        )


def test_the_fourth_message_at_once_is_one_too_many_and_hammering_makes_it_worse(
    office: Office,
) -> None:
    for at in range(3):
        office.say(f"well {at}")

    status, body = office.telegram.call(
        office.bot.token, "sendMessage", {"chat_id": office.ada.id, "text": "more"}
    )
    assert (status, body["parameters"]) == (429, {"retry_after": 3})
    office.now = 2.0
    assert "429" in str(office.say("more"))
    office.now = 4.9  # the first ban is over, the second is not
    assert "429" in str(office.say("more"))
    office.now = 8
    assert "message_id" in str(office.say("more"))
    assert len(office.telegram.floods()) == 3


def test_a_message_a_second_is_fine_for_ever(office: Office) -> None:
    for at in range(100):
        office.now = at
        office.say(f"well {at}")

    assert office.telegram.refusals == []


def test_a_group_bears_twenty_messages_a_minute(office: Office) -> None:
    group = office.telegram.group(office.bot)
    for at in range(21):
        office.now = at * 2
        office.call("sendMessage", text=f"well {at}", chat_id=group.chat.id)

    assert len(group.chat.posts) == 20
    assert len(office.telegram.floods()) == 1


def test_a_bot_says_thirty_things_a_second(office: Office) -> None:
    seats = [office.telegram.private(office.telegram.person(), office.bot) for _ in range(31)]

    outcomes = [office.call("sendMessage", text="well", chat_id=seat.chat.id) for seat in seats]

    assert [str(outcome)[:3] for outcome in outcomes].count("429") == 1


@pytest.mark.parametrize(("pause", "most"), [(0.2, 20), (0.5, 40)])
def test_drafts_and_actions_share_windows_that_messages_do_not(
    office: Office, pause: float, most: int
) -> None:
    for at in range(most + 1):
        office.now = at * pause
        if at % 2:
            office.call("sendChatAction", action="typing")
        else:
            office.call("sendMessageDraft", draft_id=7, text="a" * (at + 1))

    assert len(office.telegram.floods()) == 1
    assert "message_id" in str(office.say())


def test_a_draft_fades_is_kept_alive_and_makes_way_for_the_message(office: Office) -> None:
    office.call("sendMessageDraft", draft_id=7, text="")
    office.now = 25
    assert office.dm.draft()
    office.call("sendMessageDraft", draft_id=7, text="so")
    office.now = 54
    draft = office.dm.draft()
    assert draft
    assert (draft.readable, draft.since) == ("so", 0)

    office.say("so it is")
    assert office.dm.draft() is None
    office.call("sendMessageDraft", draft_id=8, text="next")
    office.now = 85
    assert office.dm.draft() is None


def test_a_stop_is_told_where_it_was_offered(office: Office) -> None:
    office.call("sendMessageDraft", draft_id=7, text="so", can_stop=True)

    office.dm.stop_generation()

    (queued,) = office.bot.queue
    stopped = queued.update["stopped_message_generation"]
    assert isinstance(stopped, dict)
    assert stopped["draft_id"] == "7"


def test_an_old_server_knows_neither_new_methods_nor_new_fields() -> None:
    old = Office(api="10.0")

    assert "404" in str(
        old.call("sendRichMessage", rich_message={"html": "a", "skip_entity_detection": True})
    )
    old.call("sendMessageDraft", draft_id=7, text="so", can_stop=True)
    draft = old.dm.draft()
    assert draft
    assert not draft.can_stop


def test_nobody_is_written_to_who_does_not_want_it(office: Office) -> None:
    stranger = office.telegram.person("Eve")
    assert "403" in str(office.call("sendMessage", text="hi", chat_id=stranger.id))

    office.dm.block()
    assert "403 Forbidden: bot was blocked by the user" in str(office.say())
    office.dm.unblock()
    assert "message_id" in str(office.say())


def test_a_group_that_moved_tells_where_to(office: Office) -> None:
    group = office.telegram.group(office.bot, kind="group")
    group.seat(office.ada)
    new = group.migrate()

    _, body = office.telegram.call(
        office.bot.token, "sendMessage", {"chat_id": group.chat.id, "text": "a"}
    )

    assert body["parameters"] == {"migrate_to_chat_id": new.chat.id}


def test_topics_are_for_forums(office: Office) -> None:
    forum = office.telegram.group(office.bot, forum=True)
    topic = forum.topic()

    def say(thread: int) -> str:
        return str(
            office.call("sendMessage", text="a", chat_id=forum.chat.id, message_thread_id=thread)
        )

    assert "message_id" in say(topic)
    assert "thread not found" in say(1)  # General is named by nothing
    assert "thread not found" in say(topic + 1)
    forum.chat.closed_topics.add(topic)
    assert "TOPIC_CLOSED" in say(topic)


def test_a_voice_message_is_opus_for_who_takes_it(office: Office) -> None:
    def voice(data: bytes) -> str:
        upload = {"voice": ("a.ogg", data, "audio/ogg")}
        _, body = office.telegram.call(
            office.bot.token, "sendVoice", {"chat_id": office.ada.id, "duration": "2"}, upload
        )
        return str(body)

    opus = b"OggS" + bytes(24) + b"OpusHead"
    assert "OPUS" in voice(b"ID3")
    assert "'duration': 2" in voice(opus)
    medium = office.dm.answers[0].medium
    assert medium
    assert medium.has_wave
    office.ada.blocks_voice = True
    assert "VOICE_MESSAGES_FORBIDDEN" in voice(opus)

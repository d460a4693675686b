"""What the server's words mean; they are quoted as the official server writes them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import NetworkError, TimedOut

from adapters.telegram.chats import KEPT, Chats
from adapters.telegram.errors import (
    Conflict,
    NoThread,
    NotSent,
    Refused,
    Unauthorized,
    Unsupported,
    VoiceForbidden,
    ends_the_chat,
    refusal,
    translated,
)
from adapters.telegram.features import Features
from bot.surface import (
    Expired,
    Forbidden,
    Gone,
    RateLimited,
    SurfaceError,
    TooLarge,
    Unreachable,
)


def said(status: int, description: str, **parameters: object) -> SurfaceError:
    body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    error = refusal(status, json.dumps(body).encode())
    return translated(error, scope="telegram:42:chat:1", creates=True)


MEANINGS = [
    (400, "Bad Request: message to edit not found", Gone),
    (400, "Bad Request: message can't be edited", Gone),
    (400, "Bad Request: MESSAGE_ID_INVALID", Gone),
    (400, "Bad Request: message to delete not found", Gone),
    (500, "Internal Server Error: sent message was immediately deleted", Gone),
    (400, "Bad Request: wrong file_id or the file is temporarily unavailable", Gone),
    (400, "Bad Request: invalid file_id", Gone),
    (400, "Bad Request: message thread not found", NoThread),
    (400, "Bad Request: TOPIC_CLOSED", NoThread),
    (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", VoiceForbidden),
    (400, "Bad Request: user restricted receiving of voice messages", VoiceForbidden),
    (400, "Bad Request: not enough rights to send voice notes to the chat", VoiceForbidden),
    (400, "Bad Request: CHAT_SEND_VOICES_FORBIDDEN", VoiceForbidden),
    (400, "Bad Request: not enough rights to send text messages to the chat", Forbidden),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN", Forbidden),
    (400, "Bad Request: chat not found", Forbidden),
    (400, "Bad Request: PEER_ID_INVALID", Forbidden),
    (403, "Forbidden: bot was blocked by the user", Forbidden),
    (403, "Forbidden: bot was kicked from the supergroup chat", Forbidden),
    (403, "Forbidden: user is deactivated", Forbidden),
    (400, "Bad Request: file is too big", TooLarge),
    (413, "Request Entity Too Large", TooLarge),
    (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        Expired,
    ),
    (401, "Unauthorized", Unauthorized),
    (404, "Not Found", Unsupported),
    (409, "Conflict: terminated by other getUpdates request", Conflict),
    (400, "Bad Request: message is too long", Refused),
    (400, "Bad Request: message can't be deleted for everyone", Refused),
    (500, "Internal Server Error", Unreachable),
    (502, "Bad Gateway", Unreachable),
]


@pytest.mark.parametrize(("status", "words", "kind"), MEANINGS, ids=[row[1] for row in MEANINGS])
def test_words_mean_what_they_say(status: int, words: str, kind: type[SurfaceError]) -> None:
    assert type(said(status, words)) is kind


@pytest.mark.parametrize(
    "words",
    [
        "Forbidden: bot was blocked by the user",
        "Forbidden: bot was kicked from the group chat",
        "Forbidden: user is deactivated",
        "Forbidden: bot is not a member of the supergroup chat",
        "Forbidden: bot can't initiate conversation with a user",
        "Forbidden: the group chat was deleted",
    ],
)
def test_chat_is_over_when_the_bot_is_out_of_it(words: str) -> None:
    assert ends_the_chat(said(403, words))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Bad Request: not enough rights to send audios to the chat"),
        (403, "Forbidden: drafts are not allowed here"),
        (400, "Bad Request: message to edit not found"),
    ],
)
def test_chat_is_not_over_for_one_thing_that_is_not_allowed(status: int, words: str) -> None:
    assert not ends_the_chat(said(status, words))


@pytest.mark.parametrize(
    ("description", "parameters", "seconds"),
    [
        ("Too Many Requests: retry after 137", {"retry_after": 137}, 137.0),
        ("Too Many Requests: retry after 137", {}, 137.0),
        ("Too Many Requests", {"retry_after": 2.5}, 2.5),
        ("Too Many Requests", {"retry_after": "7"}, 7.0),
        ("Too Many Requests", {}, 3.0),
        ("Too Many Requests", {"retry_after": -1}, 3.0),
    ],
)
def test_limit_is_kept_for_as_long_as_the_server_wants(
    description: str, parameters: dict[str, object], seconds: float
) -> None:
    limited = said(429, description, **parameters)
    assert isinstance(limited, RateLimited)
    assert (limited.retry_after, limited.scope) == (seconds, "telegram:42:chat:1")


ODDITIES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.just([{}])
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.fixed_dictionaries(
        {},
        optional={
            "description": ODDITIES,
            "parameters": st.one_of(
                ODDITIES,
                st.fixed_dictionaries(
                    {}, optional={"retry_after": ODDITIES, "migrate_to_chat_id": ODDITIES}
                ),
            ),
        },
    ).map(lambda body: json.dumps(body).encode()),
)


@given(st.integers(min_value=300, max_value=599), BODIES, st.booleans())
def test_whatever_is_answered_means_something(status: int, body: bytes, creates: bool) -> None:
    failure = translated(refusal(status, body), scope="telegram:42", creates=creates)
    if isinstance(failure, RateLimited):
        assert 0 < failure.retry_after <= 86_400
    else:
        assert isinstance(failure, SurfaceError)


def test_move_of_a_group_is_read() -> None:
    body = b'{"description":"x","parameters":{"migrate_to_chat_id":-1001234567890}}'
    assert refusal(400, body).migrated_to == -1001234567890


@pytest.mark.parametrize(
    ("status", "words", "sent"),
    [
        (500, "Internal Server Error", False),
        (503, "Service Unavailable", False),
        (502, "Bad Gateway", True),
        (504, "Gateway Timeout", True),
        (500, "", True),
    ],
)
def test_only_the_servers_own_no_says_that_nothing_was_done(
    status: int, words: str, sent: bool
) -> None:
    failure = said(status, words)
    assert isinstance(failure, Unreachable)
    assert failure.sent is sent


def test_silence_after_sending_may_mean_that_it_is_there() -> None:
    for error, creates, sent in (
        (TimedOut(), True, True),
        (NetworkError("cut"), True, True),
        (NotSent("no connection"), True, False),
        (TimedOut(), False, False),
    ):
        failure = translated(error, scope="", creates=creates)
        assert isinstance(failure, Unreachable)
        assert failure.sent is sent


def test_feature_stays_off() -> None:
    features = Features()
    assert all(
        (
            features.draft,
            features.draft_stop,
            features.rich,
            features.force_reply_keyboard,
            features.button_style,
        )
    )
    for _ in range(2):
        features.switch_off("rich")
    assert (features.rich, features.draft) == (False, True)


def test_chats_are_remembered_up_to_a_number() -> None:
    chats = Chats()
    for chat in range(KEPT + 1):
        chats.bury(chat)
        chats.move(-chat, -chat - KEPT * 2)
        chats.set_administers(chat, True)
    assert not chats.is_dead(0)
    assert chats.is_dead(1)
    assert chats.moved(-1) == -1 - KEPT * 2
    assert not chats.administers(0)


def test_administrator_that_is_one_no_more_is_forgotten_and_rights_move_along() -> None:
    chats = Chats()
    chats.set_administers(-100, True)
    chats.move(-1, -100)
    assert chats.administers(-1)
    chats.set_administers(-100, False)
    assert not chats.administers(-1)


def test_chat_that_moves_in_a_circle_is_where_it_moved_last() -> None:
    chats = Chats()
    chats.move(-1, -2)
    chats.move(-2, -1)
    chats.move(-3, -3)
    assert (chats.moved(-2), chats.moved(-1), chats.moved(-3)) == (-1, -1, -3)

"""What Slack's answers mean for a message."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import errors
from adapters.slack.errors import (
    BadTrigger,
    Conflict,
    MissingScope,
    NoStream,
    NoUpload,
    Refused,
    TooLong,
    Unauthorized,
    Unsupported,
    verdict,
)
from bot.surface import (
    Expired,
    Forbidden,
    Gone,
    RateLimited,
    Stopped,
    SurfaceError,
    TooLarge,
    Unreachable,
)


def no(
    error: object,
    *,
    status: int = 200,
    creates: bool = False,
    headers: dict[str, str] | None = None,
    **more: object,
) -> SurfaceError:
    body = json.dumps({"ok": False, "error": error, **more}).encode()
    return raised(status, body, creates=creates, headers=headers)


def raised(
    status: int, body: bytes, *, creates: bool = False, headers: dict[str, str] | None = None
) -> SurfaceError:
    with pytest.raises(SurfaceError) as failed:
        verdict(status, headers or {}, body, scope="slack:T1:update", creates=creates)
    return failed.value


def test_yes_is_the_answer() -> None:
    answer = verdict(200, {}, b'{"ok":true,"ts":"1.1"}', scope="", creates=True)
    assert answer["ts"] == "1.1"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("message_not_found", Gone),
        ("edit_window_closed", Gone),
        ("cant_update_message", Gone),
        ("file_deleted", Gone),
        ("not_in_channel", Forbidden),
        ("channel_not_found", Forbidden),
        ("is_archived", Forbidden),
        ("restricted_action_read_only_channel", Forbidden),
        ("messages_tab_disabled", Forbidden),
        ("stopped_by_user", Stopped),
        ("expired_trigger_id", BadTrigger),
        ("exchanged_trigger_id", BadTrigger),
        ("used_url", Expired),
        ("file_upload_size_restricted", TooLarge),
        ("message_not_in_streaming_state", NoStream),
        ("streaming_state_conflict", NoStream),
        ("msg_too_long", TooLong),
        ("msg_blocks_too_long", TooLong),
        ("storage_limit_reached", NoUpload),
        ("hash_conflict", Conflict),
        ("unknown_method", Unsupported),
        ("feature_not_enabled", Unsupported),
        ("method_deprecated", Unsupported),
        ("not_allowed_token_type", Unsupported),
        ("feature_disabled", Unsupported),
        ("not_agent_app", Unsupported),
        ("missing_scope", MissingScope),
        ("invalid_auth", Unauthorized),
        ("token_revoked", Unauthorized),
        ("account_inactive", Unauthorized),
        ("cant_delete_message", Refused),
        ("a_word_of_tomorrow", Refused),
    ],
)
def test_word_of_slack_means(code: str, kind: type[SurfaceError]) -> None:
    error = no(code)
    assert type(error) is kind
    assert str(error) == code


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize("code", ["ratelimited", "rate_limited"])
def test_limit_is_told_by_status_or_by_words(status: int, code: str) -> None:
    error = no(code, status=status, headers={"Retry-After": "7"})
    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.scope) == (7.0, "slack:T1:update")


@pytest.mark.parametrize(
    ("told", "waited"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        ("0", 1.0),
        ("9999999", 86_400.0),
        ("-1", errors.DEFAULT_WAIT),
        ("soon", errors.DEFAULT_WAIT),
        ("nan", errors.DEFAULT_WAIT),
        ("²", errors.DEFAULT_WAIT),
        (None, errors.DEFAULT_WAIT),
    ],
)
def test_quiet_lasts_as_long_as_it_is_told(told: str | None, waited: float) -> None:
    error = raised(429, b"<html>", headers={"RETRY-after": told} if told else {})
    assert isinstance(error, RateLimited)
    assert error.retry_after == waited


@pytest.mark.parametrize("code", ["fatal_error", "internal_error"])
def test_slacks_own_trouble_may_have_left_a_message(code: str) -> None:
    for creates in (True, False):
        error = no(code, creates=creates)
        assert isinstance(error, Unreachable)
        assert error.sent is creates


@pytest.mark.parametrize("code", ["service_unavailable", "request_timeout", "team_added_to_org"])
def test_call_that_slack_did_not_take_may_be_made_again(code: str) -> None:
    error = no(code, creates=True)
    assert isinstance(error, Unreachable)
    assert not error.sent


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b"[]",
        b"{}",
        b"",
        b"\xff\xfe",
        b'{"ok":tru',
        b'{"ok":' + b"[" * 100_000,
        b'"ok"',
    ],
)
def test_answer_that_nobody_understands_is_none(body: bytes) -> None:
    for creates in (True, False):
        error = raised(200, body, creates=creates)
        assert isinstance(error, Unreachable)
        assert error.sent is creates


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_page_of_a_proxy_says_only_that_slack_is_not_there(status: int) -> None:
    error = raised(status, b"<html>nginx</html>", creates=True)
    assert isinstance(error, Unreachable)
    assert error.sent


def test_page_that_is_no_web_api_is_a_no() -> None:
    error = raised(404, b"<html>nginx</html>", creates=True)
    assert isinstance(error, Refused)
    assert error.code == "http_404"
    assert isinstance(raised(413, b""), TooLarge)


def test_no_names_the_blocks_and_the_kinds_it_is_about() -> None:
    told = ["[ERROR] unsupported type: context_actions [json-pointer:/blocks/1/type]", "[ERROR] x"]
    error = no("invalid_blocks", response_metadata={"messages": told})
    assert isinstance(error, Refused)
    assert (error.pointers, error.types) == (("/blocks/1/type",), ("context_actions",))


def test_missing_scope_is_named() -> None:
    error = no("missing_scope", needed="files:read", provided="chat:write")
    assert isinstance(error, MissingScope)
    assert error.needed == "files:read"


@pytest.mark.parametrize("code", [None, 3, "", "a b", "x" * 81, "words of a person\n", ["a"]])
def test_what_is_no_word_of_slacks_is_not_repeated(code: object) -> None:
    error = no(code)
    assert isinstance(error, Refused)
    assert error.code == "unreadable"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60)
@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["ok", "error", "response_metadata", "errors", "needed"]), json_values
    ),
    st.booleans(),
)
def test_any_answer_is_taken_or_refused(status: int, body: object, creates: bool) -> None:
    try:
        answer = verdict(status, {}, json.dumps(body).encode(), scope="", creates=creates)
    except SurfaceError:
        return
    assert answer["ok"] is True

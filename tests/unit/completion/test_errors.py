"""Which error an answer of the Completion API, or of a proxy before it, becomes."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.completion.errors import (
    DETAIL_LIMIT,
    AppUnavailable,
    Busy,
    CompletionError,
    Fault,
    FileRefused,
    Forbidden,
    GenerationFailed,
    InputFaults,
    Interrupted,
    InvalidInput,
    NoSpeech,
    NotFound,
    QuotaExceeded,
    Refused,
    ServiceFailed,
    Unauthorized,
    Unreachable,
    Unreadable,
    refusal,
    retry_after,
    stream_failure,
)

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

CODES = [
    (400, "invalid_param", InvalidInput),
    (400, "app_unavailable", AppUnavailable),
    (400, "not_chat_app", AppUnavailable),
    (400, "provider_not_initialize", AppUnavailable),
    (400, "model_currently_not_support", AppUnavailable),
    (400, "provider_quota_exceeded", QuotaExceeded),
    (400, "completion_request_error", GenerationFailed),
    (400, "no_file_uploaded", FileRefused),
    (400, "too_many_files", FileRefused),
    (400, "filename_not_exists_error", FileRefused),
    (400, "unsupported_preview", FileRefused),
    (400, "unsupported_estimate", FileRefused),
    (400, "too_many_requests", Busy),
    (400, "bad_request", Refused),
    (401, "unauthorized", Unauthorized),
    (403, "forbidden", Forbidden),
    (403, "app_api_disabled", Forbidden),
    (403, "workspace_archived", Forbidden),
    (404, "not_found", NotFound),
    (404, "invalid_param", NotFound),
    (405, "method_not_allowed", Refused),
    (413, "file_too_large", FileRefused),
    (415, "unsupported_file_type", FileRefused),
    (415, "unsupported_audio_type", FileRefused),
    (415, "unsupported_media_type", Refused),
    (429, "too_many_requests", Busy),
    (429, "rate_limit_error", Busy),
    (429, "provider_quota_exceeded", QuotaExceeded),
    (429, "", Busy),
    (500, "internal_server_error", ServiceFailed),
    (500, "unknown", ServiceFailed),
    (500, "completion_request_error", ServiceFailed),
    (503, "s3_connection_failed", ServiceFailed),
    (503, "s3_permission_denied", ServiceFailed),
    (503, "s3_file_too_large", ServiceFailed),
    (503, "rate_limit_error", Busy),
]


def body(code: str, message: str = "said the server", status: int = 400) -> bytes:
    return json.dumps({"code": code, "message": message, "status": status}).encode()


@pytest.mark.parametrize(("status", "code", "kind"), CODES)
def test_every_code_becomes_its_error(status: int, code: str, kind: type[Refused]) -> None:
    error = refusal(status, {}, body(code, status=status))
    assert type(error) is kind
    assert (error.status, error.code, error.detail) == (status, code, "said the server")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (403, Forbidden),
        (404, NotFound),
        (413, FileRefused),
        (415, FileRefused),
        (500, ServiceFailed),
        (502, ServiceFailed),
        (504, ServiceFailed),
        (524, ServiceFailed),
    ],
)
def test_a_page_of_a_proxy_is_told_by_its_status(status: int, kind: type[Refused]) -> None:
    error = refusal(status, {}, HTML)
    assert type(error) is kind
    assert error.detail == "502 Bad Gateway nginx"
    assert error.code == ""


@pytest.mark.parametrize("status", [400, 500])
def test_the_concurrency_limit_is_busy_whatever_code_it_wears(status: int) -> None:
    message = "Too many requests. Please try again later. The current maximum is 1."
    assert type(refusal(status, {}, body("invalid_param", message))) is Busy


def test_cloudflare_text_is_busy_and_says_when_to_come_back() -> None:
    error = refusal(429, {"retry-after": "7"}, b"error code: 1015")
    assert isinstance(error, Busy)
    assert error.retry_after == 7.0
    assert error.detail == "error code: 1015"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), (" 2.5 ", 2.5), ("", None), ("-1", None), ("soon", None), ("inf", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date_and_a_date_gone_by() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (retry_after(soon) or 0) <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after("Wed, 21 Oct 2015 07:28:00 -0000") == 0.0


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("completion_request_error", GenerationFailed),
        ("invalid_param", GenerationFailed),
        ("internal_server_error", GenerationFailed),
        ("something_new", GenerationFailed),
        ("provider_quota_exceeded", QuotaExceeded),
        ("provider_not_initialize", AppUnavailable),
        ("model_currently_not_support", AppUnavailable),
        ("rate_limit_error", Busy),
    ],
)
def test_a_failure_inside_a_stream_is_not_the_persons_fault(code: str, kind: type[Refused]) -> None:
    error = stream_failure(400, code, "boom", text="so far")
    assert type(error) is kind
    assert error.text == "so far"


def test_the_servers_words_stay_in_detail_on_one_short_line() -> None:
    error = refusal(400, {}, body("invalid_param", "secret\n\twords \x1b[31m" + "x" * 5000))
    assert "secret" not in str(error)
    assert error.detail.startswith("secret words [31mxxx")
    assert len(error.detail) == DETAIL_LIMIT
    assert error.detail.isprintable()


@pytest.mark.parametrize("junk", [b"", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"code":1}'])
def test_a_body_of_junk_is_still_a_refusal(junk: bytes) -> None:
    error = refusal(400, {}, junk)
    assert type(error) is Refused
    assert error.code == ""


def test_a_code_that_is_no_code_is_dropped() -> None:
    assert refusal(400, {}, body("<b>no\n</b>")).code == ""


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (Unreachable(sent=False), True),
        (Interrupted(reason="eof"), False),
        (Unreadable(), False),
        (NoSpeech(), False),
        (InvalidInput(400), False),
        (GenerationFailed(400), False),
        (Busy(429), True),
        (ServiceFailed(502), True),
    ],
)
def test_each_error_says_whether_trying_again_may_help(error: CompletionError, retry: bool) -> None:
    assert error.retry is retry
    assert str(error).endswith(".")
    assert "\n" not in str(error)


def test_errors_carry_what_a_caller_needs() -> None:
    assert Unreachable(sent=True).sent
    cut = Interrupted("half an ans", reason="silence")
    assert (cut.text, cut.reason) == ("half an ans", "silence")
    assert "half" not in str(cut)
    assert str(refusal(401, {}, body("unauthorized"))) == (
        "The Completion API does not accept the API key (401 unauthorized)."
    )
    assert str(Busy(429)) == "The Completion API takes no more requests at the moment (429)."


def test_faults_of_the_inputs_are_an_invalid_input_with_data() -> None:
    fault = Fault(kind="too_long", label="Title", limit=10)
    error = InputFaults({"title": fault})
    assert isinstance(error, InvalidInput)
    assert error.faults == {"title": fault}

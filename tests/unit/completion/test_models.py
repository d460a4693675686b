"""Every field of the API is typed; nothing a server sends makes reading fall over."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.completion.models import Feature, Field
from bot.completion.reading import (
    mend_text,
    read_completion,
    read_feedback,
    read_file,
    read_info,
    read_json,
    read_metadata,
    read_parameters,
    read_site,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "dify-1.14.1.json"
RECORDS = {record["name"]: record for record in json.loads(GOLDEN.read_text())["records"]}


def recorded(name: str) -> object:
    return read_json(RECORDS[name]["body"]["text"].encode())


def test_parameters_of_an_app_with_a_form() -> None:
    parameters = read_parameters(recorded("parameters_form"))
    assert [(field.kind, field.variable, field.required) for field in parameters.form] == [
        ("paragraph", "query", True),
        ("text-input", "title", False),
        ("select", "tone", False),
        ("number", "n", False),
        ("checkbox", "flag", False),
    ]
    title, tone = parameters.form[1], parameters.form[2]
    assert (title.label, title.max_length, title.default) == ("Title", 10, "dflt")
    assert (tone.options, tone.default) == (("formal", "casual"), "formal")
    assert parameters.opening_statement == ""
    assert not parameters.vision
    assert parameters.picture_limit == 3
    assert parameters.picture_bytes == 10 * 1024 * 1024
    assert parameters.transfer_methods == ("remote_url", "local_file")


def test_parameters_of_an_app_that_sees_and_speaks() -> None:
    parameters = read_parameters(recorded("parameters"))
    assert parameters.vision
    assert parameters.text_to_speech.enabled
    assert parameters.text_to_speech.voice == "alloy"
    assert not parameters.text_to_speech.autoplay
    assert parameters.system_parameters.video_file_size_limit == 100


@pytest.mark.parametrize(
    ("upload", "vision", "limit", "methods"),
    [
        ({"image": {"enabled": True, "number_limits": 5}}, True, 5, ("remote_url", "local_file")),
        ({"enabled": True, "number_limits": 2}, True, 2, ("remote_url", "local_file")),
        (
            {
                "enabled": True,
                "allowed_file_upload_methods": ["local_file"],
                "image": {"transfer_methods": ["remote_url"]},
            },
            True,
            3,
            ("local_file",),
        ),
        ({"image": {"transfer_methods": ["local_file"]}}, False, 3, ("local_file",)),
        (None, False, 3, ("remote_url", "local_file")),
    ],
)
def test_pictures_by_old_and_new_servers(
    upload: object, vision: bool, limit: int, methods: tuple[str, ...]
) -> None:
    parameters = read_parameters({"file_upload": upload})
    assert parameters.vision is vision
    assert parameters.picture_limit == limit
    assert parameters.transfer_methods == methods


def test_autoplay_is_a_word_and_speech_keeps_what_is_unknown() -> None:
    speech = read_parameters(
        {"text_to_speech": {"enabled": True, "autoPlay": "enabled", "rate": 2}}
    ).text_to_speech
    assert speech.autoplay
    assert speech.extra["rate"] == 2


def test_the_list_of_banned_words_never_prints() -> None:
    parameters = read_parameters(
        {"sensitive_word_avoidance": {"enabled": True, "config": {"keywords": "darkword"}}}
    )
    assert parameters.sensitive_word_avoidance.enabled
    assert "darkword" in str(parameters.sensitive_word_avoidance.extra)
    assert "darkword" not in repr(parameters)


def test_controls_that_are_unknown_or_broken_are_passed_over() -> None:
    form = [
        {"file-list": {"variable": "docs", "label": "Docs"}},
        {"external_data_tool": {"variable": "tool"}},
        {"paragraph": {"label": "no variable"}},
        {"paragraph": "text"},
        "text",
        {"text-input": {"variable": "a", "required": "yes", "max_length": "many", "options": 3}},
        {"select": {"variable": "b", "options": ["x", 1, None, "y"], "default": {"no": 1}}},
    ]
    a, b = read_parameters({"user_input_form": form}).form
    assert a == Field(kind="text-input", variable="a", label="a")
    assert (b.options, b.default) == (("x", "y"), None)


def test_info_and_site() -> None:
    info = read_info(recorded("info"))
    assert (info.name, info.mode, info.author_name) == ("vision", "completion", "Ann Owner")
    site = read_site(recorded("site"))
    assert site.title == "vision"
    assert (site.icon, site.icon_url, site.description) == ("🤖", None, "")
    assert site.show_workflow_steps
    assert not site.extra


def test_a_signed_icon_never_prints() -> None:
    assert "sign" not in repr(read_site({"icon_url": "http://host/icon?sign=abc"}))


def test_an_upload_and_its_secret_link() -> None:
    uploaded = read_file(recorded("upload_ok"))
    assert (uploaded.name, uploaded.size, uploaded.extension) == ("cat.png", 70, "png")
    assert uploaded.created_at == datetime.fromtimestamp(1795302805, UTC)
    assert "sign=" in uploaded.source_url
    assert "sign=" not in repr(uploaded)
    assert "tenant_id" in uploaded.extra


def test_feedback_times_without_a_zone_are_utc() -> None:
    raw = {"id": "f", "created_at": "2026-11-21T22:49:50", "updated_at": "2026-11-21T22:49:49.928"}
    feedback = read_feedback(raw)
    assert feedback.created_at == datetime(2026, 11, 21, 22, 49, 50, tzinfo=UTC)
    assert feedback.updated_at == datetime(2026, 11, 21, 22, 49, 49, 928000, tzinfo=UTC)
    zoned = read_feedback({"created_at": "2026-11-21T22:49:50+02:00"}).created_at
    assert zoned == datetime(2026, 11, 21, 22, 49, 50, tzinfo=timezone(timedelta(hours=2)))


def test_recorded_feedbacks() -> None:
    raw = recorded("app_feedbacks")
    assert isinstance(raw, dict)
    first = read_feedback(raw["data"][0])
    assert (first.rating, first.content, first.from_account_id) == ("like", None, None)


def test_a_blocking_answer() -> None:
    completion = read_completion(recorded("blocking_ok"))
    assert completion.answer == "ECHO<ECHO hi\n>"
    assert completion.usage is not None
    assert completion.usage.total_price == Decimal("0.0001925")
    assert completion.usage.time_to_first_token is None
    assert "ECHO" not in repr(completion)


def test_an_old_blocking_answer_without_usage_or_message_id() -> None:
    completion = read_completion({"answer": "x", "id": "m1", "created_at": 10**30})
    assert (completion.usage, completion.message_id, completion.created_at) == (None, "m1", None)


@pytest.mark.parametrize("raw", [None, [], {}, {"answer": None}, {"answer": 3}])
def test_an_answer_without_text_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="without text"):
        read_completion(raw)


@pytest.mark.parametrize(
    ("price", "value"),
    [("0E-7", Decimal(0)), ("0.0", Decimal(0)), (0.5, Decimal("0.5")), ("NaN", None), ("x", None)],
)
def test_prices_in_every_spelling(price: object, value: Decimal | None) -> None:
    usage, _ = read_metadata({"usage": {"total_price": price, "total_tokens": "12", "new": 1}})
    assert usage is not None
    assert usage.total_price == value
    assert usage.total_tokens == 12
    assert usage.extra == {"new": 1}


def test_sources_keep_what_fits() -> None:
    _, sources = read_metadata(
        {"retriever_resources": [{"score": 0.9, "content": "c", "page": None}, "junk"]}
    )
    assert [(source.score, source.content, source.page) for source in sources] == [(0.9, "c", None)]
    assert read_metadata({"usage": [], "retriever_resources": {}}) == (None, ())


def test_json_is_read_even_where_it_is_broken() -> None:
    assert read_json(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
    assert read_json(b'{"a": ["\\ud83d"], "\\udc00": 1}') == {"a": ["\ufffd"], "\ufffd": 1}
    assert read_json(b'{"a": "x\xff"}') == {"a": "x\ufffd"}
    assert read_json(b'{"a": "tab\there"}') == {"a": "tab\there"}
    for broken in (b"", b"{", b"<html>", b"[" * 200_000):
        with pytest.raises(ValueError):
            read_json(broken)


def test_text_is_mended_only_where_it_must_be() -> None:
    assert mend_text("plain 😀") == "plain 😀"
    assert mend_text("\ud83d\ude00 \ud83d") == "😀 \ufffd"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    field.name
    for reader in (read_parameters, read_site, read_file, read_feedback, read_info)
    for field in dataclasses.fields(reader({}))
] + ["usage", "retriever_resources", "user_input_form", "text_to_speech", "paragraph", "variable"]


@given(st.dictionaries(st.sampled_from(NAMES), anything, max_size=8) | anything)
def test_nothing_a_server_sends_makes_reading_fall_over(raw: object) -> None:
    for read in (read_parameters, read_site, read_file, read_feedback, read_info, read_metadata):
        read(raw)
    assert isinstance(read_parameters(raw).more_like_this, Feature)

import io
import json
import logging
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from bot import observe
from bot.events import Chat

TELEGRAM = "123456789:" + "AAHsesame" * 4


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("bot", "adapters"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_its_facts() -> None:
    stream = io.StringIO()
    observe.configure(stream=stream)
    observe.get_logger("bot.live").info("answer closed", seconds=2.5, answer="a1")
    (line,) = lines(stream)
    assert line.pop("timestamp")
    assert line == {
        "event": "answer closed",
        "level": "info",
        "logger": "bot.live",
        "seconds": 2.5,
        "answer": "a1",
    }


def test_a_library_s_lines_look_like_ours_and_hold_no_secret() -> None:
    stream = io.StringIO()
    observe.configure(stream=stream, secrets=["hunter2hunter2"])
    logging.getLogger("telegram.request").warning(
        "POST https://api.telegram.org/bot%s/sendMessage key=%s", TELEGRAM, "hunter2hunter2"
    )
    (line,) = lines(stream)
    assert line["event"] == "POST https://api.telegram.org/bot[hidden]/sendMessage key=[hidden]"


def test_debugging_us_does_not_print_what_libraries_work_on() -> None:
    stream = io.StringIO()
    observe.configure(stream=stream, level="debug")
    logging.getLogger("aiosqlite").debug("executing %r", ("INSERT …", ("what somebody asked",)))
    observe.get_logger("bot.live").debug("frame")
    observe.get_logger("adapters.slack").debug("call")
    assert [line["event"] for line in lines(stream)] == ["frame", "call"]


def test_a_traceback_holds_no_secret() -> None:
    stream = io.StringIO()
    observe.configure(stream=stream, secrets=["hunter2hunter2"])
    try:
        raise ValueError("Authorization: Bearer hunter2hunter2 and xoxb-1-2-abc")
    except ValueError:
        logging.getLogger("x").exception("failed")
    text = stream.getvalue()
    assert "Traceback" in text
    assert "hunter2" not in text
    assert "xoxb-1" not in text


def test_a_secret_that_holds_another_is_hidden_whole() -> None:
    assert observe.Redaction(["abcd", "abcdefgh"]).clean("abcdefgh!") == "[hidden]!"


def test_a_very_short_secret_does_not_blank_out_ordinary_words() -> None:
    assert observe.Redaction(["a"]).clean("a cat") == "a cat"


def test_lines_for_people_are_plain_text() -> None:
    stream = io.StringIO()
    observe.configure(stream=stream, form="text", level="warning")
    log = observe.get_logger("x")
    log.info("quiet")
    log.warning("loud", port=1)
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()
    assert "port=1" in stream.getvalue()


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def test_a_trace_names_types_and_lines_and_no_word_of_a_message() -> None:
    inner = raised(KeyError("what a person wrote"))
    group = ExceptionGroup("words", [raised(ValueError("more words"), inner)])
    lines = observe.trace(raised(RuntimeError("words"), raised(group)))
    text = "\n".join(lines)
    assert "words" not in text
    assert "person" not in text
    assert [line.strip() for line in lines if "test_observe.py" not in line] == [
        "builtins.ExceptionGroup",
        "builtins.KeyError",
        "builtins.ValueError",
        "builtins.RuntimeError",
    ]
    assert "tests/unit/test_observe.py:" in text
    assert "in raised" in text


def test_a_trace_ends_where_errors_cause_each_other() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert observe.trace(first) == ["builtins.ValueError", "builtins.ValueError"]


def test_a_suppressed_context_stays_out_of_a_trace() -> None:
    try:
        try:
            raise KeyError
        except KeyError:
            raise ValueError from None
    except ValueError as error:
        assert not any("KeyError" in line for line in observe.trace(error))


def test_a_chat_has_a_short_name_that_only_the_same_secrets_give_again() -> None:
    chat = Chat(platform="telegram", workspace="1", id="42")
    thread = Chat(platform="telegram", workspace="1", id="42", thread="7")
    observe.configure(stream=io.StringIO(), secrets=["sesame1"])
    name = observe.short(chat)
    assert len(name) == 12
    assert observe.short(thread) == name
    assert observe.short(Chat(platform="telegram", workspace="14", id="2")) != name
    observe.configure(stream=io.StringIO(), secrets=["sesame2"])
    assert observe.short(chat) != name
    observe.configure(stream=io.StringIO(), secrets=["sesame1"])
    assert observe.short(chat) == name


def test_lines_carry_the_ids_bound_around_them() -> None:
    stream = io.StringIO()
    observe.configure(stream=stream)
    log = observe.get_logger("x")
    with observe.bound(answer="a1"):
        log.info("inside")
        logging.getLogger("library").warning("inside too")
    log.info("outside")
    assert [line.get("answer") for line in lines(stream)] == ["a1", "a1", None]


def test_codes_of_errors_cannot_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "_codes", set())
    monkeypatch.setattr(observe, "CODES", 2)

    def counted(code: str) -> float:
        return REGISTRY.get_sample_value("parley_api_errors_total", {"code": code}) or 0

    before = counted("other")
    for code in ("t_first", "t_second", "t_third", "t_fourth", "t_first"):
        observe.count_api_error(code)
    assert (counted("t_first"), counted("t_second"), counted("t_third")) == (2, 1, 0)
    assert counted("other") == before + 2


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-12-34-sesame",
        "xoxe.xoxb-1-sesame",
        "xoxe-1-sesame",
        "xapp-1-A1-2-sesame",
        "https://hooks.slack.com/commands/T1/2/sesame",
    ],
)
def test_what_slack_hands_out_shows_nowhere(secret: str) -> None:
    assert "sesame" not in observe.Redaction().clean(f'{{"said": "{secret}", "more": 1}}')
    assert '"more": 1' in observe.Redaction().clean(f'{{"said": "{secret}", "more": 1}}')


def test_a_secret_found_at_run_time_shows_nowhere_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observe, "_found", set())
    redaction = observe.Redaction()
    assert redaction.clean("a token of another shape") == "a token of another shape"
    observe.hide("another shape")
    assert redaction.clean("a token of another shape") == "a token of [hidden]"

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot import observe

TELEGRAM = "123456789:" + "AAHsesame" * 4


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


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

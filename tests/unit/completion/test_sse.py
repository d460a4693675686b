"""The event stream grammar, one promise at a time."""

import time

import pytest

from bot.completion.sse import Decoder, Event, EventTooLarge

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(*chunks: bytes) -> list[Event]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.finish()


def message(data: bytes) -> Event:
    return Event("message", data)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\n\n", [message(b"a")], id="LF"),
        pytest.param(b"data: a\r\n\r\n", [message(b"a")], id="CRLF"),
        pytest.param(b"data: a\r\r", [message(b"a")], id="CR"),
        pytest.param(b"data: a\n\r\ndata: b\r\n\n", [message(b"a"), message(b"b")], id="mixed"),
        pytest.param(b"data:a\n\n", [message(b"a")], id="no space"),
        pytest.param(b"data:  a\n\n", [message(b" a")], id="only one space belongs to the field"),
        pytest.param(b"data: a\ndata:b\ndata\n\n", [message(b"a\nb\n")], id="several data lines"),
        pytest.param(b"data\n\n", [message(b"")], id="data without a value"),
        pytest.param(b"event: ping\n\n", [Event("ping", b"")], id="ping without data"),
        pytest.param(b"event: ping\ndata: x\n\n", [Event("ping", b"x")], id="ping with data"),
        pytest.param(
            b"event: a\ndata: 1\n\ndata: 2\n\n",
            [Event("a", b"1"), message(b"2")],
            id="a name is good for one event",
        ),
        pytest.param(b"event: a\nevent: b\n\n", [Event("b", b"")], id="the last name counts"),
        pytest.param(b"event: \xff\n\n", [Event("�", b"")], id="a name that is not UTF-8"),
        pytest.param(b"event\n\n", [], id="an empty name and no data"),
        pytest.param(b": hello\n\n:\n\n", [], id="comments"),
        pytest.param(b"id: 1\nretry: 5\nfoo: b\nbar\n\n", [], id="unknown fields"),
        pytest.param(b"datas: a\n\n", [], id="a longer field name"),
        pytest.param(b" data: a\n\n", [], id="space before the field name"),
        pytest.param(b"\n\n\n", [], id="blank lines"),
        pytest.param(BYTE_ORDER_MARK + b"data: a\n\n", [message(b"a")], id="byte order mark"),
        pytest.param(BYTE_ORDER_MARK * 2 + b"data: a\n\n", [], id="only one byte order mark"),
        pytest.param(b"data: a", [message(b"a")], id="no line end at the end"),
        pytest.param(b"data: a\n", [message(b"a")], id="no blank line at the end"),
        pytest.param(b"event: ping", [Event("ping", b"")], id="ping cut at the end"),
        pytest.param(b"\xef\xbb", [], id="half a byte order mark"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(
            "data: \u2028\u2029\x85\x0b\x0c\x1c é😀\n\n".encode(),
            [message("\u2028\u2029\x85\x0b\x0c\x1c é😀".encode())],
            id="what other splitters take for line ends",
        ),
        pytest.param(b"data: a\x00b\n\n", [message(b"a\x00b")], id="NUL"),
    ],
)
def test_stream_means(stream: bytes, events: list[Event]) -> None:
    assert decode(stream) == events
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == events


def test_event_is_there_with_the_byte_that_completes_it() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\n") == [message(b"a")]
    assert decoder.feed(b"data: b\r\n\r") == [message(b"b")]  # not held back for an LF
    assert decoder.feed(b"\ndata: c\n\n") == [message(b"c")]
    assert decoder.feed(b"data: d\n\n") == [message(b"d")]
    assert decoder.feed(b"") == []
    assert decoder.finish() == []


def test_chunk_after_an_open_event_belongs_to_it() -> None:
    assert decode(b"event: a\n", b"data: 1\n\n") == [Event("a", b"1")]
    assert decode(b"data: 1\n", b"data: 2\n\n") == [message(b"1\n2")]
    assert decode(b"data: 1\n\nda", b"data: 2\n\n") == [message(b"1")]
    assert decode(b"data: 1\r", b"data: 2\n\n") == [message(b"1\n2")]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"data: " + b"x" * 100 + b"\n\n", id="a long line"),
        pytest.param(b"data: " + b"x" * 100, id="a line without end"),
        pytest.param(b"data: 1234\n" * 10, id="many lines"),
        pytest.param(b": " + b"x" * 100 + b"\n", id="a long comment"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_event_that_never_ends_is_refused(stream: bytes, size: int) -> None:
    decoder = Decoder(limit=64)
    got: list[Event] = decoder.feed(b"data: before\n\n")
    whole = b"data: first\n\n" + stream
    with pytest.raises(EventTooLarge):
        for start in range(0, len(whole), size):
            got += decoder.feed(whole[start : start + size])
        decoder.feed(b"")
    assert got == [message(b"before"), message(b"first")]
    with pytest.raises(EventTooLarge):
        decoder.feed(b"data: after\n\n")
    with pytest.raises(EventTooLarge):
        decoder.finish()


def test_limit_is_for_one_event_not_for_the_stream() -> None:
    decoder = Decoder(limit=64)
    for _ in range(100):
        assert len(decoder.feed(b"event: m\ndata: 0123456789\ndata: 0123456789\n\n")) == 1
    assert len(decoder.feed(b"data: 0123456789\n\n" * 100)) == 100


def test_event_of_the_largest_size_passes() -> None:
    stream = b"data: " + b"x" * 58 + b"\n\n"
    for size in (1, 64, 100):
        decoder = Decoder(limit=64)
        events = [
            event
            for start in range(0, len(stream), size)
            for event in decoder.feed(stream[start : start + size])
        ]
        assert events == [message(b"x" * 58)]


@pytest.mark.unmeasured
def test_time_is_linear_when_a_large_event_comes_byte_by_byte() -> None:
    def seconds(size: int) -> float:
        decoder = Decoder()
        pieces = [b"x"] * size
        decoder.feed(b"data: ")
        began = time.process_time()
        for piece in pieces:
            decoder.feed(piece)
        return time.process_time() - began

    small = min(seconds(20_000) for _ in range(3))
    # Eight times the bytes: 8 if linear, 64 if quadratic.
    assert seconds(160_000) < 30 * small

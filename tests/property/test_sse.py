"""However the network cuts a stream, it holds the same events."""

import functools
import itertools
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.completion.sse import Decoder, Event

GOLDEN = Path(__file__).parent.parent / "golden" / "dify-1.14.1.json"


def decode(chunks: list[bytes]) -> list[Event]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.finish()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


def reference(stream: bytes) -> list[Event]:
    """The grammar of the WHATWG, read aloud, with our two deviations; it needs the whole stream."""
    events: list[Event] = []
    name, data = "", None
    lines = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in [*lines, b""]:
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if line == b"":
            if data is not None or name:  # deviation: a name alone is an event as well
                events.append(Event(name or "message", b"\n".join(data or [])))
            name, data = "", None
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data = [*(data or []), value]
    return events  # deviation: the end of the stream is a blank line


any_line = st.one_of(
    st.sampled_from(
        [b"", b"", b"data", b"data:", b"data: ", b":", b": ping", b"event: ping", b"id: 1", b"x"]
    ),
    st.text(alphabet="a:é😀\u2028\u2029\x85\x0b\x1c\ufeff {}\0", max_size=12).map(
        lambda text: b"data: " + text.encode()
    ),
    st.text(max_size=8).map(
        lambda text: b"event:" + text.replace("\n", "").replace("\r", "").encode()
    ),
    st.binary(max_size=8),
)
any_stream = st.builds(
    lambda mark, lines: mark + b"".join(line + end for line, end in lines),
    st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xef\xbb"]),
    st.lists(st.tuples(any_line, st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b""]))),
)


@given(any_stream, st.lists(st.integers(0, 10_000), max_size=30))
def test_any_cut_of_any_stream_gives_the_events_of_the_grammar(
    stream: bytes, places: list[int]
) -> None:
    assert decode(cut(stream, places)) == reference(stream)


@given(any_stream)
def test_byte_by_byte_is_no_different(stream: bytes) -> None:
    assert decode([stream[i : i + 1] for i in range(len(stream))]) == decode([stream])


@given(any_stream, any_stream)
def test_events_do_not_wait_for_what_follows(stream: bytes, more: bytes) -> None:
    """Whatever comes later, the events whose blank line has come are already out."""
    decoder = Decoder()
    early = decoder.feed(stream + b"\n\n")
    assert early == reference(stream + b"\n\n")
    late = decoder.feed(more) + decoder.finish()
    assert early + late == reference(stream + b"\n\n" + more)


@functools.cache
def recorded_streams() -> dict[str, bytes]:
    records = json.loads(GOLDEN.read_text("utf-8"))["records"]
    return {
        record["name"]: record["body"]["text"].encode()
        for record in records
        if "text/event-stream" in record["headers"].get("content-type", "")
    }


def test_there_are_recorded_streams() -> None:
    assert len(recorded_streams()) > 10


@pytest.mark.parametrize("name", sorted(recorded_streams()))
def test_recorded_stream_survives_any_cut(name: str) -> None:
    stream = recorded_streams()[name]
    expected = reference(stream)
    assert expected
    for event in expected:
        assert event == Event("ping", b"") or json.loads(event.data)["event"]
    dice = random.Random(name)
    for line_end in (b"\n", b"\r\n", b"\r"):
        ended = stream.replace(b"\n", line_end)
        for pieces in (1, 3, 20, 200):
            assert (
                decode(cut(ended, [dice.randrange(len(ended)) for _ in range(pieces)])) == expected
            )

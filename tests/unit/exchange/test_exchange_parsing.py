"""A response is the same however its bytes come: whole, in pieces, or one at a time."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.exchange import Broken, Head
from tests.fakes.exchanged import Answer, Table, answer_to, at_once, cut
from tests.fakes.wire import all_that_an_error_tells

TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FRAMING = {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"keep-alive"}

names = st.text(TOKEN, min_size=1, max_size=12).map(str.encode)
names = names.filter(lambda name: name.lower() not in FRAMING | {b"proxy-connection"})
visible = st.characters(min_codepoint=0x21, max_codepoint=0xFF).filter(lambda c: c != "\x7f")
values = st.lists(st.text(visible, max_size=8), max_size=3).map(
    lambda words: " ".join(word for word in words if word).encode("latin-1")
)
headers = st.lists(st.tuples(names, values), max_size=4).map(tuple)
reasons = st.text(" ABCabc'-", max_size=10).map(lambda text: text.strip().encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A response as a server writes it, and what is to be understood."""

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    framing: str
    chunks: tuple[int, ...]
    trailers: tuple[tuple[bytes, bytes], ...]
    early: tuple[int, ...]
    line_end: bytes
    extension: bytes

    @property
    def all_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        if self.status in (204, 304) or self.framing == "close":
            return self.headers
        if self.framing == "length":
            return (*self.headers, (b"Content-Length", b"%d" % len(self.body)))
        return ((b"Transfer-Encoding", b"chunked"), *self.headers)

    def bytes(self) -> bytes:
        said = b"".join(
            self._head(status, b"Wait", ((b"X-Early", b"yes"),)) for status in self.early
        )
        said += self._head(self.status, self.reason, self.all_headers)
        if self.status in (204, 304):
            return said
        if self.framing != "chunked":
            return said + self.body
        for piece in cut(self.body, self.chunks):
            if piece:
                said += b"%x%b\r\n%b\r\n" % (len(piece), self.extension, piece)
        said += b"0\r\n"
        for name, value in self.trailers:
            said += b"%b: %b" % (name, value) + self.line_end
        return said + self.line_end

    def _head(self, status: int, reason: bytes, fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
        lines = [b"HTTP/1.1 %d %b" % (status, reason)]
        lines += [b"%b: %b" % field for field in fields]
        return self.line_end.join([*lines, b"", b""])

    def understood(self) -> Answer:
        return Answer(
            status=self.status,
            reason=self.reason,
            version="1.1",
            headers=self.all_headers,
            body=b"" if self.status in (204, 304) else self.body,
        )


spoken = st.builds(
    Spoken,
    status=st.sampled_from([200, 200, 200, 201, 204, 304, 400, 429, 502, 599]),
    reason=reasons,
    headers=headers,
    body=st.binary(max_size=60),
    framing=st.sampled_from(["length", "chunked", "close"]),
    chunks=st.lists(st.integers(0, 60), max_size=4).map(tuple),
    trailers=headers,
    early=st.lists(st.sampled_from([100, 102, 103]), max_size=2).map(tuple),
    line_end=st.sampled_from([b"\r\n", b"\n"]),
    extension=st.sampled_from([b"", b";a=b", b";q", b"  "]),
)
places = st.lists(st.integers(0, 2000), max_size=8)

PLAIN = Spoken(
    status=200,
    reason=b"OK then",
    headers=((b"A", b"1"), (b"Empty", b""), (b"A", b"2")),
    body=b"hello",
    framing="chunked",
    chunks=(2,),
    trailers=((b"After", b"all"),),
    early=(103, 100),
    line_end=b"\r\n",
    extension=b";a=b",
)


def heard(*pieces: bytes, closed: bool) -> tuple[Answer, bool]:
    """What is understood of them, and whether the connection would be used again."""
    table = Table()
    table.say(*pieces)
    if closed:
        table.hang_up()
    answer = at_once(answer_to(table.exchange))
    table.exchange.close()
    return answer, not table.line.cut


@given(response=spoken, places=places)
@example(response=PLAIN, places=[*range(300)])
@example(response=replace(PLAIN, line_end=b"\n"), places=[*range(300)])
@example(response=replace(PLAIN, reason=b""), places=[])
def test_any_response_cut_anywhere_is_understood(response: Spoken, places: list[int]) -> None:
    closed = response.framing == "close" and response.status not in (204, 304)
    for pieces in ([response.bytes()], cut(response.bytes(), places)):
        answer, kept = heard(*pieces, closed=closed)
        assert answer == response.understood()
        assert kept is not closed


@given(response=spoken, places=places, end=st.integers(0, 400))
def test_response_that_breaks_off_is_never_called_whole(
    response: Spoken, places: list[int], end: int
) -> None:
    said = response.bytes()
    part = said[: end % len(said)]
    answer, kept = heard(*cut(part, places), closed=True)
    assert not kept
    assert response.understood().body.startswith(answer.body)
    if response.framing != "close" and not (answer.body == response.body and answer.status):
        assert answer.fault == "Broken"


garbage = st.lists(
    st.one_of(
        spoken.map(Spoken.bytes),
        st.sampled_from(
            [
                *(b"\r", b"\n", b"\r\n", b" ", b"\0", b"0", b"X:"),
                *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200\r\n\r\n", b"HTTP/1.1 099 A\r\n"),
                *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"),
                b"Connection: close\r\n",
            ]
        ),
        st.binary(max_size=5),
    ),
    max_size=6,
).map(b"".join)


@given(said=garbage, places=places)
def test_whatever_is_said_means_the_same_in_pieces(said: bytes, places: list[int]) -> None:
    whole, _ = heard(said, closed=True)
    pieces, _ = heard(*cut(said, places), closed=True)
    assert pieces == whole


@pytest.mark.parametrize("status", [204, 304])
def test_answer_without_a_body_ends_with_its_head_whatever_length_it_names(status: int) -> None:
    answer, kept = heard(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status, closed=False)
    assert (answer.status, answer.body, answer.fault, kept) == (status, b"", None, True)


@pytest.mark.parametrize("body", [b"hello", b"\n", b"\nhello", b"a\n"])
def test_chunks_with_bare_line_feeds_are_refused_rather_than_guessed_at(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"
    answer, kept = heard(head, b"%x\n%b\n0\n\n" % (len(body), body), closed=True)
    assert (answer.fault, kept) == ("Broken", False)


@pytest.mark.parametrize("coding", [b"identity", b"gzip", b"chunked\r\nTransfer-Encoding: x"])
def test_coding_other_than_chunked_lasts_until_the_connection_ends(coding: bytes) -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + coding + b"\r\n\r\nhello"
    answer, kept = heard(said, closed=True)
    assert (answer.body, answer.fault, kept) == (b"hello", None, False)


def test_blanks_around_a_value_are_none_of_it() -> None:
    said = b"HTTP/1.1 200 OK\r\nA:  b c \t \r\nContent-Length: 2 \r\n\r\nok"
    answer, kept = heard(said, closed=False)
    assert answer.headers == ((b"A", b"b c"), (b"Content-Length", b"2"))
    assert (answer.body, kept) == (b"ok", True)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nno", id="status below 100"),
        pytest.param(b"HTTP/1.1 20 X\r\n\r\n", id="short status"),
        pytest.param(b"ICY 200 OK\r\n\r\n", id="not HTTP"),
        pytest.param(b"<html>", id="no head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA B: c\r\n\r\n", id="blank in a name"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", id="negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 30, id="huge length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", id="two lengths"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(
            b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", id="upgrade"
        ),
    ],
)
def test_what_is_no_proper_answer_drops_the_connection(said: bytes) -> None:
    table = Table()
    table.say(said)
    with pytest.raises(Broken) as caught:
        at_once(table.exchange.opened())
    assert caught.value.improper
    assert table.line.cut
    table.exchange.close()
    assert table.connection.lost


# The other direction

lines = st.binary(max_size=12).filter(lambda text: not set(text) & set(b"\r\n\0"))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)


@given(
    fields=st.lists(st.tuples(names, texts.map(str.encode)), max_size=4),
    body=st.binary(max_size=40),
)
def test_request_says_what_it_was_given_and_its_length(
    fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    ours = [(b"Connection", b"close"), (b"content-length", b"9"), (b"Transfer-Encoding", b"x")]
    said = Head(b"POST", b"/v1?a=b", [*fields, *ours]).with_body(body)
    head, _, rest = said.partition(b"\r\n\r\n")
    first, *others, last = head.split(b"\r\n")
    assert first == b"POST /v1?a=b HTTP/1.1"
    assert others == [b"%b: %b" % field for field in fields]
    assert last == b"Content-Length: %d" % len(body)
    assert rest == body


@given(
    before=lines,
    after=lines,
    wrong=st.sampled_from([b"\r", b"\n", b"\0", b"\r\n", b"\r\nX: y", b"\xff"]),
    where=st.sampled_from(["target", "name", "value"]),
)
@example(before=b"/", after=b"secret", wrong=b" ", where="target")
def test_request_that_would_be_broken_in_two_is_none_and_nothing_of_it_told(
    before: bytes, after: bytes, wrong: bytes, where: str
) -> None:
    part = before + b"secret" + wrong + after
    target, field = b"/", (b"X", b"y")
    if where == "target":
        target = part
    else:
        field = (part, b"y") if where == "name" else (b"X", part)
    with pytest.raises(ValueError) as caught:
        Head(b"POST", target, [field])
    assert "secret" not in all_that_an_error_tells(caught.value)


@pytest.mark.parametrize(
    "field", [(b"X", b"a\r\nY: b"), (b"X\n", b"a"), (b"X", b"\xff"), (b"X", b"\0")]
)
def test_header_that_cannot_be_sent_is_refused(field: tuple[bytes, bytes]) -> None:
    assert b"X: k\xc3\xa4se\r\n" in Head(b"POST", b"/", [(b"X", "käse".encode())]).with_body(b"")
    with pytest.raises(ValueError):
        Head(b"POST", b"/", [field])

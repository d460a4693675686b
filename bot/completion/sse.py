"""Server-sent events from bytes.

Works on bytes because a line ends only at LF, CRLF or CR: text splitters also cut at U+2028, U+0085
or VT, and the API sends those raw inside its JSON. Follows the WHATWG event stream grammar except
where a chat needs more of it:

- `event: ping` without data is an event: it shows that the server lives.
- The last event is delivered by `finish` even when the blank line after it never came.
- `id` and `retry` are ignored: the API sends neither and an answer cannot be resumed.
- An event has a largest size, because one that never ends would fill the memory.
"""

from typing import Final, NamedTuple

EVENT_LIMIT: Final = 8 * 1024 * 1024
"""Bytes in one event. A minute of 48 kHz 16-bit speech is 7.7 MB in base64; text is far smaller."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event; `name` is "message" where the server named none."""

    name: str
    data: bytes


class EventTooLarge(ValueError):
    """An event grew past the limit. What follows it in the stream cannot be trusted."""


class Decoder:
    """Turns chunks of a stream into events, the same ones however the stream was cut."""

    __slots__ = ("_after_return", "_between", "_data", "_head", "_limit", "_line", "_name", "_size")

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._head: bytes | None = b""  # what may be the start of a byte order mark; None: past it
        self._after_return = False  # a CR ended the last line: an LF now belongs to it
        self._line = bytearray()  # the line that has not ended yet
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0  # bytes in `_data`; -1 once an event was too large
        self._between = False  # all of the above is empty: the next byte begins an event

    def plain(self, chunk: bytes) -> list[bytes] | None:
        """The data of each event in `chunk` if all are whole and none has a name; None: `feed` it.

        What the API does nearly always, and much quicker than `feed`: an event is one line, and
        travels in a chunk of its own.
        """
        if (
            self._between
            and chunk[:6] == b"data: "
            and chunk[-2:] == b"\n\n"
            and b"\r" not in chunk
            and len(chunk) <= self._limit
        ):
            found = chunk[6:-2].split(b"\n\ndata: ")
            if chunk.count(b"\n") == 2 * len(found):
                return found
        return None

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes, in order.

        Raises EventTooLarge, though only after the events before the large one were returned.
        """
        self._refuse_after_too_large()
        events: list[Event] = []
        try:
            self._take(self._with_plain_line_ends(chunk), events)
        except EventTooLarge:
            self._size = -1
            self._between = False
            if not events:
                raise
        return events

    def finish(self) -> list[Event]:
        """The last event, when the stream ended without the blank line that closes it.

        Its data may be cut short: the server may have died in the middle of the line.
        """
        self._refuse_after_too_large()
        events: list[Event] = []
        if self._line:
            line = bytes(self._line)
            self._line.clear()
            self._take_line(line)
        self._dispatch(events)
        return events

    def _refuse_after_too_large(self) -> None:
        if self._size < 0:
            raise EventTooLarge(f"an event is larger than {self._limit} bytes")

    def _with_plain_line_ends(self, chunk: bytes) -> bytes:
        if self._head is not None:
            chunk = self._without_byte_order_mark(self._head + chunk)
        if self._after_return and chunk:
            self._after_return = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            # The line ends at the CR already, so that an event is not held back until the LF.
            self._after_return = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _without_byte_order_mark(self, start: bytes) -> bytes:
        if len(start) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(start):
            self._head = start
            return b""
        self._head = None
        return start.removeprefix(_BYTE_ORDER_MARK)

    def _take(self, chunk: bytes, events: list[Event]) -> None:
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._line:
            self._line += lines[0]
            lines[0] = bytes(self._line)
            self._line.clear()
        for line in lines:
            if line:
                self._take_line(line)
            else:
                self._dispatch(events)
        self._line += rest
        self._refuse_beyond_limit(len(self._line))
        self._between = not (self._line or self._data or self._name or self._after_return)
        if self._head is not None:
            self._between = False

    def _take_line(self, line: bytes) -> None:
        self._refuse_beyond_limit(len(line))
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(line)
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode("utf-8", "replace")

    def _refuse_beyond_limit(self, more: int) -> None:
        if self._size + more > self._limit:
            raise EventTooLarge(f"an event is larger than {self._limit} bytes")

    def _dispatch(self, events: list[Event]) -> None:
        if self._data or self._name:
            events.append(Event(self._name or "message", b"\n".join(self._data)))
            self._data.clear()
            self._name = ""
            self._size = 0

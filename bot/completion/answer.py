"""An answer as it grows: what each event of the stream does to it. No waiting, no network."""

import base64
import binascii
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from bot.completion.errors import Reason, Refused, stream_failure
from bot.completion.models import Completion, Source, Usage
from bot.completion.reading import read_json, read_metadata
from bot.completion.reasoning import ReasoningFilter, Shown
from bot.completion.sse import Event

TEXT_LIMIT = 4 * 1024 * 1024
"""Characters of one answer; the longest a model writes is a hundredth of it."""
SPEECH_LIMIT = 20 * 1024 * 1024
"""Bytes of one answer's speech: twenty minutes of MP3. More is dropped."""


class TextAdded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """More text. Made for every word of every answer, which a dataclass would take longer for."""

    delta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReplaced:
    """The whole text is `text` now; what was shown before is withdrawn."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechAdded:
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No more text will come; speech may. The stream raises `error` when it has ended."""

    error: Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The text is complete, or as complete as it gets after a stop; speech may follow."""

    usage: Usage | None = None
    sources: tuple[Source, ...] = ()
    stopped: bool = False


StreamEvent = TextAdded | TextReplaced | SpeechAdded | Failed | Finished


class Malformed(Exception):
    """The stream holds something that cannot belong to an answer."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Said(msgspec.Struct, gc=False):
    """The data of one event; one shape for all kinds keeps decoding below a microsecond."""

    event: str | None = None
    task_id: str | None = None
    message_id: str | None = None
    answer: str | None = None
    audio: str | None = None
    code: str | None = None
    status: int | None = None
    message: str | None = None
    metadata: object = None


class _Word(msgspec.Struct, gc=False):
    """What is looked at in nearly every event, once the ids of the answer are known."""

    event: str | None = None
    answer: str | None = None


_decode = msgspec.json.Decoder(_Said).decode
_decode_word = msgspec.json.Decoder(_Word).decode
_decode_words = msgspec.json.Decoder(_Word).decode_lines


class Answer:
    """What has come of one answer. `events` are those nobody has taken yet."""

    def __init__(self, *, show_reasoning: bool = False) -> None:
        self.events: deque[StreamEvent] = deque()
        self.task_id: str | None = None
        self.message_id: str | None = None
        self.usage: Usage | None = None
        self.sources: tuple[Source, ...] = ()
        self.stopped = False
        self.finished = False
        self.failure: Refused | None = None
        self.text_ended = False
        self._filter = None if show_reasoning else ReasoningFilter()
        self._parts: list[str] = []
        self._size = 0  # characters received since the last replacement
        self._speech: list[bytes] = []
        self._speech_size = 0
        self._mute = False
        self._identified = False  # both ids are known

    @property
    def text(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def speech(self) -> bytes:
        return b"".join(self._speech)

    def take_plain(self, found: Sequence[bytes]) -> int:
        """`take` for events without a name, quicker where they are no more than bits of text.

        Returns how many were part of the answer.
        """
        taken = 0
        for data in found:
            word = self._word(data)
            if word is None:
                taken += self.take(Event("message", data))
                continue
            taken += 1
            if word:
                self._append(word)
        return taken

    def take_together(self, found: Sequence[bytes]) -> int:
        """As `take_plain`, but bits of text that follow each other are one event."""
        if (text := self._words(found)) is not None:
            self._append_all([text])
            return len(found)
        taken = 0
        words: list[str] = []
        for data in found:
            word = self._word(data)
            if word is None:
                self._append_all(words)
                taken += self.take(Event("message", data))
                continue
            taken += 1
            words.append(word)
        self._append_all(words)
        return taken

    def take(self, event: Event) -> bool:
        """Whether this was part of the answer rather than a ping or noise; raises Malformed."""
        try:
            said = _decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            mended = _mend(event.data)
            if mended is None:
                return False
            said = mended
        if not self._identified:
            # An `error` carries no task id, so each is kept from whichever event brings it.
            self.task_id = self.task_id or said.task_id
            self.message_id = self.message_id or said.message_id
            self._identified = self.task_id is not None and self.message_id is not None
        kind = said.event or event.name
        if kind == "message":
            if said.answer and not self.text_ended:
                self._append(said.answer)
        elif take := _OTHERS.get(kind):
            take(self, said)
        return kind != "ping"

    def _word(self, data: bytes) -> str | None:
        """The bit of text that an event is; None when there may be more to it."""
        if not self._identified or self.text_ended:
            return None
        try:
            word = _decode_word(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return word.answer or "" if word.event == "message" else None

    def _words(self, found: Sequence[bytes]) -> str | None:
        """The text of events that are all bits of it; None when there may be more to one."""
        if not self._identified or self.text_ended:
            return None
        try:
            words = _decode_words(b"\n".join(found))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if [word.event for word in words].count("message") != len(found):
            return None
        return "".join([word.answer or "" for word in words])

    def _append_all(self, words: list[str]) -> None:
        if text := "".join(words):
            self._append(text)
        words.clear()

    def take_whole(self, completion: Completion) -> None:
        """A server or proxy that did not stream gave everything at once."""
        self.task_id = completion.task_id or None
        self.message_id = completion.message_id or None
        if completion.answer:
            self._append(completion.answer)
        self._finish(completion.usage, completion.sources)

    def finish_stopped(self) -> None:
        """The stream ended after a stop without saying so."""
        self._finish(None, ())

    def release(self) -> None:
        """Nothing more will come: show what waited for the rest of a tag."""
        if self._filter is not None:
            self._show(self._filter.finish())

    def _append(self, delta: str) -> None:
        self._size += len(delta)
        if self._size > TEXT_LIMIT:
            raise Malformed("too large")
        if self._filter is not None and not self._filter.passes(delta):
            self._show(self._filter.feed(delta))
        else:
            self._parts.append(delta)
            self.events.append(TextAdded(delta=delta))

    def _show(self, shown: Shown) -> None:
        if shown.replaces:
            self._parts = [shown.text]
            self.events.append(TextReplaced(text=shown.text))
        elif shown.text:
            self._parts.append(shown.text)
            self.events.append(TextAdded(delta=shown.text))

    def _replace(self, said: _Said) -> None:
        text = said.answer or ""
        if len(text) > TEXT_LIMIT:
            raise Malformed("too large")
        # Speech is made of what the model wrote, so it would still say what was withdrawn.
        self._silence()
        self._size = len(text)
        shown = Shown(text, True) if self._filter is None else self._filter.replace(text)
        self._show(shown._replace(replaces=True))

    def _end(self, said: _Said) -> None:
        if not self.text_ended:
            self._finish(*read_metadata(said.metadata))

    def _finish(self, usage: Usage | None, sources: tuple[Source, ...]) -> None:
        self.release()
        if len(self.text) != self._size:
            # Reasoning was hidden from the text, and the speech reads it out.
            self._silence()
        self.finished = self.text_ended = True
        self.usage, self.sources = usage, sources
        self.events.append(Finished(usage=usage, sources=sources, stopped=self.stopped))

    def _fail(self, said: _Said) -> None:
        if self.text_ended:
            return
        self.release()
        status, code, message = said.status or 400, said.code or "", said.message or ""
        self.text_ended = True
        self.failure = stream_failure(status, code, message, text=self.text)
        if not self.stopped:
            self.events.append(Failed(error=self.failure))

    def _speak(self, said: _Said) -> None:
        if self._mute or not said.audio:
            return
        try:
            data = base64.b64decode(said.audio)
        except (binascii.Error, ValueError):
            return
        if data and self._speech_size + len(data) <= SPEECH_LIMIT:
            self._speech_size += len(data)
            self._speech.append(data)
            self.events.append(SpeechAdded(data=data))

    def _silence(self) -> None:
        self._mute = True
        self._speech.clear()


_OTHERS: Mapping[str, Callable[[Answer, _Said], None]] = {
    "message_replace": Answer._replace,
    "message_end": Answer._end,
    "error": Answer._fail,
    "tts_message": Answer._speak,
}


def _mend(data: bytes) -> _Said | None:
    """The second try, for data that is broken or of wrong types; None when it is no event."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        raw = cast(Mapping[str, object], read_json(data))  # it begins with a brace
    except ValueError:
        raise Malformed("malformed") from None
    said = _Said(metadata=raw.get("metadata"))
    for name in ("event", "task_id", "message_id", "answer", "audio", "code", "message"):
        if isinstance(value := raw.get(name), str):
            setattr(said, name, value)
    if isinstance(status := raw.get("status"), int):
        said.status = status
    return said

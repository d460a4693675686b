"""One answer while it is written: which event follows which.

Several sources (the text, the speech, the moderation, the pings, a stop) put what happened into
one queue; one relay takes it out and sends it on, so that the order of events is decided in one
place. Messages, then perhaps a replacement, then message_end or an error, then what speech is
left and tts_message_end.
"""

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import NamedTuple, Protocol

from bot.sandbox.apps import App
from bot.sandbox.clock import Clock
from bot.sandbox.faults import Chosen
from bot.sandbox.script import ScriptedFault
from bot.sandbox.sending import LONGEST_RUN, PING_EVERY
from bot.sandbox.speaking import Speaking
from bot.sandbox.state import EndUser, State
from bot.sandbox.usage import STOPPED, Tokens, count_words, usage
from bot.sandbox.writer import WriterFault

MODERATION_BUFFER = 300  # characters of new text that make the moderation look, in Dify
MODERATION_EVERY = 1.0  # seconds between its looks at the buffer
STOP_EVERY = 1.0  # seconds; a silent run looks this often whether it was stopped
SPEECH_SILENCE = 5.0  # seconds without audio after which the stream ends without the rest


class Replaced(NamedTuple):
    text: str


class Text(NamedTuple):
    piece: str


class Audio(NamedTuple):
    data: bytes


class Failed(NamedTuple):
    fault: WriterFault


class Signal(Enum):
    """What happens without bringing anything."""

    DONE = auto()  # the model is through
    PING = auto()
    HALT = auto()  # stopped, or out of time
    FLAGGED = auto()  # the moderation found a word amid the text
    SPOKEN = auto()  # no more speech will come


Item = Text | Audio | Replaced | Failed | Signal


class Sending(Protocol):
    """Where events go; `send` and `ping` raise Ended when nobody takes them any more."""

    async def send(self, event: dict[str, object]) -> None: ...
    async def ping(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a run begins with: the pieces of the model, and what is known beforehand."""

    pieces: AsyncGenerator[str | Replaced, None]
    prompt: str
    modelled: bool = True  # False: a preset text, no model was called
    tokens: Tokens | None = None  # None: words are counted
    files: list[dict[str, object]] | None = None
    sources: list[dict[str, object]] = field(default_factory=list)


class Generation:
    """One run: its ids, its text, and whether it was stopped."""

    def __init__(self, app: App, end_user: EndUser, fault: Chosen, clock: Clock) -> None:
        self.app = app
        self.end_user = end_user
        self.fault = fault
        self.clock = clock
        self.task_id = str(uuid.uuid4())
        self.message_id = str(uuid.uuid4())
        self.created_at = int(time.time())
        self.started = clock.now()
        self.stop_wanted = asyncio.Event()
        self.text = ""

    def start(self) -> None:
        """Begin to count: pings, scripted text and moderation are timed from here."""
        self.started = self.clock.now()

    def cost(self, draft: Draft, tokens: Tokens | None) -> dict[str, object]:
        """The `usage` object of a run that ended now."""
        latency = self.clock.now() - self.started
        return usage(tokens if draft.modelled else None, latency)

    def metadata(self, draft: Draft, tokens: Tokens | None) -> dict[str, object]:
        return {
            "annotation_reply": None,
            "retriever_resources": draft.sources,
            "usage": self.cost(draft, tokens),
        }


class Run:
    """Streams one generation to its client."""

    def __init__(
        self, generation: Generation, draft: Draft, state: State, sending: Sending
    ) -> None:
        self._generation = generation
        self._draft = draft
        self._state = state
        self._sending = sending
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._raw = ""  # all the model wrote, replaced or not
        self._looked_at = 0
        self._halting = False
        self._speaking = Speaking(generation.app, generation.fault, self._hear)

    async def stream(self) -> None:
        """Send every event of the answer. Raises an ExceptionGroup of Ended when cut short."""
        visible = (self._write(), self._await_stop(), self._halt_late(), self._moderate())
        lasting = (self._ping(), self._speaking.run())
        async with asyncio.TaskGroup() as tasks:
            until_the_end = [tasks.create_task(source) for source in visible]
            until_silence = [tasks.create_task(source) for source in lasting]
            await self._relay()
            _cancel(until_the_end)
            await self._speak_on()
            _cancel(until_silence)

    async def _relay(self) -> None:
        """Send on until the visible answer has ended."""
        endings = {
            Signal.DONE: self._finish,
            Signal.HALT: self._break_off,
            Signal.FLAGGED: self._withdraw,
        }
        while True:
            item = await self._items.get()
            if isinstance(item, Failed):
                await self._fail(item.fault)
                return
            if isinstance(item, Signal) and item in endings:
                await endings[item]()
                return
            await self._pass_on(item)
            if self._halting and isinstance(item, Text):
                await self._break_off()
                return

    async def _pass_on(self, item: Item) -> None:
        match item:
            case Text(piece):
                await self._message(piece)
            case Replaced(text):
                await self._replace(text)
            case Audio(data):
                await self._audio(data)
            case Signal.PING:
                await self._sending.ping()
            case _:
                pass

    async def _finish(self) -> None:
        """The model is through: its last, empty piece, the moderation's last look, the end."""
        generation, draft = self._generation, self._draft
        if draft.modelled:
            await self._message("")
        if generation.fault.name in ("replaced", "replaced-twice"):
            await self._replace("This text took the place of the answer.")
        if generation.app.barred_outputs.hits(self._raw):
            await self._replace(generation.app.barred_outputs.reply)
        await self._end(draft.tokens or count_words(draft.prompt, self._raw))

    async def _break_off(self) -> None:
        await self._end(STOPPED)

    async def _withdraw(self) -> None:
        await self._replace(self._generation.app.barred_outputs.reply)
        await self._end(STOPPED)

    async def _end(self, tokens: Tokens) -> None:
        generation = self._generation
        await self._state.close_message(generation.message_id, generation.text)
        event = self._event("message_end", id=generation.message_id)
        event["metadata"] = generation.metadata(self._draft, tokens)
        event["files"] = self._draft.files
        await self._sending.send(event)

    async def _fail(self, fault: WriterFault) -> None:
        event = self._event("error", task_id=None)
        event |= {"code": "completion_request_error", "status": 400, "message": fault.message}
        if isinstance(fault, ScriptedFault):
            event |= {"code": fault.code, "status": fault.status}
        await self._sending.send(event)

    async def _speak_on(self) -> None:
        """Send what speech is left, and its end, which comes even when there was none."""
        if not self._speaking.wanted:
            return
        self._speaking.finish()
        with suppress(TimeoutError):
            item: Item | None = None
            while item is not Signal.SPOKEN:
                async with asyncio.timeout(self._generation.clock.real(SPEECH_SILENCE)):
                    item = await self._items.get()
                if not isinstance(item, Text | Replaced):
                    await self._pass_on(item)
        await self._sending.send(self._event("tts_message_end", audio=""))

    async def _message(self, piece: str) -> None:
        self._generation.text += piece
        event = self._event("message", id=self._generation.message_id)
        await self._sending.send(event | {"answer": piece, "from_variable_selector": None})

    async def _replace(self, text: str) -> None:
        self._generation.text = text
        await self._sending.send(self._event("message_replace", answer=text, reason=""))

    async def _audio(self, data: bytes) -> None:
        audio = base64.b64encode(data).decode()
        await self._sending.send(self._event("tts_message", audio=audio))

    def _event(self, name: str, **more: object) -> dict[str, object]:
        """The keys every event has, in their order; `task_id=None` leaves that one out."""
        event: dict[str, object] = {
            "event": name,
            "message_id": self._generation.message_id,
            "created_at": self._generation.created_at,
            "task_id": self._generation.task_id,
        } | more
        return {key: value for key, value in event.items() if value is not None}

    def _hear(self, data: bytes | None) -> None:
        self._items.put_nowait(Signal.SPOKEN if data is None else Audio(data))

    async def _write(self) -> None:
        """Take the model's pieces as they come."""
        try:
            async with aclosing(self._draft.pieces) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Replaced):
                        self._items.put_nowait(piece)
                        continue
                    self._raw += piece
                    self._items.put_nowait(Text(piece))
                    self._speaking.add(piece)
        except WriterFault as fault:
            self._items.put_nowait(Failed(fault))
        else:
            self._items.put_nowait(Signal.DONE)

    async def _ping(self) -> None:
        """Every ten seconds of the run, whether text flows or not."""
        for number in count(1):
            await self._generation.clock.until(self._generation.started + number * PING_EVERY)
            self._items.put_nowait(Signal.PING)

    async def _await_stop(self) -> None:
        """After a stop one more piece may come; a silent run ends within a second."""
        generation = self._generation
        await generation.stop_wanted.wait()
        if generation.fault.name == "deaf-stop":
            return
        if generation.fault.name == "slow-stop":
            await generation.clock.sleep(generation.fault.value)
        self._halting = True
        await generation.clock.sleep(STOP_EVERY)
        self._items.put_nowait(Signal.HALT)

    async def _halt_late(self) -> None:
        await self._generation.clock.until(self._generation.started + LONGEST_RUN)
        self._items.put_nowait(Signal.HALT)

    async def _moderate(self) -> None:
        """Look at the text once a second, when enough of it is new."""
        barred = self._generation.app.barred_outputs
        if not barred.words:
            return
        for number in count(1):
            moment = self._generation.started + number * MODERATION_EVERY
            await self._generation.clock.until(moment)
            if len(self._raw) - self._looked_at >= MODERATION_BUFFER:
                self._looked_at = len(self._raw)
                if barred.hits(self._raw):
                    self._items.put_nowait(Signal.FLAGGED)
                    return


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()

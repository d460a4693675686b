"""The playground with a bot that follows a script, so that the page can be tried alone."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

from adapters.playground.adapter import Playground
from bot import web as server
from bot.events import Action, Command, Edited, Event, Message, MessageRef, Place
from bot.pace import Pace
from bot.surface import Act, Busy, Button, Form, FormField, Outgoing, Rank, Speech, Stopped

SITE = {
    "title": "Letter Writer",
    "icon": "✍️",
    "icon_background": "#FFEAD5",
    "color": "#2f6fed",
    "description": "Writes letters, product texts and replies from a few words.",
    "copyright": "Parley Works",
    "disclaimer": "Answers are written by a model and may be wrong.",
    "privacy": "https://example.org/privacy",
}
FAULTS = (("quota", "the model's quota is used up"), ("cut", "the connection drops"))
PLAIN = "Dear neighbour, thank you for the flowers. " * 8
MARKDOWN = """## Three things that grow

A **message** that grows is easier to *wait* for. Here is a list:

- it begins at once, with `first_text` after 40 ms
- it never flickers
  - not even here
- [x] it ends whole

```python
async with LiveReply(surface, place) as live:
    async for event in stream:
        live.show(stream.text)  # stores and wakes, never waits for a platform call, however long
```

| Platform | Edits | Length |
| --- | --- | --- |
| Telegram | one a second and chat | 4,096 units |
| Slack | fifty a minute | 11,000 bytes |

> Nothing typed is ever lost, and nothing accepted either.

See [the guide](https://example.org/guide) and
aVeryLongWordWithoutAnySpaceInItThatHasToBreakSomewhereOrThePageScrollsSideways.

هذه فقرة تُكتب من اليمين إلى اليسار.
"""
GREETING = Outgoing(
    text="Hello. What shall I write?",
    buttons=(
        Button(label="Write a thank-you letter", name="suggest", value="1"),
        Button(label="Describe a lamp", name="suggest", value="2"),
    ),
    mine=True,
)
FRAMES = 12  # of every answer
STOP = (Button(label="⏹ Stop", name="stop"),)


def _ending(chosen: Act | None = None) -> tuple[Button, ...]:
    labels: dict[Act, str] = {"like": "👍", "dislike": "👎", "regenerate": "↻ Again"}
    return tuple(
        Button(label=label, name=name, chosen=name == chosen) for name, label in labels.items()
    )


@dataclass
class ScriptedBot:
    """`busy` events are refused first; `step` is the pause between two words, in seconds."""

    room: Playground
    pace: Pace
    busy: int = 0
    step: float = 0.02
    stopped: set[str] = field(default_factory=set)
    answers: dict[str, tuple[MessageRef, str]] = field(default_factory=dict)
    lines: list[asyncio.Transport] = field(default_factory=list)

    def cut(self) -> None:
        """Break every connection of the page."""
        for line in self.lines:
            line.abort()

    async def take(self, event: Event) -> None:
        place = event.place
        match event:
            case Message(ref=ref, text=text):
                await self._answer(place, ref, text)
            case Edited(ref=ref, text=text):
                await self._answer(place, ref, text, over=self.answers[ref.id][0])
            case Action(name="stop", ref=ref):
                self.stopped.add(ref.id)
            case Action(name=("like" | "dislike") as name, ref=ref):
                text = next(text for at, text in self.answers.values() if at == ref)
                await self.room.edit(place, ref, Outgoing(text=text, buttons=_ending(name)))
            case Action(name="suggest", value=value):
                await self.room.post(place, Outgoing(text=f"You chose {value}."))
            case Command(name=name):
                await self._obey(place, name)
            case _:
                pass

    async def _obey(self, place: Place, command: str) -> None:
        match command:
            case "start":
                await self.room.post(place, GREETING)
            case "voice":
                await self.room.post_voice(place, _silence(3))
            case "inputs":
                await self.room.open_form(place, _form())

    async def _answer(
        self, place: Place, question: MessageRef, text: str, over: MessageRef | None = None
    ) -> None:
        await self.room.show_status(place, "Thinking")
        await asyncio.sleep(self.step * 5)
        said = ""
        whole = MARKDOWN if "markdown" in text else PLAIN
        async with self.room.grow(place, over) as growing:
            for at in range(1, FRAMES + 1):
                message = Outgoing(text=whole[: len(whole) * at // FRAMES], buttons=STOP)
                await self.pace.slot(growing.cost(message), Rank.FRAME)
                try:
                    ref = await growing.show(message)
                except Stopped:
                    break
                said = message.text
                if ref and ref.id in self.stopped:
                    break
                await asyncio.sleep(self.step)
            ref = await growing.finish(Outgoing(text=said, buttons=_ending()))
        self.answers[question.id] = (ref, said)
        await self.room.show_status(place, "")


def _silence(seconds: int) -> Speech:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(bytes(16000 * seconds))
    return Speech(
        data=sound.getvalue(), media_type="audio/wav", seconds=seconds, title="The answer"
    )


def _form() -> Form:
    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        return {} if values.get("audience") else {"audience": "Say whom it is for."}

    fields = (
        FormField(name="audience", label="Whom is it for?", kind="text", required=True),
        FormField(
            name="tone",
            label="Tone",
            kind="select",
            options=("Formal", "Warm"),
            hint="Sets how it greets and ends.",
        ),
        FormField(name="notes", label="Anything else", kind="paragraph", max_length=200),
        FormField(name="words", label="Length in words", kind="number"),
        FormField(name="sign", label="Sign with my name", kind="checkbox", value="true"),
    )
    return Form(id="inputs", title="What the app asks", submit="Keep", fields=fields, check=check)


@asynccontextmanager
async def scripted_room(**dress: object) -> AsyncIterator[tuple[str, ScriptedBot]]:
    """The room on loopback: its address and its bot; `dress` changes what /site says."""

    async def site() -> Mapping[str, object]:
        return {**SITE, **dress}

    async def set_fault(_: str) -> None:
        return None

    async def accept(event: Event) -> bool:
        if bot.busy:
            bot.busy -= 1
            raise Busy(0.2)
        tasks.append(asyncio.create_task(bot.take(event)))
        return True

    tasks: list[asyncio.Task[None]] = []
    pace = Pace()
    room = Playground(slots=pace, token="t" * 32, site=site, faults=FAULTS, set_fault=set_fault)
    bot = ScriptedBot(room, pace)

    @web.middleware
    async def remember(request: web.Request, handler: Handler) -> web.StreamResponse:
        if isinstance(request.transport, asyncio.Transport):
            bot.lines.append(request.transport)
        return await handler(request)

    application = web.Application(middlewares=[remember])
    application.add_routes(room.routes(accept))
    # No TaskGroup: it would wrap a test's own failure into a group.
    tasks.append(asyncio.create_task(room.run(accept)))
    async with server.listening(application, host="127.0.0.1", port=0) as port:
        try:
            yield f"http://127.0.0.1:{port}/playground/{'t' * 32}/", bot
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [each for each in ended if isinstance(each, Exception)], ended

"""The use cases at work: a real store on disk, a screen in memory, and an API over the wire."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import phrases
from bot.completion import CompletionClient, Patience
from bot.events import Action, Chat, Command, Edited, Event, File, Message, MessageRef, Place, User
from bot.pace import Pace
from bot.sandbox import Config, serve
from bot.service import Service
from bot.service.app import App
from bot.service.running import Running
from bot.service.tools import Rules, Tools
from bot.store.database import opened
from bot.store.inbox import SqlInbox
from bot.store.records import Answer, Question, Work
from bot.store.store import Store, keeping
from bot.surface import Capabilities
from tests.fakes.completion_wire import MESSAGE, TASK, Wire, told
from tests.fakes.prepared import prepare
from tests.fakes.screen import Bubble, Screen

EN = phrases.of("en")
QUICK = Patience(begin=2.0, silence=2.0, stop=0.5, unstarted=1.0, tail=0.3, busy=0.2, backoff=0.01)
ABLE = Capabilities(voice_types=("audio/ogg",), private_replies=True)
PLAIN = {"user_input_form": [{"paragraph": {"label": "Q", "variable": "query", "required": True}}]}


DIRECT = Chat(platform="screen", workspace="bot", id="direct", private=True)
GROUP = Chat(platform="screen", workspace="bot", id="group")
ANYTHING = Rules()


@dataclass
class Bench:
    """`accepted` are the events the use cases handed to the inbox themselves."""

    tools: Tools
    service: Service
    screen: Screen
    store: Store
    inbox: SqlInbox
    accepted: list[Event] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    later: timedelta = timedelta()

    def place(self, user: str = "ann", *, chat: Chat = DIRECT) -> Place:
        return Place(chat=chat, user=User(id=user, language="en", name=user.title()))

    def ref(self, id: str, *, chat: str = "direct") -> MessageRef:
        return MessageRef(platform="screen", workspace="bot", chat=chat, id=id)

    def message(
        self, text: str, *, user: str = "ann", chat: Chat = DIRECT, **more: object
    ) -> Message:
        id = f"m{next(self.numbers)}"
        message = Message(
            id=f"screen:{id}",
            place=self.place(user, chat=chat),
            at=self.now(),
            ref=self.ref(f"q-{id}", chat=chat.id),
            text=text,
        )
        return replace(message, **more)

    def command(self, name: str, text: str = "", *, user: str = "ann", **more: object) -> Command:
        command = Command(
            id=f"screen:c{next(self.numbers)}",
            place=self.place(user),
            at=self.now(),
            name=name,
            text=text,
        )
        return replace(command, **more)

    def press(
        self,
        name: str,
        on: Bubble | MessageRef,
        *,
        user: str = "ann",
        value: str = "",
        chat: Chat = DIRECT,
    ) -> Action:
        """The button as it is on a bubble, or one that is said to have been somewhere."""
        if isinstance(on, Bubble) and not value:
            value = next((one.value for one in on.message.buttons if one.name == name), "")
        return Action(
            id=f"screen:a{next(self.numbers)}",
            place=self.place(user, chat=chat),
            at=self.now(),
            ref=on.ref if isinstance(on, Bubble) else on,
            name=name,
            value=value,
        )

    def edit(self, message: Message, text: str, **more: object) -> Edited:
        edited = Edited(
            id=f"{message.id}:e{next(self.numbers)}",
            place=message.place,
            at=self.now(),
            ref=message.ref,
            text=text,
        )
        return replace(edited, **more)

    def picture(self, handle: str, data: bytes, media_type: str = "image/png") -> File:
        self.screen.files[handle] = data
        return File(handle=handle, media_type=media_type, size=len(data))

    async def do(self, event: Event, *, attempts: int = 0, parts: tuple[Message, ...] = ()) -> None:
        """Handle an event, and what follows from it."""
        self.later += timedelta(seconds=1)  # nobody presses in the moment a message appears
        await self.service.handle(Work(event=event, lane="", attempts=attempts, parts=parts))
        while self.accepted:
            await self.service.handle(Work(event=self.accepted.pop(0), lane=""))

    async def take_in(self, event: Event) -> None:
        """Handle an event beside the talk, which gets to what follows in its turn."""
        self.later += timedelta(seconds=1)
        await self.service.handle(Work(event=event, lane=""))

    def work(self, event: Event) -> Work:
        self.later += timedelta(seconds=1)
        return Work(event=event, lane="")

    async def latest(self, user: str = "ann", *, chat: Chat = DIRECT) -> Answer:
        answer = await self.store.latest_answer(self.place(user, chat=chat))
        assert answer is not None
        return answer

    async def waiting_answer(self, question: Message) -> Answer:
        """What a process leaves that dies right after it opened the answer."""
        await self.store.remember_question(
            Question(ref=question.ref, event=question.id, text=question.text, files=question.files)
        )
        return await self.store.open_answer(
            Answer(
                id=f"answer to {question.id}",
                event=question.id,
                place=question.place,
                end_user=f"screen:{question.place.user.id}",
                question=question.ref,
                inputs={"query": question.text},
                files=question.files,
                created_at=self.now(),
            )
        )

    async def streaming_answer(self, question: Message, text: str, *, begun: bool = True) -> Answer:
        """What a process leaves that dies while the answer streams."""
        answer = await self.waiting_answer(question)
        claim = "of the dead"
        await self.store.claim(answer.id, claim)
        await self.store.asked(answer.id, claim, inputs=answer.inputs, uploads=())
        if begun:
            await self.store.started(answer.id, claim, task_id=TASK, message_id=MESSAGE)
            await self.store.keep(answer.id, claim, text)
        left = await self.store.answer(answer.id)
        assert left is not None
        return left

    def replacing(self, old: Answer, event: Event) -> Answer:
        """What a process leaves that dies when it has just begun to repeat an answer."""
        return Answer(
            id=f"instead of {old.id}",
            event=event.id,
            place=event.place,
            end_user=old.end_user,
            question=old.question,
            replaces=old.id,
            inputs=old.inputs,
            created_at=self.now(),
        )

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something is so; a busy machine takes its time."""
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - what is awaited has no event of its own
                await asyncio.sleep(0.005)


@asynccontextmanager
async def opened_bench(
    folder: Path,
    client: CompletionClient,
    *,
    rules: Rules = ANYTHING,
    able: Capabilities = ABLE,
    size: int = 4096,
    drafts: bool = False,
) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        prepare(folder / "bot.db")
        engine = await stack.enter_async_context(opened(f"sqlite:///{folder}/bot.db"))
        store, inbox = await stack.enter_async_context(keeping(engine))
        await stack.enter_async_context(client)
        pace = Pace()
        screen = Screen(pace, capabilities=able, size=size, drafts=drafts)
        accepted: list[Event] = []

        async def accept(event: Event) -> bool:
            accepted.append(event)
            return True

        bench: Bench
        tools = Tools(
            completion=client,
            store=store,
            surfaces={"screen": screen},
            pace=pace,
            app=App(client),
            running=Running(),
            accept=accept,
            phrases=phrases.of,
            rules=rules,
            now=lambda: bench.now(),
        )
        bench = Bench(tools, Service(tools), screen, store, inbox, accepted)
        stack.push_async_callback(tools.running.end_rests)
        yield bench


@asynccontextmanager
async def wired(
    folder: Path, wire: Wire, *, parameters: object = PLAIN, max_streams: int = 8, **options: object
) -> AsyncIterator[Bench]:
    """With an API that says exactly what a test lays on the wire."""
    wire.on("GET /parameters", told(parameters))
    wire.on("GET /site", told({"title": "App"}))
    client = CompletionClient(
        "http://api/v1",
        "app-key",
        transport=wire.transport,
        patience=QUICK,
        max_streams=max_streams,
    )
    async with opened_bench(folder, client, **options) as bench:
        yield bench


@asynccontextmanager
async def sandboxed(
    folder: Path, *, app: str = "app-plain", fault: str = "", speed: float = 20.0, **options: object
) -> AsyncIterator[Bench]:
    """With the sandbox, over real sockets."""
    async with serve(Config(port=0, fault=fault, speed=speed)) as running:
        client = CompletionClient(running.url, app, patience=QUICK)
        async with opened_bench(folder, client, **options) as bench:
            yield bench

"""Stages: a platform that keeps its limits, and what people do and see on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from adapters.playground.behaviour import Call
from adapters.playground.requests import Delete, Press, React
from bot.events import Event, MessageRef, Place
from bot.pace import Pace
from bot.surface import Button, Surface
from tests.fakes.playground import PlayedRoom, played

STOP = Button(label="⏹", name="stop", value="a1")


class Stage(Protocol):
    """A platform that keeps its limits, and what people do and see on it."""

    surface: Surface
    pace: Pace

    def place(self, *, private: bool = True) -> Place:
        """Where somebody and the bot both are."""
        ...

    def nowhere(self) -> Place:
        """Where the bot may not speak."""
        ...

    def shown(self, place: Place) -> list[str]:
        """The texts on the screen, oldest first; drafts are not among them."""
        ...

    def read(self, text: str) -> str:
        """How `shown` tells a message with this CommonMark."""
        ...

    def buttons(self, ref: MessageRef) -> list[str]: ...

    def accepted(self) -> list[Event]:
        """What the bot has taken, each happening once."""
        ...

    async def say(self, text: str, *, file: bytes = b"") -> None:
        """The person writes to the bot, in private."""
        ...

    async def say_in_group(self, text: str, *, to_the_bot: bool) -> None: ...

    async def deliver_again(self) -> None:
        """The platform sends what it sent last once more."""
        ...

    async def press(self, ref: MessageRef, button: Button) -> None: ...

    async def react(self, ref: MessageRef, emoji: str) -> None: ...

    async def remove(self, ref: MessageRef) -> None:
        """The person takes the bot's message away."""
        ...

    async def stop(self) -> None:
        """The platform's own stop is pressed, where it has one."""
        ...

    def silence(self, seconds: float) -> None:
        """The platform answers everything private with 429 for so long."""
        ...

    def refusals(self) -> int:
        """How many calls were answered with 429 so far."""
        ...


class PlaygroundStage:
    def __init__(self, room: PlayedRoom) -> None:
        self._room = room
        self._last: Callable[[], object] | None = None
        self.surface: Surface = room.surface
        self.pace = room.pace

    def place(self, *, private: bool = True) -> Place:
        return self._room.place(group=not private)

    def nowhere(self) -> Place:
        return self._room.place("somebody-unknown")

    def shown(self, place: Place) -> list[str]:
        posts = self._room.room.posts.values()
        return [post.text for post in posts if post.chat == place.chat.id and post.author == "bot"]

    def read(self, text: str) -> str:
        return text

    def buttons(self, ref: MessageRef) -> list[str]:
        return [button.name for button in self._room.room.posts[ref.id].buttons]

    def accepted(self) -> list[Event]:
        return list(self._room.accepted.values())

    async def say(self, text: str, *, file: bytes = b"") -> None:
        files = []
        if file:
            files = [(await self._room.room.upload(file, "image/png", "a.png")).id]
        await self._room.say(text, files=files)

    async def say_in_group(self, text: str, *, to_the_bot: bool) -> None:
        await self._room.say(f"@parley {text}" if to_the_bot else text, chat="everyone")

    async def deliver_again(self) -> None:
        await self._room.deliver_again()

    async def press(self, ref: MessageRef, button: Button) -> None:
        await self._room.do(
            Press(
                id=self._room.new_id(),
                person="ada",
                message=ref.id,
                name=button.name,
                value=button.value,
            )
        )

    async def react(self, ref: MessageRef, emoji: str) -> None:
        await self._room.do(
            React(id=self._room.new_id(), person="ada", message=ref.id, emoji=emoji, on=True)
        )

    async def remove(self, ref: MessageRef) -> None:
        await self._room.do(Delete(id=self._room.new_id(), message=ref.id))

    async def stop(self) -> None:
        passing = self._room.room.passing
        growing = [*passing.drafts, *(id for id in self._room.room.posts if passing.can_stop(id))]
        ref = MessageRef(platform="playground", workspace="", chat="", id=growing[-1])
        await self.press(ref, STOP)

    def silence(self, seconds: float) -> None:
        kinds: tuple[Call, ...] = ("post", "edit", "draft", "start", "append", "stop")
        for kind in kinds:
            budgets = self._room.behaviour.budgets(kind, "dm-ada", private=True)
            self._room.gate.silence(budgets, seconds)

    def refusals(self) -> int:
        return sum(str(outcome).startswith("rate limited") for _, outcome in self._room.outcomes())


def playground(behaviour: str) -> Callable[[], AbstractAsyncContextManager[Stage]]:
    @asynccontextmanager
    async def stage() -> AsyncIterator[Stage]:
        with played(behaviour) as room:
            yield PlaygroundStage(room)

    return stage


class Forgetful:
    """Screens that nobody will look for."""

    async def intend(self, part: int) -> None:
        return

    async def shown(self, part: int, ref: MessageRef) -> None:
        return

    async def settled(self, part: int, ref: MessageRef) -> None:
        return

    async def removed(self, part: int) -> None:
        return

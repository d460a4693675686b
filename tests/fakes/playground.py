"""The playground without its server: people act, the bot's side answers, all in virtual time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapters.playground.behaviour import Behaviour
from adapters.playground.calls import Calls
from adapters.playground.deeds import Deeds
from adapters.playground.delivery import Delivery
from adapters.playground.gate import Gate
from adapters.playground.outbound import RoomSurface
from adapters.playground.records import EVERYONE
from adapters.playground.requests import Deed, Delete, Edit, Press, React, Send, Submit
from adapters.playground.room import Room
from bot.events import Chat, Event, MessageRef, Place, User
from bot.pace import Pace
from bot.surface import Busy


class PlayedRoom:
    """One room with the bot's surface on one side and people's deeds on the other.

    `accepted` is what the bot took, each happening once, as its inbox would; `deliveries` counts
    all that was handed over. While `busy` is true nothing is taken.
    """

    def __init__(self, behaviour: str = "ideal", path: Path | None = None) -> None:
        self.room = Room(path, behaviour=behaviour)
        self.room.open()
        self.gate = Gate()
        self.pace = Pace()
        self.surface = RoomSurface(Calls(self.room, self.pace, self.gate))
        self.deeds = Deeds(self.room, "parley")
        self.delivery = Delivery(self.room)
        self.accepted: dict[str, Event] = {}
        self.deliveries = 0
        self.busy = False

    @property
    def behaviour(self) -> Behaviour:
        return self.room.behaviour

    async def accept(self, event: Event) -> bool:
        if self.busy:
            raise Busy(2.0)
        self.deliveries += 1
        known = event.id in self.accepted
        self.accepted.setdefault(event.id, event)
        return not known

    async def do(self, deed: Deed) -> list[Event]:
        """What a request of the page does; gives the events the bot took for it."""
        before = len(self.accepted)
        if not self.room.knows(deed.id):
            match deed:
                case Send():
                    self.deeds.say(deed)
                case Edit():
                    self.deeds.edit(deed)
                case Delete():
                    self.deeds.delete(deed)
                case React():
                    self.deeds.react(deed)
                case Press():
                    self.deeds.press(deed)
                case Submit():
                    self.deeds.submit(deed)
        await self.delivery.hand_over(deed.id, self.accept)
        return list(self.accepted.values())[before:]

    async def say(
        self, text: str, *, person: str = "ada", chat: str = "", **more: Any
    ) -> list[Event]:
        return await self.do(
            Send(id=self.new_id(), person=person, chat=chat or f"dm-{person}", text=text, **more)
        )

    async def deliver_again(self) -> None:
        """As after a crash between the bot's yes and the room's note of it."""
        again = self.new_id()
        self.room.keep(self.room.happen(again, [list(self.accepted.values())[-1]]))
        await self.delivery.hand_over(again, self.accept)

    def new_id(self) -> str:
        return uuid4().hex

    def place(self, person: str = "ada", *, group: bool = False, only_user: bool = False) -> Place:
        chat = EVERYONE if group else f"dm-{person}"
        return Place(
            chat=Chat(platform="playground", workspace=self.room.id, id=chat, private=not group),
            user=User(id=person),
            only_user=only_user,
        )

    def text(self, ref: MessageRef) -> str | None:
        post = self.room.posts.get(ref.id)
        return post.text if post else None

    def outcomes(self) -> list[tuple[object, object]]:
        return [(call["verb"], call["outcome"]) for call in self.surface.calls.recent]


@contextmanager
def played(behaviour: str = "ideal", path: Path | None = None) -> Iterator[PlayedRoom]:
    """A room that is closed at the end of the block, as at the end of its process."""
    room = PlayedRoom(behaviour, path)
    try:
        yield room
    finally:
        room.room.close()

"""Events go to the bot until it has accepted them, as from any platform: at least once."""

import asyncio

from adapters.playground.room import Room
from bot.surface import Accept, Busy

_ATTENTION = 5.0  # seconds between two looks at what was left, if nobody asks for one


class Delivery:
    """Hands the room's events over. `run` comes back for what a busy bot or a crash left."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._left = asyncio.Event()

    async def hand_over(self, client: str, accept: Accept) -> None:
        """Everything owed under the page's id `client`, in order. Raises Busy."""
        try:
            for event in self._room.owed(client):
                await accept(event)
            self._room.settle(client)
        finally:
            if self._room.owes(client):
                self._left.set()

    async def run(self, accept: Accept) -> None:
        """Until cancelled."""
        while True:
            self._left.clear()
            pause = await self._hand_over_all(accept)
            if pause:
                await asyncio.sleep(pause)
                continue
            await self._left.wait()
            await asyncio.sleep(_ATTENTION)  # the page comes again by itself

    async def _hand_over_all(self, accept: Accept) -> float:
        """Seconds until the next attempt, 0 when nothing is left."""
        for client in self._room.all_owed():
            try:
                await self.hand_over(client, accept)
            except Busy as busy:
                return busy.retry_after
            except OSError:  # the journal's disk is full; the bot knows the event twice then
                return _ATTENTION
        return 0.0

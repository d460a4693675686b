"""Drafts in private chats: which are on the screen, who stopped one, and where there are none.

A draft is no message: it shows text for half a minute, and is gone as soon as a message of the bot
arrives in the same chat and topic. Drawn again under the same id its text is animated on.
"""

import asyncio
import secrets
from contextlib import suppress
from math import inf
from typing import TypeAlias

from adapters.telegram.errors import Refused, Unauthorized, Unsupported
from adapters.telegram.markup import Rendered
from adapters.telegram.remembered import Remembered
from adapters.telegram.spot import Spot
from bot.events import Chat
from bot.surface import Stopped

KEPT = 20.0
"""Seconds after which a draft is drawn again unchanged: it lasts 30 ("a temporary 30-second
preview", sendMessageDraft), and a call may have to wait its turn and be made twice."""

SETTLING = 1.0
"""Seconds for a draft on its way, so that it does not arrive after the message that ends it."""

REFUSING = 3600.0
"""Seconds for which a chat that refused a draft gets none: topics are opened again, too."""

_MOST = 10_000  # chats that are remembered

_Key: TypeAlias = tuple[str, str, str]


class Drawing:
    """One draft: the status first, then the words that grow. Its calls go one after another."""

    def __init__(self) -> None:
        self.id = secrets.randbelow(2**31 - 1) + 1  # anything but 0; as JSON numbers are exact
        self.grows = self.over = self.stopped = False
        self.was_drawn = False
        self.shown: Rendered | None = None
        self._drawn_at = -inf
        self._lock = asyncio.Lock()

    def shows(self, rendered: Rendered) -> bool:
        """Whether this is on the screen, and stays there for a while."""
        return self.shown == rendered and asyncio.get_running_loop().time() < self._drawn_at + KEPT

    def vanish(self) -> None:
        self.shown = None

    async def draw(self, spot: Spot, rendered: Rendered) -> None:
        """One call whose slot has been taken; raises Stopped once the person has stopped it."""
        async with self._lock:
            if self.stopped:
                raise Stopped
            features = spot.account.features
            await spot.account.calls.draft(
                spot.to, self.id, rendered.text, rendered.entities, can_stop=features.draft_stop
            )
            self.was_drawn = True
            self.shown = rendered
            self._drawn_at = asyncio.get_running_loop().time()

    async def settle(self) -> None:
        """Return when no call is on its way, or takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLING), self._lock:
                return


class Drafts:
    """The drafts of all accounts."""

    def __init__(self) -> None:
        self._drawings: Remembered[_Key, list[Drawing]] = Remembered(_MOST)
        self._refused_at: Remembered[_Key, float] = Remembered(_MOST)

    def waiting(self, chat: Chat) -> Drawing | None:
        """The draft for a status; None while words grow there, which are news enough."""
        drawings = self._at(chat)
        if any(drawing.grows for drawing in drawings):
            return None
        return drawings[0] if drawings else self._begin(chat)

    def take(self, chat: Chat) -> Drawing:
        """The draft for words that begin to grow: the status's where there is one."""
        waiting = (drawing for drawing in self._at(chat) if not drawing.grows)
        drawing = next(waiting, None) or self._begin(chat)
        drawing.grows = True
        return drawing

    def end(self, chat: Chat, drawing: Drawing) -> None:
        """Nothing more will be drawn there."""
        drawing.over = True
        drawings = self._at(chat)
        if drawing in drawings:
            drawings.remove(drawing)
            if not drawings:
                self._drawings.forget(_key(chat))

    def posted(self, chat: Chat) -> None:
        """A message of the bot has come: no draft is on the screen any more."""
        for drawing in [*self._at(chat)]:
            drawing.vanish()
            if not drawing.grows:
                self.end(chat, drawing)

    async def settle(self, chat: Chat) -> None:
        """Return when no draft is on its way, so that none arrives after a message to come."""
        for drawing in [*self._at(chat)]:
            await drawing.settle()

    def stopped(self, chat: str, thread: str, draft_id: int) -> bool:
        """The person pressed the platform's own stop; False if nothing of ours is drawn there."""
        found = [
            drawing
            for key, drawings in self._drawings.items()
            if key[1:] == (chat, thread)
            for drawing in drawings
            if drawing.id == draft_id
        ]
        for drawing in found:
            drawing.stopped = True
        return bool(found)

    def refuse(self, chat: Chat, refusal: Refused) -> None:
        """No draft could be drawn there; for a while none is tried."""
        if not isinstance(refusal, Unauthorized | Unsupported):  # which are not about the chat
            self._refused_at.put(_key(chat), asyncio.get_running_loop().time())

    def refuses(self, chat: Chat) -> bool:
        at = self._refused_at.get(_key(chat))
        return at is not None and asyncio.get_running_loop().time() < at + REFUSING

    def _at(self, chat: Chat) -> list[Drawing]:
        return self._drawings.get(_key(chat)) or []

    def _begin(self, chat: Chat) -> Drawing:
        drawing, drawings = Drawing(), self._at(chat)
        drawings.append(drawing)
        self._drawings.put(_key(chat), drawings)
        return drawing


def _key(chat: Chat) -> _Key:
    return chat.workspace, chat.id, chat.thread

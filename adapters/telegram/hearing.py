"""What is done with an update, however it came: kept as an event, and minded besides."""

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from adapters.telegram import inbound
from adapters.telegram.account import Account
from adapters.telegram.addressing import Me
from adapters.telegram.drafts import Drafts
from adapters.telegram.inbound import Heard, Unreadable
from bot import observe
from bot.events import Command, Event, Message
from bot.surface import Accept, Busy, SurfaceError

MOST: Final = 1000
"""Albums whose parts may still come and events that failed, which matter for seconds, and groups,
of which it costs one call to be asked about again."""
TRIES: Final = 3
"""Times that an event is tried which breaks something: a database that is away makes the bot Busy,
so what is left is the event's own doing."""
PATIENCE: Final = 2.0  # seconds that help in a group waits for what the bot is there
PAUSE: Final = 1.0  # seconds before it is tried again

_log = observe.get_logger(__name__)


class Ear:
    """Takes one account's updates in."""

    def __init__(self, account: Account, drafts: Drafts) -> None:
        self._account = account
        self._drafts = drafts
        self._albums: OrderedDict[str, int] = OrderedDict()  # addressed to the bot by one part
        self._standings: OrderedDict[str, int] = OrderedDict()  # groups in which it is known
        self._failures: OrderedDict[str, int] = OrderedDict()  # by event

    async def hear(self, update: object, accept: Accept) -> str:
        """Take an update in; what was taken before changes nothing.

        Gives the id of the button's press that waits to be acknowledged, "" for none. Raises Busy
        and has kept nothing then.
        """
        heard = self._read(update)
        self._learn(heard)
        event = heard.event and self._placed(heard.event)
        if event is not None and event.place.interaction:
            self._account.presses.hold(event.place.interaction)
        if isinstance(event, Command) and event.name == "help" and not event.place.chat.private:
            await self._ask_standing(event.place.chat.id)
        if event is not None and await self._kept(event, accept):
            self._expect_album(event)
            if heard.stopped:
                # Only now: whoever draws it would else end the answer that this stop is to find.
                chat = event.place.chat
                self._drafts.stopped(chat.id, chat.thread, heard.stopped)
        return heard.callback

    def _read(self, update: object) -> Heard:
        """What cannot be read is let go: Telegram would send it again, and again."""
        me = Me(id=int(self._account.id), username=self._account.username)
        try:
            return inbound.parse(update, me, albums=self._albums, now=datetime.now(UTC))
        except Unreadable as unreadable:
            _log.warning("an update cannot be read", bot=self._account.id, error=str(unreadable))
        except Exception as error:  # nothing that one person sends may keep out everybody else
            _log.error("an update cannot be read", bot=self._account.id, trace=observe.trace(error))
        observe.EVENTS.labels("unreadable").inc()
        return Heard()

    async def _kept(self, event: Event, accept: Accept) -> bool:
        """Whether `event` is kept; it is given up when that fails TRIES times by our own fault."""
        try:
            await accept(event)
        except Busy:
            raise
        except Exception as error:  # its chat comes again, and all the others go on
            trace = observe.trace(error)
            _log.error("an event cannot be kept", bot=self._account.id, trace=trace)
            failures = self._failures.pop(event.id, 0) + 1
            if failures >= TRIES:
                return False
            _remember(self._failures, event.id, failures)
            raise Busy(PAUSE) from None
        return True

    def _learn(self, heard: Heard) -> None:
        """What the chat's state is now; a chat that anything is heard from is not dead."""
        if heard.moved:
            old, new = heard.moved
            self._account.move(str(old), str(new))
        if not heard.chat:
            return
        chat = str(heard.chat)
        if heard.standing == "gone":
            self._account.bury(chat)
        else:
            self._account.revive(chat)
        if heard.standing:
            self._account.set_administers(chat, heard.standing == "administrator")
            _remember(self._standings, chat, 1)

    def _placed(self, event: Event) -> Event:
        """Where its chat is today: what is left of one that moved can still be pressed there."""
        chat = event.place.chat
        now = self._account.moved(chat.id)
        if now == chat.id:
            return event
        return replace(event, place=replace(event.place, chat=replace(chat, id=now)))

    async def _ask_standing(self, chat: str) -> None:
        """Whether reactions come from a group: help tells people, who cannot see it themselves."""
        if chat in self._standings:
            return
        with contextlib.suppress(SurfaceError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                member = await self._account.calls.chat_member_rights(int(chat))
            administers = member.get("status") in ("administrator", "creator")
            self._account.set_administers(chat, administers)
            _remember(self._standings, chat, 1)

    def _expect_album(self, event: Event) -> None:
        if isinstance(event, Message) and event.album and not event.place.chat.private:
            _remember(self._albums, event.album, 1)


def _remember(kept: "OrderedDict[str, int]", name: str, value: int) -> None:
    """Keep it, and let the oldest go."""
    kept[name] = value
    if len(kept) > MOST:
        kept.popitem(last=False)

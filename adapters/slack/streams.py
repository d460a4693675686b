"""What grows at the moment, so that Slack's own Stop finds it, and where nothing streams."""

import asyncio
import secrets
from collections.abc import Collection
from typing import Final
from weakref import WeakSet

from adapters.slack.remembered import Remembered
from bot.events import Place

REFUSED_FOR: Final = 3600.0
"""Seconds for which a place that takes no stream is not asked again."""

_MOST: Final = 10_000  # places that are remembered


class Watch:
    """One growing message: `ts` once it has one, `streams` while Slack lets it grow."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.who = secrets.token_hex(6)
        self.ts = ""
        self.streams = False
        self.stopped = False


class Streams:
    """All that grows in this process."""

    def __init__(self) -> None:
        self._watched: WeakSet[Watch] = WeakSet()
        self._refused: Remembered[tuple[str, str, str], float] = Remembered(_MOST)

    def watch(self, place: Place) -> Watch:
        watch = Watch(place)
        self._watched.add(watch)
        return watch

    def leave(self, watch: Watch) -> None:
        self._watched.discard(watch)

    def stopped(self, team: str, channel: str, thread: str, streaming: Collection[str]) -> None:
        """Stop was pressed in a thread: what streamed there, and what had not begun to."""
        for watch in [*self._watched]:
            chat = watch.place.chat
            if (chat.workspace, chat.id) != (team, channel):
                continue
            if watch.ts in streaming or (chat.thread == thread and not watch.streams):
                watch.stopped = True

    def refuse(self, place: Place) -> None:
        """Nothing streams to this person here; what was said there is posted and edited."""
        self._refused.put(_key(place), asyncio.get_running_loop().time() + REFUSED_FOR)

    def refuses(self, place: Place) -> bool:
        until = self._refused.get(_key(place))
        return until is not None and asyncio.get_running_loop().time() < until


def _key(place: Place) -> tuple[str, str, str]:
    return place.chat.workspace, place.chat.id, place.user.id

"""What grows at the moment, so that Slack's own Stop finds it, and where there is room for more.

A workspace has few streams a minute. What finds no room for one is posted and edited at once,
instead of waiting for its turn.
"""

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from typing import Final
from weakref import WeakSet

from adapters.slack.limits import STREAMS
from adapters.slack.remembered import Remembered
from bot.events import Place

REFUSED_FOR: Final = 3600.0
"""Seconds for which a place that takes no stream is not asked again."""

_MOST: Final = 10_000  # places that are remembered


class Watch:
    """One growing message: `ts` once it has one, `streams` while Slack lets it grow.

    `has_room`: it may become a stream.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.who = secrets.token_hex(6)
        self.ts = ""
        self.has_room = False
        self.streams = False
        self.stopped = False


@dataclass(slots=True)
class _Room:
    """The starts that are left in one workspace, counted as its budget counts them.

    While it is paused `at` is its end, and there are less than none.
    """

    left: float
    at: float

    def at_now(self, now: float) -> float:
        rate, burst = STREAMS
        self.left = min(burst, self.left + (now - self.at) * rate)
        self.at = now
        return self.left


class Streams:
    """All that grows in this process.

    `resumes`: a process before this one may have started as many streams as there may be.
    """

    def __init__(self, *, resumes: bool = False) -> None:
        self._none_at = _now() if resumes else -inf
        self._watched: WeakSet[Watch] = WeakSet()
        self._rooms: dict[str, _Room] = {}
        self._refused: Remembered[tuple[str, str, str], float] = Remembered(_MOST)

    def watch(self, place: Place) -> Watch:
        watch = Watch(place)
        self._watched.add(watch)
        return watch

    def has_room(self, team: str) -> bool:
        """Whether one more could be started now, and ended when its time has come."""
        streaming = [one for one in self._watched if one.has_room and _team(one) == team]
        return len(streaming) < STREAMS[1] and self._room(team).at_now(_now()) >= 1

    def take_room(self, watch: Watch) -> None:
        self._room(_team(watch)).left -= 1
        watch.has_room = True

    def leave(self, watch: Watch) -> None:
        """It grows no more; room that was not used is another's."""
        if watch.has_room and not watch.ts:
            self._room(_team(watch)).left += 1
        self._watched.discard(watch)

    def stopped(self, team: str, channel: str, thread: str, streaming: Collection[str]) -> None:
        """Stop was pressed in a thread: what streamed there, and what had not begun to."""
        for watch in [*self._watched]:
            chat = watch.place.chat
            if (chat.workspace, chat.id) != (team, channel):
                continue
            if watch.ts in streaming or (chat.thread == thread and not watch.streams):
                watch.stopped = True

    def pause(self, team: str, seconds: float) -> None:
        """Slack said 429 to a start: there is no room until then."""
        room = self._room(team)
        room.left, room.at = 0.0, _now() + seconds

    def refuse(self, place: Place) -> None:
        """Nothing streams to this person here; what was said there is posted and edited."""
        self._refused.put(_key(place), _now() + REFUSED_FOR)

    def refuses(self, place: Place) -> bool:
        until = self._refused.get(_key(place))
        return until is not None and _now() < until

    def _room(self, team: str) -> _Room:
        room = self._rooms.get(team)
        if room is None:
            (rate, burst), now = STREAMS, _now()
            left = min(burst, (now - self._none_at) * rate)
            room = self._rooms[team] = _Room(left=left, at=now)
        return room


def _key(place: Place) -> tuple[str, str, str]:
    return place.chat.workspace, place.chat.id, place.user.id


def _team(watch: Watch) -> str:
    return watch.place.chat.workspace


def _now() -> float:
    return asyncio.get_running_loop().time()

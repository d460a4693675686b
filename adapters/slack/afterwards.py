"""What follows a payload besides its event: shown beside the talk, where nobody waits for it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from adapters.slack.aside import Aside
from adapters.slack.heard import Heard
from adapters.slack.home import Homes
from adapters.slack.install import Install
from adapters.slack.prompts import Pinned
from adapters.slack.routing import Route
from bot import observe
from bot.events import Action, Command, Event, Place

Stop = Callable[[str, str, str, Sequence[str]], None]
"""Ends what grows in a team's channel and thread, and the messages with these ids."""

_SETTINGS: Final = frozenset({"inputs", "voice", "forget"})
"""Commands that change what a home page shows."""

_log = observe.get_logger(__name__)


class Afterwards:
    def __init__(
        self, aside: Aside, *, stop: Stop, homes: Homes, pinned: Pinned, install: Install | None
    ) -> None:
        self._aside = aside
        self._stop = stop
        self._homes = homes
        self._pinned = pinned
        self._install = install

    def mind(self, found: Heard) -> None:
        """Of what was kept, or needs no keeping."""
        if found.home is not None:
            chat, user = found.home.chat, found.home.user
            self._aside.begin(partial(self._homes.publish, chat.workspace, user, chat.id))
        event = found.event
        if event is None:
            return
        if found.stopped is not None:
            # Only now: whoever streams it would else end the answer that this stop is to find.
            stopped = found.stopped
            self._stop(
                event.place.chat.workspace, stopped.channel, stopped.thread, stopped.messages
            )
        if isinstance(event, Command) and event.name == "welcome":
            place = event.place
            self._aside.begin(partial(self._pinned.show, place, place.chat.thread))
        elif _changes_settings(event):
            self.refresh(event.place)

    def refresh(self, place: Place) -> None:
        """The person's home page, if they have looked at it."""
        chat, user = place.chat, place.user
        if chat.private:
            self._aside.begin(partial(self._homes.refresh, chat.workspace, user, chat.id))

    async def leave(self, route: Route, found: Heard) -> None:
        """The app was taken from the workspace; what was said there is deleted before it is
        acknowledged, since nobody tells of it again."""
        if found.gone is None:
            return
        if self._install is None:
            _log.error("the app was removed from the workspace, or its token", team=route.team)
            return
        await self._install.uninstalled(
            team=route.team, enterprise=route.enterprise, org=route.org, at=found.gone
        )


def _changes_settings(event: Event) -> bool:
    return isinstance(event, Command | Action) and event.name in _SETTINGS

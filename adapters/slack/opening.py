"""Forms on their way to people and back.

A trigger opens one window, within 3 s, and what fills the window may take longer to find out. So
where a form may come, a window that waits takes the trigger in time, and the form takes its place.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from adapters.slack import carried, interaction, modals
from adapters.slack.carried import Carried
from adapters.slack.errors import Refused
from adapters.slack.interaction import Interaction, Kind
from adapters.slack.page import Page, Words
from adapters.slack.workspace import Workspaces
from bot.events import Place
from bot.observe import get_logger
from bot.surface import Expired, Form, Gone, RateLimited, SurfaceError

EARLY: Final = 1.2
"""Seconds a form gets to come by itself: a trigger is good for 3, and a call takes some of them."""
PATIENCE: Final = 10.0
"""Seconds a window waits for its form; what comes later is said in the chat."""
KEPT: Final = 1000
"""Open forms whose check is remembered; the core checks what comes from any other."""
EXPECTED: Final = 1000
"""Triggers that are waited for at a time."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """`body` is Slack's answer. Without `values` there is nothing else to do: it tells of faults.

    `response_url` is that of what has opened the form; with the `kind` "view" a message that was
    pressed can be written over by it, with any other only new ones can be said.
    """

    body: modals.Json
    place: Place | None = None
    form: str = ""
    values: Mapping[str, str] | None = field(default=None, repr=False)
    kind: Kind = "view"
    response_url: str = field(default="", repr=False)


@dataclass(slots=True)
class _Window:
    """What becomes of one trigger; `id` is the window's once it is open. One call at a time."""

    id: str = ""
    has_form: bool = False
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    calling: asyncio.Lock = field(default_factory=asyncio.Lock)


class Forms:
    """No slots are waited for: each call is one person's press, and their trigger runs out."""

    def __init__(self, workspaces: Workspaces, page: Page | None = None) -> None:
        self._workspaces = workspaces
        self._page = page or Page()
        self._expected: dict[str, _Window] = {}
        self._arrived: asyncio.Queue[tuple[Place, str]] = asyncio.Queue(EXPECTED)
        self._open: OrderedDict[str, Form] = OrderedDict()

    async def run(self) -> None:
        """Hold open the triggers that are expected to open a form, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                place, trigger = await self._arrived.get()
                group.create_task(self._hold(place, trigger))

    def expect(self, place: Place) -> None:
        """A form may come for the interaction of `place`, which has just arrived."""
        trigger = _interaction(place).trigger
        if trigger and trigger not in self._expected:
            with suppress(asyncio.QueueFull):
                self._arrived.put_nowait((place, trigger))
                self._expected[trigger] = _Window()

    def unneeded(self, place: Place) -> None:
        """The interaction of `place` was answered in the chat: no form is to be waited for."""
        window = self._expected.get(_interaction(place).trigger)
        if window is not None:
            window.decided.set()

    async def open(self, place: Place, form: Form) -> None:
        """Raises Expired where it is too late, or Slack takes no such form, or none for now."""
        found = _interaction(place)
        if not found.trigger:
            raise Expired("there is nothing to open a form with")
        kind: Kind = "view" if found.kind == "press" else found.kind
        packed = Carried(
            place=place, form=form.id, kind=kind, response_url=found.response_url
        ).packed()
        view = modals.view(form, self._words(place), packed)
        window = self._expected.get(found.trigger) or _Window()
        try:
            id = await self._fill(place, found.trigger, window, view)
        except (Refused, Gone, RateLimited) as error:
            _log.warning("a form could not be opened", error=type(error).__name__, why=str(error))
            raise Expired("the form could not be opened") from None
        self._remember(id, form)

    def submitted(self, payload: Mapping[str, object]) -> Submitted:
        """What a submitted view says; at once, since its window waits for the answer.

        A form opened by an earlier process is taken without a check.
        """
        view = payload.get("view")
        found = carried.read(view) if isinstance(view, Mapping) else None
        if not isinstance(view, Mapping) or found is None or not found.form:
            return Submitted(body={})
        form = self._open.get(str(view.get("id")))
        values = modals.values(view, form)
        faults = form.check(values) if form else {}
        if form and faults:
            told = modals.errors(form, faults)
            return Submitted(body={"response_action": "errors", "errors": told})
        return Submitted(
            body={},
            place=found.place,
            form=found.form,
            values=values,
            kind=found.kind,
            response_url=found.response_url,
        )

    async def _hold(self, place: Place, trigger: str) -> None:
        window = self._expected[trigger]
        try:
            if await _within(window.decided, EARLY):
                return
            await self._say(window, place, trigger, self._words(place).wait)
            await _within(window.decided, PATIENCE)
            if window.id:
                await self._say(window, place, trigger, self._words(place).nothing)
        except SurfaceError as error:
            _log.info("a window could not be held open", error=type(error).__name__)
        finally:
            del self._expected[trigger]

    async def _say(self, window: _Window, place: Place, trigger: str, told: str) -> None:
        """Show a window that only says something, unless the form has come."""
        async with window.calling:
            if not window.has_form:
                view = modals.saying(self._words(place), told)
                await self._show(place, trigger, window, view)

    async def _fill(self, place: Place, trigger: str, window: _Window, view: modals.Json) -> str:
        async with window.calling:
            await self._show(place, trigger, window, view)
            window.has_form = True
            window.decided.set()
            return window.id

    async def _show(self, place: Place, trigger: str, window: _Window, view: modals.Json) -> None:
        """In the window that is open, or in a new one."""
        workspace = await self._workspaces.of(place.chat.workspace)
        if window.id:
            await workspace.calls.update_view(window.id, view)
        else:
            window.id = await workspace.calls.open_view(trigger, view)

    def _remember(self, id: str, form: Form) -> None:
        self._open[id] = form
        self._open.move_to_end(id)
        if len(self._open) > KEPT:
            self._open.popitem(last=False)

    def _words(self, place: Place) -> Words:
        return self._page.words(place.user.language)


def _interaction(place: Place) -> Interaction:
    return interaction.read(place.interaction) or Interaction(kind="view")


async def _within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()

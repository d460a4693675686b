"""What a platform shows and forgets: drafts, statuses, open forms, permissions, open streams.

None of it is kept: after a restart it is gone, as it would be on a platform that saw us vanish.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping

from adapters.playground import view
from adapters.playground.feed import Feed, Make, Operation
from adapters.playground.records import Post
from bot.surface import Form

DRAFT_LASTS = 30.0  # seconds without a frame; Telegram's drafts vanish then
STATUS_LASTS = 90.0  # seconds; Slack's longest
STREAM_LASTS = 300.0  # seconds; Slack closes a stream after about five minutes
_MOST = 500  # open forms and permissions; nobody clicks that fast


class Passing:
    """Everything with a time limit; timers belong to it and end with `close`."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.drafts: dict[str, Post] = {}
        self.stopped: set[str] = set()
        """Drafts and streams on which the platform's own stop was pressed."""
        self.forms: dict[tuple[str, str, str], Form] = {}
        self._statuses: dict[tuple[str, str], str] = {}
        self._streams: dict[str, float] = {}
        self._permissions: dict[str, float] = {}
        self._timers: dict[object, asyncio.TimerHandle] = {}

    def operations(self) -> Iterator[Operation]:
        """What a tab that opens now has to be told besides the messages."""
        for (chat, person), words in self._statuses.items():
            yield {"op": "status", "chat": chat, "person": person, "words": words}
        for (chat, person, _), form in self.forms.items():
            yield view.form(person, chat, form)

    def draw(self, draft: Post, make: Make) -> None:
        """A draft, new or changed. `make` gives the operation that shows it."""
        new = draft.id not in self.drafts
        self.drafts[draft.id] = draft
        (self._feed.publish_message if new else self._feed.publish_frame)(draft.id, make)
        self._later(draft.id, DRAFT_LASTS, lambda: self.wipe(draft.id))

    def wipe(self, id: str) -> None:
        """The draft is over; nothing is left of it."""
        self._forget_timer(id)
        self.stopped.discard(id)
        if self.drafts.pop(id, None) is not None:
            self._feed.publish_message(id, lambda: {"op": "deleted", "id": id})

    def begin_stream(self, id: str) -> None:
        self._streams[id] = asyncio.get_running_loop().time() + STREAM_LASTS

    def streams(self, id: str) -> bool:
        """Whether the message can still be written on as a stream."""
        ends = self._streams.get(id)
        return ends is not None and asyncio.get_running_loop().time() < ends

    def end_stream(self, id: str) -> None:
        self._streams.pop(id, None)
        self.stopped.discard(id)

    def can_stop(self, id: str) -> bool:
        """Whether the stop under it is the platform's own."""
        return id in self.drafts or id in self._streams

    def set_status(self, chat: str, person: str, words: str) -> None:
        key = (chat, person)
        if words == self._statuses.get(key, ""):
            if words:
                self._later(key, STATUS_LASTS, lambda: self.set_status(chat, person, ""))
            return
        if words:
            self._statuses[key] = words
            self._later(key, STATUS_LASTS, lambda: self.set_status(chat, person, ""))
        else:
            self._statuses.pop(key, None)
            self._forget_timer(key)
        self._feed.publish({"op": "status", "chat": chat, "person": person, "words": words})

    def end_statuses(self, chat: str) -> None:
        """Somebody spoke: whoever was typing has arrived."""
        for each, person in [key for key in self._statuses if key[0] == chat]:
            self.set_status(each, person, "")

    def permit(self, seconds: float) -> str:
        """A permission to answer a click with a form; "" where there is none."""
        if seconds <= 0:
            return ""
        now = asyncio.get_running_loop().time()
        self._permissions = {id: end for id, end in self._permissions.items() if end > now}
        permission = secrets.token_hex(8)
        self._permissions[permission] = now + seconds
        if len(self._permissions) > _MOST:
            self._permissions.pop(next(iter(self._permissions)))
        return permission

    def use_permission(self, permission: str) -> bool:
        """Whether it held; it does so once."""
        ends = self._permissions.pop(permission, 0.0)
        return asyncio.get_running_loop().time() < ends

    def open_form(self, chat: str, person: str, form: Form) -> None:
        self.forms[chat, person, form.id] = form
        if len(self.forms) > _MOST:
            self.forms.pop(next(iter(self.forms)))
        self._feed.publish(view.form(person, chat, form))

    def faults(self, chat: str, person: str, id: str, values: Mapping[str, str]) -> dict[str, str]:
        """The form's own check; a form that nobody remembers is checked by the bot alone."""
        form = self.forms.get((chat, person, id))
        faults = dict(form.check(values)) if form else {}
        if not faults:
            self.close_form(chat, person, id)
        return faults

    def close_form(self, chat: str, person: str, id: str) -> None:
        """Answered or dismissed: it closes in every tab, and no later one is told of it."""
        if self.forms.pop((chat, person, id), None) is not None:
            self._feed.publish({"op": "closed", "chat": chat, "person": person, "form": id})

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _later(self, key: object, seconds: float, act: Callable[[], None]) -> None:
        self._forget_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, act)

    def _forget_timer(self, key: object) -> None:
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()

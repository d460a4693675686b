"""The suggested questions over an empty chat with the bot."""

from collections import OrderedDict
from contextlib import suppress
from typing import Final

from adapters.slack import limits
from adapters.slack.modals import shorten
from adapters.slack.page import Page
from adapters.slack.workspace import Workspaces
from bot.events import Place
from bot.surface import Rank, Slots, SurfaceError

MOST: Final = 4
"""Prompts that Slack shows."""
TITLE, MESSAGE = 75, 2000
"""Characters of a prompt as it is read, and as it is asked."""
KNOWN: Final = 10_000
"""Chats whose prompts are remembered, so that they are set only when they change."""

_Prompts = tuple[str, tuple[tuple[str, str], ...]]


class Pinned:
    """What stands over each chat. A thread has its own only in apps of the older kind."""

    def __init__(self, workspaces: Workspaces, slots: Slots, page: Page | None = None) -> None:
        self._workspaces = workspaces
        self._slots = slots
        self._page = page or Page()
        self._known: OrderedDict[tuple[str, str, str], _Prompts] = OrderedDict()

    async def show(self, place: Place, thread: str = "") -> None:
        """Set the prompts of a direct chat or of a thread in it; what cannot be is left alone."""
        told = await self._page.prompts(place)
        questions = [question.strip() for question in told.questions if question.strip()]
        prompts = tuple((shorten(one, TITLE), one[:MESSAGE]) for one in questions[:MOST])
        wanted = (shorten(told.title, TITLE), prompts)
        chat = place.chat
        key = (chat.workspace, chat.id, thread)
        if not prompts or self._known.get(key) == wanted:
            return
        with suppress(SurfaceError):
            workspace = await self._workspaces.of(chat.workspace)
            if not workspace.features.prompts:
                return
            await self._slots.slot(limits.prompts(chat.workspace), Rank.FRAME)
            await workspace.calls.suggested_prompts(
                chat.id, prompts, thread=thread, title=wanted[0]
            )
            self._known[key] = wanted
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)

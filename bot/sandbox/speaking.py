"""The voice of an app that reads its answers aloud while they are written."""

import asyncio
from collections.abc import Callable

from bot.sandbox.apps import App
from bot.sandbox.faults import Chosen
from bot.sandbox.speech import SpeechFault
from bot.sandbox.voice import Groups, in_pieces, say

Hear = Callable[[bytes | None], None]


class Speaking:
    """Says groups of sentences in their order; hands on pieces of audio, then None."""

    def __init__(self, app: App, fault: Chosen, hear: Hear) -> None:
        self._app = app
        self._hear = hear
        self._groups = Groups()
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()
        self._held = ""
        self._mute = False
        self._late = fault.name == "tts-after-end"
        self.wanted = (app.speech and app.autoplay) or self._late

    def add(self, piece: str) -> None:
        """More of the answer, as the model wrote it."""
        if self._late:
            self._held += piece
        elif self.wanted and (group := self._groups.add(piece)):
            self._texts.put_nowait(group)

    def finish(self) -> None:
        """The answer has ended: say the rest."""
        if rest := self._held or self._groups.rest():
            self._texts.put_nowait(rest)
        self._texts.put_nowait(None)

    async def run(self) -> None:
        """Speak until finished."""
        while (text := await self._texts.get()) is not None:
            for piece in in_pieces(await self._say(text)):
                self._hear(piece)
        self._hear(None)

    async def _say(self, text: str) -> bytes:
        """The audio of a group; after one that cannot be spoken there is no more."""
        if self._mute:
            return b""
        try:
            return await say(self._app, text)
        except SpeechFault:
            self._mute = True
            return b""

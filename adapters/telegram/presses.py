"""Presses of buttons by whom they are not meant for: told so in a window that nobody else sees.

Telegram lets a press be acknowledged once, with words or without. So of a press that words may be
for the acknowledgement is held back a moment, for the core to find them.
"""

import asyncio
from typing import Final

from adapters.telegram.remembered import Remembered

HELD: Final = 0.7
"""Seconds; until then the button looks busy, and the core needs some ms."""
WORDS: Final = 200
"""UTF-16 units that such a window holds (answerCallbackQuery)."""

_MOST: Final = 1000  # presses that are held at once


class Presses:
    """Those of one account, by the id of their callback query."""

    def __init__(self) -> None:
        self._held: Remembered[str, asyncio.Event] = Remembered(_MOST)

    def hold(self, press: str) -> None:
        """Words may be found for it; `answered` ends that."""
        self._held.put(press, asyncio.Event())

    def is_held(self, press: str) -> bool:
        """Whether words for it would still be shown."""
        held = self._held.get(press)
        return held is not None and not held.is_set()

    def take(self, press: str) -> bool:
        """Answer it oneself; False if it is too late for that."""
        held = self._held.get(press)
        if held is None or held.is_set():
            return False
        held.set()
        return True

    async def answered(self, press: str) -> bool:
        """Whether somebody answers it; returns at once where it is not held."""
        held = self._held.get(press)
        if held is None:
            return False
        try:
            async with asyncio.timeout(HELD):
                await held.wait()
        except TimeoutError:
            return False
        finally:
            self._held.forget(press)
        return True

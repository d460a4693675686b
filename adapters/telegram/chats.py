"""What an account has learned about chats, until the next start."""

from collections import OrderedDict
from typing import Final

KEPT: Final = 10_000
"""Chats of each kind that are remembered: of more, the oldest is learned anew by one call."""


class Chats:
    """Which chats are dead, where they moved, and where the bot is administrator."""

    def __init__(self) -> None:
        self._dead: OrderedDict[int, None] = OrderedDict()
        self._moved: OrderedDict[int, int] = OrderedDict()
        self._administered: OrderedDict[int, None] = OrderedDict()

    def is_dead(self, chat: int) -> bool:
        return chat in self._dead

    def bury(self, chat: int) -> None:
        """Nothing can be said there until it is heard of again."""
        self._dead[chat] = None
        _forget_oldest(self._dead)

    def revive(self, chat: int) -> None:
        self._dead.pop(chat, None)

    def move(self, old: int, new: int) -> None:
        """A group became a supergroup."""
        if old != new:
            self._moved[old] = new
            self._moved.pop(new, None)
            _forget_oldest(self._moved)

    def moved(self, chat: int) -> int:
        """Where `chat` is now."""
        return self._moved.get(chat, chat)

    def administers(self, chat: int) -> bool:
        return self.moved(chat) in self._administered

    def set_administers(self, chat: int, administers: bool) -> None:
        if administers:
            self._administered[chat] = None
            _forget_oldest(self._administered)
        else:
            self._administered.pop(chat, None)


def _forget_oldest(chats: "OrderedDict[int, None] | OrderedDict[int, int]") -> None:
    while len(chats) > KEPT:
        chats.popitem(last=False)

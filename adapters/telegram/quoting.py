"""When an answer quotes its question: where others speak, or more has been said since."""

from typing import Final

from adapters.telegram.remembered import Remembered
from bot.events import Command, Event, Message, Place
from bot.surface import Accept

_MOST: Final = 10_000  # chats that are remembered


class Quoting:
    """In groups always. In private an answer follows its question, and a quote would only be in
    the way, unless the person has written again in the meantime."""

    def __init__(self) -> None:
        # With the album it begins, whose other parts come after it and are no news.
        self._newest: Remembered[tuple[str, str, str], tuple[int, str]] = Remembered(_MOST)

    def noting(self, accept: Accept) -> Accept:
        """`accept`, and what is the newest message in each private chat is known from then on."""

        async def noted(event: Event) -> bool:
            if isinstance(event, Message | Command) and event.ref is not None:
                album = event.album if isinstance(event, Message) else ""
                self._note(event.place, int(event.ref.id), album)
            return await accept(event)

        return noted

    def reply_to(self, place: Place) -> int | None:
        """The message that what is said now replies to, None for none."""
        question = place.reply_to
        if question is None or question.chat != place.chat.id:
            return None
        id = int(question.id)
        newest, _ = self._newest.get(_key(place)) or (0, "")
        return None if place.chat.private and newest <= id else id

    def _note(self, place: Place, id: int, album: str) -> None:
        newest, begun = self._newest.get(_key(place)) or (0, "")
        if id > newest and (not album or album != begun):
            self._newest.put(_key(place), (id, album))


def _key(place: Place) -> tuple[str, str, str]:
    return place.chat.workspace, place.chat.id, place.chat.thread

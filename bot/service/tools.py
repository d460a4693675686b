"""What the use cases work with, and the rules the operator has set for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.completion import CompletionClient
from bot.events import Place
from bot.pace import Pace
from bot.phrases import Phrases
from bot.service.app import App
from bot.service.running import Running
from bot.store.store import Store
from bot.surface import Accept, Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator allows. The defaults are those out of the box: everything, to everybody.

    `users` and `chats` hold platform ids, bare or as `platform:id`; empty allows everybody.
    `questions` is how many one person may ask an hour, 0 for any number; `tokens` and `price` are
    the daily allowance of one person (UTC days), 0 for none. `likes` and `dislikes` are emoji
    without skin tone.
    """

    users: frozenset[str] = frozenset()
    chats: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    questions: int = 0
    tokens: int = 0
    price: Decimal = Decimal(0)
    likes: frozenset[str] = frozenset()
    dislikes: frozenset[str] = frozenset()
    voice_always: bool = False
    language: str = ""
    """Overrides what `/site` says; the person's own language goes before either."""
    end_user_secret: bytes = field(default=b"", repr=False)
    keep_text: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything a use case may touch."""

    completion: CompletionClient
    store: Store
    surfaces: Mapping[str, Surface]
    """By platform."""
    pace: Pace
    app: App
    running: Running
    accept: Accept
    """Hands an event of our own to the inbox, such as the follow-up of an edited question."""
    phrases: Callable[[str], Phrases]
    """The sentences in the nearest language there is to an IETF tag."""
    rules: Rules = Rules()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def surface(self, place: Place) -> Surface:
        return self.surfaces[place.chat.platform]

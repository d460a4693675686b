"""What the use cases work with, and the rules the operator has set for them."""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from weakref import WeakValueDictionary

from bot.completion import CompletionClient, CompletionError
from bot.events import MessageRef, Place
from bot.pace import Pace
from bot.phrases import Phrases
from bot.phrases.commanded import behind
from bot.service.app import App
from bot.service.running import Running
from bot.store.records import Answer, scope
from bot.store.store import Store
from bot.surface import Accept, Button, Gone, Outgoing, Surface


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
    messages: int = 12
    """How many one answer may fill; the rest of a longer one is a file. 0 for any number."""


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
    _sending: WeakValueDictionary[str, asyncio.Lock] = field(
        init=False, repr=False, default_factory=WeakValueDictionary
    )

    def surface(self, place: Place) -> Surface:
        return self.surfaces[place.chat.platform]

    def sending(self, answer: str) -> asyncio.Lock:
        """Held while the API is told of an answer's rating."""
        return self._sending.setdefault(answer, asyncio.Lock())

    async def phrases_for(self, place: Place) -> Phrases:
        """The sentences for the person there: their language, else the app's, else English."""
        language = place.user.language
        if not language:
            language = (await self.store.preferences(scope(place))).language
        found = self.phrases(language or self.rules.language or await self._app_language())
        command = self.surface(place).capabilities(place).one_command
        return behind(found, command) if command else found

    async def _app_language(self) -> str:
        try:
            return (await self.app.site()).default_language
        except CompletionError:
            return ""


def end_user(tools: Tools, place: Place) -> str:
    """The `user` the Completion API is told; stable for a person, whatever chat they write in.

    With a secret it is a keyed hash, so that the app's owner sees no ids of a platform.
    """
    chat, user = place.chat, place.user
    # Where people belong to workspaces their ids are unique only within one.
    name = ":".join(part for part in (chat.platform, user.workspace, user.id) if part)
    secret = tools.rules.end_user_secret
    if not secret:
        return name
    return hmac.new(secret, name.encode(), hashlib.sha256).hexdigest()


async def say(
    tools: Tools, place: Place, text: str, *buttons: Button, private: bool = False, asks: str = ""
) -> MessageRef:
    """A sentence of the bot's own; `private` shows it to nobody else where that can be done.

    `asks` is as in Outgoing. Raises SurfaceError.
    """
    surface = tools.surface(place)
    able = surface.capabilities(place)
    if private and able.private_replies:
        place = replace(place, only_user=True)
    shown = buttons if able.buttons else ()
    return await surface.post(place, Outgoing(text=text, buttons=shown, mine=True, asks=asks))


async def take_away(tools: Tools, place: Place, ref: MessageRef) -> None:
    """A message of the bot's own that asks for nothing any more. Raises SurfaceError.

    Where nothing can be deleted, three dots are what is left of it.
    """
    surface = tools.surface(place)
    if surface.capabilities(place).deletes:
        with contextlib.suppress(Gone):
            await surface.delete(place, ref)
    else:
        await surface.edit(place, ref, Outgoing(text="…", mine=True))


def permitted(answer: Answer, place: Place) -> Answer:
    """`answer` with the permission that came with its event, which is too short-lived to keep.

    It may be all that lets the answer be posted.
    """
    return replace(answer, place=replace(answer.place, interaction=place.interaction))


def same_person(one: Place, other: Place) -> bool:
    """Whether both speak of one person on one platform."""
    return (
        one.chat.platform == other.chat.platform
        and one.user.id == other.user.id
        and one.user.workspace == other.user.workspace
    )

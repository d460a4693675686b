"""Messages as Telegram takes them: classic text, or rich messages.

Which of them a message is follows from where it is and what it says, so that it can be edited
after a restart. Where that is wrong Telegram refuses, and it is tried the other way.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias, TypeVar

from adapters.telegram import keyboard, markup, rich
from adapters.telegram.drafts import Drafts
from adapters.telegram.errors import Refused
from adapters.telegram.markup import Entity, Rendered
from adapters.telegram.remembered import Remembered
from adapters.telegram.shapes import Markup
from adapters.telegram.spot import Call, Spot, Turn
from adapters.telegram.writer import width
from bot.events import User
from bot.observe import get_logger
from bot.surface import Gone, Intend, Outgoing, nothing

T = TypeVar("T")
Form: TypeAlias = Literal["text", "rich"]
Rich: TypeAlias = Literal["auto", "always", "never"]
Streaming: TypeAlias = Literal["auto", "draft", "edit"]

CAPTION: Final = 1024
"""UTF-16 units that a caption holds."""

_EMPTY: Final = Rendered(text="…", entities=())
"""Telegram takes no empty message."""

_MOST: Final = 10_000  # messages whose form is remembered

_log = get_logger(__name__)


class Writing:
    """Writes messages and writes over them. Every verb makes its calls in `Turn`s."""

    def __init__(self, drafts: Drafts, *, streaming: Streaming, rich: Rich) -> None:
        self._drafts = drafts
        self._streaming = streaming
        self._rich = rich
        self._forms: Remembered[tuple[str, int, int], Form] = Remembered(_MOST)
        self._asking: Remembered[tuple[str, int, int], bool] = Remembered(_MOST)

    def form(self, spot: Spot, message: Outgoing) -> Form:
        """What a new message with these words is."""
        if message.mine or self._rich == "never" or not spot.account.features.rich:
            return "text"
        if self._rich == "always":
            return "rich"
        # What grew by edits began as text, and a text does not become rich everywhere.
        by_draft = spot.chat.private and self._streaming != "edit"
        return "rich" if by_draft and rich.wants_rich(message.text) else "text"

    def grown(self, spot: Spot, message: Outgoing) -> Form:
        """What a new message is that grows by edits."""
        return self.form(spot, message) if self._rich == "always" else "text"

    def known(self, spot: Spot, message: int) -> Form | None:
        """What one that is there is, if it was written since the start."""
        return self._forms.get(_key(spot, message))

    async def send(
        self,
        turn: Turn,
        spot: Spot,
        message: Outgoing,
        form: Form,
        shown: Rendered | None = None,
        *,
        intend: Intend = nothing,
    ) -> int:
        """A new message, and no draft after it; `shown` is how its text is shown, if known."""
        asks = _can_ask(spot)
        keys = keyboard.markup(message, asks=asks, selective=not spot.chat.private)
        if form == "rich" and (html := rich.to_rich(message.text)):
            found = await self._sent_rich(turn, spot, html, keys, intend)
            if found is not None:
                return found
        calls, to, reply_to = spot.account.calls, spot.to, spot.reply_to
        shown = shown or rendered(message)
        if _names(spot, message):
            shown = _addressed(spot, shown)

        async def send(entities: Sequence[Entity]) -> int:
            return await self._sent(
                turn,
                spot,
                lambda: calls.send_text(to, shown.text, entities, markup=keys, reply_to=reply_to),
                intend,
            )

        id = await _formatted(shown.entities, send)
        self._forms.put(_key(spot, id), "text")
        if keys is not None and not keys.rows:
            self._asking.put(_key(spot, id), True)
        return id

    async def _sent_rich(
        self, turn: Turn, spot: Spot, html: str, keys: Markup | None, intend: Intend
    ) -> int | None:
        """None where it was refused."""
        calls, to, reply_to = spot.account.calls, spot.to, spot.reply_to
        try:
            id = await self._sent(
                turn,
                spot,
                lambda: calls.send_rich(to, html, markup=keys, reply_to=reply_to),
                intend,
            )
        except Refused as refused:
            _log.info("no rich message was taken", why=refused.text)
            return None
        self._forms.put(_key(spot, id), "rich")
        return id

    async def rewrite(
        self,
        turn: Turn,
        spot: Spot,
        id: int,
        message: Outgoing,
        form: Form,
        shown: Rendered | None = None,
    ) -> None:
        """Write over a message: as `form`, and the other way where that fails.

        Raises Gone for a file, which cannot become a text, and for what opened a reply.
        """
        if self._asking.get(_key(spot, id)):
            raise Gone("a message that opens a reply cannot be edited")
        try:
            await self._over(turn, spot, id, message, form, shown)
        except Refused as refused:
            if "no text" in refused.text:
                raise Gone("a file cannot become a text") from refused
            other = _other(form, refused, spot)
            if other is None:
                raise
            form = other
            await self._over(turn, spot, id, message, form, shown)
        self._forms.put(_key(spot, id), form)

    async def attach(
        self, turn: Turn, spot: Spot, send: Call[int], *, intend: Intend = nothing
    ) -> int:
        """A new message that is a file, by `send`."""
        return await self._sent(turn, spot, send, intend)

    async def _sent(self, turn: Turn, spot: Spot, send: Call[int], intend: Intend) -> int:
        await turn.come()
        await self._drafts.settle(spot.chat)
        await intend()
        id = await turn.make(send)
        self._drafts.posted(spot.chat)
        return id

    async def _over(
        self, turn: Turn, spot: Spot, id: int, message: Outgoing, form: Form, shown: Rendered | None
    ) -> None:
        keys, calls, chat = keyboard.markup(message), spot.account.calls, spot.to.chat
        if form == "rich":
            if not (html := rich.to_rich(message.text)):
                raise Refused("beyond what a rich message holds")
            await turn.make(lambda: calls.edit_rich(chat, id, html, markup=keys))
            return
        shown = shown or rendered(message)
        await _formatted(
            shown.entities,
            lambda entities: turn.make(
                lambda: calls.edit_text(chat, id, shown.text, entities, markup=keys)
            ),
        )


def _other(form: Form, refused: Refused, spot: Spot) -> Form | None:
    """What a message may be that could not be written over as `form`."""
    if form == "rich":
        return "text"
    return "rich" if spot.account.features.rich and "too long" not in refused.text else None


def rendered(message: Outgoing) -> Rendered:
    shown = markup.render(message.text, mine=message.mine, own=message.own)
    return shown if shown.text.strip() else _EMPTY


def captioned(shown: Rendered) -> Rendered:
    """As much of it as a caption holds."""
    units = shown.text.encode("utf-16-le", "replace")
    if len(units) <= 2 * CAPTION:
        return shown
    text = units[: 2 * (CAPTION - 1)].decode("utf-16-le", "ignore") + "…"
    return Rendered(
        text=text,
        entities=tuple(one for one in shown.entities if one.offset + one.length < CAPTION),
    )


async def _formatted(
    entities: Sequence[Entity], call: Callable[[Sequence[Entity]], Awaitable[T]]
) -> T:
    """`call` with its entities; without them where Telegram finds fault with those."""
    try:
        return await call(entities)
    except Refused as refused:
        if not entities or "entit" not in refused.text:
            raise
        _log.error("the entities of a text were refused", why=refused.text)
    return await call(())


def _can_ask(spot: Spot) -> bool:
    """In a group only the one who is asked gets the reply opened, who must be named somehow."""
    return spot.chat.private or spot.reply_to is not None or _has_name(spot.place.user)


def _names(spot: Spot, message: Outgoing) -> bool:
    """Whether only the name shows for whom it is: it replies to nothing, or to others' words."""
    if spot.chat.private or not _has_name(spot.place.user) or not message.mine:
        return False
    if spot.place.interaction:
        return not message.text.startswith(spot.place.user.name)
    return bool(message.asks) and spot.reply_to is None


def _has_name(user: User) -> bool:
    return user.id.isdigit() and bool(user.name)


def _addressed(spot: Spot, shown: Rendered) -> Rendered:
    """With the person's name in front, which Telegram takes for whom it is said to."""
    user = spot.place.user
    name = " ".join(user.name.split())[:_NAME]
    mention = Entity("text_mention", 0, width(name), url=f"tg://user?id={user.id}")
    moved = (replace(one, offset=one.offset + mention.length + 1) for one in shown.entities)
    return Rendered(f"{name}\n{shown.text}", (mention, *moved))


_NAME: Final = 64  # characters; a first name alone may have as many


def _key(spot: Spot, message: int) -> tuple[str, int, int]:
    return spot.account.id, spot.to.chat, message

"""The surface: everything the bot can say and show on Telegram."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from math import inf
from typing import Final

from adapters.telegram import keyboard, markup, voice
from adapters.telegram.account import Account
from adapters.telegram.drafts import KEPT, Drafts
from adapters.telegram.errors import Refused
from adapters.telegram.growing import Draft, Edits
from adapters.telegram.members import Members
from adapters.telegram.presses import WORDS
from adapters.telegram.quoting import Quoting
from adapters.telegram.spot import PLATFORM, Spot
from adapters.telegram.status import FADES, Statuses
from adapters.telegram.writer import width
from adapters.telegram.writing import Rich, Streaming, Writing, captioned, rendered
from bot.events import File, MessageRef, Place
from bot.surface import (
    Activity,
    Budget,
    Capabilities,
    Document,
    Expired,
    Forbidden,
    Form,
    Gone,
    Growing,
    Intend,
    Outgoing,
    Rank,
    Slots,
    Speech,
    Standing,
    TooLarge,
    nothing,
)

_NOWHERE: Final = 0
"""The id of what is no message: Telegram's begin at 1."""

UPLOAD_LIMIT: Final = 50 * 1000 * 1000
"""Bytes of a file that a bot may send ("up to 50 MB", sendDocument)."""


class TelegramSurface:
    """Fulfils `bot.surface.Surface`. `accounts` are by bot id.

    `streaming`: "auto" draws drafts in private chats and edits elsewhere; with "draft" an answer
    comes whole where there are no drafts; with "edit" none is drawn. `rich`: whether tables, task
    lists and formulas become rich messages, or everything, or nothing.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        slots: Slots,
        *,
        streaming: Streaming = "auto",
        rich: Rich = "auto",
    ) -> None:
        self.accounts = accounts
        self.drafts = Drafts()
        self.quoting = Quoting()
        self._slots = slots
        self._streaming = streaming
        self._writing = Writing(self.drafts, streaming=streaming, rich=rich)
        self._statuses = Statuses(self.drafts)
        self._members = Members()

    @property
    def name(self) -> str:
        return PLATFORM

    def capabilities(self, place: Place) -> Capabilities:
        account, chat = self.accounts.get(place.chat.workspace), place.chat
        return _abilities(
            chat.private or (account is not None and account.administers(chat.id)),
            account is not None and account.presses.is_held(place.interaction),
            self._draws(place),
        )

    def fits(self, place: Place, text: str) -> int:
        return markup.fits(text)

    def endings(self, place: Place) -> Sequence[Budget]:
        return self._spot(place).messages

    def grow(
        self, place: Place, old: MessageRef | None = None
    ) -> AbstractAsyncContextManager[Growing]:
        return self._growing(place, old)

    async def post(
        self, place: Place, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        spot = self._spot(place)
        if place.only_user and await _told_alone(spot, message):
            return spot.ref(_NOWHERE)
        turn = spot.turn(Rank.PERSON, tries=2)
        form = self._writing.form(spot, message)
        return spot.ref(await self._writing.send(turn, spot, message, form, intend=intend))

    async def edit(self, place: Place, ref: MessageRef, message: Outgoing) -> MessageRef:
        spot, id = self._spot(place), int(ref.id)
        if spot.left(ref):
            raise Gone("the message stayed behind when its group moved")
        form = self._writing.known(spot, id) or self._writing.form(spot, message)
        turn = spot.turn(Rank.PERSON, tries=2)
        await self._writing.rewrite(turn, spot, id, message, form)
        return ref

    async def delete(self, place: Place, ref: MessageRef) -> None:
        """Raises Forbidden for what can only be written over: it is more than 48 hours old."""
        spot = self._spot(place)
        if spot.left(ref):
            return
        turn = spot.turn(Rank.PERSON, tries=2)
        try:
            await turn.make(lambda: spot.account.calls.delete(int(ref.chat), int(ref.id)))
        except Gone:
            return
        except Refused as refused:
            raise Forbidden("the message cannot be deleted") from refused

    async def post_voice(self, place: Place, speech: Speech) -> MessageRef | None:
        spot = self._spot(place)
        _check_size(speech.data)
        id = await voice.post(
            spot, speech, lambda turn, send: self._writing.attach(turn, spot, send)
        )
        return spot.ref(id)

    async def post_document(
        self, place: Place, document: Document, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        spot, shown = self._spot(place), captioned(rendered(message))
        _check_size(document.data)

        def send() -> Awaitable[int]:
            return spot.account.calls.send_document(
                spot.to,
                document.name,
                document.data,
                document.media_type,
                caption=shown.text,
                entities=shown.entities,
                markup=keyboard.markup(message),
                reply_to=spot.reply_to,
            )

        turn = spot.turn(Rank.PERSON, tries=2)
        return spot.ref(await self._writing.attach(turn, spot, send, intend=intend))

    async def show_status(self, place: Place, words: str, *, doing: Activity = "waiting") -> None:
        """What is shown ends by itself, or with the next message."""
        if words:
            by_draft = self._draws(place)
            await self._statuses.show(self._spot(place), words, doing, by_draft=by_draft)

    async def open_form(self, place: Place, form: Form) -> None:
        raise Expired("Telegram has no forms")

    async def standing(self, place: Place) -> Standing:
        return await self._members.standing(self._spot(place))

    async def read_file(self, file: File, *, limit: int) -> bytes:
        bot, _, handle = file.handle.partition(":")
        account = self.accounts.get(bot)
        if account is None or not handle:
            raise Gone("the file is another bot's")
        path, size = await account.calls.file_path(handle)
        if size > limit:
            raise TooLarge(f"the file has more than {limit} bytes")
        return await account.calls.download(path, limit=limit)

    @asynccontextmanager
    async def _growing(self, place: Place, old: MessageRef | None) -> AsyncIterator[Growing]:
        spot = self._spot(place)
        edits = Edits(spot, self._writing, old, shows=self._streaming != "draft")
        if old is not None or not self._draws(place):
            await edits.hold()
            yield edits
            return
        draft = Draft(spot, self._writing, self.drafts, otherwise=edits)
        try:
            yield draft
        finally:
            draft.leave()

    def _draws(self, place: Place) -> bool:
        account = self.accounts.get(place.chat.workspace)
        able = place.chat.private and self._streaming != "edit"
        return (
            able
            and account is not None
            and account.features.draft
            and not self.drafts.refuses(place.chat)
        )

    def _spot(self, place: Place) -> Spot:
        account = self.accounts.get(place.chat.workspace)
        if account is None:
            raise Forbidden("this bot is no longer here")
        return Spot(account, self._slots, place, self.quoting)


@cache
def _abilities(reactions: bool, private_replies: bool, draws: bool) -> Capabilities:
    return Capabilities(
        reactions=reactions,
        opens_replies=True,
        documents=True,
        private_replies=private_replies,
        voice_types=voice.VOICE_TYPES,
        upload_limit=UPLOAD_LIMIT,
        status_fades_after=FADES,
        fades_after=KEPT if draws else inf,
    )


async def _told_alone(spot: Spot, message: Outgoing) -> bool:
    """Tell in a window whoever has pressed a button, if it is not too late or too much for that."""
    shown, press = rendered(message).text, spot.place.interaction
    if message.buttons or width(shown) > WORDS or not spot.account.presses.take(press):
        return False
    try:
        await spot.account.calls.answer_callback(press, shown)
    except (Expired, Refused):
        return False
    return True


def _check_size(data: bytes) -> None:
    if len(data) > UPLOAD_LIMIT:
        raise TooLarge(f"a file has at most {UPLOAD_LIMIT} bytes")

"""The surface: everything the bot can do in the room, under the behaviour that is switched on."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.playground import screen
from adapters.playground.behaviour import Call
from adapters.playground.calls import Calls, Doing
from adapters.playground.growing import Draft, Edits, Setting, Stream, described
from adapters.playground.inbound import PLATFORM
from adapters.playground.records import Post, Voice
from bot.events import File, MessageRef, Place
from bot.surface import (
    Activity,
    Budget,
    Capabilities,
    Document,
    Expired,
    Form,
    Gone,
    Growing,
    Intend,
    Outgoing,
    Rank,
    Speech,
    Standing,
    SurfaceError,
    TooLarge,
    nothing,
)

_ENDS: dict[str, Call] = {"edits": "edit", "draft": "post", "stream": "stop"}


class RoomSurface:
    """Fulfils `bot.surface.Surface`."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.room = calls.room

    @property
    def name(self) -> str:
        return PLATFORM

    def capabilities(self, place: Place) -> Capabilities:
        behaviour = self.room.behaviour
        return behaviour.private if place.chat.private else behaviour.group

    def fits(self, place: Place, text: str) -> int:
        return self.room.behaviour.fits(text)

    def endings(self, place: Place) -> Sequence[Budget]:
        if not self.room.behaviour.enforced:
            return ()
        return self.calls.budgets(_ENDS[self._growth(place)], place, self.room.behaviour)

    def grow(
        self, place: Place, old: MessageRef | None = None
    ) -> AbstractAsyncContextManager[Growing]:
        return self._growing(place, old)

    async def post(
        self, place: Place, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        behaviour, message = self.room.behaviour, screen.cleaned(message)

        def act() -> Post:
            screen.checked(message, behaviour)
            return screen.post(self.room, place, message, private=self._private(place))

        doing = Doing(verb="post", kind="post", detail=described(message))
        return self._ref(await self.calls.take_patiently(doing, place, behaviour, act, intend))

    async def edit(self, place: Place, ref: MessageRef, message: Outgoing) -> MessageRef:
        behaviour, message = self.room.behaviour, screen.cleaned(message)

        def act() -> Post:
            screen.checked(message, behaviour)
            return screen.edit(self.room, ref, message)

        doing = Doing(verb="edit", kind="edit", detail=described(message))
        return self._ref(await self.calls.take_patiently(doing, place, behaviour, act))

    async def delete(self, place: Place, ref: MessageRef) -> None:
        await self.calls.take_patiently(
            Doing(verb="delete", kind="edit"),
            place,
            self.room.behaviour,
            lambda: screen.delete(self.room, ref),
        )

    async def post_voice(self, place: Place, speech: Speech) -> MessageRef | None:
        behaviour = self.room.behaviour
        capabilities = self.capabilities(place)
        if speech.media_type not in capabilities.voice_types:
            raise SurfaceError(f"no voice note can be {speech.media_type}")
        if len(speech.data) > capabilities.upload_limit:
            raise TooLarge(f"a voice note has at most {capabilities.upload_limit} bytes")
        try:
            file = await self.room.upload(speech.data, speech.media_type, "")
        except OSError as error:
            raise SurfaceError(f"the file cannot be kept: {error.strerror}") from error
        voice = Voice(
            file=file.id,
            media_type=speech.media_type,
            seconds=speech.seconds,
            title=speech.title,
        )
        doing = Doing(
            verb="voice", kind="file", detail=f"{speech.seconds:.0f} s, {len(speech.data):,} bytes"
        )
        return self._ref(
            await self.calls.take_patiently(
                doing,
                place,
                behaviour,
                lambda: screen.speak(self.room, place, voice, private=self._private(place)),
            )
        )

    async def post_document(
        self, place: Place, document: Document, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        behaviour, message = self.room.behaviour, screen.cleaned(message)
        if len(document.data) > self.capabilities(place).upload_limit:
            raise TooLarge("the document is too large")
        try:
            file = await self.room.upload(document.data, document.media_type, document.name)
        except OSError as error:
            raise SurfaceError(f"the file cannot be kept: {error.strerror}") from error

        def act() -> Post:
            private = self._private(place)
            return screen.post(self.room, place, message, private=private, files=(file,))

        doing = Doing(verb="document", kind="file", detail=f"{len(document.data):,} bytes")
        return self._ref(await self.calls.take_patiently(doing, place, behaviour, act, intend))

    async def show_status(self, place: Place, words: str, *, doing: Activity = "waiting") -> None:
        chat, person = place.chat.id, place.user.id
        await self.calls.take(
            Doing(verb="status", kind="status", detail="on" if words else "off", rank=Rank.FRAME),
            place,
            self.room.behaviour,
            lambda: self.room.passing.set_status(chat, person, words),
        )

    async def open_form(self, place: Place, form: Form) -> None:
        passing, chat, person = self.room.passing, place.chat.id, place.user.id

        def act() -> None:
            if not passing.use_permission(place.interaction):
                raise Expired("the click was too long ago")
            passing.open_form(chat, person, form)

        count = len(form.fields)
        detail = f"{count} field{'s' * (count != 1)}"
        doing = Doing(verb="form", kind="form", detail=detail)
        await self.calls.take(doing, place, self.room.behaviour, act)

    async def standing(self, place: Place) -> Standing:
        """Nobody speaks as a chat here."""
        return "member"

    async def read_file(self, file: File, *, limit: int) -> bytes:
        data = await self.room.files.read(file.handle)
        if data is None:
            raise Gone("the file is not there")
        if len(data) > limit:
            raise TooLarge(f"the file has more than {limit} bytes")
        return data

    @asynccontextmanager
    async def _growing(self, place: Place, old: MessageRef | None) -> AsyncIterator[Growing]:
        setting = Setting(
            calls=self.calls,
            place=place,
            behaviour=self.room.behaviour,
            private=self._private(place),
            who=secrets.token_hex(6),
        )
        growth = self._growth(place) if old is None and not setting.private else "edits"
        growing: Edits | Draft | Stream
        if growth == "draft":
            growing = Draft(setting)
        elif growth == "stream":
            growing = Stream(setting)
        else:
            growing = Edits(setting, old)
        try:
            yield growing
        finally:
            growing.leave()

    def _growth(self, place: Place) -> str:
        behaviour = self.room.behaviour
        return behaviour.growth if place.chat.private else behaviour.group_growth

    def _private(self, place: Place) -> bool:
        return place.only_user and self.capabilities(place).private_replies

    def _ref(self, post: Post) -> MessageRef:
        return MessageRef(platform=PLATFORM, workspace=self.room.id, chat=post.chat, id=post.id)

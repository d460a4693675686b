"""The surface: everything the bot can say and show on Slack."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final, Protocol

from adapters.slack import handles, interaction, limits, markup, voice
from adapters.slack.errors import NoUpload, Refused, Unsupported
from adapters.slack.features import Features
from adapters.slack.growing import Edits, Stream
from adapters.slack.page import Page
from adapters.slack.remembered import Remembered
from adapters.slack.responding import Responding
from adapters.slack.spot import PLATFORM, Spot
from adapters.slack.status import AGAIN, Statuses
from adapters.slack.streams import Streams
from adapters.slack.workspace import Workspaces
from adapters.slack.writing import FILE, Writing, is_message
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

UPLOAD_LIMIT: Final = 50 * 1000 * 1000
"""Bytes; Slack takes a thousand million, which no worker should hold."""

GROW_FOR: Final = 240.0
"""Seconds; Slack ends a stream after 300, and its last words take their time."""

_MOST: Final = 10_000  # workspaces whose abilities are remembered


class OpensForms(Protocol):
    async def open(self, place: Place, form: Form) -> None: ...

    def unneeded(self, place: Place) -> None:
        """What was asked for is answered in the chat."""
        ...


class SlackSurface:
    """Fulfils `bot.surface.Surface`. With `hardened` no link of a model's can be followed.

    `streaming`: whether words grow as Slack's own streams where there are such. `resumes`: `slots`
    begin empty, as after another process.
    """

    def __init__(
        self,
        workspaces: Workspaces,
        slots: Slots,
        *,
        hardened: bool = False,
        page: Page | None = None,
        forms: OpensForms | None = None,
        streaming: bool = True,
        resumes: bool = False,
    ) -> None:
        self._workspaces = workspaces
        self._slots = slots
        self._forms = forms
        self._streaming = streaming
        self._features: Remembered[str, Features] = Remembered(_MOST)
        self._streams = Streams(resumes=resumes)
        self._statuses = Statuses(resumes=resumes)
        page = page or Page()
        self._command = page.command
        self._responding = Responding(page, hardened=hardened)
        self._writing = Writing(self._responding, self._statuses, hardened=hardened)

    @property
    def name(self) -> str:
        return PLATFORM

    def capabilities(self, place: Place) -> Capabilities:
        common = Capabilities(
            forms=self._forms is not None,
            private_replies=not place.chat.private,
            opens_threads=True,
            documents=True,
            voice_types=voice.VOICE_TYPES,
            upload_limit=UPLOAD_LIMIT,
            status_fades_after=AGAIN,
            status_stays=True,
            one_command=self._command,
        )
        if self._is_aside(place):
            return replace(
                common,
                edits=False,
                deletes=_was_pressed(place),
                opens_threads=False,
                reactions=False,
                documents=False,
                voice_types=(),
            )
        if self._may_stream(place):
            return replace(common, appends=True, grow_for=GROW_FOR)
        return common

    def fits(self, place: Place, text: str) -> int:
        return markup.fits(text, hardened=self._writing.hardened)

    def endings(self, place: Place) -> Sequence[Budget]:
        team = place.chat.workspace
        if self._is_aside(place):
            return ()
        return limits.stop(team) if self._streams_now(place) else limits.update(team)

    def grow(
        self, place: Place, old: MessageRef | None = None
    ) -> AbstractAsyncContextManager[Growing]:
        return self._growing(place, old)

    def stopped(self, team: str, channel: str, thread: str, ts_list: Sequence[str]) -> None:
        """Slack's own Stop was pressed; it has ended the streams in `ts_list`."""
        self._streams.stopped(team, channel, thread, ts_list)

    async def post(
        self, place: Place, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        spot = await self._answering(place)
        turn = spot.turn(Rank.PERSON, tries=2)
        return await self._writing.post(turn, spot, message, intend=intend)

    async def edit(self, place: Place, ref: MessageRef, message: Outgoing) -> MessageRef:
        spot = await self._answering(place)
        if place.only_user and _was_pressed(place):
            await self._responding.rewrite(spot, message)
            return ref
        turn = spot.turn(Rank.PERSON, tries=2)
        await self._writing.rewrite(turn, spot, ref.id, message)
        return ref

    async def delete(self, place: Place, ref: MessageRef) -> None:
        spot = await self._spot(place)
        if place.only_user and _was_pressed(place):
            await self._responding.remove(spot)
            return
        if not is_message(ref.id):
            raise Forbidden("nobody can reach it")
        try:
            await spot.turn(Rank.PERSON, tries=2).make(
                limits.delete(spot.team), lambda: spot.calls.delete(ref.chat, ref.id)
            )
        except Gone:
            return
        except Refused as refused:
            raise Forbidden("the message cannot be deleted") from refused

    async def post_voice(self, place: Place, speech: Speech) -> MessageRef | None:
        _check_size(speech.data)
        spot = await self._answering(place)
        ts = await voice.post(spot, speech)
        self._writing.said(spot)
        if ts is None:
            return None
        self._writing.keep_file(spot, ts)
        return spot.ref(ts)

    async def post_document(
        self, place: Place, document: Document, message: Outgoing, *, intend: Intend = nothing
    ) -> MessageRef:
        _check_size(document.data)
        spot = await self._answering(place)
        turn, chat = spot.turn(Rank.PERSON, tries=2), spot.chat
        budgets = (*limits.upload(spot.team), *limits.post(spot.team, chat.id))
        await turn.come(budgets)
        await intend()
        try:
            ts = await self._writing.built(
                spot,
                message,
                "",
                lambda blocks: turn.make(
                    budgets,
                    lambda: spot.calls.upload(
                        chat.id,
                        chat.thread,
                        document.name,
                        document.data,
                        document.name,
                        document.media_type,
                        self._writing.notice(message),
                        blocks=blocks,
                    ),
                ),
            )
        except (NoUpload, Unsupported) as refused:
            raise Forbidden("no files are taken here") from refused
        self._writing.said(spot)
        if ts is None:
            return spot.ref(f"{FILE}{secrets.token_hex(8)}")
        self._writing.keep_file(spot, ts)
        return spot.ref(ts)

    async def show_status(self, place: Place, words: str, *, doing: Activity = "waiting") -> None:
        spot = await self._spot(place)
        if words:
            await self._statuses.show(spot, words, doing)
        else:
            await self._statuses.end(spot)

    async def open_form(self, place: Place, form: Form) -> None:
        if self._forms is None:
            raise Expired("there are no forms")
        await self._forms.open(place, form)

    async def standing(self, place: Place) -> Standing:
        """Nobody speaks as a chat here."""
        return "member"

    async def read_file(self, file: File, *, limit: int) -> bytes:
        source = handles.read(file.handle)
        if source is None:
            raise Gone("the file cannot be read")
        workspace = await self._workspaces.of(source.team)
        return await workspace.calls.read_file(source.id, source.url, limit=limit)

    @asynccontextmanager
    async def _growing(self, place: Place, old: MessageRef | None) -> AsyncIterator[Growing]:
        spot = await self._answering(place)
        watch = self._streams.watch(place)
        self._statuses.begin_growing(spot)
        try:
            if old is None and self._streams_now(place):
                self._streams.take_room(watch)
                stream = Stream(spot, self._writing, watch, self._streams)
                await stream.hold()
                try:
                    yield stream
                finally:
                    await stream.leave()
            else:
                edits = Edits(spot, self._writing, watch, old, aside=self._is_aside(place))
                await edits.hold()
                yield edits
        finally:
            self._streams.leave(watch)
            await self._statuses.end_growing(spot)

    def _streams_now(self, place: Place) -> bool:
        return self._may_stream(place) and self._streams.has_room(place.chat.workspace)

    def _may_stream(self, place: Place) -> bool:
        if not self._streaming or not place.chat.thread or self._is_aside(place):
            return False
        if self._streams.refuses(place):
            return False
        features = self._features.get(place.chat.workspace)
        return features is None or features.streams

    def _is_aside(self, place: Place) -> bool:
        """Whether nothing said here is a message of the channel."""
        if place.chat.private:
            return False
        closed = self._responding.is_closed(place)
        return place.only_user or (closed and bool(interaction.response_url(place.interaction)))

    async def _answering(self, place: Place) -> Spot:
        if place.interaction and self._forms is not None:
            self._forms.unneeded(place)
        return await self._spot(place)

    async def _spot(self, place: Place) -> Spot:
        workspace = await self._workspaces.of(place.chat.workspace)
        self._features.put(workspace.team, workspace.features)
        return Spot(workspace=workspace, slots=self._slots, place=place)


def _was_pressed(place: Place) -> bool:
    """Whether what was pressed can be written over, though only one person sees it."""
    found = interaction.read(place.interaction)
    return found is not None and found.kind in ("press", "view") and bool(found.response_url)


def _check_size(data: bytes) -> None:
    if len(data) > UPLOAD_LIMIT:
        raise TooLarge(f"a file has at most {UPLOAD_LIMIT} bytes")

"""Every call the bot makes, typed: numbers and plain data in, numbers out, SurfaceError raised.

No call takes a slot or knows a budget. "Not modified" is success; a chat that moved is followed; a
topic that is gone is left out; link previews are off; a message that is replied to may be missing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar, cast

import msgspec
from telegram import InputFile, Message

from adapters.telegram.asking import Asking, Json
from adapters.telegram.calling import DRAFT, EDIT, SEND, UPLOAD, Manner
from adapters.telegram.errors import NoThread, Refused, Unsupported, ends_the_chat
from adapters.telegram.features import Feature
from adapters.telegram.shapes import Entity, Markup, To, entities_json, markup_json, whole
from adapters.telegram.wire import Timeouts
from bot.surface import Forbidden

__all__ = ["Calls", "Json", "To"]

T = TypeVar("T")
Post = Callable[[int, int | None, Timeouts], Awaitable[int]]
_NO_PREVIEW: Final = '{"is_disabled":true}'

_NAMED: Final[Mapping[Feature, tuple[str, ...]]] = {
    "draft_stop": ("can_stop", "keep_on_stop"),
    "force_reply_keyboard": ("force_reply",),
    "button_style": ("style",),
}
"""Fields whose feature goes off when the server's no names them; the call is made without them."""

_ENDINGS: Final = {
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
}


class Calls(Asking):
    """The calls of one account."""

    # Messages

    async def send_text(
        self,
        to: To,
        text: str,
        entities: Sequence[Entity] = (),
        *,
        markup: Markup | None = None,
        reply_to: int | None = None,
    ) -> int:
        """The new message's id."""
        formatting = entities_json(entities)

        async def post(chat: int, thread: int | None, timeouts: Timeouts) -> int:
            message: Json = {
                "chat_id": chat,
                "text": whole(text),
                "message_thread_id": thread,
                "entities": formatting,
                "link_preview_options": _NO_PREVIEW,
            }
            return await self._wire.quick_message(
                "sendMessage", message | self._extras(markup, reply_to), timeouts
            )

        return await self._send(to, SEND, post)

    async def edit_text(
        self,
        chat: int,
        message: int,
        text: str,
        entities: Sequence[Entity] = (),
        *,
        markup: Markup | None = None,
    ) -> None:
        """Without `markup` the buttons go."""
        formatting = entities_json(entities)

        async def edit(chat: int, timeouts: Timeouts) -> object:
            more = self._extras(markup)
            more |= {"entities": formatting, "link_preview_options": _NO_PREVIEW}
            return await self._wire.edit_message_text(
                whole(text), chat_id=chat, message_id=message, api_kwargs=more, **timeouts
            )

        await self._edit(chat, edit)

    async def send_rich(
        self, to: To, html: str, *, markup: Markup | None = None, reply_to: int | None = None
    ) -> int:
        """`html` is Rich HTML. Raises Unsupported where the server knows no rich messages."""

        async def post(chat: int, thread: int | None, timeouts: Timeouts) -> int:
            more = self._extras(markup, reply_to)
            more |= {"chat_id": chat, "message_thread_id": thread, "rich_message": _rich(html)}
            sent = await self._wire.do_api_request(
                "sendRichMessage", api_kwargs=more, return_type=Message, **timeouts
            )
            return cast(Message, sent).message_id

        with self._features.latch("rich"):
            return await self._send(to, SEND, post)

    async def edit_rich(
        self, chat: int, message: int, html: str, *, markup: Markup | None = None
    ) -> None:
        """Raises Unsupported where the server knows no rich messages."""

        async def edit(chat: int, timeouts: Timeouts) -> object:
            return await self._wire.edit_message_text(
                cast(str, None),  # PTB leaves it out, as the Bot API wants it beside `rich_message`
                chat_id=chat,
                message_id=message,
                api_kwargs=self._extras(markup) | {"rich_message": _rich(html)},
                **timeouts,
            )

        with self._features.latch("rich"):
            try:
                await self._edit(chat, edit)
            except Refused as error:
                if "text is empty" not in error.text:
                    raise
                # A server that does not know the field sees an edit without any text.
                raise Unsupported(error.text) from None

    async def delete(self, chat: int, message: int) -> None:
        """Raises Gone when it is not there, Refused when it can no longer be deleted."""
        await self._caller.call_in(
            chat,
            EDIT,
            lambda chat, timeouts: self._wire.delete_message(chat, message, **timeouts),
        )

    # What passes

    async def draft(
        self,
        to: To,
        draft_id: int,
        text: str,
        entities: Sequence[Entity] = (),
        *,
        can_stop: bool = False,
    ) -> None:
        """Private chats only; "" shows "Thinking…". Raises Unsupported, Refused, NoThread.

        With `can_stop` the words stay when stop is pressed, until the message that follows them.
        Forbidden is only what ends the chat: whether messages are is told when one is sent.
        """
        formatting = entities_json(entities)

        async def show(chat: int, timeouts: Timeouts) -> object:
            stop = True if can_stop and self._features.draft_stop else None
            draft: Json = {
                "chat_id": chat,
                "draft_id": draft_id,
                "text": whole(text),
                "entities": formatting,
                "message_thread_id": to.thread,
                "can_stop": stop,
                "keep_on_stop": stop,
            }
            return await self._wire.quick("sendMessageDraft", draft, timeouts)

        try:
            with self._features.latch("draft"):
                await self._without_refused(lambda: self._caller.call_in(to.chat, DRAFT, show))
        except Forbidden as error:
            if ends_the_chat(error):
                raise
            raise Refused(str(error)) from error

    async def chat_action(self, to: To, action: str) -> None:
        """Shown for 5 s, or until the next message."""
        await self._caller.call_in(
            to.chat,
            DRAFT,
            lambda chat, timeouts: self._wire.send_chat_action(
                chat, action, message_thread_id=to.thread, **timeouts
            ),
        )

    # Files

    async def send_voice(
        self,
        to: To,
        data: bytes,
        *,
        seconds: float,
        media_type: str = "audio/ogg",
        markup: Markup | None = None,
        reply_to: int | None = None,
    ) -> int:
        """Raises VoiceForbidden."""

        async def post(chat: int, thread: int | None, timeouts: Timeouts) -> int:
            sent = await self._wire.send_voice(
                chat,
                _named(data, f"voice.{_ENDINGS.get(media_type, 'ogg')}", media_type),
                duration=_whole(seconds),
                message_thread_id=thread,
                api_kwargs=self._extras(markup, reply_to),
                **timeouts,
            )
            return sent.message_id

        return await self._send(to, UPLOAD, post)

    async def send_audio(
        self,
        to: To,
        data: bytes,
        *,
        seconds: float,
        media_type: str,
        title: str = "",
        markup: Markup | None = None,
        reply_to: int | None = None,
    ) -> int:
        async def post(chat: int, thread: int | None, timeouts: Timeouts) -> int:
            sent = await self._wire.send_audio(
                chat,
                _named(data, f"answer.{_ENDINGS.get(media_type, 'mp3')}", media_type),
                duration=_whole(seconds),
                title=whole(title) or None,
                message_thread_id=thread,
                api_kwargs=self._extras(markup, reply_to),
                **timeouts,
            )
            return sent.message_id

        return await self._send(to, UPLOAD, post)

    async def send_document(
        self,
        to: To,
        name: str,
        data: bytes,
        media_type: str,
        *,
        caption: str = "",
        entities: Sequence[Entity] = (),
        markup: Markup | None = None,
        reply_to: int | None = None,
    ) -> int:
        formatting = entities_json(entities)

        async def post(chat: int, thread: int | None, timeouts: Timeouts) -> int:
            sent = await self._wire.send_document(
                chat,
                _named(data, name, media_type),
                caption=whole(caption) or None,
                message_thread_id=thread,
                api_kwargs=self._extras(markup, reply_to) | {"caption_entities": formatting},
                **timeouts,
            )
            return sent.message_id

        return await self._send(to, UPLOAD, post)

    # How

    async def _send(self, to: To, manner: Manner, post: Post) -> int:
        """Where its topic is gone, it goes to the chat."""

        async def send(thread: int | None) -> int:
            return await self._without_refused(
                lambda: self._caller.call_in(
                    to.chat, manner, lambda chat, timeouts: post(chat, thread, timeouts)
                )
            )

        try:
            return await send(to.topic)
        except NoThread:
            if to.topic is None:
                raise
            return await send(None)

    async def _edit(self, chat: int, edit: Callable[[int, Timeouts], Awaitable[object]]) -> None:
        try:
            await self._without_refused(lambda: self._caller.call_in(chat, EDIT, edit))
        except Refused as error:
            if "not modified" not in error.text:
                raise

    async def _without_refused(self, make: Callable[[], Awaitable[T]]) -> T:
        """Made again without each field that the server's no names."""
        while True:
            try:
                return await make()
            except Refused as error:
                if not self._switch_off_named(error.text):
                    raise

    def _switch_off_named(self, words: str) -> bool:
        for feature, fields in _NAMED.items():
            if self._features.has(feature) and any(field in words for field in fields):
                self._features.switch_off(feature)
                return True
        return False

    def _extras(self, markup: Markup | None, reply_to: int | None = None) -> Json:
        """What every message may have, as the Bot API writes it."""
        reply = {"message_id": reply_to, "allow_sending_without_reply": True}
        return {
            "reply_markup": markup_json(markup, self._features),
            "reply_parameters": msgspec.json.encode(reply).decode() if reply_to else None,
        }


def _rich(html: str) -> Json:
    # What looks like a mention or a command in the text must do nothing.
    return {"html": whole(html), "skip_entity_detection": True}


def _named(data: bytes, name: str, media_type: str) -> InputFile:
    file = InputFile(data, filename=whole(name))
    file.mimetype = media_type
    return file


def _whole(seconds: float) -> int | None:
    """Telegram counts whole seconds; None for a length that is not known."""
    return max(1, round(seconds)) if seconds > 0 else None

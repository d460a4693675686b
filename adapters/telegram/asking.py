"""The calls that show nothing in a chat: updates, files, webhooks, the bot's own page."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Final

from telegram import BotCommandScope

from adapters.telegram.calling import ASK, Caller, Manner
from adapters.telegram.features import Features
from adapters.telegram.files import Files
from adapters.telegram.wire import Timeouts, Wire
from bot.surface import Unreachable

Json = dict[str, object]

POLL_MARGIN: Final = 15.0
"""Seconds an answer to getUpdates may take beyond what Telegram was told to hold it back."""

_PRESSED: Final = Manner(read=2.0, pauses=(0.1,))
"""Somebody has pressed a button, and can be told alone for less than a second."""


class Asking:
    """What an account asks for, and tells about itself. Raises SurfaceError and only that."""

    def __init__(self, wire: Wire, caller: Caller, features: Features, files: Files) -> None:
        self._wire = wire
        self._caller = caller
        self._features = features
        self._files = files

    # Files

    async def file_path(self, file_id: str) -> tuple[str, int]:
        """Where `download` finds it for an hour, and its bytes (0: not told).

        Raises TooLarge beyond the 20 MB that Telegram hands out, Gone when it is not there.
        """
        found = await self._ask("getFile", {"file_id": file_id})
        size = found.get("file_size")
        return str(found.get("file_path") or ""), size if isinstance(size, int) else 0

    async def download(self, path: str, *, limit: int) -> bytes:
        """Raises TooLarge beyond `limit` bytes, Gone, Unreachable."""
        return await self._files.read(path, limit=limit)

    # Updates

    async def get_me(self) -> Json:
        """A User object. Raises Unauthorized."""
        return await self._ask("getMe")

    async def get_updates(
        self, offset: int, *, timeout: int, allowed: Sequence[str], limit: int = 100
    ) -> list[Json]:
        """The updates from `offset` on; those before it are confirmed. Raises Conflict.

        `timeout`: seconds that Telegram waits for the first. Tried once.
        """
        wanted = {
            "offset": offset,
            "timeout": timeout,
            "limit": limit,
            "allowed_updates": list(allowed),
        }
        manner = Manner(read=timeout + POLL_MARGIN, pauses=())
        updates = await self._caller.call(
            manner, lambda timeouts: self._wire.raw("getUpdates", wanted, timeouts)
        )
        if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
            raise Unreachable(sent=False)
        return updates

    async def set_webhook(
        self, url: str, *, secret: str, allowed: Sequence[str], max_connections: int
    ) -> None:
        await self._caller.call(
            ASK,
            lambda timeouts: self._wire.set_webhook(
                url,
                secret_token=secret,
                allowed_updates=list(allowed),
                max_connections=max_connections,
                **timeouts,
            ),
        )

    async def delete_webhook(self) -> None:
        """What waits to be delivered stays."""
        await self._caller.call(ASK, lambda timeouts: self._wire.delete_webhook(**timeouts))

    async def webhook_info(self) -> Json:
        """A WebhookInfo object; its `url` is "" when none is set."""
        return await self._ask("getWebhookInfo")

    async def answer_callback(self, id: str, words: str = "") -> None:
        """The button no longer waits; `words` open a window before whoever has pressed it.

        Raises Expired when it was pressed too long ago.
        """
        await self._caller.call(
            ASK,
            lambda timeouts: self._wire.answer_callback_query(
                id, text=words or None, show_alert=True if words else None, **timeouts
            ),
        )

    async def chat_member_rights(self, chat: int) -> Json:
        """A ChatMember object: what the bot itself may do in a group."""
        return await self._ask("getChatMember", {"chat_id": chat, "user_id": int(self._wire.token)})

    async def chat_member(self, chat: int, user: int) -> Json:
        """A ChatMember object. Raises Refused for somebody whom nobody has seen there."""
        return await self._ask("getChatMember", {"chat_id": chat, "user_id": user}, _PRESSED)

    # The bot's page

    async def get_commands(self, scope: BotCommandScope, language: str) -> list[tuple[str, str]]:
        """Exactly what is set for this scope and language; "" is every other language."""
        commands = await self._caller.call(
            ASK,
            lambda timeouts: self._wire.get_my_commands(
                scope, language_code=language or None, **timeouts
            ),
        )
        return [(command.command, command.description) for command in commands]

    async def set_commands(
        self, scope: BotCommandScope, language: str, commands: Sequence[tuple[str, str]]
    ) -> None:
        await self._caller.call(
            ASK,
            lambda timeouts: self._wire.set_my_commands(
                list(commands), scope, language_code=language or None, **timeouts
            ),
        )

    async def description(self, language: str, *, short: bool) -> str:
        """What an empty chat with the bot says; the short one is on its profile."""
        kind = "ShortDescription" if short else "Description"
        found = await self._ask(f"getMy{kind}", {"language_code": language or None})
        return str(found.get("short_description" if short else "description") or "")

    async def set_description(self, language: str, words: str, *, short: bool) -> None:
        """At most 512 characters, 120 when short."""
        code = language or None

        def make(timeouts: Timeouts) -> Awaitable[bool]:
            if short:
                return self._wire.set_my_short_description(words, code, **timeouts)
            return self._wire.set_my_description(words, code, **timeouts)

        await self._caller.call(ASK, make)

    async def _ask(
        self, method: str, parameters: Mapping[str, object] | None = None, manner: Manner = ASK
    ) -> Json:
        answer = await self._caller.call(
            manner, lambda timeouts: self._wire.raw(method, parameters or {}, timeouts)
        )
        return answer if isinstance(answer, dict) else {}

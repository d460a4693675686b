"""One bot at Telegram: who it is, what it may call, what it has learned."""

from typing import Self

from telegram.request import BaseRequest

from adapters.telegram.calling import Caller
from adapters.telegram.calls import Calls
from adapters.telegram.chats import Chats
from adapters.telegram.detail import DetailedFiles, DetailedLine
from adapters.telegram.features import Features
from adapters.telegram.files import Downloads, Files, RequestFiles
from adapters.telegram.health import Health
from adapters.telegram.presses import Presses
from adapters.telegram.transport import BotRequest
from adapters.telegram.wire import Line, Wire
from bot.observe import in_detail

API_URL = "https://api.telegram.org"


class Account:
    """An account and its connections. `id` and `username` without the "@"; "" until `get_me`.

    Of the token nothing is kept but the addresses inside the transport. Chats are named as in
    `bot.events.Chat.id`.
    """

    def __init__(
        self, token: str, *, api_url: str = API_URL, request: BaseRequest | None = None
    ) -> None:
        """Raises ValueError for what cannot be a token; its text does not hold it.

        `request` is another transport than our own.
        """
        id, colon, secret = token.partition(":")
        if not (id.isascii() and id.isdigit() and colon and secret) or not _is_plain(secret):
            raise ValueError('a bot token is "<digits>:<letters>", as @BotFather gives it')
        api_url = api_url.rstrip("/")
        self.id = id
        self.username = ""
        self.features = Features()
        self.health = Health(id)
        self.presses = Presses()
        self._chats = Chats()
        # Polling has a connection of its own: it can be renewed while messages go on.
        polling = request or BotRequest(connections=2)
        line = DetailedLine if in_detail() else Line
        self._polling = line(polling, api_url=api_url, token=token)
        self._line = line(request or BotRequest(), api_url=api_url, token=token)
        self._files: Files = (
            RequestFiles(request, api_url=api_url, token=token)
            if request
            else Downloads(api_url=api_url, token=token)
        )
        if in_detail():
            self._files = DetailedFiles(self._files)
        wire = Wire(self._line, self._polling, id=id)
        self.calls = Calls(wire, Caller(id, self._chats, self.health), self.features, self._files)

    def __repr__(self) -> str:
        return f"Account({self.id})"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def open(self) -> None:
        """After `aclose`; a new account is open."""
        await self._line.initialize()
        await self._polling.initialize()

    async def aclose(self) -> None:
        """Calls in flight break off; the account may be opened again."""
        await self._files.aclose()
        await self._polling.shutdown()
        await self._line.shutdown()

    async def renew(self) -> None:
        """Ask for updates over a new connection from now on: the old one may be dead and silent."""
        await self._polling.shutdown()
        await self._polling.initialize()

    async def meet(self) -> None:
        """Ask who the bot is, for `username`. Raises SurfaceError; Unauthorized for a wrong one."""
        me = await self.calls.get_me()
        self.username = str(me.get("username", ""))

    def is_dead(self, chat: str) -> bool:
        return self._chats.is_dead(int(chat))

    def bury(self, chat: str) -> None:
        """The bot was blocked or removed: calls there raise Forbidden until `revive`."""
        self._chats.bury(int(chat))

    def revive(self, chat: str) -> None:
        """Something was heard from there."""
        self._chats.revive(int(chat))

    def move(self, old: str, new: str) -> None:
        """The group has another id from now on."""
        self._chats.move(int(old), int(new))

    def moved(self, chat: str) -> str:
        """The id that the chat has now."""
        return str(self._chats.moved(int(chat)))

    def administers(self, chat: str) -> bool:
        """Whether the bot is known to be administrator of the group, and so hears reactions."""
        return self._chats.administers(int(chat))

    def set_administers(self, chat: str, administers: bool) -> None:
        self._chats.set_administers(int(chat), administers)


def _is_plain(secret: str) -> bool:
    return all(sign.isascii() and (sign.isalnum() or sign in "_-") for sign in secret)

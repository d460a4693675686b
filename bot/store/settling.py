"""The verbs about people: what they have settled in a chat, what the bot has asked them there."""

from collections.abc import Mapping

from bot.events import Chat
from bot.store import settled
from bot.store.known import Known
from bot.store.records import Dialog, Preferences, Value
from bot.store.transactions import Transactions
from bot.store.verbs import Verbs


class Settled(Verbs):
    """`scope` is `records.scope(place)`. Every verb is one transaction."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions)
        self._settled = Known[tuple[Preferences, Dialog | None]]()

    async def preferences(self, scope: str) -> Preferences:
        preferences, _ = await self._settled.get(scope, self._read_settled)
        return preferences

    async def save_inputs(self, scope: str, inputs: Mapping[str, Value]) -> None:
        with self._settled.changed(scope):
            await self._write(settled.save_inputs, scope, inputs)

    async def set_voice(self, scope: str, voice: bool) -> None:
        with self._settled.changed(scope):
            await self._write(settled.set_voice, scope, voice)

    async def set_language(self, scope: str, language: str) -> None:
        with self._settled.changed(scope):
            await self._write(settled.set_language, scope, language)

    async def open_dialog(self, scope: str, dialog: Dialog) -> None:
        """In the place of one that was open there."""
        with self._settled.changed(scope):
            await self._write(settled.open_dialog, scope, dialog)

    async def dialog(self, scope: str) -> Dialog | None:
        _, dialog = await self._settled.get(scope, self._read_settled)
        return dialog

    async def end_dialog(self, scope: str) -> Dialog | None:
        """Take the open dialog; of several who try at once one gets it."""
        with self._settled.changed(scope):
            return await self._write(settled.end_dialog, scope)

    async def dialogs_in(self, chat: Chat) -> Mapping[str, Dialog]:
        """Every dialog that is open in the chat, by scope."""
        return await self._read(settled.dialogs_in, chat)

    async def _read_settled(self, scope: str) -> tuple[Preferences, Dialog | None]:
        return await self._read(settled.settled, scope)

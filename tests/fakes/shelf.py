"""The rows a store would keep of the messages that show an answer."""

from bot.events import MessageRef


class Shelf:
    """Fulfils `bot.live.Screens`: `rows` by part, None where a message is only intended."""

    def __init__(self) -> None:
        self.rows: dict[int, MessageRef | None] = {}
        self.log: list[str] = []

    async def intend(self, part: int) -> None:
        self.log.append(f"intend {part}")
        self.rows.setdefault(part, None)

    async def shown(self, part: int, ref: MessageRef) -> None:
        self.log.append(f"shown {part}")
        self.rows[part] = ref

    async def settled(self, part: int, ref: MessageRef) -> None:
        await self.shown(part, ref)

    async def removed(self, part: int) -> None:
        self.log.append(f"removed {part}")
        self.rows.pop(part, None)

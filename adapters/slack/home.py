"""The app's home page: what it is for, what it was asked, what a person has settled with it."""

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from adapters.slack import keyboard, limits, mrkdwn
from adapters.slack.carried import Carried
from adapters.slack.keyboard import Block
from adapters.slack.modals import plain_text, shorten
from adapters.slack.page import Home, Order, Page, Part, Row
from adapters.slack.workspace import Workspace, Workspaces
from bot.events import Chat, MessageRef, Place, User
from bot.observe import get_logger
from bot.surface import Button, Rank, Slots, SurfaceError

PLATFORM: Final = "slack"
CALLBACK: Final = "home"
BLOCKS: Final = 100
"""Blocks of a page."""
HEADING: Final = 150
"""Characters of a heading."""
WORDS: Final = 200
"""Characters of a line in a row."""
SOURCE: Final = 2000
"""Characters of an answer that its first words are looked for in."""
LABEL: Final = 75
"""Characters of a button."""
LINKS: Final = 1.5
"""Seconds for finding the ways to messages: a page without them is better than none."""
LINKS_KEPT, SEEN = 5000, 10_000
"""Addresses of messages and people with a page that are remembered."""
AFTERWARDS: Final = (1.0, 4.0)
"""Seconds, one after the other, after which a page is shown anew: by then what a press changes is
settled."""

_ORDER: Final = "order"
_MARKS = re.compile(r"[*_~`]")
_TS = re.compile(r"\d{1,20}\.\d{1,10}")
_log = get_logger(__name__)


def view(home: Home, place: Place, links: Mapping[MessageRef, str]) -> Block:
    """The page as Slack takes it; `place` is the direct chat that what is pressed there is for."""
    blocks: list[Block] = []
    if home.title.strip():
        blocks.append({"type": "header", "text": plain_text(home.title, HEADING)})
    for part in home.parts:
        blocks.extend(_part(part, links))
    return {
        "type": "home",
        "callback_id": CALLBACK,
        "private_metadata": Carried(place=place).packed(),
        "blocks": blocks[:BLOCKS],
    }


def order(action: Mapping[str, object]) -> tuple[str, str] | None:
    """The command and its text that a pressed button of a page says; None for another button."""
    id, value = action.get("action_id"), action.get("value", "")
    if not isinstance(id, str) or not isinstance(value, str):
        return None
    kind, _, command = id.partition(":")
    return (command, value) if kind == _ORDER and command.isalpha() else None


class Homes:
    """The pages of everybody who has looked at theirs."""

    def __init__(self, workspaces: Workspaces, slots: Slots, page: Page | None = None) -> None:
        self._workspaces = workspaces
        self._slots = slots
        self._page = page or Page()
        self._links: OrderedDict[MessageRef, str] = OrderedDict()
        self._shown: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._publishing = WeakValueDictionary[tuple[str, str], asyncio.Lock]()

    async def publish(self, team: str, user: User, channel: str) -> None:
        """Show the person's page as it is now; `channel` is their direct chat with the bot."""
        with suppress(SurfaceError):
            await self._publish(team, user, channel, anew=True)

    async def refresh(self, team: str, user: User, channel: str) -> None:
        """Show it again when what was just pressed or filled in has been done, if it changes."""
        if (team, user.id) not in self._shown:
            return
        for seconds in AFTERWARDS:
            await asyncio.sleep(seconds)
            with suppress(SurfaceError):
                await self._publish(team, user, channel, anew=False)

    async def _publish(self, team: str, user: User, channel: str, *, anew: bool) -> None:
        chat = Chat(platform=PLATFORM, workspace=team, id=channel, private=True)
        place = Place(chat=chat, user=user)
        whose = (team, user.id)
        # Pages are built one after the other, so that the last one shown is the newest.
        async with self._publishing.setdefault(whose, asyncio.Lock()):
            home = await self._page.home(place)
            workspace = await self._workspaces.of(team)
            shown = view(home, place, await self._ways(workspace, home))
            digest = blake2b(json.dumps(shown).encode(), digest_size=16).hexdigest()
            if anew or digest != self._shown.get(whose):
                await self._slots.slot(limits.view(team), Rank.PERSON)
                await workspace.calls.publish_home(user.id, shown)
                _keep(self._shown, whose, digest, SEEN)

    async def _ways(self, workspace: Workspace, home: Home) -> Mapping[MessageRef, str]:
        """The addresses of the messages on the page, as far as they are found in time."""
        refs = [row.ref for part in home.parts for row in part.rows if row.ref is not None]
        unknown = [ref for ref in refs if ref not in self._links and _TS.fullmatch(ref.id)]
        with suppress(TimeoutError):
            async with asyncio.timeout(LINKS), asyncio.TaskGroup() as group:
                for ref in dict.fromkeys(unknown):
                    group.create_task(self._find(workspace, ref))
        return {ref: self._links[ref] for ref in refs if ref in self._links}

    async def _find(self, workspace: Workspace, ref: MessageRef) -> None:
        try:
            await self._slots.slot(limits.ask(workspace.team), Rank.FRAME)
            link = await workspace.calls.permalink(ref.chat, ref.id)
        except SurfaceError as error:
            _log.info("no way to a message", error=type(error).__name__)
        else:
            _keep(self._links, ref, link, LINKS_KEPT)


def _part(part: Part, links: Mapping[MessageRef, str]) -> Iterable[Block]:
    if part.heading.strip():
        yield {"type": "header", "text": plain_text(part.heading, HEADING)}
    for text in mrkdwn.sections(mrkdwn.mrkdwn(part.text, mine=part.mine)):
        if part.small:
            yield {"type": "context", "elements": [_mrkdwn(text)]}
        else:
            yield {"type": "section", "text": _mrkdwn(text)}
    for number, row in enumerate(part.rows):
        yield from _row(row, number, links)
    if part.buttons:
        buttons = [_button(button, number) for number, button in enumerate(part.buttons)]
        yield {"type": "actions", "elements": buttons[: keyboard.MOST]}


def _row(row: Row, number: int, links: Mapping[MessageRef, str]) -> Iterable[Block]:
    text = _literal(shorten(row.text, WORDS)) or "–"
    link = links.get(row.ref) if row.ref else None
    if row.more:
        text = f"<{link}|{text}>" if link else text
        # Stars among the words would end the bold in the middle of them.
        text = text if _MARKS.search(row.text) else f"*{text}*"
        text += f"\n{_literal(shorten(mrkdwn.plain(row.more[:SOURCE]), WORDS))}"
    shown: Block = {"type": "section", "text": _mrkdwn(text)}
    yield {**shown, "accessory": _button(row.button, number)} if row.button else shown
    if row.at is not None:
        yield {"type": "context", "elements": [_mrkdwn(_local(row.at))]}


def _button(button: Button | Order, number: int) -> Block:
    if isinstance(button, Order):
        label = plain_text(button.label, LABEL)
        id = f"{_ORDER}:{button.command}"
        shown: Block = {"type": "button", "action_id": id, "text": label}
        return {**shown, "value": button.text} if button.text else shown
    return keyboard.button(button, number)


def _mrkdwn(text: str) -> Block:
    """Links and names are only those that are written as such."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _literal(text: str) -> str:
    """Slack's three signs as entities; stars and the like do no harm in a line."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _local(at: datetime) -> str:
    """A moment as the reader's own clock tells it."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


Key = TypeVar("Key")


def _keep(kept: OrderedDict[Key, str], key: Key, value: str, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)

"""Lines to Slack without sockets: to the strict server, or to answers that are told beforehand."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.slack.calls import Calls
from adapters.slack.errors import Lost, NotSent, Overlong
from adapters.slack.transport import Answer
from adapters.slack.workspace import Line, Workspace
from tests.fakes.slack_api import InMemory, Seat, Slack
from tests.fakes.slack_api.things import Team

API = "https://slack.com/api/"
TOKEN = "xoxb-1-2-sesame"
TEAM, CHANNEL, PERSON = "T1", "C1", "U1"

THUMBS: dict[str, object] = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "rate",
            "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "like"},
            "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "dislike"},
        }
    ],
}

Told = Answer | Exception | Mapping[str, object] | str


def said(told: Told) -> Answer:
    """A word of Slack's for an error, or what its answer holds."""
    if isinstance(told, tuple):
        return told
    if isinstance(told, Exception):
        raise told
    answer = {"ok": False, "error": told} if isinstance(told, str) else {"ok": True, **told}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


def limited(seconds: int) -> Answer:
    return 429, {"retry-after": str(seconds)}, b'{"ok":false,"error":"ratelimited"}'


class Scripted:
    """Gives the answers one after another, and at their end says yes to everything."""

    def __init__(self, *answers: Told) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, dict[str, object]]] = []
        self.times: list[float] = []
        self.tokens: list[str] = []
        self.pages: dict[str, list[Told]] = {}
        self.asked: list[tuple[str, str]] = []  # address, token
        self.brought: list[tuple[str, bytes]] = []

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.sent]

    async def send(
        self, method: str, args: Mapping[str, object], token: str, *, timeout: float
    ) -> Answer:
        self.sent.append((method, dict(args)))
        self.times.append(asyncio.get_running_loop().time())
        self.tokens.append(token)
        yes: Told = {"ts": "1.1", "message_ts": "1.1"}
        return said(self.answers.pop(0) if self.answers else yes)

    async def get(self, url: str, *, token: str, limit: int, timeout: float) -> Answer:
        self.asked.append((url, token))
        return said(self._page(url))

    async def post(self, url: str, data: bytes, *, media_type: str, timeout: float) -> Answer:
        self.brought.append((url, data))
        return said(self._page(url))

    def serve(self, url: str, *pages: Told) -> None:
        """What comes from `url`, one after another; the last one stays."""
        self.pages[url] = list(pages)

    def _page(self, url: str) -> Told:
        pages = self.pages.get(url) or [(404, {}, b"")]
        return pages.pop(0) if len(pages) > 1 else pages[0]


def workspace(script: Scripted, *, api_url: str = API, org: bool = False) -> Workspace:
    line = Line(api_url=api_url, transport=script)
    return line.workspace(team=TEAM, token=TOKEN, bot_user="UBOT", bot_id="BBOT", org=org)


def calls(answers: Iterable[Told] = ()) -> tuple[Scripted, Calls]:
    script = Scripted(*answers)
    return script, workspace(script).calls


class Inside:
    """The strict server, over a line that can be cut before anything leaves."""

    def __init__(self, slack: Slack) -> None:
        self._server = InMemory(slack)
        self.unconnected = 0

    async def send(
        self, method: str, args: Mapping[str, object], token: str, *, timeout: float
    ) -> Answer:
        self._leave()
        try:
            async with asyncio.timeout(timeout):
                return await self._server.call(method, args, token)
        except (TimeoutError, ConnectionError):
            raise Lost("no answer") from None

    async def get(self, url: str, *, token: str, limit: int, timeout: float) -> Answer:
        self._leave()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self._server.get(url, headers)
        if len(answer[2]) > limit:
            raise Overlong("the answer is too long")
        return answer

    async def post(self, url: str, data: bytes, *, media_type: str, timeout: float) -> Answer:
        self._leave()
        return await self._server.post(url, {"Content-Type": media_type}, data)

    def _leave(self) -> None:
        if self.unconnected:
            self.unconnected -= 1
            raise NotSent("no connection")


@dataclass(frozen=True)
class World:
    """One workspace, one person in a DM with the bot, and what is between them."""

    slack: Slack
    team: Team
    seat: Seat
    wire: Inside
    line: Line
    workspace: Workspace

    @property
    def calls(self) -> Calls:
        return self.workspace.calls

    @property
    def channel(self) -> str:
        return self.seat.channel.id

    @property
    def user(self) -> str:
        return self.seat.person.id


def world(slack: Slack | None = None) -> World:
    slack = slack or Slack(clock=asyncio.get_running_loop().time)
    team = slack.team()
    wire = Inside(slack)
    line = Line(transport=wire)
    install = slack.installed(team.id)
    workspace = line.workspace(
        team=team.id, token=install.token, bot_user=install.bot_user, bot_id=install.bot_id
    )
    seat = slack.dm(slack.person("Ada", locale="de-DE"))
    return World(slack, team, seat, wire, line, workspace)

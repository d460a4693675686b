"""Slack as a whole, without sockets or waiting: what is said and asked changes what is there."""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.fakes.slack_api import accounts, chat, files, payloads, sessions, streams, views
from tests.fakes.slack_api.app import App
from tests.fakes.slack_api.calling import Faults
from tests.fakes.slack_api.hooks import Hook
from tests.fakes.slack_api.oauth import Code
from tests.fakes.slack_api.people import Room, Seat
from tests.fakes.slack_api.refused import OWN_FAULT, Refusal, Refused
from tests.fakes.slack_api.sockets import Sockets
from tests.fakes.slack_api.spec import known
from tests.fakes.slack_api.things import (
    Channel,
    File,
    Install,
    Kind,
    Person,
    Post,
    Shown,
    Team,
    View,
)
from tests.fakes.slack_api.tiers import Tiers
from tests.fakes.slack_api.watch import Watch

Clock = Callable[[], float]
Arguments = dict[str, object]
Reply = tuple[int, dict[str, str], dict[str, object]]


@dataclass(kw_only=True)
class Trigger:
    """A permission to open a view, soon and once."""

    person: Person
    team: str
    at: float
    used: bool = False
    view: str = ""  # the modal it was given from


class Slack:
    """Workspaces, people and one app; `call` is what the app may do, seats what people do.

    `clock` measures spans (a loop's `time` in virtual time), `wall` tells Unix time for dates.
    `latency` is how many seconds each call takes through a face; `sharing` is how many seconds an
    uploaded file takes to appear.
    """

    def __init__(
        self, clock: Clock = time.monotonic, *, wall: Clock = time.time, jitter: float = 0.0
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.jitter = jitter
        self.app = App()
        self.tiers = Tiers(jitter=jitter)
        self.latency = 0.0
        self.sharing = 0.3
        self.faults = Faults()
        self.refusals: list[Refusal] = []
        self.calls: list[tuple[float, str, Arguments]] = []  # what was asked, in order
        self.counted: defaultdict[str, int] = defaultdict(int)  # calls by method
        self.exposed: list[tuple[str, str]] = []  # method, argument: words sent within a URL
        self.teams: dict[str, Team] = {}
        self.people: dict[str, Person] = {}
        self.installs: dict[str, Install] = {}  # by token
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.hooks: dict[str, Hook] = {}
        self.codes: dict[str, Code] = {}
        self.sockets = Sockets(self)
        self.installer: Person | None = None  # who allows installing; the first person if nobody
        self.cancels = False  # the page of permissions is left by Cancel
        self.org_wide = False  # the app is allowed for a whole organisation
        self.echoes = True  # the app is told of its own messages too, as by Slack
        self.outbox: list[payloads.Delivery] = []
        self.delivered: list[payloads.Delivery] = []
        self.api = "https://slack.com"
        self.hook_host = "https://hooks.slack.com"
        self.file_host = "https://files.slack.com"
        watch = Watch()
        self.judge, self.pings = watch.judge, watch.pings
        self.links, self.unfurled = watch.links, watch.unfurled
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._ids = itertools.count(1)
        self._last_ts = 0
        self._listeners: list[Callable[[], None]] = []

    # --- who and where -------------------------------------------------------------------------

    def new_id(self, letter: str) -> str:
        return f"{letter}0{next(self._ids):08X}"

    def team(self, name: str = "Acme", *, enterprise: str = "", install: bool = True) -> Team:
        """A new workspace, with the app in it; its token is `slack.token(team)`."""
        made = Team(
            id=self.new_id("T"),
            name=name,
            domain=name.lower().replace(" ", "-"),
            enterprise=enterprise,
        )
        self.teams[made.id] = made
        if install:
            self.install(made)
        return made

    def install(
        self, team: Team, *, org: bool = False, scopes: frozenset[str] = frozenset()
    ) -> Install:
        """Put the app into a workspace, or with `org` into all of its organisation."""
        number = next(self._ids)
        made = Install(
            token=f"xoxb-{number}-{team.id}-sesame" + "x" * 12,
            team="" if org else team.id,
            enterprise=team.enterprise,
            bot_user=f"U0BOT{number:05X}",
            bot_id=f"B0{number:08X}",
            scopes=scopes or self.app.scopes,
        )
        self.installs[made.token] = made
        return made

    def installed(self, team: str) -> Install:
        """The install that acts in a workspace."""
        found = self.found_install(team)
        assert found is not None, "the app is not in this workspace"
        return found

    def found_install(self, team: str) -> Install | None:
        enterprise = self.teams[team].enterprise
        own = [install for install in self.installs.values() if not install.revoked]
        for install in reversed(own):
            wide = not install.team and install.enterprise == enterprise
            if install.team == team or (enterprise and wide):
                return install
        return None

    def token(self, team: Team) -> str:
        return self.installed(team.id).token

    def person(
        self, name: str = "Ada Lovelace", *, team: Team | None = None, **about: object
    ) -> Person:
        """Somebody new, in the first workspace if none is given; `about` are fields of Person."""
        home = team or next(iter(self.teams.values()))
        made = Person(id=self.new_id("U"), name=name, team=home.id, **about)  # type: ignore[arg-type]
        self.people[made.id] = made
        return made

    def dm(self, person: Person, team: Team | None = None) -> Seat:
        """The person's Messages tab of the app, in their own workspace or another's."""
        home = team.id if team else person.team
        bot = self.installed(home).bot_user
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == {person.id, bot}:
                return Seat(self, channel, person)
        made = self._channel("im", home, {person.id, bot})
        return Seat(self, made, person)

    def channel(
        self,
        *people: Person,
        name: str = "general",
        kind: Kind = "channel",
        bot: bool = True,
        team: Team | None = None,
        shared: bool = False,
    ) -> Room:
        """A new conversation of these people, with the app's bot in it or not."""
        home = team.id if team else next(iter(self.teams))
        members = {person.id for person in people}
        if bot:
            members.add(self.installed(home).bot_user)
        made = self._channel(kind, home, members, name)
        made.shared = shared
        return Room(self, made)

    def _channel(self, kind: Kind, team: str, members: set[str], name: str = "") -> Channel:
        letter = {"im": "D", "private": "G", "mpim": "G"}.get(kind, "C")
        made = Channel(id=self.new_id(letter), team=team, kind=kind, name=name, members=members)
        self.channels[made.id] = made
        return made

    # --- what an app asks ----------------------------------------------------------------------

    def call(self, token: str, method: str, given: Mapping[str, object] | None = None) -> Reply:
        """One Web API call: its HTTP status, headers and body."""
        given = dict(given or {})
        self.counted[method] += 1
        self.calls.append((self.clock(), method, given))
        self.settle()
        try:
            result = self._called(token, method, given)
        except Refused as no:
            self.refused(method, no, given)
            return no.status, no.headers(), no.body()
        self.changed()
        scopes = self.installs[token].scopes if token in self.installs else frozenset()
        return 200, {"X-OAuth-Scopes": ",".join(sorted(scopes))}, {"ok": True, **result}

    def _called(self, token: str, method: str, given: Arguments) -> Arguments:
        about = known(method)
        if method in accounts.BY_SECRET:
            return accounts.BY_SECRET[method](self, about.checked(given), token)
        install = self._authorized(token)
        if about.scope and about.scope not in install.scopes:
            raise Refused("missing_scope", f"needed {about.scope}")
        kept = about.checked(given)
        team = self._team_of(install, kept)
        if error := self.teams[team].refuses.get(method):
            raise Refused(error)
        channel = str(kept.get("channel", ""))
        self.tiers.count(self.clock(), team, method, about.tier, channel)
        return _METHODS[method](self, install, kept)

    def _authorized(self, token: str) -> Install:
        if not token:
            raise Refused("not_authed")
        install = self.installs.get(token)
        if install is None:
            raise Refused("invalid_auth")
        if install.revoked:
            raise Refused(install.revoked)
        if install.expires_at and self.clock() >= install.expires_at:
            raise Refused("token_expired")
        return install

    def _team_of(self, install: Install, given: Arguments) -> str:
        """The workspace a call is about: an organisation's token names it, or its channel does."""
        if install.team:
            return install.team
        channel = self.channels.get(str(given.get("channel") or given.get("channel_id")))
        named = channel.team if channel else str(given.get("team_id", ""))
        if not named:
            for team in self.teams.values():
                if team.enterprise == install.enterprise:
                    return team.id
        if named not in self.teams:
            raise Refused("team_not_found")
        return named

    def refused(self, method: str, no: Refused, given: Mapping[str, object]) -> None:
        """Remember a refusal for tests to read."""
        channel = self.channels.get(str(given.get("channel") or given.get("channel_id")))
        self.refusals.append(
            Refusal(
                method=method,
                team=channel.team if channel else "",
                error=no.error,
                why=no.why,
                at=self.clock(),
                arguments=dict(given),
            )
        )

    def floods(self) -> list[Refusal]:
        """The calls answered with 429."""
        return [refusal for refusal in self.refusals if refusal.error == "ratelimited"]

    def violations(self) -> list[str]:
        """What a bot without fault never does: ask for what cannot be, or again too soon."""
        own = [str(no) for no in self.refusals if no.error in OWN_FAULT]
        early = [f"{each.scope}: called {each.early:.1f} s early" for each in self.tiers.hammered]
        exposed = [f"{method}: {argument} in the URL" for method, argument in self.exposed]
        return own + early + exposed

    # --- what happens --------------------------------------------------------------------------

    def new_ts(self) -> str:
        """A message's time, which is its name: no two alike."""
        now = max(int(self.wall() * 1e6), self._last_ts + 1)
        self._last_ts = now
        return f"{now // 10**6}.{now % 10**6:06d}"

    def trigger(self, person: Person, team: str, view: str = "") -> str:
        """A new trigger id."""
        number = f"{next(self._ids)}.{next(self._ids)}.{'a' * 32}"
        self.triggers[number] = Trigger(person=person, team=team, at=self.clock(), view=view)
        return number

    def post(self, channel: Channel, author: str, **fields: object) -> Post:
        """Put a message on the screen of a channel."""
        post = Post(
            ts=self.new_ts(),
            channel=channel,
            author=author,
            at=self.clock(),
            **fields,  # type: ignore[arg-type]  # fields of Post
        )
        if post.only:
            channel.ephemerals.append(post)
        else:
            channel.posts[post.ts] = post
        kind = "ephemeral" if post.only else "stream" if post.stream else "post"
        self.show(channel, kind, post.ts, post.readable)
        if self.is_bot(author):
            channel.statuses.pop(post.thread, None)
            self.judge(post)
        return post

    def is_bot(self, user: str) -> bool:
        return any(install.bot_user == user for install in self.installs.values())

    def show(self, channel: Channel, kind: str, ts: str, text: str) -> None:
        """Write down what came onto the screen."""
        channel.history.append(Shown(self.clock(), kind, ts, text))

    def later(self, seconds: float, deed: Callable[[], None]) -> None:
        """Something that happens by itself, once so many seconds are over."""
        self._later.append((self.clock() + seconds, deed))

    def settle(self) -> None:
        """Let happen what is due."""
        due = [each for each in self._later if each[0] <= self.clock()]
        self._later = [each for each in self._later if each not in due]
        for _, deed in due:
            deed()

    def deliver(self, delivery: payloads.Delivery) -> payloads.Delivery:
        """Have something brought to the app."""
        self.outbox.append(delivery)
        self.changed()
        return delivery

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` at every change; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def changed(self) -> None:
        for listener in list(self._listeners):
            listener()


Method = Callable[[Slack, Install, Arguments], Arguments]
_METHODS: dict[str, Method] = {
    **accounts.METHODS,
    **chat.METHODS,
    **files.METHODS,
    **sessions.METHODS,
    **streams.METHODS,
    **views.METHODS,
}

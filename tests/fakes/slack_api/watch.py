"""What of an app's messages went live, written down for tests."""

from tests.fakes.slack_api import words
from tests.fakes.slack_api.things import Ping, Post


class Watch:
    """Looks at every message of the app's as it stands on the wire."""

    def __init__(self) -> None:
        self._pings: list[Ping] = []
        self._links: list[Ping] = []
        self._unfurled: list[Ping] = []

    def judge(self, post: Post, *, unfurls: bool | None = None) -> None:
        """Look at a message again. `unfurls` is None where Slack does not say whether it does."""
        wire = words.live("" if post.blocks else post.text, post.blocks) + post.markdown
        links = words.links(wire)
        for found, kept in ((words.pings(wire), self._pings), (links, self._links)):
            for each in found:
                ping = Ping(post.channel.id, post.ts, each, post.via)
                if ping not in kept:
                    kept.append(ping)
        if unfurls:
            self._unfurled += [Ping(post.channel.id, post.ts, each, post.via) for each in links]

    def pings(self, *allowed: str) -> list[Ping]:
        """The tokens of the bot that went live; `allowed` are ids that it may mention."""
        mine = {f"<@{user}>" for user in allowed}
        return [ping for ping in self._pings if ping.words not in mine]

    def links(self) -> list[Ping]:
        """The addresses of the bot that can be followed, and might unfurl in streams and edits."""
        return list(self._links)

    def unfurled(self) -> list[Ping]:
        """The addresses that Slack fetched, since nobody told it not to."""
        return list(self._unfurled)

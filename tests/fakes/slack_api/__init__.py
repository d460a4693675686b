"""The project's own Slack: strict where the real one is lenient.

`Slack` is the whole server without sockets; `serve` puts it on a loopback port, `InMemory` lets an
app call it directly, in virtual time. Seats are people: what they do there, and what they see.
"""

from tests.fakes.slack_api.app import App
from tests.fakes.slack_api.delivery import Pusher, signed
from tests.fakes.slack_api.faces import InMemory, Served, serve, wait_until
from tests.fakes.slack_api.payloads import Delivery
from tests.fakes.slack_api.people import PICTURE, Room, Seat
from tests.fakes.slack_api.refused import Refusal
from tests.fakes.slack_api.server import Slack
from tests.fakes.slack_api.things import (
    Channel,
    File,
    Install,
    Person,
    Ping,
    Post,
    Session,
    Shown,
    Team,
    View,
)

__all__ = [
    "PICTURE",
    "App",
    "Channel",
    "Delivery",
    "File",
    "InMemory",
    "Install",
    "Person",
    "Ping",
    "Post",
    "Pusher",
    "Refusal",
    "Room",
    "Seat",
    "Served",
    "Session",
    "Shown",
    "Slack",
    "Team",
    "View",
    "serve",
    "signed",
    "wait_until",
]

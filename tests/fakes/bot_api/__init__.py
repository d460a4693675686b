"""The project's own Bot API server: strict where the real one is lenient.

`Telegram` is the whole server without sockets; `serve` puts it on a loopback port,
`InMemoryRequest` lets python-telegram-bot call it directly, in virtual time.
"""

from tests.fakes.bot_api.faces import InMemoryRequest, Served, serve, wait_until
from tests.fakes.bot_api.people import PICTURE, Group, Seat
from tests.fakes.bot_api.pusher import Pusher
from tests.fakes.bot_api.refused import Refusal
from tests.fakes.bot_api.server import Telegram
from tests.fakes.bot_api.things import Bot, Chat, Draft, Medium, Person, Post, Shown

__all__ = [
    "PICTURE",
    "Bot",
    "Chat",
    "Draft",
    "Group",
    "InMemoryRequest",
    "Medium",
    "Person",
    "Post",
    "Pusher",
    "Refusal",
    "Seat",
    "Served",
    "Shown",
    "Telegram",
    "serve",
    "wait_until",
]

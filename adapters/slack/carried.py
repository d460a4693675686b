"""What a modal or a home page carries in its private metadata: it outlives this process.

Slack signs what it brings back, so what comes in is what went out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from adapters.slack.interaction import Kind
from bot.events import Chat, MessageRef, Place, User

LIMIT: Final = 3000
"""Characters of private metadata."""
PLATFORM: Final = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Which form it is ("" for a home page), and where and by whom it was opened.

    `response_url` is that of what has opened it: the message that was pressed can still be written
    over, and where the bot is no member there is no other way to answer. `kind` says which it was.
    """

    place: Place
    form: str = ""
    kind: Kind = "view"
    response_url: str = field(default="", repr=False)

    def packed(self) -> str:
        """JSON of LIMIT characters at most; an address that does not fit is left out."""
        place, chat = self.place, self.place.chat
        told = _Told(
            form=self.form,
            team=chat.workspace,
            channel=chat.id,
            thread=chat.thread,
            private=chat.private,
            user=place.user.id,
            user_team=place.user.workspace,
            language=place.user.language,
            reply_to=place.reply_to.id if place.reply_to else "",
            only_user=place.only_user,
            kind=self.kind,
            response_url=self.response_url,
        )
        packed = msgspec.json.encode(told).decode()
        if len(packed) > LIMIT:
            packed = msgspec.json.encode(msgspec.structs.replace(told, response_url="")).decode()
        return packed


def read(view: Mapping[str, object]) -> Carried | None:
    """What the view of a payload carries; None for one that is not ours."""
    try:
        told = msgspec.json.decode(str(view.get("private_metadata", "")), type=_Told)
    except (msgspec.DecodeError, RecursionError):
        return None
    ref = MessageRef(platform=PLATFORM, workspace=told.team, chat=told.channel, id=told.reply_to)
    place = Place(
        chat=Chat(
            platform=PLATFORM,
            workspace=told.team,
            id=told.channel,
            thread=told.thread,
            private=told.private,
        ),
        user=User(id=told.user, workspace=told.user_team, language=told.language),
        reply_to=ref if told.reply_to else None,
        only_user=told.only_user,
    )
    return Carried(place=place, form=told.form, kind=told.kind, response_url=told.response_url)


class _Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    team: str
    channel: str
    user: str
    form: str = ""
    thread: str = ""
    private: bool = False
    user_team: str = ""
    language: str = ""
    reply_to: str = ""
    only_user: bool = False
    kind: Kind = "view"
    response_url: str = ""

"""What an event lacks of its person and its place, added from what is known of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from adapters.slack.heard import NOTHING, Heard, Me
from adapters.slack.people import NEEDED, PATIENCE, People
from adapters.slack.remembered import Remembered
from adapters.slack.workspace import Workspace
from bot.events import Action, Command, Edited, Event, Message, Place, User
from bot.surface import Busy

MOST: Final = 10_000  # people who were told that they are not answered
_ANSWERED: Final = (Message, Edited, Command, Action)
"""Events after which something is said to the person, in their language."""

TurnAway = Callable[[Place], None]


class Knowing:
    """`external`: whether people of other organisations, in channels shared with them, are
    answered; else `turn_away` is called for each of them once."""

    def __init__(self, people: People, *, external: bool, turn_away: TurnAway) -> None:
        self._people = people
        self._external = external
        self._turn_away = turn_away
        self._told: Remembered[tuple[str, str], bool] = Remembered(MOST)

    async def names(self, workspace: Workspace, users: Sequence[str]) -> dict[str, str]:
        """The names of those people, by id, as far as they are known in time."""
        return await self._people.names(workspace, users) if users else {}

    def language(self, team: str, user: str) -> str:
        """As far as it is known already."""
        person = self._people.known(team, user)
        return person.locale if person else ""

    async def complete(self, workspace: Workspace, me: Me, found: Heard) -> Heard:
        """Raises Busy where the event cannot do without what is not known yet."""
        if found.home is not None:
            return replace(found, home=await self._known(workspace, me, found, found.home))
        if found.event is None:
            return found
        place = await self._known(workspace, me, found, found.event.place)
        if not self._external and self._is_outsider(me, found, place):
            self._send_away(found.event, place)
            return NOTHING
        otherwise = replace(found.otherwise, place=place) if found.otherwise else None
        return replace(found, event=_at(found.event, place), otherwise=otherwise)

    # Who

    async def _known(self, workspace: Workspace, me: Me, found: Heard, place: Place) -> Place:
        user = place.user
        person = None
        answered = found.home is not None or isinstance(found.event, _ANSWERED)
        own = user.workspace or self._people.team(workspace, user.id)
        # Elsewhere everybody belongs to the one team; no need to ask for that.
        if answered or (not own and (found.external or me.enterprise)):
            person = await self._people.person(workspace, user.id)
        if user.workspace:
            self._people.note_team(workspace, user.id, user.workspace)
        elif person is not None and (found.external or me.enterprise):
            own = own or person.team
        known = User(
            id=user.id,
            workspace=own or me.team,
            name=(person.name if person else "") or user.name,
            language=person.locale if person else "",
        )
        return await self._placed(workspace, found, replace(place, user=known))

    def _is_outsider(self, me: Me, found: Heard, place: Place) -> bool:
        """In an organisation of many workspaces a colleague's team is another one as well; only of
        a shared channel Slack tells that others are there."""
        return place.user.workspace != me.team and (found.external or not me.enterprise)

    def _send_away(self, event: Event, place: Place) -> None:
        who = place.user.workspace, place.user.id
        if isinstance(event, _ANSWERED) and not self._told.get(who):
            self._told.put(who, True)
            self._turn_away(place)

    # Where

    async def _placed(self, workspace: Workspace, found: Heard, place: Place) -> Place:
        """Two people's own chat looks like the one with the bot, which is not in it."""
        channel, user = place.chat.id, place.user.id
        if found.directly or not channel:
            own = await self._people.chat(workspace, user, patience=NEEDED)
            if not own:
                raise Busy
            return replace(place, chat=replace(place.chat, id=own, private=True))
        if not channel.startswith("D"):
            return place
        if not place.interaction:  # it was not a deed, so the bot was there to hear it
            self._people.note_chat(workspace, user, channel)
            return place
        own = await self._people.chat(workspace, user, patience=PATIENCE)
        return replace(place, chat=replace(place.chat, private=own in ("", channel)))


def _at(event: Event, place: Place) -> Event:
    """A press where there is no message is on something of the person's own chat."""
    if isinstance(event, Action):
        return replace(event, place=place, ref=replace(event.ref, chat=place.chat.id))
    return replace(event, place=place)

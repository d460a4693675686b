"""Who administers a group: asked of Telegram when it matters, and known for a moment."""

import asyncio
from typing import Final

from adapters.telegram import limits
from adapters.telegram.errors import Refused
from adapters.telegram.remembered import Remembered
from adapters.telegram.spot import Spot, Turn
from bot.surface import Forbidden, Rank, Standing, Unreachable

LASTS: Final = 30.0
"""Seconds that it is known: who is no administrator any more acts as one for so long at most."""
PATIENCE: Final = 2.0
"""Seconds; whoever has pressed a button waits."""

_MOST: Final = 10_000  # people in groups that are remembered


class Members:
    def __init__(self) -> None:
        self._known: Remembered[tuple[str, str, str], tuple[float, Standing]] = Remembered(_MOST)

    async def standing(self, spot: Spot) -> Standing:
        """What the person at `spot` is in the group. Raises SurfaceError where nobody says."""
        user = spot.place.user.id
        if spot.chat.private or not user.isdecimal():
            return "member"
        key, now = (spot.account.id, spot.now, user), asyncio.get_running_loop().time()
        until, standing = self._known.get(key) or (now, "member")
        if until <= now:
            standing = await _asked(spot, int(user))
            self._known.put(key, (now + LASTS, standing))
        return standing


async def _asked(spot: Spot, user: int) -> Standing:
    budgets = limits.members(spot.account.id)
    turn = Turn(spot.slots, budgets, Rank.PERSON)
    try:
        async with asyncio.timeout(PATIENCE):
            found = await turn.make(lambda: spot.account.calls.chat_member(int(spot.now), user))
    except TimeoutError:
        raise Unreachable(sent=False) from None
    except (Refused, Forbidden):  # somebody who was never there, or is no more
        return "member"
    if found.get("status") not in ("creator", "administrator"):
        return "member"
    return "hidden" if found.get("is_anonymous") else "administrator"

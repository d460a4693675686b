"""The short-lived permission that comes with a command, a press or a shortcut, as one string.

It travels in `Place.interaction`, so that it survives a restart together with its event.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

LIMIT: Final = 512
"""Bytes of the string; Slack's triggers have some 60 and its response addresses some 150."""

Kind = Literal["command", "press", "shortcut", "view"]

_BETWEEN = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """`trigger` opens one view within 3 s; `response_url` takes five messages within 30 min.

    Either is "" where Slack gave none. A message given to the `response_url` of a press may stand
    for the one that was pressed, to that of a command it cannot.
    """

    kind: Kind
    trigger: str = field(default="", repr=False)
    response_url: str = field(default="", repr=False)

    def packed(self) -> str:
        """As a string of LIMIT bytes at most; what does not fit is left out."""
        trigger = "" if _BETWEEN in self.trigger else self.trigger
        for parts in (
            (self.kind, trigger, self.response_url),
            (self.kind, trigger, ""),
            (self.kind, "", ""),
        ):
            packed = _BETWEEN.join(parts)
            if len(packed.encode(errors="replace")) <= LIMIT:
                return packed
        raise AssertionError("a kind alone fits")


def read(packed: str) -> Interaction | None:
    """The way back; None where there is no interaction."""
    name, _, rest = packed.partition(_BETWEEN)
    trigger, _, response_url = rest.partition(_BETWEEN)
    kind = next((one for one in get_args(Kind) if one == name), None)
    if kind is None:
        return None
    return Interaction(kind=kind, trigger=trigger, response_url=response_url)


def response_url(packed: str) -> str:
    """Where it may be answered, "" where it may not."""
    found = read(packed)
    return found.response_url if found else ""

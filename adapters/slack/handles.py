"""What `File.handle` holds for a file of Slack's: whose it is, its id, and where its bytes are."""

from dataclasses import dataclass, field

_BETWEEN = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`team` is the installed workspace whose token reads it; `url` is "" where it must be asked
    for by the id."""

    team: str
    id: str
    url: str = field(default="", repr=False)


def pack(source: Source) -> str:
    return _BETWEEN.join((source.team, source.id, source.url))


def read(handle: str) -> Source | None:
    """The way back; None for what was not packed here."""
    parts = handle.split(_BETWEEN, 2)
    if len(parts) != 3 or not parts[0] or not parts[1]:
        return None
    return Source(team=parts[0], id=parts[1], url=parts[2])

"""Which tests share a worker, and which begin first."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# What one server, bot or browser serves; to start another in every worker would take longer.
SERVERS = ("postgres", "polling", "webhook", "http", "socket")  # as a test's parameter names them
PAGES = "tests/scenario/test_playground_"
# Files whose bots are born in one measured nursery: each worker's own takes seconds to begin.
BORN = tuple(f"tests/scenario/test_{name}.py" for name in ("faults", "operations", "terminal"))
# Whoever waits for bots and pages begins first, the longest before: others work meanwhile.
FIRST = (
    PAGES,
    "tests/scenario/test_killed",
    "tests/scenario/telegram/",
    "tests/scenario/slack/",
    "tests/scenario/",
)


class Shares(LoadScopeScheduling):
    """Hands out a file at a time, and together what shares a server over several files."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if file.startswith(PAGES):
            return PAGES
        if file in BORN:
            return BORN[0]
        values = name.partition("[")[2].rstrip("]").split("-")
        return next((server for server in SERVERS if server in values), file)


def turn(item: pytest.Item) -> int:
    """The earlier the less."""
    places = (at for at, place in enumerate(FIRST) if item.nodeid.startswith(place))
    return next(places, len(FIRST))

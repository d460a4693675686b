"""What variables need of each other, said before anything is started."""

from collections.abc import Iterable, Mapping

from bot.settings.faults import Fault

INSTALLING = {
    "SLACK_CLIENT_ID": "123456.789012",
    "SLACK_CLIENT_SECRET": "0a1b…",
    "SLACK_TOKEN_KEYS": "$(openssl rand -base64 32 | tr +/ -_)",
    "PUBLIC_URL": "https://bot.example.com",
}
"""All that many workspaces need, beside a way for events to come in."""


def slack(names: Mapping[str, str | None]) -> Iterable[Fault]:
    """The faults of Slack's variables taken together."""
    present = {name for name, value in names.items() if (value or "").strip()}
    way_in = present & {"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"}
    many = present & {"SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_TOKEN_KEYS"}
    if "SLACK_BOT_TOKEN" in present:
        if "SLACK_CLIENT_ID" in present:
            yield Fault(
                name="SLACK_BOT_TOKEN",
                problem="is for one workspace, SLACK_CLIENT_ID for many; keep one of the two",
            )
        elif not way_in:
            yield Fault(
                name="SLACK_BOT_TOKEN",
                problem="needs SLACK_APP_TOKEN (socket) or SLACK_SIGNING_SECRET (HTTP) beside it",
                example="xoxb-… with SLACK_APP_TOKEN=xapp-…",
            )
    elif many:
        yield from _installing(present, told_by=sorted(many)[0], way_in=bool(way_in))


def _installing(present: set[str], *, told_by: str, way_in: bool) -> Iterable[Fault]:
    for name, example in INSTALLING.items():
        if name not in present:
            yield Fault(
                name=name,
                problem=f"is needed beside {told_by}, for many workspaces",
                example=example,
            )
    if not way_in:
        yield Fault(
            name="SLACK_SIGNING_SECRET",
            problem=f"is needed beside {told_by}, for many workspaces",
            example="8f74…",
        )

"""The Slack app's manifest, as the settings want it."""

import json

from adapters.slack.manifest import NAME_LIMIT, manifest
from bot.settings import Settings


class Unfit(Exception):
    """No such manifest can be; the text says what would help."""


def printed(settings: Settings, *, way: str, many: bool, name: str) -> str:
    """The manifest as JSON. `way`: "socket", "http", or "" for how `serve` would go about it.

    Raises Unfit.
    """
    address = settings.public_url
    many = many or bool(settings.slack_client_id)
    by_http = way == "http" or (not way and bool(address) and not settings.slack_app_token)
    name = name.strip()
    if not 0 < len(name) <= NAME_LIMIT:
        raise Unfit(f"--name: an app's name has 1 to {NAME_LIMIT} characters.")
    if by_http and not address:
        raise Unfit("--http: set PUBLIC_URL to where Slack reaches this server.")
    if many and not address:
        raise Unfit("--many: set PUBLIC_URL to where people come back to after installing.")
    found = manifest(
        address=address,
        socket=not by_http,
        command=settings.parley_slack_command,
        name=name,
        many=many,
        edits=settings.parley_slack_edits,
    )
    return json.dumps(found, indent=2, ensure_ascii=False)

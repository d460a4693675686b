"""Slack, as the settings want it; imported only where it is set."""

from pydantic import SecretStr

from adapters.slack.adapter import Slack
from adapters.slack.install import Install
from adapters.slack.workspace import Line, SingleWorkspace, Workspaces
from bot.completion import CompletionClient
from bot.compose.slack_page import page
from bot.settings import Settings
from bot.store.store import Store
from bot.surface import Slots


def slack(settings: Settings, client: CompletionClient, slots: Slots, store: Store) -> Slack:
    """The adapter for the workspace of the token that is set, or for all that install the app."""
    line = Line(api_url=settings.slack_api_url)
    workspaces: Workspaces
    install: Install | None = None
    if settings.slack_bot_token:
        workspaces = SingleWorkspace(settings.slack_bot_token.get_secret_value(), line)
    else:
        from bot.compose.slack_many import installing

        workspaces, install = installing(settings, line, store)
    return Slack(
        workspaces=workspaces,
        slots=slots,
        line=line,
        signing_secret=_plain(settings.slack_signing_secret),
        app_token=_plain(settings.slack_app_token),
        external=settings.parley_slack_external,
        hardened=settings.parley_slack_hardened,
        page=page(settings, client, store),
        install=install,
        resumes=True,
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None

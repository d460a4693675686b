"""`serve`: the bot on the platforms that are set."""

from collections.abc import Sequence

from bot import observe, web
from bot.compose.api import completion
from bot.compose.bot import assembled
from bot.compose.stopping import until_told_to_stop
from bot.settings import Settings
from bot.surface import Slots


async def run(settings: Settings, *, host: str = "0.0.0.0") -> None:  # noqa: S104 - a web server
    """Serve until SIGTERM or SIGINT, then end what is open."""
    log = observe.get_logger("bot")

    def platforms(_: Slots) -> Sequence[web.Adapter]:
        return ()

    async with (
        completion(settings) as client,
        assembled(settings, client, platforms, host=host, port=settings.port) as (bot, port),
    ):
        for name in _platforms_without_adapter(settings):
            log.warning("this version has no adapter for a platform that is set", platform=name)
        log.info("serving", port=port)
        await bot.run(until_told_to_stop)
        log.info("stopped")


def _platforms_without_adapter(settings: Settings) -> list[str]:
    tokens = {"telegram": settings.telegram_bot_token, "slack": settings.slack_bot_token}
    return [name for name, token in tokens.items() if token]

"""`serve`: the bot on the platforms that are set."""

from collections.abc import Sequence

from bot import observe, web
from bot.completion import CompletionClient
from bot.compose import memory
from bot.compose.api import completion
from bot.compose.bot import assembled
from bot.compose.stopping import until_told_to_stop
from bot.settings import Settings
from bot.store.store import Store
from bot.surface import Slots

_NOBODY = "no platform is switched on: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN"


async def run(settings: Settings, *, host: str = "0.0.0.0") -> None:  # noqa: S104 - a web server
    """Serve until SIGTERM or SIGINT, then end what is open."""
    log = observe.get_logger("bot")
    async with completion(settings) as client:

        def platforms(slots: Slots, store: Store) -> Sequence[web.Adapter]:
            return _adapters(settings, client, slots, store)

        whole = assembled(settings, client, platforms, host=host, port=settings.port)
        async with whole as (bot, port):
            memory.settle()
            if not settings.hears_somebody:
                log.warning(_NOBODY)
            log.info("serving", port=port)
            await bot.run(until_told_to_stop)
            log.info("stopped")


def _adapters(
    settings: Settings, client: CompletionClient, slots: Slots, store: Store
) -> list[web.Adapter]:
    """Those whose token is set; what the others need is not even imported."""
    adapters: list[web.Adapter] = []
    if settings.telegram_bot_token:
        from bot.compose.telegram import telegram

        adapters.append(telegram(settings, client, slots))
    if settings.slack_bot_token or settings.slack_client_id:
        from bot.compose.slack import slack

        adapters.append(slack(settings, client, slots, store))
    return adapters

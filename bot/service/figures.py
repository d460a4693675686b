"""`/stats`: what the operators want to know, and nobody else may."""

from datetime import datetime, time, timedelta

from bot.events import Command
from bot.phrases import Phrases
from bot.service.allow import is_operator
from bot.service.tools import Tools, say
from bot.store.records import Figures

WEEK = timedelta(days=6)
"""Before today; with it they are seven days."""


async def tell(tools: Tools, command: Command) -> None:
    """Today's figures and a week's, to operators; to others this command does not exist."""
    place = command.place
    phrases = await tools.phrases_for(place)
    if not is_operator(tools.rules, place):
        unknown = phrases.unknown_command.format(command=command.name)
        await say(tools, place, unknown, private=True)
        return
    today = datetime.combine(tools.now().date(), time(), tzinfo=tools.now().tzinfo)
    told = [
        _told(phrases, since, await tools.store.figures(since)) for since in (today, today - WEEK)
    ]
    await say(tools, place, "\n\n".join(told), private=True)


def _told(phrases: Phrases, since: datetime, figures: Figures) -> str:
    ended = {name: figures.outcomes.get(name, 0) for name in _OUTCOMES}
    spent = "".join(f", {price.normalize():f} {name}" for name, price in figures.spent.items())
    lines = [
        phrases.stats_asked.format(asked=figures.asked, people=figures.people, open=figures.open),
        phrases.stats_outcomes.format(**ended),
        phrases.stats_ratings.format(likes=figures.likes, dislikes=figures.dislikes),
        phrases.stats_used.format(tokens=f"{figures.tokens:,}", spent=spent),
    ]
    head = phrases.stats_head.format(since=f"{since:%Y-%m-%d}")
    return "\n".join([head, "", *(f"- {line}" for line in lines)])


_OUTCOMES = ("whole", "stopped", "interrupted", "failed")

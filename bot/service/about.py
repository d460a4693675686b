"""What the app is and how to use it: `/start`, `/help`, `/about` and the questions it suggests."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot import observe
from bot.completion import AppInfo, CompletionError, Parameters, Refused, Site
from bot.events import Command, MessageRef, Place
from bot.phrases import Phrases
from bot.service import ask, form
from bot.service.allow import is_operator
from bot.service.asked import Asked
from bot.service.steps import AGAIN
from bot.service.tools import Tools, say
from bot.service.words import literal
from bot.store.records import Work
from bot.surface import Button, Capabilities, Outgoing

SUGGESTIONS = 6
"""Suggested questions offered; more than a screenful is not read."""
LABEL = 60
"""Characters of a suggested question on its button; phones show some forty."""


async def greet(tools: Tools, command: Command) -> None:
    """Who is there and what to ask. A payload behind `/start` says nothing to a bot like this."""
    place = command.place
    phrases = await tools.phrases_for(place)
    info, site, parameters = await _told(tools)
    title = literal(site.title or info.name)
    suggested = tuple(each for each in parameters.suggested_questions if each.strip())
    lines = [
        phrases.greeting.format(title=title) if title else phrases.greeting_unnamed,
        parameters.opening_statement.strip() or (site.description or info.description).strip(),
    ]
    own = [phrases.greeting_how if place.chat.private else phrases.greeting_how_group]
    if suggested:
        own.append(phrases.suggestions)
    if suggested and not tools.surface(place).capabilities(place).buttons:
        listed = "\n".join(f"- {literal(each)}" for each in suggested[:SUGGESTIONS])
        lines, own = [*lines, *own, listed], []
    await _post(tools, place, lines, _suggestions(suggested), own=own)


async def welcome(tools: Tools, command: Command) -> None:
    """Greet somebody who looks in for the first time, and nobody whom the bot has answered."""
    everywhere = replace(command.place, chat=replace(command.place.chat, thread=""))
    if await tools.store.latest_answer(everywhere) is None:
        await greet(tools, command)


async def help(tools: Tools, command: Command) -> None:
    """What can be done here, and only that."""
    place = command.place
    phrases = await tools.phrases_for(place)
    _, _, parameters = await _told(tools)
    able = tools.surface(place).capabilities(place)
    if not able.voice_types:
        parameters = replace(parameters, text_to_speech=Parameters().text_to_speech)
    listed = commands(phrases, parameters)
    if able.one_command and able.private_replies:
        asked, *others = listed
        listed = (asked, ("private", phrases.command_private), *others)
    if is_operator(tools.rules, place):
        listed = (*listed, ("stats", phrases.command_stats))
    lines = "\n".join(f"- {_typed(able.one_command, name)} – {told}" for name, told in listed)
    told = [*_how_to_ask(phrases, place, able), _how_to_rate(phrases, able), lines]
    await _post(tools, _aside(tools, place), told, mine=True)


def _how_to_ask(phrases: Phrases, place: Place, able: Capabilities) -> tuple[str, ...]:
    if place.chat.private:
        return phrases.help_head, phrases.help_edit
    if able.one_command:
        # Among others nobody tells the bot there of replies and edits that do not name it.
        return (phrases.help_head_threads,)
    return phrases.help_head_group, phrases.help_edit


def _how_to_rate(phrases: Phrases, able: Capabilities) -> str:
    if able.reactions:
        return phrases.help_reactions
    return phrases.help_reactions_member if able.one_command else phrases.help_reactions_admin


def _aside(tools: Tools, place: Place) -> Place:
    """Among others, what only who asks wants to know is for their eyes, where that can be."""
    able = tools.surface(place).capabilities(place)
    alone = place.only_user or (able.private_replies and not place.chat.private)
    return replace(place, only_user=alone)


def _typed(one_command: str, name: str) -> str:
    """How a command is written here."""
    if not one_command:
        return f"/{name}"
    return one_command if name == "ask" else f"{one_command} {name}"


def commands(phrases: Phrases, parameters: Parameters) -> tuple[tuple[str, str], ...]:
    """What this app has a use for, with a word on each; the most used first."""
    told = {
        "ask": phrases.command_ask,
        "stop": phrases.command_stop,
        "retry": phrases.command_retry,
        "voice": phrases.command_voice if parameters.text_to_speech.enabled else "",
        "inputs": phrases.command_inputs if form.details(parameters) else "",
        "feedback": phrases.command_feedback,
        "about": phrases.command_about,
        "help": phrases.command_help,
        "forget": phrases.command_forget,
    }
    return tuple((name, words) for name, words in told.items() if words)


async def about(tools: Tools, command: Command) -> None:
    """Title, description, author, copyright, disclaimer and the way to the privacy policy."""
    place = command.place
    phrases = await tools.phrases_for(place)
    info, site, _ = await _told(tools)
    title = literal(site.title or info.name)
    lines = [
        f"**{title}**" if title else "",
        (site.description or info.description).strip(),
        *footnotes(phrases, info, site),
    ]
    await _post(tools, _aside(tools, place), lines if any(lines) else [phrases.about_nothing])


def footnotes(phrases: Phrases, info: AppInfo, site: Site) -> tuple[str, ...]:
    """Who has made the app and what is said about its answers, as CommonMark; "" for nothing."""
    author = literal(info.author_name)
    return (
        phrases.about_made_by.format(author=author) if author else "",
        literal(site.copyright),
        site.custom_disclaimer.strip(),
        _privacy(phrases, site.privacy_policy.strip()),
    )


async def ask_suggested(tools: Tools, work: Work) -> None:
    """Ask the suggested question whose button was pressed, with the question for all to see."""
    place = work.event.place
    index = str(getattr(work.event, "value", ""))
    try:
        parameters = await tools.app.parameters()
    except CompletionError as error:
        observe.count_api_error(type(error).__name__)
        phrases = await tools.phrases_for(place)
        await say(tools, place, phrases.app_unavailable, private=True)
        return
    suggested = [each for each in parameters.suggested_questions if each.strip()]
    if not index.isdecimal() or int(index) >= len(suggested):
        phrases = await tools.phrases_for(place)
        await say(tools, place, phrases.suggestion_gone, private=True)
        return
    if await ask.may_ask(tools, place):
        text = suggested[int(index)].strip()
        await ask.question(tools, work, Asked(text=text, ref=await _quote(tools, work, text)))


async def _quote(tools: Tools, work: Work, text: str) -> MessageRef | None:
    """Show the question, once: nobody sees which button somebody else has pressed."""
    place = work.event.place
    headless = not place.chat.thread and tools.surface(place).capabilities(place).opens_threads
    # What has no thread yet heads its own, and is shown when that is opened.
    if headless or work.attempts or work.event.id.endswith(AGAIN):
        return None
    return await ask.show_question(tools, place, text)


async def _told(tools: Tools) -> tuple[AppInfo, Site, Parameters]:
    """What the app says of itself, as far as it does: help is needed most when it does not."""
    info, site, parameters = AppInfo(), Site(), Parameters()
    try:
        parameters = await tools.app.parameters()
        info = await tools.app.info()
        site = await tools.app.site()
    except CompletionError as error:
        observe.count_api_error(
            (error.code if isinstance(error, Refused) else "") or type(error).__name__
        )
    return info, site, parameters


def _suggestions(suggested: Sequence[str]) -> tuple[Button, ...]:
    return tuple(
        Button(label=_short(" ".join(text.split())), name="suggest", value=str(index))
        for index, text in enumerate(suggested[:SUGGESTIONS])
    )


def _short(text: str) -> str:
    return text if len(text) <= LABEL else text[: LABEL - 1] + "…"


def _privacy(phrases: Phrases, policy: str) -> str:
    """A link where it is an address; some owners write the policy itself there."""
    if _is_page(policy):
        return f"[{phrases.about_privacy}](<{policy}>)"
    return f"{phrases.about_privacy}: {literal(policy)}" if policy else ""


def _is_page(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    whole = not set(text) & set("<>") and len(text.split()) == 1
    return parts.scheme in ("http", "https") and bool(parts.hostname) and whole


async def _post(
    tools: Tools,
    place: Place,
    lines: Sequence[str],
    buttons: Sequence[Button] = (),
    *,
    own: Sequence[str] = (),
    mine: bool = False,
) -> None:
    """What the app's owner has written is not the bot's own text; `mine` is, and `own` below it."""
    surface = tools.surface(place)
    shown = tuple(buttons) if surface.capabilities(place).buttons else ()
    below = "\n\n".join(own)
    text = "\n\n".join(line for line in (*lines, below) if line)
    fitting = text[: surface.fits(place, text)]
    whole = len(below) if fitting == text else 0
    await surface.post(place, Outgoing(text=fitting, buttons=shown, mine=mine, own=whole))

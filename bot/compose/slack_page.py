"""What people see in Slack besides messages: the app's own words, theirs, and the bot's."""

import contextlib
from collections.abc import Iterable, Mapping

from adapters.slack.page import Home, Order, Page, Part, Prompts, Row, Words
from bot import phrases
from bot.completion import (
    AppInfo,
    CompletionClient,
    CompletionError,
    Field,
    Parameters,
    Site,
    message_variable,
)
from bot.events import MessageRef, Place
from bot.phrases import Phrases
from bot.service import form
from bot.service.about import SUGGESTIONS, footnotes
from bot.service.app import App
from bot.service.words import literal
from bot.settings import Settings
from bot.store.database import Fault
from bot.store.records import Answer, Preferences, Value, scope
from bot.store.store import Store
from bot.surface import Button

ANSWERS = 5
"""Answers on a home page: what is further back is found by searching."""
VALUE = 100
"""Characters of a detail on the home page."""


def page(settings: Settings, client: CompletionClient, store: Store) -> Page:
    """Everything but the messages; nothing of it raises."""
    app = App(client)
    builder = _Builder(settings, app, store)
    return Page(
        command=settings.parley_slack_command,
        words=builder.words,
        home=builder.home,
        prompts=builder.prompts,
    )


class _Builder:
    def __init__(self, settings: Settings, app: App, store: Store) -> None:
        self._settings = settings
        self._app = app
        self._store = store

    def words(self, language: str) -> Words:
        say = phrases.of(language or self._settings.parley_language)
        return Words(
            close=say.button_cancel,
            title=say.inputs_title,
            wait=say.window_wait,
            nothing=say.window_nothing,
            choose=say.window_choose,
            yes=say.button_yes,
            no=say.button_no,
            too_long=say.rest_elsewhere,
            busy=say.too_busy,
            external=say.not_allowed_external,
        )

    async def prompts(self, place: Place) -> Prompts:
        _, site, parameters = await self._told()
        say = self._phrases(place, site)
        return Prompts(title=say.home_questions, questions=_suggested(parameters))

    async def home(self, place: Place) -> Home:
        info, site, parameters = await self._told()
        say = self._phrases(place, site)
        settled = await self._settled(place)
        always = self._settings.parley_voice == "always"
        description = (site.description or info.description).strip()
        opening = parameters.opening_statement.strip() or description
        command = self._settings.parley_slack_command
        parts = (
            Part(text=opening),
            _questions(say, parameters),
            Part(heading=say.home_help, text=say.home_how.format(command=command), mine=True),
            _settings(say, parameters, settled, always=always),
            _answers(say, parameters, await self._recent(place)),
            _about(say, info, site, "" if opening == description else description),
        )
        there = tuple(part for part in parts if part.text or part.rows)
        return Home(title=site.title or info.name, parts=there)

    def _phrases(self, place: Place, site: Site) -> Phrases:
        language = place.user.language or self._settings.parley_language
        return phrases.of(language or site.default_language)

    async def _told(self) -> tuple[AppInfo, Site, Parameters]:
        """What the app says of itself, as far as it does."""
        info, site, parameters = AppInfo(), Site(), Parameters()
        with contextlib.suppress(CompletionError):
            parameters = await self._app.parameters()
            info = await self._app.info()
            site = await self._app.site()
        return info, site, parameters

    async def _settled(self, place: Place) -> Preferences:
        """What the person has settled in their direct chat."""
        with contextlib.suppress(Fault):
            return await self._store.preferences(scope(place))
        return Preferences()

    async def _recent(self, place: Place) -> list[tuple[Answer, MessageRef | None]]:
        """The person's last answers, each with its first message."""
        found: list[tuple[Answer, MessageRef | None]] = []
        with contextlib.suppress(Fault):
            for answer in await self._store.recent_answers(place, ANSWERS):
                screens = await self._store.screens(answer.id)
                refs = [screen.ref for screen in screens if screen.role == "text" and screen.ref]
                found.append((answer, next(iter(refs), None)))
        return found


def _suggested(parameters: Parameters) -> tuple[str, ...]:
    return tuple(each.strip() for each in parameters.suggested_questions if each.strip())


def _questions(say: Phrases, parameters: Parameters) -> Part:
    rows = tuple(
        Row(text=text, button=Button(label=say.home_ask, name="suggest", value=str(index)))
        for index, text in enumerate(_suggested(parameters)[:SUGGESTIONS])
    )
    return Part(heading=say.home_questions, rows=rows)


def _settings(say: Phrases, parameters: Parameters, settled: Preferences, *, always: bool) -> Part:
    """The details of the direct chat, and whether answers there are read out."""
    fields = form.details(parameters)
    remembered = form.sound(parameters, settled.inputs)
    lines, buttons = [], list[Button | Order]()
    if fields:
        told = (_detail(say, field, remembered) for field in fields)
        lines.append("\n".join([say.home_details, "", *told]))
        buttons.append(Button(label=say.home_change, name="inputs"))
    if parameters.text_to_speech.enabled:
        on = settled.voice or always
        lines.append(say.home_voice_on if on else say.home_voice_off)
    if parameters.text_to_speech.enabled and not always:
        label = say.home_read_silently if settled.voice else say.home_read_aloud
        buttons.append(Order(label=label, command="voice", text="off" if settled.voice else "on"))
    return Part(
        heading=say.home_settings, text="\n\n".join(lines), mine=True, buttons=tuple(buttons)
    )


def _detail(say: Phrases, field: Field, remembered: Mapping[str, Value]) -> str:
    value = form.current(field, remembered)
    short = value if not isinstance(value, str) or len(value) <= VALUE else f"{value[:VALUE]}…"
    return f"- **{literal(form.label(field))}**: {form.shown(say, field, short)}"


def _answers(
    say: Phrases, parameters: Parameters, recent: Iterable[tuple[Answer, MessageRef | None]]
) -> Part:
    taker = message_variable(parameters)
    rows = tuple(
        Row(
            text=str(answer.inputs.get(taker, "")).strip() or "…",
            more=answer.text,
            ref=ref,
            at=answer.finished_at,
        )
        for answer, ref in recent
    )
    return Part(heading=say.home_answers, rows=rows)


def _about(say: Phrases, info: AppInfo, site: Site, description: str) -> Part:
    lines = [line for line in (description, *footnotes(say, info, site)) if line]
    return Part(heading=say.home_about, text="\n\n".join(lines), small=True)

"""The last word of an answer: its text, what is said under it, its sources and its buttons."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from bot import completion, markdown
from bot.completion import CompletionError, Parameters
from bot.phrases import Phrases, sentence_for
from bot.service.tools import Tools
from bot.service.words import literal
from bot.store.records import Answer, Rating, Source
from bot.surface import Button, Outgoing

SOURCES = 5
"""Lines of a source list: more than five passages of an app's knowledge are rarely retrieved."""
TITLE = 80
"""Characters of one source's name; longer ones are addresses."""
_MEGABYTE = 1024 * 1024

_FAULTS: Mapping[str, Callable[[Phrases], str]] = {
    "Empty": lambda say: say.empty_answer,
    "PictureTooLarge": lambda say: say.picture_too_large,
    "PictureWrongType": lambda say: say.picture_wrong_type,
    "PictureGone": lambda say: say.picture_gone,
}
"""What can go wrong besides the API, by the name that is kept; the phrase that tells it."""


async def ending(tools: Tools, answer: Answer, rating: Rating | None) -> Outgoing:
    """What finally shows `answer`, whose outcome is decided; `rating` is what its asker thinks."""
    phrases = await tools.phrases_for(answer.place)
    try:
        parameters = await tools.app.parameters()
    except CompletionError:
        parameters = Parameters()
    able = tools.surface(answer.place).capabilities(answer.place)
    spoken = parameters.text_to_speech.enabled and bool(able.voice_types)
    text, own = _text(phrases, answer, parameters)
    return Outgoing(
        text=text,
        own=own,
        buttons=_buttons(phrases, answer, rating, spoken=spoken) if able.buttons else (),
        mine=not answer.text.strip(),
    )


def stop_button(phrases: Phrases, answer: Answer) -> Button:
    return Button(label=phrases.button_stop, name="stop", value=answer.id)


def italic(sentence: str) -> str:
    return f"*{sentence}*"


def under(text: str, *lines: str) -> str:
    """`lines` as paragraphs below markdown that may be half-open."""
    shown = text.rstrip()
    return "\n\n".join([markdown.seal(shown).rstrip(), *lines]) if shown else "\n\n".join(lines)


def sources_of(passages: Iterable[completion.Source]) -> tuple[Source, ...]:
    """The documents an answer rests on, each once, in the order of the API."""
    found: dict[str, Source] = {}
    for passage in passages:
        title = passage.document_name or passage.title or passage.dataset_name
        url = _address(passage, title)
        if title or url:
            found.setdefault(passage.document_id or title or url, Source(title=title, url=url))
    return tuple(found.values())[:SOURCES]


def _text(phrases: Phrases, answer: Answer, parameters: Parameters) -> tuple[str, int]:
    """The whole text, and how many characters at its end are the bot's own."""
    text = answer.text if answer.text.strip() else ""
    cut = answer.outcome in ("interrupted", "failed")
    sources = [] if cut else _sources(phrases, answer.sources)
    own = _remarks(phrases, answer, parameters)
    if not (sources or own):
        return answer.text, 0
    return under(text, *sources, *own), len("\n\n".join(own))


def _remarks(phrases: Phrases, answer: Answer, parameters: Parameters) -> list[str]:
    """What is said under an answer that is not whole, or instead of it."""
    written = bool(answer.text.strip())
    match answer.outcome:
        case "stopped":
            return [italic(phrases.stopped if written else phrases.stopped_unwritten)]
        case "interrupted":
            return [italic(phrases.interrupted if written else phrases.interrupted_unwritten)]
        case "failed":
            told = fault(phrases, answer.error, parameters)
            return [italic(phrases.failed_midway), told] if written else [told]
    return []


def fault(phrases: Phrases, name: str, parameters: Parameters) -> str:
    """The sentence for an error by the name that is kept of it."""
    if name == "PicturesTooMany":
        return phrases.pictures_too_many.format(limit=parameters.picture_limit)
    if name in _FAULTS:
        return _FAULTS[name](phrases).format(limit=parameters.picture_bytes // _MEGABYTE)
    kind = getattr(completion, name, None)
    if isinstance(kind, type) and issubclass(kind, CompletionError):
        return sentence_for(phrases, kind)
    return sentence_for(phrases, CompletionError)


def _buttons(
    phrases: Phrases, answer: Answer, rating: Rating | None, *, spoken: bool
) -> tuple[Button, ...]:
    again = Button(label=phrases.button_try_again, name="regenerate", value=answer.id)
    if answer.error.startswith("Picture"):
        return ()  # the same picture would fail again
    if answer.error in ("InvalidInput", "InputFaults"):
        return (Button(label=phrases.button_fill_in, name="inputs"), again)
    if answer.outcome not in ("whole", "stopped") or not answer.text.strip():
        return (again,)
    return (*_rating_buttons(phrases, answer, rating), *_more(phrases, answer, spoken=spoken))


def _rating_buttons(phrases: Phrases, answer: Answer, rating: Rating | None) -> tuple[Button, ...]:
    if not answer.message_id:
        return ()  # the API knows no such answer
    wanted = rating.wanted if rating else None
    return (
        Button(label=phrases.button_like, name="like", value=answer.id, chosen=wanted == "like"),
        Button(
            label=phrases.button_dislike,
            name="dislike",
            value=answer.id,
            chosen=wanted == "dislike",
        ),
    )


def _more(phrases: Phrases, answer: Answer, *, spoken: bool) -> tuple[Button, ...]:
    again = Button(label=phrases.button_regenerate, name="regenerate", value=answer.id)
    speak = Button(label=phrases.button_speak, name="speak", value=answer.id)
    return (again, speak) if spoken else (again,)


def _sources(phrases: Phrases, sources: Iterable[Source]) -> list[str]:
    lines = [f"{number}. {_source(source)}" for number, source in enumerate(sources, start=1)]
    return ["\n".join([f"**{phrases.sources}**", "", *lines])] if lines else []


def _source(source: Source) -> str:
    title = source.title or source.url
    name = literal(title if len(title) <= TITLE else title[: TITLE - 1] + "…")
    return f"[{name}](<{source.url}>)" if source.url else name


def _address(passage: completion.Source, title: str) -> str:
    """Where the document can be read, if the API says so and it is a page of the web."""
    told = passage.extra.get("doc_metadata")
    metadata: Mapping[object, object] = told if isinstance(told, Mapping) else {}
    for found in (metadata.get("url"), metadata.get("source_url"), title):
        if isinstance(found, str) and _is_page(found):
            return found
    return ""


def _is_page(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    plain = not any(character in "<>" or character.isspace() for character in text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain

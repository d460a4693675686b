"""A small knowledge base about Parley and the Completion API, so that citations are real ones."""

import math
from dataclasses import dataclass
from functools import cache

from bot.sandbox.prose import topic_words

# The share of a question's weight a passage must cover: below it, the overlap is chance.
THRESHOLD = 0.34


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    id: str
    document: str
    title: str
    content: str


_GUIDE = "Parley guide"
_API = "Completion API notes"
_SANDBOX = "Sandbox notes"

PASSAGES = (
    Passage(
        id="what-parley-is",
        document=_GUIDE,
        title="What Parley is",
        content="Parley brings a Dify Completion app to Telegram and Slack. A person sends a "
        "message, and the bot's answer grows in place while the app writes it. Parley keeps no "
        "conversation: every question is answered by itself.",
    ),
    Passage(
        id="stop",
        document=_GUIDE,
        title="Stopping an answer",
        content="Press the stop button, or send the stop command, while an answer is growing. "
        "The generation is cancelled at the service and the text written so far stays in the "
        "chat. Only the person who asked can stop an answer.",
    ),
    Passage(
        id="ratings",
        document=_GUIDE,
        title="Rating an answer",
        content="Thumbs up or thumbs down under an answer, as a reaction or a button, becomes a "
        "like or a dislike in the app's feedback. Removing the thumb revokes the rating. "
        "The rating counts for the person who asked.",
    ),
    Passage(
        id="voice",
        document=_GUIDE,
        title="Hearing an answer",
        content="Press the speaker button to hear an answer as a voice note. The app must have "
        "text to speech switched on. Markdown marks are left out of what is spoken.",
    ),
    Passage(
        id="inputs",
        document=_GUIDE,
        title="Filling in the inputs",
        content="An app may declare inputs such as a title, a tone or a number. Parley reads "
        "them from the app's parameters, shows a form or asks one question after another, "
        "remembers the values for each person, and sends defaults for what was left empty.",
    ),
    Passage(
        id="photos",
        document=_GUIDE,
        title="Sending photos",
        content="When the app can see, photos sent with a question are uploaded to the service "
        "and go along with the prompt. PNG, JPEG, GIF and WebP images are understood. An app "
        "whose vision is switched off ignores photos, so Parley says that instead of sending.",
    ),
    Passage(
        id="regenerate",
        document=_GUIDE,
        title="Asking again",
        content="The again button regenerates an answer with the same prompt and inputs. "
        "Editing the question does the same with the new words. Each generation costs tokens.",
    ),
    Passage(
        id="limits",
        document=_API,
        title="Rate limits and sizes",
        content="The user string may have at most 255 characters. Images may have 10 MB each and "
        "three may go with one question unless the app says otherwise. Too many generations at "
        "a time exceed the rate limit: status 429, or 400 on older servers.",
    ),
    Passage(
        id="streaming",
        document=_API,
        title="How answers stream",
        content="With response mode streaming the service sends server-sent events: message "
        "pieces, then message end with usage and sources. A ping keeps the connection alive "
        "every ten seconds. An error after the first byte arrives as an error event.",
    ),
    Passage(
        id="authentication",
        document=_API,
        title="API keys",
        content="Every request carries the app's API key as a bearer token in the Authorization "
        "header. The key belongs on the server and never in a chat or a log. A wrong key is "
        "answered with status 401.",
    ),
    Passage(
        id="engines",
        document=_SANDBOX,
        title="What writes in the sandbox",
        content="The sandbox is a local Completion API for trying and testing. The offline engine "
        "summarises, counts, extracts and reformats without a model. The local engine runs a "
        "small language model. The openai engine asks any OpenAI-compatible endpoint.",
    ),
    Passage(
        id="faults",
        document=_SANDBOX,
        title="Faults on demand",
        content="The sandbox can fail on purpose, so that a bot's behaviour can be seen: used up "
        "quota, a stream that is cut, silence without pings, a replaced text, rejected files "
        "and rate limits. A fault is chosen by a word in the prompt, a header or a setting.",
    ),
)


def find(question: str, limit: int = 3) -> tuple[tuple[Passage, float], ...]:
    """The passages that cover the question's rare words, best first, scores from 0 to 1."""
    weights = _weights()
    asked = {_stem(word) for word in topic_words(question)}
    # A word no passage knows weighs as much as the rarest one: it is a reason to doubt.
    unknown = math.log(1 + len(PASSAGES))
    total = sum(weights.get(word, unknown) for word in asked)
    scored = []
    for passage, known in _index():
        score = sum(weights[word] for word in asked & known) / total if total else 0.0
        if score >= THRESHOLD:
            named = len(asked & {_stem(word) for word in topic_words(passage.title)})
            scored.append((score, named, passage))
    scored.sort(key=lambda entry: entry[:2], reverse=True)
    return tuple((passage, round(score, 4)) for score, _, passage in scored[:limit])


@cache
def _index() -> tuple[tuple[Passage, frozenset[str]], ...]:
    return tuple(
        (passage, frozenset(map(_stem, topic_words(f"{passage.title} {passage.content}"))))
        for passage in PASSAGES
    )


@cache
def _weights() -> dict[str, float]:
    """Each word's inverse document frequency."""
    every = [word for _, known in _index() for word in known]
    return {word: math.log(1 + len(PASSAGES) / every.count(word)) for word in set(every)}


def _stem(word: str) -> str:
    """Fold the commonest English endings: stops, stopped, stopping and stop meet."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        return word[:-1]
    return word.removesuffix("e")

"""Useful text work without a model: rules that say what they do and do just that."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.sandbox import pictures
from bot.sandbox.engines import demonstrations, extracts
from bot.sandbox.prose import join_sentences, sentences, topic_words
from bot.sandbox.writer import Task

# Seconds between two pieces: 25 a second look like a hosted model at work.
PAUSE = 0.04
# A long answer comes in larger pieces instead of taking minutes: 400 pieces are 16 s.
MOST_PIECES = 400
# More than a book's chapter; what follows is left out of the work, and the answer says so.
LONGEST_TEXT = 200_000
# Without any command, a text of this length is taken as one to summarise.
LONG_ENOUGH_TO_SUMMARISE = 400
# What is longer than this is no request but the text itself.
LONGEST_REQUEST = 160

ABILITIES = """\
I am the sandbox's offline writer: I follow rules and no language model, so I cannot answer this \
freely. What I can do with your text:

- **summarise**: `Summarise in 2 sentences: …`
- **key points**: `Key points: …`
- **count** words, characters and reading time: `Count words: …`
- **extract** dates, numbers, e-mail addresses or links: `Extract dates: …`
- **rewrite**: `uppercase: …`, `lowercase: …`, `title case: …`, `as a list: …`, \
`as a numbered list: …`, `sort lines: …`, `make a table: …`, `echo: …`
- **describe a picture** that comes with the question
- **show** a table, code, markdown or a long answer: `Show markdown`
- **tell** about Parley and the Completion API: `How do I stop an answer?`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the app's inputs ask of the answer's form."""

    title: str = ""
    tone: str = ""
    sentences: int = 3
    bullets: bool = False


Work = Callable[[str, Wish], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """`asks` finds the request, `what` names the result; a `demonstration` needs no text."""

    asks: re.Pattern[str]
    what: str
    work: Work
    demonstration: bool = False


class OfflineEngine:
    name = "offline"

    def __init__(self, *, pause: float = PAUSE) -> None:
        """`pause`: seconds between two pieces of text."""
        self._pause = pause

    async def write(self, task: Task) -> AsyncIterator[str]:
        answer = await _answer(task)
        for at, piece in enumerate(_pieces(answer)):
            if at and self._pause:
                await asyncio.sleep(self._pause)
            yield piece

    async def close(self) -> None:
        """Nothing is held."""


async def _answer(task: Task) -> str:
    wish = read_wish(task.inputs)
    prompt = _readable(task.prompt)[:LONGEST_TEXT].strip()
    # Ranking sentences and matching patterns over a long text take a while.
    command, text = await asyncio.to_thread(_understand, prompt)
    if command and (text or command.demonstration):
        answer = await asyncio.to_thread(command.work, text, _in_request(prompt, wish))
        # Text of marks alone, such as ":", holds no sentence and no line.
        answer = (
            _frame(answer, command.what, wish)
            if answer.strip()
            else f"I found nothing in the text to make {command.what} of."
        )
    elif task.pictures:
        told = [await pictures.describe(picture) for picture in task.pictures]
        answer = _frame("\n\n".join(told), "what the file itself tells", wish)
        answer += "\n\nI read the file's facts and colours; I cannot see what it shows."
    elif task.passages:
        answer = _frame(_from_passages(prompt, task.passages), "what the knowledge says", wish)
    elif command:
        answer = f"Send the text along, after a colon, and I will make {command.what}."
    else:
        answer = await asyncio.to_thread(_without_command, prompt, wish)
    if len(task.prompt) > LONGEST_TEXT:
        answer += f"\n\nOnly the first {LONGEST_TEXT:,} characters were read."
    return f"# {wish.title}\n\n{answer}" if wish.title else answer


def _readable(text: str) -> str:
    """Without what nobody sees, so that a prompt of nothing else counts as empty."""
    return _UNSEEN.sub("", re.sub(r"\r\n?", "\n", text)).strip()


def read_wish(inputs: Mapping[str, object]) -> Wish:
    """Inputs come as forms send them: numbers as text, booleans as words, anything else ignored."""
    title, tone = inputs.get("title"), inputs.get("tone")
    try:
        limit = int(float(str(inputs.get("sentences"))))
    except (ValueError, OverflowError):
        limit = Wish().sentences
    return Wish(
        title=" ".join(title.split())[:200] if isinstance(title, str) else "",
        tone=tone.strip().casefold() if isinstance(tone, str) else "",
        sentences=min(max(limit, 1), 20),
        bullets=str(inputs.get("bullets")).strip().casefold() in ("true", "1", "yes", "on"),
    )


def _understand(prompt: str) -> tuple[_Command | None, str]:
    """The command asked for, and the text it is for, which may be empty.

    A request stands before a colon, on the first line or on the last; a bare one must begin its
    line, so that talk about summaries is not taken for a wish to have one.
    """
    first, _, rest = prompt.partition("\n")
    if colon := _COLON.search(first):
        if command := _find(first[: colon.start()]):
            return command, f"{first[colon.end() :]}\n{rest}".strip()
    elif rest and (command := _find(first)):
        return command, rest.strip()
    body, _, last = prompt.rpartition("\n")
    if body and (command := _find(last)):
        return command, body.strip()
    begin = _POLITE.match(first)
    for command in _COMMANDS:
        if match := command.asks.match(first, begin.end() if begin else 0):
            return command, f"{_FILLER.sub('', first[match.end() :])}\n{rest}".strip()
    return None, ""


def _find(request: str) -> _Command | None:
    if len(request) > LONGEST_REQUEST:
        return None
    return next((command for command in _COMMANDS if command.asks.search(request)), None)


def _in_request(prompt: str, wish: Wish) -> Wish:
    """A number of sentences named in the request comes before the input of that name."""
    match = _SENTENCES.search(prompt[:LONGEST_REQUEST])
    if not match:
        return wish
    number = _NUMBER_WORDS.get(match[1].casefold()) or int(match[1])
    return replace(wish, sentences=min(max(number, 1), 20))


def _frame(answer: str, what: str, wish: Wish) -> str:
    """The tone is in the words around the work: the work itself is the reader's own text."""
    match wish.tone:
        case "formal":
            return f"Please find below {what}.\n\n{answer}"
        case "friendly" | "casual":
            return f"Sure, here you go: {what}.\n\n{answer}\n\nHappy to do more 🙂"
    return answer


def _from_passages(question: str, passages: Sequence[str]) -> str:
    """Up to three sentences that share most words with the question, in their own order."""
    asked = topic_words(question)
    found = [sentence for passage in passages for sentence in sentences(passage)]
    ranked = sorted(range(len(found)), key=lambda at: -len(asked & topic_words(found[at])))
    return join_sentences(found[at] for at in sorted(ranked[:3]))


def _without_command(prompt: str, wish: Wish) -> str:
    if _ASKS_FOR_PICTURE.match(prompt):
        return "There is no picture with this question. Send one along and I will describe it."
    if len(prompt) < LONG_ENOUGH_TO_SUMMARISE:
        return ABILITIES
    summary = extracts.make_summary(prompt, wish.sentences, wish.bullets)
    if not summary:
        return ABILITIES
    return _frame(f"No request came with this text, so I shortened it:\n\n{summary}", "it", wish)


def _pieces(text: str) -> list[str]:
    """Word by word, or several words at a time when there are many; never an empty piece."""
    # Scripts without spaces make runs without end, so a run is cut after 16 characters.
    parts = re.findall(r"\s*\S{1,16}\s*", text)
    step = math.ceil(len(parts) / MOST_PIECES) or 1
    return ["".join(parts[at : at + step]) for at in range(0, len(parts), step)]


def _only_text(work: Callable[[str], str]) -> Work:
    return lambda text, _: work(text)


def _shown(document: str) -> Work:
    return lambda _text, _wish: document


# Control characters; line ends and tabs stay.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLON = re.compile(r":(?!//|\d)|：")
_POLITE = re.compile(r"(?:(?:please|kindly|can you|could you|would you)[\s,]+)*", re.I)
_FILLER = re.compile(
    r"^\s*(?:(?:of|in|from|for|the|this|that|following|text|me)\b\s*)*[.,?]?\s*", re.I
)
_ASKS_FOR_PICTURE = re.compile(
    r"(?:describe|what(?:'s| is) (?:in|on)|explain)\b.{0,20}\b(?:picture|image|photo)\b", re.I
)
_SENTENCES = re.compile(r"\b(\d{1,2}|one|two|three|four|five)[\s-]+sentences?\b", re.I)
_NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}


def _asks(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_COMMANDS = (
    _Command(
        asks=_asks(
            r"\b(?:(?:key|main) (?:points|ideas)|(?:as |in )?bullet points|takeaways)\b|要点"
        ),
        what="the key points",
        work=lambda text, wish: extracts.make_summary(text, max(wish.sentences, 3), True),
    ),
    _Command(
        asks=_asks(
            r"\b(?:summar(?:y|i[sz]e)|tl;?dr|sum up|shorten|zusammenfass\w*|fasse?|r[ée]sum\w*"
            r"|riassum\w*)\b|总结|摘要|要約"
        ),
        what="a summary",
        work=lambda text, wish: extracts.make_summary(text, wish.sentences, wish.bullets),
    ),
    _Command(
        asks=_asks(
            r"\b(?:(?:count|how many)\b.{0,40}\b(?:words|characters|letters|sentences|lines)"
            r"|word count|reading time)\b"
        ),
        what="the count",
        work=_only_text(extracts.count),
    ),
    _Command(
        asks=_asks(r"\b(?:extract|find|list|get)\b.{0,30}\bdates?\b"),
        what="a list of the dates",
        work=_only_text(extracts.find_dates),
    ),
    _Command(
        asks=_asks(r"\b(?:extract|find|list|get)\b.{0,30}\be-?mail(?:s\b|\b(?: addresses)?)"),
        what="a list of the e-mail addresses",
        work=_only_text(extracts.find_emails),
    ),
    _Command(
        asks=_asks(r"\b(?:extract|find|list|get)\b.{0,30}\b(?:links?|urls?)\b"),
        what="a list of the links",
        work=_only_text(extracts.find_links),
    ),
    _Command(
        asks=_asks(r"\b(?:extract|find|list|get)\b.{0,30}\bnumbers?\b"),
        what="a list of the numbers",
        work=_only_text(extracts.find_numbers),
    ),
    _Command(
        asks=_asks(r"\b(?:upper[\s-]?case|in capitals)\b"),
        what="the text in capitals",
        work=_only_text(str.upper),
    ),
    _Command(
        asks=_asks(r"\blower[\s-]?case\b"),
        what="the text in small letters",
        work=_only_text(str.lower),
    ),
    _Command(
        asks=_asks(r"\btitle[\s-]?case\b"),
        what="the text in title case",
        work=_only_text(extracts.title_case),
    ),
    _Command(
        asks=_asks(r"\bsort\b(?:.{0,30}\blines?\b)?"),
        what="the sorted lines",
        work=_only_text(extracts.sort_lines),
    ),
    _Command(
        asks=_asks(r"\bas an? numbered list\b|\bnumber (?:the |these )?lines\b"),
        what="a numbered list",
        work=_only_text(extracts.make_numbered_list),
    ),
    _Command(
        asks=_asks(r"\b(?:rewrite )?as an? (?:bulleted )?list\b|\bmake an? list\b"),
        what="a list",
        work=_only_text(extracts.make_list),
    ),
    _Command(
        asks=_asks(r"\b(?:echo|repeat(?: after me)?)\b"),
        what="your text",
        work=lambda text, _: text,
    ),
    _Command(
        asks=_asks(r"\b(?:make|draw)\b.{0,20}\btable\b|\bas an? table\b"),
        what="a table",
        work=lambda text, _: extracts.make_table(text) if text else demonstrations.TABLE,
        demonstration=True,
    ),
    _Command(
        asks=_asks(r"\b(?:show|give)\b.{0,20}\btable\b"),
        what="a table",
        work=_shown(demonstrations.TABLE),
        demonstration=True,
    ),
    _Command(
        asks=_asks(r"\b(?:show|give|write)\b.{0,20}\bcode\b|\bcode (?:sample|example|snippet)\b"),
        what="some code",
        work=_shown(demonstrations.CODE),
        demonstration=True,
    ),
    _Command(
        asks=_asks(r"\b(?:show|give|demo|test)\b.{0,30}\b(?:markdown|formatting)\b|^markdown\b"),
        what="a document with every kind of formatting",
        work=_shown(demonstrations.MARKDOWN),
        demonstration=True,
    ),
    _Command(
        asks=_asks(
            r"(?:\b(?:show|give|write|send)\b.{0,20})?\b(?:very )?long (?:answer|text|document)\b"
            r"|^long$"
        ),
        what="a long answer",
        work=lambda _text, _wish: demonstrations.long_answer(),
        demonstration=True,
    ),
)

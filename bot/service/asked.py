"""What somebody asks, put together from their messages as they read now."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.completion import Parameters, message_variable
from bot.events import Command, File, Message, MessageRef, Place, Quote
from bot.service import pictures
from bot.service.tools import Tools
from bot.store.records import Answer, Question, Work

QUOTED = 4000
"""Characters of a quoted message that go along: as many as the longest message of most chats."""

_ALBUM = "album:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks: their own words, the words they point at, and all pictures of both."""

    text: str = field(repr=False)
    quoted: str = field(default="", repr=False)
    files: tuple[File, ...] = ()
    ref: MessageRef | None = None

    @property
    def whole(self) -> str:
        """The words as they are sent: the question first, then what it is about."""
        if not self.quoted:
            return self.text
        lines = "\n".join(f"> {line}".rstrip() for line in self.quoted.splitlines())
        return f"{self.text}\n\n{lines}".strip()


async def remembered(tools: Tools, work: Work) -> Asked | None:
    """The question as it reads now, which an edit may have changed; None when it was deleted."""
    event = work.event
    if not isinstance(event, Message | Command):
        return None
    text, quote = event.text.strip(), event.quoted
    files = event.files or _pictures_of(quote)
    # Who says nothing else asks about the very message, be it the bot's own.
    about = isinstance(event, Command) and not text
    quoted = await _quoted_words(tools, event.place, quote, about=about)
    if event.ref is None:
        return Asked(text=text, quoted=quoted, files=files)
    parts = [
        Question(
            ref=part.ref,
            event=event.id,
            text=part.text.strip(),
            files=part.files if work.parts else files,
            quoted=quoted,
        )
        for part in work.parts or (event,)
        if part.ref is not None
    ]
    if isinstance(event, Message) and event.album:
        # For parts that come later: which question the album is.
        parts.append(Question(ref=album(event), event=event.id))
    now = _standing(await tools.store.take_question(parts))
    # A question that had to wait for details comes back with the pictures it was joined with.
    return now and replace(now, files=now.files or files)


def plain(work: Work) -> Question | None:
    """A message that is nothing but words, as it was written; None where more has to be known."""
    event = work.event
    if not isinstance(event, Message) or work.parts or event.album:
        return None
    text = event.text.strip()
    if not text or event.files or event.quoted is not None:
        return None
    return Question(ref=event.ref, event=event.id, text=text)


async def current(tools: Tools, ref: MessageRef) -> Asked | None:
    """The question on this message and the rest of its album, as they read now."""
    found = await tools.store.question(ref)
    if found is None:
        return None
    return _standing(await tools.store.questions_of(found.event))


def _standing(parts: Sequence[Question]) -> Asked | None:
    standing = [one for one in parts if not one.deleted and not one.ref.id.startswith(_ALBUM)]
    if not standing:
        return None
    return Asked(
        text="\n".join(part.text for part in standing if part.text),
        quoted=next((part.quoted for part in standing if part.quoted), ""),
        files=tuple(file for part in standing for file in part.files),
        ref=standing[0].ref,
    )


def _pictures_of(quote: Quote | None) -> tuple[File, ...]:
    files = quote.files if quote else ()
    return tuple(file for file in files if file.media_type.startswith("image/"))


async def _quoted_words(tools: Tools, place: Place, quote: Quote | None, *, about: bool) -> str:
    """The words pointed at, unless replying to the bot is only how a group speaks to it."""
    if quote is None or not quote.text.strip():
        return ""
    photo = await pictures.kept(tools, place)
    if photo is not None and photo[1] == quote.ref.id:
        return ""
    if not (place.chat.private or about) and await tools.store.answer_on(quote.ref) is not None:
        return ""
    return quote.text.strip()[:QUOTED]


def within(parameters: Parameters, asked: Asked) -> Asked:
    """Without the quoted words where they would make the question too long for the app."""
    taker = message_variable(parameters)
    limit = next((one.max_length for one in parameters.form if one.variable == taker), None)
    too_long = bool(limit) and len(asked.whole) > (limit or 0)
    return replace(asked, quoted="") if too_long else asked


def answers(parameters: Parameters, answer: Answer, asked: Asked) -> bool:
    """Whether `answer` was asked for with just this."""
    files = asked.files if pictures.takes_files(parameters) else ()
    words = within(parameters, asked).whole
    return answer.inputs.get(message_variable(parameters)) == words and same_files(
        files, answer.files
    )


def same_files(one: Sequence[File], other: Sequence[File]) -> bool:
    """Handles may change from telling to telling; type and size do not."""
    return len(one) == len(other) and all(
        a.handle == b.handle or (a.size > 0 and (a.media_type, a.size) == (b.media_type, b.size))
        for a, b in zip(one, other, strict=True)
    )


def album(message: Message) -> MessageRef:
    """Stands for an album as a whole, beside the messages it is made of."""
    return replace(message.ref, id=f"{_ALBUM}{message.album}")

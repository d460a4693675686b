"""Questions: what is asked, whether it may be, and the answer that is opened for it."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

from bot import observe
from bot.completion import CompletionError, Parameters, Refused, message_variable
from bot.events import Command, Event, Message, MessageRef, Place
from bot.service import allow, behalf, endings, inputs, pictures, recover, remarks
from bot.service.asked import Asked, plain, remembered, within
from bot.service.steps import AGAIN
from bot.service.tools import Tools, end_user, permitted, say
from bot.service.words import literal
from bot.store.records import Answer, Question, Value, Work, scope
from bot.surface import Forbidden

QUOTE = 1000
"""Characters of a question that are shown as asked."""

_log = observe.get_logger("bot.service.ask")


async def answer(tools: Tools, work: Work) -> None:
    """Answer a message or an `/ask`."""
    event = work.event
    if isinstance(event, Message) and await _is_reply(tools, event):
        return
    if await _is_begun(tools, work):
        return
    if await may_ask(tools, event.place) and not await _at_once(tools, work):
        found = await remembered(tools, work)
        if found is not None:
            await question(tools, work, found)


async def _is_begun(tools: Tools, work: Work) -> bool:
    """Whether an edit was answered while its question was put off, or waited for details."""
    event = work.event
    if not isinstance(event, Message | Command) or event.ref is None:
        return False
    if not work.attempts and not event.id.endswith(AGAIN):
        return False  # nothing can have followed yet
    return await tools.store.latest_for_question(event.ref) is not None


async def _at_once(tools: Tools, work: Work) -> bool:
    """Answer a message of which nothing else has to be known, noted together with its answer.

    One commit less before the API is asked. False: nothing has been done.
    """
    asked, place = plain(work), work.event.place
    if asked is None or work.attempts or await pictures.kept(tools, place) is not None:
        return False
    try:
        resolved = await inputs.ready(tools, place, asked.text)
    except CompletionError:
        return False  # the long way tells of it
    if resolved is None:
        return False
    answer = _answer(tools, work, Asked(text=asked.text, ref=asked.ref), resolved.inputs)
    claim = uuid4().hex
    opened = await tools.store.open_first(asked, answer, claim)
    if opened is None:
        return False
    held = claim if opened.id == answer.id else ""
    await recover.resume(tools, permitted(opened, place), held)
    return True


async def question(tools: Tools, work: Work, asked: Asked, *, replaces: str = "") -> None:
    """Find out what the app needs for it, and answer; `replaces` is painted over."""
    place = work.event.place
    try:
        parameters = await tools.app.parameters()
        fit = await _with_pictures(tools, work, asked, parameters)
        if fit is None:
            return
        fit = within(parameters, fit)
        kept = replace(work, event=_kept_event(work, fit))
        resolved = await inputs.resolve(tools, place, fit.whole, work=kept)
    except CompletionError as error:
        code = error.code if isinstance(error, Refused) else ""
        observe.count_api_error(code or type(error).__name__)
        name = type(error).__name__
        opened, _ = await open_answer(tools, work, asked, {}, replaces=replaces, error=name)
        await recover.close(tools, opened, "failed", name)
        return
    if resolved is None:
        await _end_photo(tools, place, fit)
        return
    await begin(tools, work, fit, resolved.inputs, replaces=replaces)


async def begin(
    tools: Tools,
    work: Work,
    asked: Asked,
    values: Mapping[str, Value],
    *,
    replaces: str = "",
) -> None:
    """Open the answer and work it out; found open by an earlier try, it is taken up instead."""
    work, asked = await _with_thread(tools, work, asked)
    opened, claim = await open_answer(tools, work, asked, values, replaces=replaces)
    await _end_photo(tools, work.event.place, asked)
    await recover.resume(tools, opened, claim)


async def open_answer(
    tools: Tools,
    work: Work,
    asked: Asked,
    values: Mapping[str, Value],
    *,
    replaces: str = "",
    error: str = "",
) -> tuple[Answer, str]:
    """The answer to it, and the claim it is held with: "" where it was open before.

    With `error` it has failed already, and nobody who finds it asks the API.
    """
    answer = replace(_answer(tools, work, asked, values), replaces=replaces)
    if error:
        answer = replace(answer, state="closing", outcome="failed", error=error)
    claim = uuid4().hex
    opened = await tools.store.open_answer(answer, claim)
    return permitted(opened, work.event.place), claim if opened.id == answer.id else ""


def _answer(tools: Tools, work: Work, asked: Asked, values: Mapping[str, Value]) -> Answer:
    place = work.event.place
    return Answer(
        id=uuid4().hex,
        event=work.event.id,
        place=answer_place(place, asked.ref),
        end_user=end_user(tools, place),
        question=asked.ref,
        inputs=dict(values),
        files=asked.files,
        created_at=tools.now(),
    )


async def _with_thread(tools: Tools, work: Work, asked: Asked) -> tuple[Work, Asked]:
    """Where answers have threads, a command's question is shown first, as the head of its own."""
    place = work.event.place
    chat, able = place.chat, tools.surface(place).capabilities(place)
    if asked.ref is not None or not able.opens_threads or chat.thread or place.only_user:
        return work, asked
    shown = await tools.store.questions_of(work.event.id) if work.attempts else ()
    ref = shown[0].ref if shown else await _show_question(tools, work, asked)
    if ref is None:
        return work, asked
    place = replace(place, chat=replace(chat, thread=ref.id), reply_to=ref)
    return replace(work, event=replace(work.event, place=place)), replace(asked, ref=ref)


async def _show_question(tools: Tools, work: Work, asked: Asked) -> MessageRef | None:
    """None where the bot may not post: there the command itself is answered."""
    place = work.event.place
    try:
        # Without the permission of the command: that one does not reach a thread.
        ref = await show_question(tools, replace(place, interaction=""), asked.text)
    except Forbidden:
        return None
    question = Question(
        ref=ref, event=work.event.id, text=asked.text, files=asked.files, quoted=asked.quoted
    )
    await tools.store.take_question([question])
    return ref


async def show_question(tools: Tools, place: Place, text: str) -> MessageRef:
    """What somebody asks without having written it, for all to see. Raises SurfaceError."""
    phrases = await tools.phrases_for(place)
    shown = literal(text if len(text) <= QUOTE else text[: QUOTE - 1] + "…")
    if place.chat.private or not place.user.name:
        return await say(tools, place, f"> {shown}")
    name = literal(place.user.name)
    return await say(tools, place, phrases.suggested.format(name=name, question=shown))


def answer_place(place: Place, ref: MessageRef | None) -> Place:
    """Among several people an answer names its question; alone with the bot it need not."""
    if place.chat.private or place.reply_to is not None:
        return place
    return replace(place, reply_to=ref)


async def _is_reply(tools: Tools, message: Message) -> bool:
    """Whether it was the answer to something the bot had asked."""
    taken = await inputs.reply(tools, message) or await remarks.reply(tools, message)
    return taken or await behalf.reply(tools, message)


async def may_ask(tools: Tools, place: Place) -> bool:
    """Whether the person may ask now; if not, they have been told why."""
    phrases = await tools.phrases_for(place)
    told = await allow.refusal(tools, place, phrases)
    if told:
        await say(tools, place, told, private=True)
    return not told


def _kept_event(work: Work, asked: Asked) -> Event:
    """The event that asks it all once more when details had to be asked for first."""
    event = work.event
    if isinstance(event, Message | Command):
        return replace(event, files=asked.files)
    return event


# Pictures


async def _with_pictures(
    tools: Tools, work: Work, asked: Asked, parameters: Parameters
) -> Asked | None:
    """The question with the pictures that go with it; None when the person was told something."""
    asked = await _with_photo(tools, work, asked)
    if not asked.files:
        return asked
    place = work.event.place
    phrases = await tools.phrases_for(place)
    if told := pictures.unreadable(phrases, asked.files):
        await say(tools, place, told)
        return None
    if not pictures.takes_files(parameters):
        told = phrases.pictures_unseen_words_answered if asked.text else phrases.pictures_unseen
        await say(tools, place, told)
        return replace(asked, files=()) if asked.text else None
    try:
        pictures.check(parameters, asked.files)
    except pictures.Unfit as unfit:
        await say(tools, place, endings.fault(phrases, unfit.fault, parameters))
        return None
    if not asked.text and isinstance(work.event, Message) and _needs_words(parameters):
        photo = replace(work.event, files=asked.files)
        if not await inputs.hold_along(tools, photo):
            await pictures.keep(tools, photo)
        return None
    return asked


async def _with_photo(tools: Tools, work: Work, asked: Asked) -> Asked:
    """Words that follow pictures sent before are the question about them."""
    event = work.event
    if asked.files or not asked.text or not isinstance(event, Message | Command):
        return asked
    photo = await pictures.kept(tools, event.place)
    if photo is None:
        return asked
    replied = event.quoted.ref.id if event.quoted else ""
    meant = event.place.chat.private or replied in (photo[1], photo[0].ref.id)
    if not meant:
        return asked
    if asked.ref is not None:
        # Whoever edits the words means the same pictures.
        await tools.store.add_files(asked.ref, photo[0].files)
    return replace(asked, files=photo[0].files)


async def _end_photo(tools: Tools, place: Place, asked: Asked) -> None:
    if asked.files and await pictures.kept(tools, place) is not None:
        await tools.store.end_dialog(scope(place))


def _needs_words(parameters: Parameters) -> bool:
    taker = message_variable(parameters)
    return all(one.required for one in parameters.form if one.variable == taker)

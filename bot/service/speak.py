"""An answer read out: as the stream spoke it, else as the API speaks its words."""

import asyncio
import contextlib
from collections.abc import Sequence
from zlib import crc32

from bot import audio, observe
from bot.completion import CompletionError, NoSpeech, Refused
from bot.events import Action, Command, Place
from bot.phrases import Phrases
from bot.service.spoken import LONGEST, pieces, plain
from bot.service.status import Status
from bot.service.target import find_answer, find_pressed, recognise
from bot.service.tools import Tools, end_user, say
from bot.store.records import Answer, Recording, scope
from bot.surface import Forbidden, Speech, SurfaceError

AT_ONCE = 2
"""Requests for speech at a time: the next piece is made while one is made, and others get slots."""
ON, OFF = frozenset({"on", "always", "开"}), frozenset({"off", "never", "关"})

_log = observe.get_logger("bot.service.speak")


class _Silent(Exception):
    """There is nothing to be heard; the text is the sentence for the person."""


async def answer_aloud(tools: Tools, event: Command | Action) -> None:
    """Read out the answer that is meant, or settle whether every answer is read out."""
    place = event.place
    phrases = await tools.phrases_for(place)
    word = event.text.strip().casefold() if isinstance(event, Command) else ""
    if word in ON | OFF:
        await _settle(tools, place, phrases, on=word in ON)
        return
    answer = await _meant(tools, event)
    try:
        if answer is None:
            raise _Silent(phrases.voice_nothing)
        await _speak(tools, place, answer, phrases, _part(event.id))
    except _Silent as silent:
        await say(tools, place, str(silent), private=True)


async def _settle(tools: Tools, place: Place, phrases: Phrases, *, on: bool) -> None:
    """Read out every answer from now on, or none; no promise is made that cannot be kept."""
    if on and not audio.can_make(tools.surface(place).capabilities(place).voice_types):
        await say(tools, place, phrases.voice_none_here, private=True)
        return
    if on and not await _app_speaks(tools):
        await say(tools, place, phrases.voice_none_in_app, private=True)
        return
    await tools.store.set_voice(scope(place), on)
    told = phrases.voice_on if on else phrases.voice_off
    await say(tools, place, told, private=not place.chat.private)


async def _app_speaks(tools: Tools) -> bool:
    """Unless it is known that it does not."""
    with contextlib.suppress(CompletionError):
        return (await tools.app.parameters()).text_to_speech.enabled
    return True


async def after(tools: Tools, answer: Answer) -> None:
    """Read out an answer that has just ended, for those who want every answer so.

    What cannot be spoken stays unspoken: nobody has asked for this one.
    """
    place = answer.place
    if not await follows(tools, answer):
        return
    try:
        await _speak(tools, place, answer, await tools.phrases_for(place), _part(answer.event))
    except (_Silent, SurfaceError) as error:
        _log.info("answer not read out", answer=answer.id, error=type(error).__name__)


async def follows(tools: Tools, answer: Answer) -> bool:
    """Whether the person has every answer read out, and this one has words for it."""
    if answer.outcome not in ("whole", "stopped") or not answer.text.strip():
        return False
    preferences = await tools.store.preferences(scope(answer.place))
    return tools.rules.voice_always or preferences.voice


async def _meant(tools: Tools, event: Command | Action) -> Answer | None:
    if isinstance(event, Command):
        return await find_answer(tools, event)
    found = await find_pressed(tools, event)
    if found is not None:
        await recognise(tools, found, event.ref)
    return found


async def _speak(tools: Tools, place: Place, answer: Answer, phrases: Phrases, part: int) -> None:
    """Make the voice message and post it, at most once for one event, which `part` stands for."""
    screens = await tools.store.screens(answer.id)
    if any(screen.role == "voice" and screen.part == part for screen in screens):
        return
    if answer.finished_at is None:
        raise _Silent(phrases.voice_unfinished)
    surface = tools.surface(place)
    if not audio.can_make(surface.capabilities(place).voice_types):
        raise _Silent(phrases.voice_none_here)
    if len(answer.text) > LONGEST:
        raise _Silent(phrases.voice_too_large)
    status = Status(surface, place, phrases.preparing_voice, "speaking")
    async with asyncio.TaskGroup() as group:
        group.create_task(status.show())
        note = await _note_or_why_not(tools, place, answer, phrases)
        status.say("")
    if isinstance(note, _Silent):
        raise note
    await _post(tools, place, answer, note, phrases, part)


async def _note_or_why_not(
    tools: Tools, place: Place, answer: Answer, phrases: Phrases
) -> audio.VoiceNote | _Silent:
    try:
        return await _note(tools, place, answer, phrases)
    except _Silent as silent:
        return silent


async def _post(
    tools: Tools, place: Place, answer: Answer, note: audio.VoiceNote, phrases: Phrases, part: int
) -> None:
    surface = tools.surface(place)
    limit = surface.capabilities(place).upload_limit
    if limit and len(note.data) > limit:
        raise _Silent(phrases.voice_too_large)
    speech = Speech(data=note.data, media_type=note.media_type, seconds=note.duration)
    await tools.store.intend_screen(answer.id, part, "voice")
    try:
        ref = await surface.post_voice(place, speech)
    except SurfaceError as error:
        await tools.store.removed_screen(answer.id, part, "voice")
        if isinstance(error, Forbidden):  # some people let nobody send them voice messages
            raise _Silent(phrases.voice_none_here) from None
        raise
    if ref is not None:
        await tools.store.shown_screen(answer.id, part, ref, "voice")


async def _note(tools: Tools, place: Place, answer: Answer, phrases: Phrases) -> audio.VoiceNote:
    """The recording made for the place, kept for the next who wants to hear it."""
    types = tools.surface(place).capabilities(place).voice_types
    if answer.outcome == "whole":
        await tools.running.rest(answer.id)  # its speech may be still on the way
    recording = await tools.store.recording(answer.id)
    try:
        data = recording.data if recording else await _speech(tools, place, answer, phrases)
        note = await _fit(recording, data, types)
    except audio.AudioFault as fault:
        _log.warning("speech not usable", answer=answer.id, why=str(fault))
        lacking = isinstance(fault, audio.NoCodec)  # trying again helps nobody
        raise _Silent(phrases.voice_none_here if lacking else phrases.voice_failed) from fault
    if recording is None or recording.media_type != note.media_type:
        kept = Recording(data=note.data, media_type=note.media_type)
        await tools.store.keep_recording(answer.id, kept)
    return note


async def _fit(recording: Recording | None, data: bytes, types: Sequence[str]) -> audio.VoiceNote:
    if recording and recording.media_type == types[0] == "audio/ogg":
        return await audio.measure(data)
    return await audio.fit(data, types)


async def _speech(tools: Tools, place: Place, answer: Answer, phrases: Phrases) -> bytes:
    """Speech of the words that were kept; by the answer's id only when they are gone."""
    words = plain(answer.text)
    try:
        if not (await tools.app.parameters()).text_to_speech.enabled:
            raise _Silent(phrases.voice_none_in_app)
        if words:
            return await _read_out(tools, words, end_user(tools, place))
        if answer.text or not answer.message_id:
            raise _Silent(phrases.voice_unwritten)
        spoken = await tools.completion.speak(message_id=answer.message_id, user=answer.end_user)
    except NoSpeech:
        raise _Silent(phrases.no_speech) from None
    except CompletionError as error:
        code = error.code if isinstance(error, Refused) else ""
        observe.count_api_error(code or type(error).__name__)
        raise _Silent(phrases.voice_failed) from error
    return spoken.data


async def _read_out(tools: Tools, words: str, user: str) -> bytes:
    """All of `words`, piece by piece, joined; raises CompletionError."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def spoken(piece: str) -> bytes:
        async with gate:
            return (await tools.completion.speak(text=piece, user=user)).data

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(spoken(piece)) for piece in pieces(words)]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return await audio.join([task.result() for task in tasks])


def _part(event_id: str) -> int:
    """A number for the voice message of one event; 31 bits are what every database holds."""
    return crc32(event_id.encode()) & 0x7FFF_FFFF

"""Text to audio, and the refusal of audio to text."""

import uuid

from aiohttp import web

from bot.sandbox.access import optional_user
from bot.sandbox.apps import App
from bot.sandbox.faults import Chosen, refuse
from bot.sandbox.replies import WORKER_PAGE, InvalidParam, Page, answer
from bot.sandbox.requests import TextToAudioPayload, check, read_json
from bot.sandbox.room import Room, entered
from bot.sandbox.speech import SpeechFault
from bot.sandbox.voice import in_pieces, say


async def speak(request: web.Request) -> web.StreamResponse:
    """Audio of a message or of a text; the JSON `null` for a message without one."""
    room, app = entered(request)
    body = await read_json(request)
    end_user = await optional_user(room.state, app, body)
    payload = check(TextToAudioPayload, body)
    fault = room.armed(end_user)
    if not fault.name:
        fault = room.fault(request)
    text = await _text(room, payload)
    if text is None or fault.name == "no-audio":
        return answer(None)
    if not app.speech and not payload.voice:
        raise InvalidParam("TTS is not enabled")
    if fault.at("speech"):
        refuse(fault)
    return await _send(request, await _audio(app, text, fault))


async def transcribe(request: web.Request) -> web.StreamResponse:
    """No sample app listens."""
    entered(request)
    raise InvalidParam("Speech to text is not enabled")


async def _text(room: Room, payload: TextToAudioPayload) -> str | None:
    """What is to be said. Raises InvalidParam when the request names nothing."""
    if payload.message_id:
        try:
            known = str(uuid.UUID(payload.message_id))
        except ValueError:
            return None
        # Whoever asked for it: Dify up to 1.14 looks neither at the person nor at the app.
        message = await room.state.message(known)
        return message.answer or None if message is not None else None
    if payload.text is None:
        raise InvalidParam("Text is required")
    return payload.text


async def _audio(app: App, text: str, fault: Chosen) -> bytes:
    if fault.name == "empty-audio":
        return b""
    try:
        return await say(app, text, wav=fault.name == "wav-as-mp3")
    except SpeechFault:
        raise Page(500, WORKER_PAGE) from None


async def _send(request: web.Request, audio: bytes) -> web.StreamResponse:
    response = web.StreamResponse(reason="OK", headers={"Content-Type": "audio/mpeg"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for piece in in_pieces(audio):
        await response.write(piece)
    await response.write_eof()
    return response

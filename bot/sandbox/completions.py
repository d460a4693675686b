"""POST /completion-messages and its stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from aiohttp import web

from bot.sandbox.access import required_user, writes_completions
from bot.sandbox.apps import App
from bot.sandbox.attachments import attach
from bot.sandbox.drafting import draft
from bot.sandbox.faults import Chosen, from_prompt
from bot.sandbox.generation import Draft, Generation, Replaced, Run
from bot.sandbox.links import origin
from bot.sandbox.replies import Refusal, answer, dumps, success
from bot.sandbox.requests import CompletionRequestPayload, check, fill_form, read_json
from bot.sandbox.room import Room, entered
from bot.sandbox.script import ScriptedFault, blocking_message
from bot.sandbox.sending import LONGEST_RUN, Ended, Sender
from bot.sandbox.state import EndUser
from bot.sandbox.usage import count_words
from bot.sandbox.writer import WriterFault


async def create(request: web.Request) -> web.StreamResponse:
    """Write one answer, streamed or whole."""
    room, app = entered(request)
    body = await read_json(request)
    end_user = await required_user(room.state, app, body)
    writes_completions(app)
    payload = check(CompletionRequestPayload, body)
    with room.stream(app):
        attached = await attach(room, app, end_user, payload.files or (), origin(request))
        inputs = fill_form(app, payload.inputs)
        fault, prompt = await _fault(request, room, app, end_user, inputs)
        generation = Generation(app, end_user, fault, room.clock())
        await room.state.open_message(app, generation.message_id, end_user)
        generation.start()
        made = draft(room, generation, prompt, inputs, attached)
        if payload.response_mode == "streaming":
            return await _stream(request, room, generation, made)
        return await _whole(room, generation, made)


async def stop(request: web.Request) -> web.StreamResponse:
    """Stop a run of the caller's own; any other task id succeeds without effect."""
    room, app = entered(request)
    body = await read_json(request)
    end_user = await required_user(room.state, app, body)
    writes_completions(app)
    generation = room.running.get(request.match_info["task_id"])
    if generation is not None and generation.end_user.id == end_user.id:
        if (fault := room.fault(request)).at("stop"):
            generation.fault = fault
        generation.stop_wanted.set()
    return success()


async def _fault(
    request: web.Request, room: Room, app: App, end_user: EndUser, inputs: dict[str, object]
) -> tuple[Chosen, str]:
    """The fault of the prompt's first word, else of the request; and the prompt without it."""
    prompt = app.prompt(inputs)
    chosen, rest = from_prompt(prompt)
    if not chosen.name:
        return room.fault(request), prompt
    if chosen.at("speech"):
        room.arm(end_user, chosen)
    if chosen.at("any"):
        await room.hit(chosen)
    return chosen, rest


async def _stream(
    request: web.Request, room: Room, generation: Generation, made: Draft
) -> web.StreamResponse:
    sender = Sender(request, generation.clock, generation.fault)
    room.running[generation.task_id] = generation
    try:
        await Run(generation, made, room.state, sender).stream()
    except* Ended:
        pass
    finally:
        del room.running[generation.task_id]
    return await sender.close()


@asynccontextmanager
async def _at_most(generation: Generation) -> AsyncIterator[None]:
    """End what runs too long, as a stop would."""
    with suppress(TimeoutError):
        async with asyncio.timeout(generation.clock.real(LONGEST_RUN)):
            yield


async def _whole(room: Room, generation: Generation, made: Draft) -> web.Response:
    """The answer in one piece. Raises Refusal where a stream would carry an error event."""
    raw = ""
    try:
        async with _at_most(generation), aclosing(made.pieces) as pieces:
            async for piece in pieces:
                raw = piece.text if isinstance(piece, Replaced) else raw + piece
    except ScriptedFault as fault:
        raise Refusal(fault.status, fault.code, blocking_message(fault)) from None
    except WriterFault as fault:
        raise Refusal(400, "completion_request_error", fault.message) from None
    barred = generation.app.barred_outputs
    text = barred.reply if barred.hits(raw) else raw
    await room.state.close_message(generation.message_id, text)
    tokens = made.tokens or count_words(made.prompt, raw)
    whole = {
        "event": "message",
        "task_id": generation.task_id,
        "id": generation.message_id,
        "message_id": generation.message_id,
        "mode": "completion",
        "answer": text,
        "metadata": generation.metadata(made, tokens),
        "created_at": generation.created_at,
    }
    response = answer(whole)
    response.body = dumps(whole).rstrip(b"\n")  # recorded without the newline errors end with
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return response

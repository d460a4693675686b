"""Who writes an answer, and what a fault makes of it: from the checked request to its pieces."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from bot.sandbox import knowledge
from bot.sandbox.attachments import Attachment
from bot.sandbox.faults import Chosen
from bot.sandbox.generation import Draft, Generation, Replaced
from bot.sandbox.room import Room
from bot.sandbox.script import is_scripted, parse, scripted_fault
from bot.sandbox.usage import RECORDED
from bot.sandbox.writer import Task, WriterFault

Pieces = AsyncGenerator[str | Replaced, None]

PRESET_DELAY = 0.01  # seconds; a preset answer was recorded as one character every 10 ms
QUESTION_LENGTH = 2_000  # characters of a prompt that are looked up; the rest is material

_THOUGHT = "The question is clear. I will answer it in order."
_REASONING = {
    "think": f"<think>\n{_THOUGHT}\n</think>\n\n",
    "details": '<details style="color:gray;background-color: #f8f8f8;padding: 8px;'
    f'border-radius: 4px;" open> <summary> Thinking... </summary>\n{_THOUGHT}\n</details>\n\n',
}
_SEPARATORS = "one\u2028two\u2029three\x85four "


def draft(
    room: Room,
    generation: Generation,
    prompt: str,
    inputs: Mapping[str, object],
    attached: Sequence[Attachment],
) -> Draft:
    """What will be written for this prompt, and by whom."""
    app = generation.app
    files = [attachment.shown for attachment in attached] or None
    if any(app.barred_inputs.hits(str(value)) for value in inputs.values()):
        preset = _spell(generation, app.barred_inputs.reply)
        return Draft(pieces=preset, prompt=prompt, modelled=False, files=files)
    if app.recorded or is_scripted(prompt):
        pieces = _scripted(generation, prompt, pictures=bool(attached))
        tokens = RECORDED if app.recorded else None
        pieces = _disturbed(pieces, generation.fault)
        return Draft(pieces=pieces, prompt=prompt, tokens=tokens, files=files)
    found = knowledge.find(prompt[:QUESTION_LENGTH])
    task = Task(
        prompt=prompt,
        inputs=inputs,
        pictures=tuple(attachment.picture for attachment in attached),
        passages=tuple(passage.content for passage, _ in found),
    )
    return Draft(
        pieces=_disturbed(_engine(room, generation, task), generation.fault),
        prompt=prompt,
        files=files,
        sources=[_source(place, *hit) for place, hit in enumerate(found, start=1)],
    )


async def _spell(generation: Generation, text: str) -> Pieces:
    for number, character in enumerate(text):
        await generation.clock.until(generation.started + number * PRESET_DELAY)
        yield character


async def _scripted(generation: Generation, prompt: str, *, pictures: bool) -> Pieces:
    script = parse(prompt, pictures=pictures)
    async with aclosing(script.write(generation.clock, generation.started)) as pieces:
        async for piece in pieces:
            yield piece


async def _engine(room: Room, generation: Generation, task: Task) -> Pieces:
    async with _closing(room.engine.write(task)) as pieces:
        async for piece in pieces:
            yield piece
            if room.config.word_delay:
                await generation.clock.sleep(room.config.word_delay)


@asynccontextmanager
async def _closing(pieces: AsyncIterator[str]) -> AsyncIterator[AsyncIterator[str]]:
    """Stop the engine's work when its reader leaves."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


async def _disturbed(pieces: Pieces, fault: Chosen) -> Pieces:
    """The pieces as this fault lets them through."""
    if fault.name == "error-first":
        raise scripted_fault("InvokeRateLimitError")
    reasoning = _REASONING.get(fault.name, "")
    for start in range(0, len(reasoning), 7):  # short pieces, so that tags are cut in two
        yield reasoning[start : start + 7]
    if fault.name == "separators":
        yield _SEPARATORS
    number = 0
    async with aclosing(pieces) as whole:
        async for piece in whole:
            if fault.name == "error-after-text" and number >= fault.value:
                break
            yield piece
            number += 1
            if fault.name == "replaced-twice" and number == 2:
                yield Replaced("This text took the place of the first words. ")
    if fault.name == "error-after-text":
        raise WriterFault("boom from model")


def _source(place: int, passage: knowledge.Passage, score: float) -> dict[str, object]:
    return {
        "position": place,
        "dataset_id": "6a1c0f1e-3c55-4b8e-9a38-5f6a6f2f6d01",
        "dataset_name": "Sandbox",
        "document_id": passage.document,
        "document_name": passage.document,
        "data_source_type": "upload_file",
        "segment_id": passage.id,
        "retriever_from": "api",
        "score": score,
        "hit_count": 1,
        "word_count": len(passage.content.split()),
        "segment_position": place,
        "index_node_hash": None,
        "content": passage.content,
        "page": None,
        "doc_metadata": None,
        "title": passage.title,
        "files": None,
        "summary": None,
    }

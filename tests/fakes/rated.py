"""An answer on the screen, and people who think something of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.events import MessageRef, Reaction
from tests.fakes.bench import EN, Bench, wired
from tests.fakes.completion_wire import MESSAGE, OK, Given, Wire, end, message, stream, told

ASK = "POST /completion-messages"
RATE = f"POST /messages/{MESSAGE}/feedbacks"


@asynccontextmanager
async def answered(
    folder: Path, *ratings: Given | Exception, text: str = "Because.", **options: object
) -> AsyncIterator[tuple[Bench, Wire]]:
    """With one answer on the screen, and what the API says to ratings."""
    wire = Wire()
    wire.on(ASK, stream(message(text), end()))
    wire.on(RATE, *(ratings or [told(OK) for _ in range(9)]))
    async with wired(folder, wire, **options) as bench:
        await bench.do(bench.message("Why?"))
        yield bench, wire


def ratings_sent(wire: Wire) -> list[object]:
    told_ = [
        given.body for given in wire.given if "feedbacks" in str(given.asked and given.asked.url)
    ]
    return [(body["rating"], body.get("content")) for body in told_ if isinstance(body, dict)]


def react(
    bench: Bench, *added: str, off: tuple[str, ...] = (), user: str = "ann", on: object = None
) -> Reaction:
    ref = on if isinstance(on, MessageRef) else bench.screen.bubbles[0].ref
    id = f"r{next(bench.numbers)}"
    place = bench.place(user)
    return Reaction(id=id, place=place, at=bench.now(), ref=ref, added=added, removed=off)


def chosen(bench: Bench) -> list[str]:
    return [button.name for button in bench.screen.bubbles[0].message.buttons if button.chosen]


async def press(bench: Bench, name: str, *, user: str = "ann") -> None:
    bubble = bench.screen.bubbles[0]
    await bench.do(bench.press(name, bubble, user=user))


async def disliked(bench: Bench, told: str = EN.rating_ask_words) -> MessageRef:
    await press(bench, "dislike")
    note = bench.screen.bubbles[-1]
    assert note.message.text == told
    return note.ref

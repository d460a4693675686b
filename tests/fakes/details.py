"""Apps that ask for more than the question, and people who answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.events import Chat
from bot.store.records import Value, scope
from bot.surface import Capabilities
from tests.fakes.bench import DIRECT, Bench, wired
from tests.fakes.completion_wire import Wire, end, message, stream

ASK = "POST /completion-messages"
QUERY = {"paragraph": {"label": "Question", "variable": "query", "required": True}}
TONE = {
    "select": {
        "label": "Tone",
        "variable": "tone",
        "required": True,
        "options": ["formal", "casual"],
    }
}
COUNT = {"number": {"label": "How many", "variable": "count", "required": True}}
TOPIC = {"text-input": {"label": "Topic", "variable": "topic", "required": True, "max_length": 8}}
SHORT = {"checkbox": {"label": "Short", "variable": "short", "required": True}}
STYLE = {
    "paragraph": {"label": "Style", "variable": "style", "required": False, "default": "plain"}
}
FORMS = Capabilities(forms=True, private_replies=True)
BARE = Capabilities(buttons=False)


@asynccontextmanager
async def asking(
    folder: Path, *fields: object, vision: bool = False, **options: object
) -> AsyncIterator[tuple[Bench, Wire]]:
    wire = Wire()
    wire.on(ASK, *(stream(message("Because."), end()) for _ in range(5)))
    image = {"enabled": vision, "number_limits": 3, "transfer_methods": ["local_file"]}
    form = {"user_input_form": [*fields], "file_upload": {"image": image}}
    async with wired(folder, wire, parameters=form, **options) as bench:
        yield bench, wire


def sent(wire: Wire) -> list[object]:
    bodies = [given.body for given in wire.given if given.asked and given.asked.method == "POST"]
    return [body["inputs"] for body in bodies if isinstance(body, dict)]


def labels(bench: Bench) -> list[str]:
    return [button.label for button in bench.screen.bubbles[-1].message.buttons]


async def press(bench: Bench, label: str, *, user: str = "ann", chat: Chat = DIRECT) -> None:
    """Press the button of the newest message that has it."""
    for bubble in reversed(bench.screen.bubbles):
        for button in bubble.message.buttons:
            if button.label == label:
                action = bench.press(button.name, bubble, user=user, value=button.value, chat=chat)
                await bench.do(action)
                return
    raise AssertionError(f"nothing offers {label!r}")


async def remembered(bench: Bench, user: str = "ann") -> dict[str, Value]:
    return dict((await bench.store.preferences(scope(bench.place(user)))).inputs)

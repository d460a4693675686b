"""A live reply in the room: how an answer grows there under each behaviour."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from bot.events import Place
from bot.live import LiveReply
from bot.surface import Button, Outgoing
from tests.fakes.playground import PlayedRoom, played
from tests.fakes.shelf import Shelf

STOP = Button(label="⏹", name="stop", value="a1")
ANSWER = """It is **what I found**, and `some code` for [the page](https://example.com/a?b=1).

| name | value |
|:-----|------:|
| one  | **1** |

- **First**: a point, *really*!
- Second.

```python
print("hello")
```

"""


async def answered(room: PlayedRoom, place: Place, text: str, *, every: float = 0.05) -> LiveReply:
    """An answer of five characters at a time."""
    live = LiveReply(room.surface, place, room.pace, Shelf(), who=place.user.id, buttons=(STOP,))
    async with live:
        for end in range(5, len(text) + 5, 5):
            live.show(text[:end])
            await asyncio.sleep(every)
        await live.finish(Outgoing(text=text))
    return live


async def side_by_side(room: PlayedRoom, places: Sequence[Place], text: str) -> list[LiveReply]:
    async with asyncio.TaskGroup() as answers:
        tasks = [answers.create_task(answered(room, place, text)) for place in places]
    return [task.result() for task in tasks]


async def test_a_stream_is_left_for_no_mark_link_or_table() -> None:
    with played("slack") as room:
        await answered(room, room.place(), ANSWER)
        made = Counter(verb for verb, _ in room.outcomes())
        assert [post.text for post in room.room.posts.values()] == [ANSWER]
    assert {*made} == {"start", "append", "stop"}
    assert made["append"] >= 10


@pytest.mark.parametrize("behaviour", ["ideal", "telegram", "slack"])
@pytest.mark.parametrize("people", [1, 12])
async def test_nothing_is_rate_limited_and_all_is_there_at_the_end(
    behaviour: str, people: int
) -> None:
    with played(behaviour) as room:
        places = [room.place(f"person {number}", group=True) for number in range(people)]
        await side_by_side(room, places, ANSWER * 3)
        assert {outcome for _, outcome in room.outcomes()} == {"ok"}
        posts = [*room.room.posts.values()]
    assert [post.text for post in posts] == [ANSWER * 3] * people
    assert not any(post.growing or post.buttons for post in posts)


@pytest.mark.unmeasured
async def test_however_many_ask_for_themselves_each_sees_the_answer_grow() -> None:
    with played("telegram") as room:
        people = [room.room.join(f"Person {number}", "en") for number in range(60)]
        lives = await side_by_side(room, [room.place(person.id) for person in people], ANSWER)
    assert min(live.frames for live in lives) >= 2

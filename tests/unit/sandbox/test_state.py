"""What the sandbox forgets."""

import uuid
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.apps import RECORDED
from bot.sandbox.state import Bounds, EndUser, State, StoredFile, open_state

pytestmark = pytest.mark.real_time

APP = RECORDED[0]


@pytest.fixture
async def state() -> AsyncIterator[State]:
    bounds = Bounds(messages=3, end_users=2, files=4, file_bytes=100)
    async with open_state("", bounds) as opened:
        yield opened


async def ask(state: State, end_user: EndUser) -> str:
    message_id = str(uuid.uuid4())
    await state.open_message(APP, message_id, end_user)
    message = await state.message(message_id)
    assert message is not None
    await state.rate(message, "like", None)
    return message_id


async def keep(state: State, size: int) -> str:
    file = StoredFile(
        id=str(uuid.uuid4()), app=APP.id, end_user="", name="", extension="", media_type="",
        data=bytes(size), created_at=0.0,
    )  # fmt: skip
    await state.keep_file(file)
    return file.id


async def test_the_oldest_messages_go_with_their_feedback(state: State) -> None:
    ann = await state.end_user(APP, "ann")
    asked = [await ask(state, ann) for _ in range(5)]
    assert [await state.message(each) is not None for each in asked] == [False] * 2 + [True] * 3
    rated = [row["message_id"] for row in await state.feedbacks(APP, 1, 101)]
    assert rated == asked[:1:-1]


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([1] * 6, [False, False, True, True, True, True]),
        ([60, 60], [False, True]),
        ([60, 10, 30], [True, True, True]),
        ([60, 10, 31], [False, True, True]),
        ([10, 99, 1], [False, True, True]),
    ],
)
async def test_the_oldest_files_go_by_number_and_by_size(
    state: State, sizes: list[int], kept: list[bool]
) -> None:
    files = [await keep(state, size) for size in sizes]
    assert [await state.file(each) is not None for each in files] == kept


async def test_the_oldest_people_become_strangers(state: State) -> None:
    first = await state.end_user(APP, "ann")
    assert await state.end_user(APP, "ann") == first
    for name in ("bob", "cid"):
        await state.end_user(APP, name)
    assert (await state.end_user(APP, "ann")).id != first.id

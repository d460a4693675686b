"""What the bot was too busy or too dead to take is handed over, and old things make room."""

import asyncio
from typing import Any

import pytest

from adapters.playground import room as rooms
from bot.surface import Busy
from tests.fakes.playground import PlayedRoom, played


async def test_too_much_that_waits_makes_the_page_come_again() -> None:
    with played() as room:
        room.busy = True
        for _ in range(rooms.MOST_OWED):
            with pytest.raises(Busy):
                await room.say("Hello")
        with pytest.raises(Busy):
            await room.say("One more")
        assert len(room.room.posts) == rooms.MOST_OWED


async def left_over(room: PlayedRoom, text: str) -> None:
    room.busy = True
    with pytest.raises(Busy):
        await room.say(text)
    room.busy = False


async def test_what_was_left_is_handed_over_without_the_page() -> None:
    with played() as room:
        await left_over(room, "One")
        await left_over(room, "Two")
        running = asyncio.create_task(room.delivery.run(room.accept))
        await asyncio.sleep(0.1)
        assert [event.text for event in room.accepted.values()] == ["One", "Two"]
        room.busy = True
        with pytest.raises(Busy):
            await room.say("Three")
        await asyncio.sleep(20)
        assert len(room.accepted) == 2
        room.busy = False
        await asyncio.sleep(3)
        assert len(room.accepted) == 3
        running.cancel()


async def test_what_a_dead_process_left_is_handed_over_by_the_next(tmp_path: Any) -> None:
    path = tmp_path / "room.jsonl"
    with played(path=path) as room:
        await left_over(room, "One")
    with played(path=path) as room:
        running = asyncio.create_task(room.delivery.run(room.accept))
        await asyncio.sleep(0.1)
        assert [event.text for event in room.accepted.values()] == ["One"]
        assert room.room.all_owed() == []
        running.cancel()


async def test_a_full_disk_ends_nothing_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with played() as room:
        await left_over(room, "One")

        def full(changes: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr(room.room._journal, "append", full)
            running = asyncio.create_task(room.delivery.run(room.accept))
            await asyncio.sleep(1)
            assert room.room.all_owed() != []
        await asyncio.sleep(5)
        assert room.room.all_owed() == []
        assert len(room.accepted) == 1
        running.cancel()


async def test_old_messages_and_files_make_room_for_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rooms, "MOST_POSTS", 3)
    monkeypatch.setattr(rooms, "MOST_FILE_BYTES", 10)
    with played() as room:
        files = [await room.room.upload(b"1234", "image/png", "") for _ in range(3)]
        for text in "abcde":
            await room.say(text)
        assert list(room.room.posts) == ["3", "4", "5"]
        assert room.room.file(files[0].id) is None
        assert await room.room.files.read(files[0].id) is None
        assert await room.room.files.read(files[2].id) == b"1234"

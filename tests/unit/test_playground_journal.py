"""The room outlives its process, wherever the process ends."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.playground.journal import Journal, RoomTaken
from adapters.playground.records import Change, Grew, Opened, Post, Removed, Settled, Shown
from adapters.playground.room import Room
from adapters.playground.state import REMEMBERED, State
from bot.surface import Outgoing
from tests.fakes.playground import played


def shown(id: str, text: str = "") -> Shown:
    return Shown(Post(id=id, chat="dm-ada", author="bot", at=1.0, text=text))


async def lived(path: Path) -> list[str]:
    """A life with every kind of change; gives the ids on the screen after each line."""
    with played(path=path) as room:
        await room.say("Hello")
        place = room.place()
        async with room.surface.grow(place) as growing:
            for text in ("One", "One two", "One **two**", "One two three"):
                await growing.show(Outgoing(text=text))
            ref = await growing.finish(Outgoing(text="One two three."))
        room.room.behave("slack")
        room.room.join("Dora", "de")
        await room.say("Bye", person="dora")
        await room.surface.delete(place, ref)
        return list(room.room.posts)


@pytest.mark.real_time
async def test_what_a_killed_process_was_told_is_there(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ENDLESS, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert killed.stdout is not None
    told = {}
    try:
        async with asyncio.timeout(30):
            for _ in range(200):
                id, _, text = (await killed.stdout.readline()).decode().strip().partition(" ")
                told[id] = text
    finally:
        killed.kill()
        rest = (await killed.communicate())[0].decode()
    for line in rest.splitlines(keepends=True):
        if line.endswith("\n"):
            id, _, text = line.strip().partition(" ")
            told[id] = text
    room = Room(path)
    room.open()
    for id, text in told.items():
        assert room.posts[id].text.startswith(text)
    # At most one was on its way when the process ended.
    assert len(room.posts) - len(told) in (0, 1)
    assert int(room.number()) > max(map(int, told))
    room.close()


ENDLESS = """
import sys
from pathlib import Path
from adapters.playground.records import Post
from adapters.playground.room import Room

room = Room(Path(sys.argv[1]))
room.open()
while True:
    post = Post(id=room.number(), chat="dm-ada", author="bot", at=1.0, text="One", growing=True)
    room.show(post)
    print(post.id, post.text, flush=True)
    for text in ("One two", "One two three"):
        post = Post(id=post.id, chat="dm-ada", author="bot", at=1.0, text=text, growing=True)
        room.grow(post)
        print(post.id, post.text, flush=True)
"""


async def test_every_place_a_process_can_die_at_leaves_a_room_that_opens(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    await lived(path)
    whole = path.read_bytes()
    ids: set[str] = set()
    ends = [at for at, byte in enumerate(whole) if byte == ord("\n")]
    beside = {cut for end in ends for cut in (end - 1, end, end + 1)}
    for cut in sorted({*range(0, len(whole), 29), *beside}):
        path.write_bytes(whole[:cut])
        room = Room(path)
        room.open()
        lines = whole[:cut].count(b"\n")
        assert room._state.posts == expected(whole, lines)
        assert int(room.number()) > max(map(int, room.posts), default=0)
        ids |= set(room.posts)
        room.close()
    assert ids == {"1", "2", "3"}


def expected(whole: bytes, lines: int) -> dict[str, Post]:
    """What the first lines say, with nobody writing any more."""
    state = State()
    for line in whole.split(b"\n")[:lines]:
        for change in msgspec.json.decode(line, type=list[Change]):
            state.apply(change)
    return {id: replace(post, growing=False) for id, post in state.posts.items()}


async def test_a_room_opened_again_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "room.jsonl"
    with played(path=path) as before:
        await before.say("Hello")
        [event] = before.accepted.values()
        before.room.behave("telegram")
        file = await before.room.upload(b"abc", "text/plain", "a.txt")
    with played(path=path) as after:
        assert after.room.id == before.room.id
        assert after.room.posts == before.room.posts
        assert after.behaviour.name == "telegram"
        assert after.room.file(file.id) == file
        assert await after.room.files.read(file.id) == b"abc"
        [again] = await after.say("Hello")
        assert again.id != event.id


def test_a_file_that_shrank_holds_the_same(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    room = Room(path)
    room.open()
    room.show(Post(id=room.number(), chat="dm-ada", author="bot", at=1.0))
    for count in range(500):
        room.grow(Post(id="1", chat="dm-ada", author="bot", at=1.0, text="word " * count))
    before, posts = path.stat().st_size, room.posts
    room.close()
    room = Room(path)
    room.open()
    assert room.posts == posts
    assert path.stat().st_size < before / 5
    room.close()


def test_growth_is_kept_as_what_was_added(tmp_path: Path) -> None:
    room = Room(tmp_path / "room.jsonl")
    room.open()
    text = "x" * 10_000
    post = Post(id=room.number(), chat="dm-ada", author="bot", at=1.0, text=text)
    room.show(post)
    before = room._journal.size
    room.grow(Post(id="1", chat="dm-ada", author="bot", at=1.0, text=text + "more"))
    assert room._journal.size - before < 100
    room.close()


def test_a_long_journal_is_written_anew_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.playground.room._LONGEST_JOURNAL", 2000)
    path = tmp_path / "room.jsonl"
    room = Room(path)
    room.open()
    post = Post(id=room.number(), chat="dm-ada", author="bot", at=1.0)
    room.show(post)
    for count in range(1000):
        room.grow(Post(id="1", chat="dm-ada", author="bot", at=1.0, text=f"{count}"))
        assert path.stat().st_size < 3000
    room.close()
    room = Room(path)
    room.open()
    assert room.posts["1"].text == "999"
    room.close()


def test_one_room_has_one_process(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    first = Room(path)
    first.open()
    with pytest.raises(RoomTaken, match="in use"):
        Room(path).open()
    first.close()
    second = Room(path)
    second.open()
    second.close()


def test_what_did_not_fit_on_the_disk_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "room.jsonl"
    journal = Journal(path)
    list(journal.open())
    journal.append([Opened("r", 1, "ideal")])
    write = os.write

    def half(file: int, data: memoryview) -> int:
        if len(data) > 20:
            return write(file, data[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            journal.append([shown("1", "too long for this disk")])
    journal.append([shown("2")])
    journal.close()
    kept = list(Journal(path).open())
    assert [type(change) for change in kept] == [Opened, Shown]


def test_what_cannot_be_read_is_dropped_with_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    journal = Journal(path)
    list(journal.open())
    journal.append([shown("1")])
    good = path.read_bytes()
    journal.append([shown("2")])
    journal.close()
    path.write_bytes(good + b'[{"type":"Danced"}]\n' + path.read_bytes()[len(good) :])
    journal = Journal(path)
    assert list(journal.open()) == [shown("1")]
    assert path.read_bytes() == good
    journal.close()


@given(st.lists(st.text(), max_size=8))
def test_growth_by_what_differs_is_growth_to_the_text(texts: list[str]) -> None:
    room = Room()
    room.open()
    room.show(Post(id=room.number(), chat="dm-ada", author="bot", at=1.0))
    for text in texts:
        text = text.encode(errors="replace").decode()
        room.grow(Post(id="1", chat="dm-ada", author="bot", at=1.0, text=text))
        assert room.posts["1"].text == text
    room.close()


def test_a_happening_is_forgotten_only_after_thousands() -> None:
    state = State()
    for number in range(REMEMBERED + 10):
        state.apply(Settled(f"{number}"))
    assert len(state.settled) == REMEMBERED
    assert "9" not in state.settled and "10" in state.settled


def test_the_fewest_changes_make_the_same_state() -> None:
    state = State()
    for change in (shown("1", "a"), shown("4", "b"), Grew("4", 1, "c"), Removed("1"), Settled("x")):
        state.apply(change)
    again = State()
    for change in state.changes():
        again.apply(change)
    assert (again.id, again.next, again.posts, again.settled) == (
        state.id,
        5,
        state.posts,
        state.settled,
    )

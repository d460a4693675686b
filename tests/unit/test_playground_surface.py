"""The surface at its door: limits, files, voice, statuses, and what no platform takes."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.playground import passing
from adapters.playground.behaviour import BEHAVIOURS, utf8_bytes, utf16_units
from adapters.playground.gate import Gate
from bot.events import File, MessageRef
from bot.surface import (
    Budget,
    Button,
    Forbidden,
    Form,
    Gone,
    Outgoing,
    Rank,
    RateLimited,
    Speech,
    SurfaceError,
    TooLarge,
    Unreachable,
)
from tests.fakes.playground import PlayedRoom, played

STOP = (Button(label="⏹", name="stop", value="a1"),)
AGAIN = (Button(label="↻", name="regenerate", value="a1"),)


def growing(text: str) -> Outgoing:
    return Outgoing(text=text, buttons=STOP)


@pytest.fixture
def ideal() -> Iterator[PlayedRoom]:
    with played("ideal") as room:
        yield room


@pytest.fixture
def telegram() -> Iterator[PlayedRoom]:
    with played("telegram") as room:
        yield room


@pytest.fixture
def slack() -> Iterator[PlayedRoom]:
    with played("slack") as room:
        yield room


async def test_a_broken_budget_is_answered_with_a_penalty(telegram: PlayedRoom) -> None:
    place = telegram.place()
    async with telegram.surface.grow(telegram.place(), None) as message:
        limited: RateLimited | None = None
        for number in range(40):
            try:
                await message.show(growing(f"{number}"))
            except RateLimited as error:
                limited = error
                break
        assert limited is not None and 3 <= limited.retry_after <= 35
        with pytest.raises(RateLimited) as again:
            await message.show(growing("more"))
        assert again.value.retry_after < limited.retry_after
        await asyncio.sleep(limited.retry_after)
        await message.show(growing("later"))
        await message.finish(Outgoing(text="end"))
    assert telegram.outcomes()[-4][1] == f"rate limited {limited.retry_after:.3g} s"
    await telegram.surface.post(place, Outgoing(text="Other scopes go on"))


async def test_paced_calls_are_never_refused(telegram: PlayedRoom) -> None:
    place, group = telegram.place(), telegram.place(group=True)

    async def paint(where: object) -> None:
        place = telegram.place(group=where == "group")
        async with telegram.surface.grow(place) as message:
            for number in range(60):
                frame = growing(f"{number}")
                await telegram.pace.slot(message.cost(frame), Rank.FRAME, who=str(where))
                await message.show(frame)
            await message.finish(Outgoing(text="end"))

    await asyncio.gather(paint("private"), paint("group"))
    for number in range(10):
        ref = await telegram.surface.post(place, Outgoing(text=f"{number}"))
        await telegram.surface.edit(place, ref, Outgoing(text=f"{number}!"))
        await telegram.surface.show_status(group, "typing")
    assert {outcome for _, outcome in telegram.outcomes()} == {"ok"}


async def test_a_429_at_the_door_silences_everybody_and_is_waited_for_once(
    telegram: PlayedRoom,
) -> None:
    place, loop = telegram.place(), asyncio.get_running_loop()
    budgets = telegram.behaviour.budgets("post", "dm-ada", private=True)
    telegram.gate.silence(budgets, 30)
    started = loop.time()
    await telegram.surface.post(place, Outgoing(text="Late"))
    assert loop.time() - started == pytest.approx(30.1, abs=0.2)

    async with telegram.surface.grow(place) as message:
        telegram.gate.silence(budgets, 50)
        started = loop.time()
        with pytest.raises(RateLimited):
            await message.finish(Outgoing(text="Late"))
        await message.finish(Outgoing(text="Late"))
    assert loop.time() - started == pytest.approx(50, abs=0.2)


async def test_a_chat_that_is_silenced_leaves_the_others_alone(telegram: PlayedRoom) -> None:
    own, _ = telegram.behaviour.budgets("post", "dm-ada", private=True)
    telegram.gate.silence([own], 30)
    late = asyncio.create_task(telegram.surface.post(telegram.place("ada"), Outgoing(text="Late")))
    await asyncio.sleep(1)
    started = asyncio.get_running_loop().time()
    await telegram.surface.post(telegram.place("ben"), Outgoing(text="At once"))
    assert asyncio.get_running_loop().time() - started < 1
    assert not late.done()
    await late


async def test_a_full_disk_is_a_platform_that_does_not_answer(
    ideal: PlayedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(changes: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ideal.room._journal, "append", full)
    with pytest.raises(Unreachable) as unreachable:
        await ideal.surface.post(ideal.place(), Outgoing(text="Hello"))
    assert not unreachable.value.sent

    async def unwritable(id: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ideal.room.files, "write", unwritable)
    with pytest.raises(SurfaceError, match="No space"):
        await ideal.surface.post_voice(ideal.place(), Speech(data=b"x", media_type="audio/ogg"))


async def test_a_disk_that_fills_up_hides_no_other_trouble(
    ideal: PlayedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(changes: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(RuntimeError, match="the model"):
        async with ideal.surface.grow(ideal.place()) as message:
            await message.show(growing("One"))
            monkeypatch.setattr(ideal.room._journal, "append", full)
            raise RuntimeError("the model")


async def test_no_message_is_empty_or_longer_than_there_is_room(telegram: PlayedRoom) -> None:
    place = telegram.place()
    with pytest.raises(SurfaceError, match="text"):
        await telegram.surface.post(place, Outgoing(text=" \n"))
    with pytest.raises(SurfaceError, match="too long"):
        await telegram.surface.post(place, Outgoing(text="😀" * 2049))
    ref = await telegram.surface.post(place, Outgoing(text="**" + "😀" * 2048 + "**"))
    assert telegram.text(ref) is not None


async def test_half_a_character_is_shown_as_a_sign_that_it_is_missing(ideal: PlayedRoom) -> None:
    ref = await ideal.surface.post(ideal.place(), Outgoing(text="a\ud83d"))
    assert ideal.text(ref) == "a?"


@given(st.text("aé😀漢\n", max_size=60), st.integers(1, 40))
def test_what_fits_is_the_most_that_fits(text: str, limit: int) -> None:
    for measure in (utf16_units, utf8_bytes, len):
        behaviour = replace(BEHAVIOURS["slack"], limit=limit, measure=measure)
        fit = behaviour.fits(text)
        assert fit == len(text) == 0 or fit >= 1
        assert measure(text[:fit]) <= limit or fit == 1
        assert fit == len(text) or measure(text[: fit + 1]) > limit


async def test_a_file_that_is_lost_is_gone(tmp_path: Path) -> None:
    with played(path=tmp_path / "room.jsonl") as room:
        file = await room.room.upload(b"x", "image/png", "a.png")
        await room.room.files.drop(file.id)
        for handle in (file.id, "../room.jsonl"):
            with pytest.raises(Gone):
                await room.surface.read_file(File(handle=handle, media_type="image/png"), limit=9)


async def test_clicks_and_forms_are_remembered_only_so_many(
    ideal: PlayedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "_MOST", 2)
    permissions = [ideal.room.passing.permit(9) for _ in range(3)]
    assert [ideal.room.passing.use_permission(each) for each in permissions] == [
        False,
        True,
        True,
    ]
    for number in range(3):
        form = Form(id=f"{number}", title="", fields=(), submit="", check=lambda values: {})
        ideal.room.passing.open_form("dm-ada", "ada", form)
    assert [id for _, _, id in ideal.room.passing.forms] == ["1", "2"]


async def test_a_voice_note_is_kept_and_shown(ideal: PlayedRoom) -> None:
    place = ideal.place()
    speech = Speech(data=b"OggS", media_type="audio/ogg", seconds=2.5, title="Tea")
    ref = await ideal.surface.post_voice(place, speech)
    assert ref is not None
    voice = ideal.room.posts[ref.id].voice
    assert voice is not None
    assert (voice.seconds, voice.title, voice.media_type) == (2.5, "Tea", "audio/ogg")
    assert await ideal.room.files.read(voice.file) == b"OggS"
    with pytest.raises(SurfaceError, match="audio/flac"):
        await ideal.surface.post_voice(place, Speech(data=b"x", media_type="audio/flac"))
    with pytest.raises(TooLarge):
        await ideal.surface.post_voice(
            place, Speech(data=bytes(15 * 1024 * 1024 + 1), media_type="audio/ogg")
        )


async def test_a_status_passes_with_its_words_with_a_message_and_with_time(
    ideal: PlayedRoom,
) -> None:
    place, start = ideal.place(), ideal.room.feed.last

    def said() -> list[str]:
        ops = [msgspec.json.decode(data) for _, data in ideal.room.feed.since(start) or ()]
        return [op["words"] for op in ops if op["op"] == "status"]

    await ideal.surface.show_status(place, "")
    assert said() == []
    await ideal.surface.show_status(place, "12 before you")
    await ideal.surface.show_status(place, "12 before you")
    assert said() == ["12 before you"]
    assert [op["op"] for op in ideal.room.passing.operations()] == ["status"]
    await ideal.surface.show_status(place, "")
    assert said()[1:] == [""]
    await ideal.surface.show_status(place, "typing")
    await ideal.surface.post(ideal.place(group=True), Outgoing(text="Elsewhere"))
    assert said()[2:] == ["typing"]
    await ideal.surface.post(place, Outgoing(text="Here"))
    assert said()[3:] == [""]
    await ideal.surface.show_status(place, "typing")
    await asyncio.sleep(91)
    assert said()[4:] == ["typing", ""]


async def test_messages_of_people_and_of_other_rooms_are_not_the_bots(ideal: PlayedRoom) -> None:
    place = ideal.place()
    [said] = await ideal.say("Mine")
    ref = await ideal.surface.post(place, Outgoing(text="Bot's"))
    others = [
        said.ref,
        MessageRef(platform="playground", workspace="other", chat="dm-ada", id=ref.id),
        MessageRef(platform="playground", workspace=ideal.room.id, chat="dm-ben", id=ref.id),
    ]
    for other in others:
        with pytest.raises(Gone):
            await ideal.surface.edit(place, other, Outgoing(text="x"))
        await ideal.surface.delete(place, other)
    assert len(ideal.room.posts) == 2
    with pytest.raises(Forbidden):
        await ideal.surface.post(ideal.place("nobody"), Outgoing(text="x"))


async def test_a_switch_of_behaviour_counts_from_the_next_message_on(ideal: PlayedRoom) -> None:
    place = ideal.place()
    async with ideal.surface.grow(place) as message:
        await message.show(growing("One"))
        ideal.room.behave("telegram")
        ref = await message.finish(Outgoing(text="One."))
    assert ideal.text(ref) == "One."
    assert not ideal.surface.capabilities(place).forms
    assert ideal.surface.fits(place, "x" * 5000) == 4096


async def test_the_gate_counts_by_itself_and_forgets_what_is_idle() -> None:
    gate = Gate(lambda least, most: most)
    budget = Budget(scope="a", rate=1.0, burst=2)
    for _ in range(3):
        gate.admit([budget], (1, 5))
    with pytest.raises(RateLimited) as limited:
        gate.admit([budget], (1, 5))
    assert limited.value.retry_after == 5
    await asyncio.sleep(5)
    gate.admit([budget], (1, 5))
    for number in range(600):
        gate.admit([Budget(scope=f"{number}", rate=1.0, burst=1)], (1, 5))
    await asyncio.sleep(121)
    gate.admit([Budget(scope="b", rate=1.0, burst=1)], (1, 5))
    assert len(gate._buckets) < 3


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_no_minute_ever_holds_more_than_a_platform_allows(name: str) -> None:
    """What Telegram and Slack count in a minute; the burst is part of it."""
    allowed = {
        "group": 20,
        "update": 50,
        "append": 100,
        "streams": 20,
        "stops": 20,
        "status": 50,
        "file": 100,
    }
    behaviour = BEHAVIOURS[name]
    for rates in (*behaviour.rates.values(), *behaviour.group_rates.values()):
        for rate in rates:
            most = allowed.get(rate.name)
            assert most is None or rate.burst + rate.rate * 60 <= most

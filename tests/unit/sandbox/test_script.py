import pytest

from bot.sandbox.clock import Clock
from bot.sandbox.script import ScriptedFault, blocking_message, is_scripted, parse, scripted_fault


async def play(prompt: str, *, pictures: bool = False) -> list[tuple[float, str]]:
    clock = Clock()
    began = clock.now()
    script = parse(prompt, pictures=pictures)
    return [(clock.now() - began, piece) async for piece in script.write(clock, began)]


async def test_chunks_come_at_their_moments() -> None:
    played = await play("n=3 d=0.5 wait=11")
    assert [piece for _, piece in played] == ["chunk 0 é😀. ", "chunk 1 é😀. ", "chunk 2 é😀. "]
    assert [moment for moment, _ in played] == pytest.approx([11, 11.5, 12])


async def test_pictures_are_named_first_and_echo_is_the_prompt() -> None:
    assert await play("ECHO hi\n", pictures=True) == [
        (0.0, "content-types:image,text "),
        (0.0, "ECHO<ECHO hi\n>"),
    ]


@pytest.mark.parametrize(("prompt", "before"), [("n=3 err=x at=1", 1), ("n=2 err=x at=9", 2)])
async def test_a_failure_comes_before_its_chunk_or_at_the_end(prompt: str, before: int) -> None:
    clock, seen = Clock(), []
    with pytest.raises(ScriptedFault, match="boom from model"):
        async for piece in parse(prompt, pictures=False).write(clock, clock.now()):
            seen.append(piece)
    assert len(seen) == before


@pytest.mark.parametrize("word", ["x", "nan", "-inf"])
async def test_a_number_that_is_none_is_not_heard(word: str) -> None:
    assert len(await play(f"n={word} d={word}")) == 3


async def test_numbers_stay_within_reason() -> None:
    script = parse("n=1e12 d=1e12 at=-4", pictures=False)
    assert (script.chunks, script.delay, script.error_at) == (10_000, 3600.0, 0)


@pytest.mark.parametrize("prompt", ["n=3", " n=3 d=0.4\n", "ECHO anything at\nall", "err=inner"])
def test_control_words_alone_make_a_script(prompt: str) -> None:
    assert is_scripted(prompt)


@pytest.mark.parametrize("prompt", ["", "Is n=3 enough?", "n=3 please", "ECHOES", "n= 3"])
def test_control_words_in_a_sentence_do_not(prompt: str) -> None:
    assert not is_scripted(prompt)


def test_an_internal_failure_has_other_words_where_no_stream_was_opened() -> None:
    assert blocking_message(scripted_fault("internal")).startswith("The server encountered")
    assert blocking_message(scripted_fault("quota")).startswith("Your quota")

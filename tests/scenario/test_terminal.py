"""`python -m bot ask` as a person meets it: a process, a sandbox, a terminal."""

import asyncio
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Config, serve
from tests.fakes import pictures
from tests.fakes.nursery import Nursery
from tests.fakes.process import environment, interrupt, read_until, run

pytestmark = pytest.mark.real_time

KEY = "app-sandbox"


@pytest.fixture
async def sandbox() -> AsyncIterator[str]:
    async with serve(Config(port=0)) as running:
        yield running.url


async def test_without_a_key_the_answer_comes_from_a_sandbox_of_its_own(tmp_path: Path) -> None:
    told = await run(tmp_path, "ask", "n=3")
    assert (told.status, told.out) == (0, "chunk 0 é😀. chunk 1 é😀. chunk 2 é😀. \n")
    assert "sandbox on this machine" in told.err
    assert list(tmp_path.iterdir()) == []


async def test_the_answer_arrives_while_it_is_written(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    async with nursery.started(
        tmp_path, "ask", "n=4 d=0.5", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY
    ) as process:
        begun = await read_until(process.stdout, "chunk 0")
        first = time.monotonic()
        rest = begun + await read_until(process.stdout, "chunk 3")
        assert time.monotonic() - first > 1.0
        assert "chunk 3" not in begun
        assert rest.count("chunk") == 4
        assert await process.wait() == 0


async def test_a_picture_goes_along(nursery: Nursery, tmp_path: Path, sandbox: str) -> None:
    (tmp_path / "red.png").write_bytes(pictures.png(40, 30, (220, 20, 20)))
    told = await nursery.run(
        tmp_path,
        *("ask", "Describe this picture", "--image", "red.png"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    )
    assert told.status == 0, told.err
    assert "PNG" in told.out
    assert "40" in told.out
    assert "30" in told.out


async def test_control_c_stops_the_answer_at_the_api_and_keeps_the_text(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    async with nursery.started(
        tmp_path, "ask", "n=200 d=0.1", COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY
    ) as process:
        text = await read_until(process.stdout, "chunk 3")
        pressed = time.monotonic()
        await interrupt(process)
        out, err = await asyncio.wait_for(process.communicate(), 10)
        assert time.monotonic() - pressed < 4
        assert process.returncode == 130
        assert "stopped; the text so far is kept" in err.decode()
        kept = (text + out.decode()).strip()
    assert kept.endswith("é😀.")
    assert "chunk 199" not in kept


async def test_a_second_control_c_ends_at_once(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    async with nursery.started(
        tmp_path,
        *("ask", "/deaf-stop n=200 d=0.1"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    ) as process:
        await read_until(process.stdout, "chunk 1")
        await interrupt(process)
        await asyncio.sleep(0.3)
        await interrupt(process)
        _, err = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 130
        assert b"Traceback" not in err


async def test_questions_come_line_by_line(nursery: Nursery, tmp_path: Path, sandbox: str) -> None:
    told = await nursery.run(
        tmp_path,
        "ask",
        stdin="n=1\n\nn=2\n/quota\nECHO last",
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    )
    assert told.out.startswith("chunk 0 é😀. \nchunk 0 é😀. chunk 1 é😀. \n")
    assert "ECHO last" in told.out
    assert "allowance is used up" in told.err
    assert told.status == 1


async def test_questions_come_from_a_file(tmp_path: Path, sandbox: str) -> None:
    (tmp_path / "questions").write_text("n=1\nn=1\n")
    variables = environment(COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY)
    with (tmp_path / "questions").open() as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "ask"), stdin=file, stdout=PIPE, env=variables
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out.decode() == "chunk 0 é😀. \n" * 2


async def test_the_answer_is_spoken_into_a_file(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "n=1", "--voice", "answer.ogg"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    )
    assert told.status == 0, told.err
    assert (tmp_path / "answer.ogg").read_bytes()[:4] == b"OggS"


@pytest.mark.parametrize(
    ("voice", "sentence"),
    [
        ("answer.xyz", "the name must end in one of .ogg, .opus, .mp3, .wav."),
        ("no/answer.ogg", "no/answer.ogg cannot be written."),
        ("", "the name must end in one of"),
    ],
)
async def test_a_sound_that_cannot_be_written_is_refused_before_anything_is_asked(
    nursery: Nursery, tmp_path: Path, voice: str, sentence: str
) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "n=1", "--voice", voice),
        COMPLETION_API_URL="http://127.0.0.1:1/v1",
        COMPLETION_API_KEY=KEY,
    )
    assert (told.status, told.out) == (2, "")
    assert sentence in told.err


async def test_an_app_that_does_not_speak_is_not_paid_for_an_answer(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "n=1", "--voice", "answer.ogg"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY="app-plain",
    )
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("This app does not speak.")


async def test_control_c_before_the_first_word_gives_up_the_question_and_keeps_the_chat(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    variables = {"COMPLETION_API_URL": sandbox, "COMPLETION_API_KEY": KEY}
    async with nursery.started(tmp_path, "ask", "--blocking", **variables) as process:
        assert process.stdin is not None
        process.stdin.write(b"n=1\n")
        await read_until(process.stdout, "chunk 0")
        process.stdin.write(b"n=200 d=0.1\n")
        await asyncio.sleep(0.5)
        await interrupt(process)
        said = await read_until(process.stderr, "the app may still write its answer")
        assert "stopping" in said
        out, err = await asyncio.wait_for(process.communicate(b"n=2\n"), 10)
        assert (process.returncode, b"Traceback" in err) == (0, False)
        assert b"chunk 1" in out


async def test_a_closed_terminal_stops_the_answer_at_the_api(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    question = ("ask", "n=100 d=0.05")
    variables = {"COMPLETION_API_URL": sandbox, "COMPLETION_API_KEY": KEY}
    for number in (signal.SIGHUP, signal.SIGTERM):
        async with nursery.started(tmp_path, *question, **variables) as process:
            await read_until(process.stdout, "chunk 1")
            process.send_signal(number)
            _, err = await asyncio.wait_for(process.communicate(), 4)
            assert (process.returncode, err) == (130, b"")


FIGURES = r"— .* tokens · .*\n"


@pytest.mark.parametrize(
    ("redirection", "status", "out", "err"),
    [
        ("</dev/null", 0, "", ""),
        ("<&-", 0, "", ""),
        ("<questions >&-", 0, "", FIGURES),
        ("<questions 2>&-", 0, "chunk 0 é😀. \n", ""),
        ("<questions >/dev/full", 1, "", "Reading or writing failed: No space left on device.\n"),
        # Whether the figures come depends on who is quicker, the answer or the end of `head`.
        ("<questions | head -c 3", 0, "chu", f"({FIGURES})?"),
    ],
)
async def test_standard_streams_may_be_anything(
    tmp_path: Path, sandbox: str, redirection: str, status: int, out: str, err: str
) -> None:
    (tmp_path / "questions").write_bytes(b"\xef\xbb\xbfn=1\r\n")
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m bot ask {redirection}",
        stdout=PIPE,
        stderr=PIPE,
        cwd=tmp_path,
        env=environment(COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY),
    )
    said, noted = (each.decode() for each in await asyncio.wait_for(process.communicate(), 30))
    assert (process.returncode, said) == (status, out), noted
    assert re.fullmatch(err, noted), noted


async def test_a_terminal_with_few_letters_shows_what_it_can(tmp_path: Path, sandbox: str) -> None:
    told = await run(
        tmp_path,
        *("ask", "n=1"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
        PYTHONIOENCODING="ascii",
    )
    assert (told.status, told.out) == (0, "chunk 0 ??. \n")


async def test_a_whole_answer_can_be_waited_for(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "n=2", "--blocking"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    )
    assert (told.status, told.out) == (0, "chunk 0 é😀. chunk 1 é😀. \n")


async def test_inputs_of_the_app_are_given_by_name(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    given = ("--input", "title=Report", "--input", "sentences=1")
    text = "Summarise: Rain fell all day. The river rose. The bridge was closed at noon."
    told = await nursery.run(
        tmp_path, "ask", text, *given, COMPLETION_API_URL=sandbox, COMPLETION_API_KEY=KEY
    )
    assert told.status == 0, told.err
    assert "Report" in told.out


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("tone=rude", "tone must be one of plain, formal, friendly."),
        ("sentences=many", "sentences must be a number."),
        ("bullets=perhaps", "bullets must be yes or no."),
        (f"title={'x' * 61}", "title may have 60 characters at most."),
        ("colour=red", "The app has no input colour; it has query, tone, title,"),
    ],
)
async def test_an_input_that_does_not_fit_is_told_before_anything_is_billed(
    nursery: Nursery, tmp_path: Path, sandbox: str, given: str, sentence: str
) -> None:
    told = await nursery.run(
        tmp_path,
        *("ask", "n=1", "--input", given),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    )
    assert (told.status, told.out) == (1, "")
    assert sentence in told.err


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("note.txt", b"hello", "is no PNG, JPEG, WebP or GIF picture"),
        ("missing.png", None, "cannot be read: No such file or directory"),
        ("/dev/zero", None, "is too large for a picture"),
    ],
)
async def test_a_file_that_is_no_picture_is_refused(
    nursery: Nursery, tmp_path: Path, sandbox: str, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = await nursery.run(
        tmp_path,
        *("ask", "look", "--image", name),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY=KEY,
    )
    assert (told.status, told.out) == (1, "")
    assert sentence in told.err


async def test_an_app_without_pictures_says_so(
    nursery: Nursery, tmp_path: Path, sandbox: str
) -> None:
    (tmp_path / "red.png").write_bytes(pictures.png(2, 2, (255, 0, 0)))
    told = await nursery.run(
        tmp_path,
        *("ask", "look", "--image", "red.png"),
        COMPLETION_API_URL=sandbox,
        COMPLETION_API_KEY="app-plain",
    )
    assert told.status == 1
    assert "This app takes no pictures." in told.err

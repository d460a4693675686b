import io
import time
import wave

import soundfile
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.voice import Groups, in_pieces, silent_mp3, silent_wav


def spoken(pieces: list[str]) -> list[str]:
    groups = Groups()
    return [group for piece in pieces if (group := groups.add(piece))] + [groups.rest()]


def test_groups_grow_from_two_sentences_to_seven() -> None:
    sizes = [len(group) // 2 for group in spoken(["a."] * 40)]
    assert sizes == [2, 3, 4, 5, 6, 7, 7, 6]


def test_a_sentence_may_end_in_any_of_the_four_marks() -> None:
    assert spoken(["好。Really? ", "Yes! and more"]) == ["好。Really?", " Yes! and more"]


def test_a_rest_of_nothing_but_blanks_is_not_spoken() -> None:
    assert spoken(["a. b. ", " "]) == ["a. b.", ""]


@given(st.lists(st.text(alphabet="ab .!?。", max_size=6), max_size=30))
def test_nothing_of_the_text_is_lost_and_nothing_is_said_twice(pieces: list[str]) -> None:
    text = "".join(pieces)
    said = "".join(spoken(pieces))
    assert said == text or (text.startswith(said) and not text[len(said) :].strip())


def test_the_silence_is_real_audio_and_is_cut_without_loss() -> None:
    audio = silent_mp3("Hello there.")
    assert soundfile.info(io.BytesIO(audio)).samplerate == 44_100
    assert len(in_pieces(audio)) == 3
    assert b"".join(in_pieces(audio)) == audio
    assert in_pieces(b"") == []
    with wave.open(io.BytesIO(silent_wav())) as sound:
        assert sound.getnframes() == 2_400


def test_a_long_text_without_a_sentence_is_looked_at_once() -> None:
    groups = Groups()
    begun = time.process_time()
    assert groups.add("a" * 1_000_000) == ""
    for _ in range(2_000):
        assert groups.add("word ") == ""
    assert time.process_time() - begun < 2
    assert len(groups.rest()) == 1_010_000

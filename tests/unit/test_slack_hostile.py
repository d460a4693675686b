"""What a model, a person or a broken line may do to the adapter besides what others test."""

import time

import pytest

from adapters.slack import markup

HEAVY = ("[", "[a][", "\u0430.")
PATIENCE = 3.0
"""Seconds of work on a busy machine; it was some five when each sign looked for its end anew."""


@pytest.mark.parametrize("sign", HEAVY)
def test_no_model_s_words_keep_everybody_waiting(sign: str) -> None:
    text = (sign * 8_000)[:8_000]
    began = time.process_time()
    assert markup.fits(text) > 0
    assert time.process_time() - began < PATIENCE


def test_words_in_many_brackets_are_no_link() -> None:
    deep = "[" * 9 + "tea" + "]" * 9 + "(https://evil.example)"
    assert markup.wire(deep) == "[" * 9 + "tea" + "]" * 9 + "\\(<https://evil.example>)"
    assert markup.wire("[[1, 2], [3]](https://tea.example)") == (
        "[\\[1, 2\\], \\[3\\]](https://tea.example)"
    )

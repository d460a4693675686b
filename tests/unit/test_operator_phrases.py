import pytest

from bot import completion as api
from bot.phrases import operator


def kinds() -> list[type[api.CompletionError]]:
    found, open_ends = [], [api.CompletionError]
    while open_ends:
        kind = open_ends.pop()
        found.append(kind)
        open_ends += kind.__subclasses__()
    return found


@pytest.mark.parametrize(
    "error",
    [
        api.Unreachable(sent=True),
        api.Interrupted("text", reason="eof"),
        api.Unreadable(),
        api.NoSpeech(),
        *(
            kind(400, "code", "their words")
            for kind in kinds()
            if issubclass(kind, api.Refused) and kind is not api.InputFaults
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_has_a_sentence_that_says_what_to_do(error: api.CompletionError) -> None:
    sentence = operator.sentence(error)
    assert sentence.endswith(".")
    assert "!" not in sentence
    assert "their words" not in sentence


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (api.Fault(kind="missing"), "The app needs x."),
        (api.Fault(kind="missing", options=("a", "b")), "The app needs x; it takes a, b."),
        (api.Fault(kind="too_long", limit=3), "x may have 3 characters at most."),
        (api.Fault(kind="not_an_option", options=("a", "b")), "x must be one of a, b."),
        (api.Fault(kind="not_a_number"), "x must be a number."),
        (api.Fault(kind="not_yes_or_no"), "x must be yes or no."),
        (api.Fault(kind="not_text"), "x must be text."),
        (api.Fault(kind="unknown", options=("q",)), "The app has no input x; it has q."),
    ],
)
def test_every_fault_of_an_input_names_it(fault: api.Fault, sentence: str) -> None:
    assert operator.sentence(api.InputFaults({"x": fault})) == sentence


def test_several_faults_are_told_together() -> None:
    faults = {"x": api.Fault(kind="missing"), "y": api.Fault(kind="not_text")}
    assert operator.inputs(api.InputFaults(faults)) == "The app needs x. y must be text."

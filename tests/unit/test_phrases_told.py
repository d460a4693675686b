"""Sentences for people: the nearest language, and a sentence for every way an answer can fail."""

import pytest

from bot import completion as api
from bot import phrases
from bot.phrases import en, zh


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", en.PHRASES),
        ("en-GB", en.PHRASES),
        ("zh", zh.PHRASES),
        ("zh-Hans-CN", zh.PHRASES),
        ("ZH_cn", zh.PHRASES),
        ("pt-BR", en.PHRASES),
        ("", en.PHRASES),
    ],
)
def test_the_nearest_language_is_spoken(tag: str, found: phrases.Phrases) -> None:
    assert phrases.of(tag) is found


def kinds(root: type[api.CompletionError] = api.CompletionError) -> list[type[api.CompletionError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("say", phrases.LANGUAGES.values(), ids=phrases.LANGUAGES)
@pytest.mark.parametrize(
    "error",
    [
        api.Unreachable(sent=True),
        api.Interrupted("text", reason="eof"),
        *(
            kind(400, "code", "their words")
            if issubclass(kind, api.Refused)
            else kind("their words")
            for kind in kinds()
            if kind not in (api.InputFaults, api.Unreachable, api.Interrupted)
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_failure_is_told_without_the_words_of_the_server(
    say: phrases.Phrases, error: api.CompletionError
) -> None:
    told = phrases.sentence(say, error)
    assert told[-1] in ".\u3002"
    assert "their words" not in told
    assert "code" not in told


@pytest.mark.parametrize(
    "error", [api.Unauthorized(401), api.Forbidden(403), api.AppUnavailable(400), api.Unreadable()]
)
def test_what_only_the_owner_can_cure_is_not_told_in_detail(error: api.CompletionError) -> None:
    assert phrases.sentence(en.PHRASES, error) == en.PHRASES.not_set_up


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (api.Fault(kind="missing", label="Topic"), "Topic is needed."),
        (api.Fault(kind="missing"), "topic is needed."),
        (
            api.Fault(kind="too_long", label="Topic", limit=48),
            "Topic is too long: at most 48 characters, please.",
        ),
        (
            api.Fault(kind="not_an_option", label="Tone", options=("formal", "casual")),
            "Tone must be one of: formal, casual.",
        ),
        (
            api.Fault(kind="not_a_number", label="Count"),
            "Count must be a number, such as 3 or 2.5.",
        ),
        (api.Fault(kind="not_yes_or_no", label="Short"), "Short must be yes or no."),
        (api.Fault(kind="not_text", label="Topic"), "Topic is needed."),
        (
            api.Fault(kind="unknown", label="colour"),
            "The app does not know colour. /inputs shows what it knows.",
        ),
    ],
)
def test_a_fault_names_the_label_and_its_limit(fault: api.Fault, told: str) -> None:
    error = api.InputFaults({"topic": fault})
    assert phrases.input_faults(en.PHRASES, error.faults) == {"topic": told}
    assert phrases.sentence(en.PHRASES, error) == told


def test_braces_in_a_label_are_only_braces() -> None:
    fault = api.Fault(kind="missing", label="{limit} of {0}")
    assert phrases.input_faults(en.PHRASES, {"x": fault}) == {"x": "{limit} of {0} is needed."}

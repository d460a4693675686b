"""Every sentence a person can read, in every language there is."""

from collections.abc import Callable, Mapping

from bot import completion as api
from bot.completion.errors import FaultKind
from bot.phrases import en, zh
from bot.phrases.sentences import Phrases

__all__ = ["LANGUAGES", "Phrases", "input_faults", "of", "sentence", "sentence_for"]

LANGUAGES: Mapping[str, Phrases] = {"en": en.PHRASES, "zh": zh.PHRASES}


def of(language: str) -> Phrases:
    """The sentences in the nearest language there is to an IETF tag, else in English."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    return LANGUAGES.get(primary, en.PHRASES)


def sentence(phrases: Phrases, error: api.CompletionError) -> str:
    """What a person reads about `error`; what only its owner can cure is not told in detail."""
    if isinstance(error, api.InputFaults):
        return " ".join(input_faults(phrases, error.faults).values())
    return sentence_for(phrases, type(error))


def sentence_for(phrases: Phrases, kind: type[api.CompletionError]) -> str:
    """What a person reads about an error of which only the kind is kept."""
    return next(_ERRORS[each](phrases) for each in kind.__mro__ if each in _ERRORS)


def input_faults(phrases: Phrases, faults: Mapping[str, api.Fault]) -> dict[str, str]:
    """A sentence for each variable at fault, naming its label, limit and options."""
    return {
        name: _FAULTS[fault.kind](phrases).format(
            label=fault.label or name, limit=fault.limit, options=", ".join(fault.options)
        )
        for name, fault in faults.items()
    }


_ERRORS: Mapping[type[api.CompletionError], Callable[[Phrases], str]] = {
    api.Unreachable: lambda say: say.unreachable,
    api.Interrupted: lambda say: say.interrupted,
    api.Unreadable: lambda say: say.not_set_up,
    api.NoSpeech: lambda say: say.no_speech,
    api.Unauthorized: lambda say: say.not_set_up,
    api.Forbidden: lambda say: say.not_set_up,
    api.NotFound: lambda say: say.not_set_up,
    api.InvalidInput: lambda say: say.invalid_input,
    api.AppUnavailable: lambda say: say.not_set_up,
    api.QuotaExceeded: lambda say: say.quota_exceeded,
    api.Busy: lambda say: say.busy,
    api.GenerationFailed: lambda say: say.generation_failed,
    api.FileRefused: lambda say: say.file_refused,
    api.ServiceFailed: lambda say: say.service_failed,
    api.Refused: lambda say: say.refused,
    api.CompletionError: lambda say: say.service_failed,
}
_FAULTS: Mapping[FaultKind, Callable[[Phrases], str]] = {
    "missing": lambda say: say.fault_missing,
    "too_long": lambda say: say.fault_too_long,
    "not_an_option": lambda say: say.fault_not_an_option,
    "not_a_number": lambda say: say.fault_not_a_number,
    "not_yes_or_no": lambda say: say.fault_not_yes_or_no,
    "not_text": lambda say: say.fault_missing,
    "unknown": lambda say: say.fault_unknown,
}

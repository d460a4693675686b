"""What went wrong, told to whoever runs the bot: what happened, then what to do about it."""

from collections.abc import Mapping
from typing import assert_never

from bot import completion as api

_SENTENCES: Mapping[type[api.CompletionError], str] = {
    api.Unauthorized: "The API does not know this key. Compare COMPLETION_API_KEY with the page "
    "“API Access” of the app.",
    api.Forbidden: "The API refuses this app: its API service is switched off, or the app is gone. "
    "Look at the page “API Access” of the app.",
    api.AppUnavailable: "The app cannot answer as it is set up: check that it is a completion app, "
    "published, with a model that has credentials.",
    api.QuotaExceeded: "The model provider's allowance is used up. Its owner can raise it.",
    api.Busy: "The API takes no more requests at the moment. Try again in a little while, or lower "
    "COMPLETION_MAX_STREAMS.",
    api.GenerationFailed: "The model behind the app failed. Try again; if it stays so, look at the "
    "app's logs.",
    api.FileRefused: "The API did not take this file.",
    api.NotFound: "The API does not know this address or message. Check COMPLETION_API_URL; it "
    "usually ends in /v1.",
    api.ServiceFailed: "The API failed inside. Try again; if it stays so, look at the "
    "server's logs.",
    api.Unreadable: "What answers is not a Completion API. Check COMPLETION_API_URL; it usually "
    "ends in /v1.",
    api.Unreachable: "The API does not answer. Check COMPLETION_API_URL and whether the server is "
    "up.",
    api.Interrupted: "The answer broke off; what came is kept. Try again.",
    api.NoSpeech: "The API gave no audio for this text.",
    api.InvalidInput: "The API did not accept the inputs.",
    api.Refused: "The API refused the request for a reason of its own. Check COMPLETION_API_URL, "
    "and whether the server is a version Parley knows.",
}


def sentence(error: api.CompletionError) -> str:
    """The sentence for `error`, or for the nearest kind of error that has one."""
    if isinstance(error, api.InputFaults):
        return inputs(error)
    return next(_SENTENCES[kind] for kind in type(error).__mro__ if kind in _SENTENCES)


def inputs(error: api.InputFaults) -> str:
    """One sentence for each input that does not fit the app's form."""
    return " ".join(_input(name, fault) for name, fault in error.faults.items())


def _input(name: str, fault: api.Fault) -> str:
    options = ", ".join(fault.options)
    match fault.kind:
        case "missing":
            choice = f"; it takes {options}" if options else ""
            return f"The app needs {name}{choice}."
        case "too_long":
            return f"{name} may have {fault.limit} characters at most."
        case "not_an_option":
            return f"{name} must be one of {options}."
        case "not_a_number":
            return f"{name} must be a number."
        case "not_yes_or_no":
            return f"{name} must be yes or no."
        case "not_text":
            return f"{name} must be text."
        case "unknown":
            return f"The app has no input {name}; it has {options}."
        case _:
            assert_never(fault.kind)

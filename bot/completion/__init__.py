"""A client of the Dify Completion API that stands alone: it needs nothing else of this project.

async with CompletionClient(base_url, api_key) as api:
    async with api.stream({"query": "Hello"}, user="somebody") as stream:
        async for event in stream:
            show(stream.text)
"""

from bot.completion.answer import (
    Failed,
    Finished,
    SpeechAdded,
    StreamEvent,
    TextAdded,
    TextReplaced,
)
from bot.completion.client import CompletionClient, LocalFile, Rating, RemoteFile, Speech
from bot.completion.errors import (
    AppUnavailable,
    Busy,
    CompletionError,
    Fault,
    FileRefused,
    Forbidden,
    GenerationFailed,
    InputFaults,
    Interrupted,
    InvalidInput,
    NoSpeech,
    NotFound,
    QuotaExceeded,
    Refused,
    ServiceFailed,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from bot.completion.inputs import build_inputs, message_variable
from bot.completion.media import Media, sniff
from bot.completion.models import (
    AppInfo,
    Completion,
    Feedback,
    Field,
    Parameters,
    Site,
    Source,
    UploadedFile,
    Usage,
)
from bot.completion.patience import Patience
from bot.completion.stream import AnswerStream

__all__ = [
    "AnswerStream",
    "AppInfo",
    "AppUnavailable",
    "Busy",
    "Completion",
    "CompletionClient",
    "CompletionError",
    "Failed",
    "Fault",
    "Feedback",
    "Field",
    "FileRefused",
    "Finished",
    "Forbidden",
    "GenerationFailed",
    "InputFaults",
    "Interrupted",
    "InvalidInput",
    "LocalFile",
    "Media",
    "NoSpeech",
    "NotFound",
    "Parameters",
    "Patience",
    "QuotaExceeded",
    "Rating",
    "Refused",
    "RemoteFile",
    "ServiceFailed",
    "Site",
    "Source",
    "Speech",
    "SpeechAdded",
    "StreamEvent",
    "TextAdded",
    "TextReplaced",
    "Unauthorized",
    "Unreachable",
    "Unreadable",
    "UploadedFile",
    "Usage",
    "build_inputs",
    "message_variable",
    "sniff",
]

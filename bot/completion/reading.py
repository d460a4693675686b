"""Read what the Completion API sends into `models`.

Servers differ by years, and apps imported by hand hold anything: nothing in here raises over a
field that is missing, null or of a wrong type.
"""

import dataclasses
import functools
import json
import re
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from bot.completion.models import (
    AppInfo,
    Completion,
    Control,
    Feedback,
    Field,
    Parameters,
    Site,
    Source,
    TextToSpeech,
    UploadedFile,
    Usage,
)

_Model = TypeVar("_Model")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROLS: tuple[Control, ...] = typing.get_args(Control)


def read_json(body: bytes) -> object:
    """The value of a JSON text, with broken UTF-8 and lone surrogates mended; else ValueError."""
    try:
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _mended(json.loads(body.decode("utf-8", errors="replace"), strict=False))
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def mend_text(text: str) -> str:
    """`text` with surrogate pairs joined and lone ones replaced, so that it can be encoded."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")


def read_info(raw: object) -> AppInfo:
    return _fill(AppInfo, raw)


def read_site(raw: object) -> Site:
    return _fill(Site, raw)


def read_file(raw: object) -> UploadedFile:
    return _fill(UploadedFile, raw)


def read_feedback(raw: object) -> Feedback:
    return _fill(Feedback, raw)


def read_parameters(raw: object) -> Parameters:
    told = _mapping(raw)
    speech = _mapping(told.get("text_to_speech"))
    form = told.get("user_input_form")
    controls = map(_read_field, form if isinstance(form, list) else ())
    filled = _fill(
        Parameters,
        {name: value for name, value in told.items() if name != "user_input_form"},
        form=tuple(control for control in controls if control is not None),
    )
    autoplay = speech.get("autoPlay") == "enabled"
    return dataclasses.replace(
        filled, text_to_speech=_fill(TextToSpeech, speech, autoplay=autoplay)
    )


def read_metadata(raw: object) -> tuple[Usage | None, tuple[Source, ...]]:
    """Usage and sources out of the `metadata` of an answer."""
    metadata = _mapping(raw)
    usage, sources = metadata.get("usage"), metadata.get("retriever_resources")
    return (
        _fill(Usage, usage) if isinstance(usage, dict) else None,
        tuple(
            _fill(Source, source)
            for source in (sources if isinstance(sources, list) else ())
            if isinstance(source, dict)
        ),
    )


def read_completion(raw: object) -> Completion:
    """A blocking answer; ValueError when there is no `answer` in it."""
    told = _mapping(raw)
    answer = told.get("answer")
    if not isinstance(answer, str):
        raise ValueError("an answer without text")
    usage, sources = read_metadata(told.get("metadata"))
    filled = _fill(Completion, told, answer=answer, usage=usage, sources=sources)
    return dataclasses.replace(
        filled, message_id=filled.message_id or str(filled.extra.get("id", ""))
    )


def _read_field(item: object) -> Field | None:
    if not isinstance(item, dict):
        return None
    for kind in _CONTROLS:
        control = item.get(kind)
        if isinstance(control, dict) and isinstance(variable := control.get("variable"), str):
            default = control.get("default")
            return _fill(
                Field,
                control,
                kind=kind,
                variable=variable,
                label=_string(control.get("label")) or variable,
                default=default if isinstance(default, str | int | float) else None,
            )
    return None


def _fill(cls: type[_Model], raw: object, **known: object) -> _Model:
    """An instance of `cls` from whatever of `raw` fits; `known` fields are not looked for."""
    told = _mapping(raw)
    hints = _hints(typing.cast(typing.Hashable, cls))
    values = dict(known)
    for name, hint in hints.items():
        if name in told and name not in known:
            try:
                values[name] = _convert(told[name], hint)
            except msgspec.ValidationError:
                continue
    values["extra"] = {name: value for name, value in told.items() if name not in hints}
    return cls(**values)


@functools.cache
def _hints(cls: typing.Hashable) -> Mapping[str, Any]:
    hints = typing.get_type_hints(cls)
    return {name: hint for name, hint in hints.items() if name != "extra"}


def _convert(value: object, hint: Any) -> object:
    if dataclasses.is_dataclass(hint):
        return _fill(typing.cast(type[object], hint), value)
    if hint == tuple[str, ...]:
        items = value if isinstance(value, list) else ()
        return tuple(item for item in items if isinstance(item, str))
    if hint == datetime | None:
        return _moment(value)
    converted = msgspec.convert(value, hint, strict=False)
    if isinstance(converted, Decimal) and not converted.is_finite():
        return None
    return converted


def _moment(value: object) -> datetime | None:
    """Epoch seconds or ISO text; the API writes UTC without saying so."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _mended(value: object) -> object:
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {mend_text(name): _mended(item) for name, item in value.items()}
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""

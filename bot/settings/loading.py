"""From the environment and `.env` to settings, or to every fault at once."""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.settings.faults import Fault, SettingsError
from bot.settings.model import Settings
from bot.settings.together import slack

OUR_PREFIX = "PARLEY_"
_PROBLEMS = {
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "decimal_parsing": "is not a number",
    "bool_parsing": "is neither true nor false",
}


def load(*, require: Iterable[str] = (), env_file: Path | str | None = ".env") -> Settings:
    """The settings, or a SettingsError with every fault found.

    `require`: variables (upper case) that must be set for what is about to be done.
    """
    names, faults = _names_in_sight(env_file)
    faults += [*_unknown(names), *slack(names)]
    settings: Settings | None = None
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        faults += [
            _fault(detail["loc"], detail["type"], detail["msg"]) for detail in error.errors()
        ]
    at_fault = {fault.name for fault in faults}
    for name in set(require) - at_fault:
        if not (names.get(name) or "").strip():
            faults.append(Fault(name=name, problem="is not set", example=_example(name)))
    if faults or settings is None:
        raise SettingsError(sorted(faults, key=lambda fault: fault.name))
    return settings


def _names_in_sight(env_file: Path | str | None) -> tuple[Mapping[str, str | None], list[Fault]]:
    """What the environment and `.env` hold between them, and the lines that hold nothing."""
    from dotenv.parser import parse_stream

    # It would log what it cannot read, and go on.
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    path = Path(env_file) if env_file else None
    if path is None or not path.exists():
        return os.environ, []
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise SettingsError([Fault(name=str(path), problem=f"cannot be read: {why}")]) from None
    broken = [
        Fault(name=f"{path.name}, line {line.original.line}", problem="is not NAME=VALUE")
        for line in lines
        if line.error
    ]
    return {**{line.key: line.value for line in lines if line.key}, **os.environ}, broken


def _unknown(names: Iterable[str]) -> Iterable[Fault]:
    known = {name.upper() for name in Settings.model_fields}
    for name in names:
        if name.startswith(OUR_PREFIX) and name not in known:
            near = _nearest(name, known)
            yield Fault(
                name=name,
                problem="is no setting of Parley" + (f"; is {near} meant?" if near else ""),
            )


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    # The prefix they share would make short names look alike.
    bare = {each.removeprefix(OUR_PREFIX): each for each in known}
    near = get_close_matches(name.removeprefix(OUR_PREFIX), list(bare), n=1)
    return bare[near[0]] if near else ""


def _fault(location: tuple[int | str, ...], kind: str, message: str) -> Fault:
    name = str(location[0])
    problem = _PROBLEMS.get(kind) or message.removeprefix("Value error, ").removeprefix("Input ")
    return Fault(name=name, problem=problem, example=_example(name))


def _example(name: str) -> str:
    return str((Settings.model_fields[name.lower()].examples or [""])[0])

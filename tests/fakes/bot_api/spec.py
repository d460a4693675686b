"""The Bot API's own list of methods and fields, and parameters held against it.

The real server ignores what it does not know; this one refuses it, so that a typo is seen. Only a
field that is newer than the server's level is ignored, as an old server would.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.bot_api.refused import Refused, bad_request

Json = object  # what `json.loads` gives
Level = tuple[int, int]

LISTED = json.loads((Path(__file__).parent / "methods.json").read_text())
_METHODS: dict[str, dict[str, str]] = LISTED["methods"]
_TYPES: dict[str, dict[str, str]] = LISTED["types"]


def level(text: str) -> Level:
    """ "10.3" as numbers that can be compared."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


_NEWER: dict[str, Level] = {name: level(since) for name, since in LISTED["newer"].items()}


class Spec:
    """What a server of this level knows."""

    def __init__(self, since: Level) -> None:
        self._since = since

    def knows(self, name: str) -> bool:
        return _NEWER.get(name, (0, 0)) <= self._since

    def checked(
        self, method: str, given: Mapping[str, object], files: Mapping[str, object]
    ) -> dict[str, object]:
        """The parameters in their own types; files are named by "attach://<part>".

        Raises Refused: 404 for a method this level does not know, 400 for what does not fit it.
        """
        if method not in _METHODS or not self.knows(method):
            raise Refused(404, "Not Found: method not found")
        listed = _METHODS[method]
        attached = {name: f"attach://{name}" for name in files if name in listed}
        return self._fields(method, listed, {**given, **attached})

    def _fields(
        self, owner: str, listed: Mapping[str, str], given: Mapping[str, object]
    ) -> dict[str, object]:
        unknown = sorted(given.keys() - listed.keys())
        if unknown:
            raise bad_request(f"unknown parameter {unknown[0]!r} in {owner}")
        kept = {}
        for name, shape in listed.items():
            value = given.get(name)
            if value is None:
                if not shape.startswith("?") and self.knows(f"{owner}.{name}"):
                    raise bad_request(f"parameter {name!r} of {owner} is required")
            elif self.knows(f"{owner}.{name}"):
                kept[name] = self._value(f"{owner}.{name}", shape.lstrip("?"), value)
        return kept

    def _value(self, where: str, shape: str, value: object) -> object:
        faults = []
        for choice in shape.split(" | "):
            try:
                return self._one(where, choice, value)
            except Refused as fault:
                faults.append(fault)
        raise next((fault for fault in faults if "unknown" in fault.description), faults[0])

    def _one(self, where: str, shape: str, value: object) -> object:
        if shape.startswith("="):
            wanted = json.loads(shape[1:])
            return wanted if value == wanted else _refuse(where, shape, value)
        if shape in _PLAIN:
            return _PLAIN[shape](where, value)
        value = _parsed(where, value)
        if shape.startswith("Array of "):
            if not isinstance(value, list):
                _refuse(where, shape, value)
            inner = shape.removeprefix("Array of ").replace("|", " | ")
            return [self._value(where, inner, item) for item in value]
        if not isinstance(value, dict):
            _refuse(where, shape, value)
        return self._fields(shape, _TYPES[shape], value)


def _refuse(where: str, shape: str, value: object) -> object:
    raise bad_request(f"{where} must be {shape}, not {type(value).__name__}")


def _integer(where: str, value: object) -> int:
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise bad_request(f"{where} must be an Integer")
    return value


def _boolean(where: str, value: object) -> bool:
    value = {"true": True, "True": True, "false": False, "False": False}.get(str(value))
    if value is None:
        raise bad_request(f"{where} must be a Boolean")
    return value


def _string(where: str, value: object) -> str:
    if not isinstance(value, str):
        raise bad_request(f"{where} must be a String")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return value


def _float(where: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise bad_request(f"{where} must be a Float") from None


_PLAIN = {
    "Integer": _integer,
    "Boolean": _boolean,
    "String": _string,
    "Float": _float,
    "InputFile": _string,
}


def _parsed(where: str, value: object) -> Json:
    """What a form carries as JSON in a string."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise bad_request(f"can't parse {where} as JSON") from None

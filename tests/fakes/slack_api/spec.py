"""Slack's own list of methods and arguments, and calls held against it.

The real server ignores arguments that it does not know; this one refuses them, so that a typo is
seen. Only `team_id` is taken everywhere, as it is sent with tokens of a whole organisation.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.slack_api.refused import Refused, invalid

_LISTED = json.loads((Path(__file__).parent / "methods.json").read_text())["methods"]
_EVERYWHERE = {"team_id": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What is known of a method: `takes_json` for bodies, `tier` as Slack names it."""

    name: str
    tier: str
    takes_json: bool
    scope: str
    required: tuple[str, ...]
    arguments: Mapping[str, str]

    def checked(self, given: Mapping[str, object]) -> dict[str, object]:
        """The arguments in their own types; raises Refused."""
        unknown = sorted(given.keys() - self.arguments.keys())
        if unknown:
            raise invalid(f"unknown argument {unknown[0]!r} of {self.name}")
        kept = {
            name: _value(f"{self.name}.{name}", self.arguments[name], value)
            for name, value in given.items()
            if value is not None
        }
        for name in self.required:
            if name not in kept:
                raise invalid(f"missing required field: {name}")
        return kept


METHODS = {
    name: Method(
        name=name,
        tier=about["tier"],
        takes_json=about["json"],
        scope=about["scope"],
        required=tuple(about["required"]),
        arguments=about["args"] | _EVERYWHERE,
    )
    for name, about in _LISTED.items()
}


def known(method: str) -> Method:
    if method not in METHODS:
        raise Refused("unknown_method")
    return METHODS[method]


def _value(where: str, kind: str, value: object) -> object:
    if kind == "json":
        return _parsed(where, value)
    if kind == "boolean":
        found = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
        return _required(where, kind, found)
    if kind == "integer":
        number = int(str(value)) if str(value).isdecimal() else None
        return _required(where, kind, number)
    if not isinstance(value, str):
        raise invalid(f"{where} must be a string, not {type(value).__name__}")
    if "|" in kind and value not in kind.split("|"):
        raise invalid(f"{where} must be one of {kind}")
    return value


def _required(where: str, kind: str, value: object) -> object:
    if value is None:
        raise invalid(f"{where} must be {kind}")
    return value


def _parsed(where: str, value: object) -> object:
    """What forms and queries carry as JSON in a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise invalid(f"{where} is not JSON") from None
    if not isinstance(value, list | dict):
        raise invalid(f"{where} must be a list or an object")
    return value

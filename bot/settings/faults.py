"""What is wrong with a variable, said without its value."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with one variable; the offending value of a secret is never part of it."""

    name: str
    problem: str
    example: str = ""

    def __str__(self) -> str:
        hint = f" (for example {self.name}={self.example})" if self.example else ""
        return f"{self.name}: {self.problem}{hint}"


class SettingsError(Exception):
    """The settings cannot be used; `faults` names every variable at fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

"""The parts of the documents that are written from the code; `make docs` writes them anew."""

import re
from pathlib import Path

from pydantic import SecretStr

from bot.sandbox import FAULTS
from bot.settings import Settings

ROOT = Path(__file__).parent.parent.parent


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        value = field.default
        shown = value.get_secret_value() if isinstance(value, SecretStr) else value
        default = "" if shown in (None, "") else f"`{_plain(shown)}`"
        rows.append(f"| `{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def faults_table() -> str:
    """The sandbox's faults as a Markdown table."""
    rows = ["| Fault | Plays on | What happens |", "| --- | --- | --- |"]
    rows += [f"| `{fault.name}` | {fault.where} | {fault.what} |" for fault in FAULTS]
    return "\n".join(rows)


PARTS = {
    "settings": ("README.md", settings_table),
    "faults": ("docs/sandbox.md", faults_table),
}


def with_part(document: str, name: str, part: str) -> str:
    """`document` with the text between the marks of `name` replaced by `part`."""
    marks = re.compile(rf"(<!-- {name}:[^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    found, count = marks.subn(lambda match: f"{match[1]}\n{part}\n\n{match[2]}", document)
    assert count == 1, f"the marks of {name} are not there exactly once"
    return found


def main() -> None:
    for name, (file, write) in PARTS.items():
        path = ROOT / file
        path.write_text(with_part(path.read_text(encoding="utf-8"), name, write()), "utf-8")


if __name__ == "__main__":
    main()

"""What a language model is told besides the prompt."""

from bot.sandbox.writer import Task

# Longer values are texts of their own, which belong into the prompt.
_LONGEST_INPUT = 100


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which JSON carries and models' tokenizers choke on."""
    return text.encode(errors="replace").decode().replace("\0", "")


def background(task: Task) -> str:
    """The app's inputs that the prompt does not hold already, and the passages found for it."""
    parts = [
        f"{name}: {value}"
        for name, value in task.inputs.items()
        if isinstance(value, str | int | float)
        and str(value).strip()
        and len(str(value)) <= _LONGEST_INPUT
        and str(value) not in task.prompt
    ]
    if task.passages:
        parts += ["Use these passages where they help:", *task.passages]
    return clean("\n".join(parts))

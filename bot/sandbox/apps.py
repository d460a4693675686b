"""The sample apps, one for each key: those the recordings were made with, and one for people."""

import hmac
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text-input", "paragraph", "select", "number", "checkbox"]

_NAMES = uuid.UUID("6e2f0a4c-54f1-4d0f-9b57-0d5f9f3a7c11")  # ours, so that ids survive a restart
TENANT = str(uuid.uuid5(_NAMES, "tenant"))
IMAGES = ("JPG", "JPEG", "PNG", "GIF", "WEBP", "SVG")
PICTURES_A_MESSAGE = 3  # Dify's default
_IMAGE_RULES: Mapping[str, object] = {
    "number_limits": PICTURES_A_MESSAGE,
    "detail": "high",
    "transfer_methods": ["remote_url", "local_file"],
}
_PLACEHOLDER = re.compile(r"\{\{([a-zA-Z_][a-zA-Z0-9_]{0,29}|#histories#|#query#|#context#)\}\}")
MEGABYTES = {"image": 10, "video": 100, "audio": 50, "file": 15}  # Dify's default upload limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One variable of the app's form."""

    kind: Kind
    variable: str
    label: str
    required: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()
    max_length: int | None = None

    def shown(self) -> dict[str, object]:
        entry: dict[str, object] = {
            "label": self.label,
            "variable": self.variable,
            "required": self.required,
        }
        if self.max_length is not None:
            entry["max_length"] = self.max_length
        if self.options:
            entry["options"] = list(self.options)
        if self.default is not None:
            entry["default"] = self.default
        return {self.kind: entry}


QUERY = Control(kind="paragraph", variable="query", label="Query", required=True, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """Words that are not let through, and what is said in their place."""

    words: tuple[str, ...] = ()
    reply: str = ""

    def hits(self, text: str) -> bool:
        lowered = text.lower()
        return any(word in lowered for word in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One app as its owner configured it."""

    name: str
    summary: str
    controls: tuple[Control, ...] = (QUERY,)
    template: str = "{{query}}\n"
    mode: Literal["completion", "chat"] = "completion"
    enabled: bool = True
    published: bool = True
    touched: bool = True  # False: its configuration was never saved, defaults are shown raw
    vision: bool = False
    speech: bool = False
    autoplay: bool = False
    listening: bool = False
    recorded: bool = True  # answers, usage and audio are the recordings' scripted ones
    streams: int = 0  # generations at once; 0 is no limit
    opening: str | None = None
    questions: tuple[str, ...] = ()
    barred_inputs: Moderation = field(default_factory=Moderation)
    barred_outputs: Moderation = field(default_factory=Moderation)

    @property
    def key(self) -> str:
        return f"app-{self.name}"

    @property
    def id(self) -> str:
        return str(uuid.uuid5(_NAMES, self.name))

    def prompt(self, inputs: Mapping[str, object]) -> str:
        """The template with its variables filled; a variable nobody filled reads `None`."""

        def fill(found: re.Match[str]) -> str:
            return str(inputs[found[1]]) if found[1] in inputs else found[0]

        return _PLACEHOLDER.sub(r"{\1}", _PLACEHOLDER.sub(fill, self.template))

    def info(self) -> dict[str, object]:
        return {
            "name": self.name,
            "description": self.summary,
            "tags": [],
            "mode": self.mode,
            "author_name": "Ann Owner",
        }

    def site(self) -> dict[str, object]:
        return {
            "title": self.name,
            "chat_color_theme": None,
            "chat_color_theme_inverted": False,
            "icon_type": "emoji",
            "icon": "\U0001f916",
            "icon_background": "#FFEAD5",
            "description": None if self.recorded else self.summary,
            "copyright": None,
            "privacy_policy": None,
            "custom_disclaimer": "",
            "default_language": "en-US",
            "show_workflow_steps": True,
            "use_icon_as_answer_icon": False,
            "icon_url": None,
        }

    def parameters(self) -> dict[str, object]:
        return {
            "opening_statement": self.opening,
            "suggested_questions": list(self.questions),
            "suggested_questions_after_answer": {"enabled": False},
            "speech_to_text": {"enabled": self.listening},
            "text_to_speech": self._speech(),
            "retriever_resource": {"enabled": True},
            "annotation_reply": {"enabled": False},
            "more_like_this": {"enabled": False},
            "user_input_form": [control.shown() for control in self.controls],
            "sensitive_word_avoidance": self._avoidance(),
            "file_upload": self._files(),
            "system_parameters": {
                "image_file_size_limit": MEGABYTES["image"],
                "video_file_size_limit": MEGABYTES["video"],
                "audio_file_size_limit": MEGABYTES["audio"],
                "file_size_limit": MEGABYTES["file"],
                "workflow_file_upload_limit": 10,
            },
        }

    def _speech(self) -> dict[str, object]:
        if not self.touched:
            return {"enabled": False}
        if not self.speech:
            return {"enabled": False, "voice": "", "language": ""}
        return {
            "enabled": True,
            "voice": "alloy",
            "language": "en-US",
            "autoPlay": "enabled" if self.autoplay else "disabled",
        }

    def _avoidance(self) -> dict[str, object]:
        if not self.touched:
            return {"enabled": False, "type": "", "config": {}}
        barred = (*self.barred_inputs.words, *self.barred_outputs.words)
        if not barred:
            return {"enabled": False}
        return {
            "enabled": True,
            "type": "keywords",
            "config": {
                "keywords": "\n".join(barred),
                "inputs_config": _sides(self.barred_inputs),
                "outputs_config": _sides(self.barred_outputs),
            },
        }

    def _files(self) -> dict[str, object]:
        image = {"enabled": self.vision, **_IMAGE_RULES}
        if not self.vision:
            return {"image": image}
        return {
            "enabled": True,
            "allowed_file_types": ["image"],
            "allowed_file_extensions": [f".{name}" for name in IMAGES],
            "allowed_file_upload_methods": ["remote_url", "local_file"],
            "number_limits": PICTURES_A_MESSAGE,
            "image": image,
        }


def _sides(barred: Moderation) -> dict[str, object]:
    return {"enabled": bool(barred.words), "preset_response": barred.reply}


RECORDED = (
    App(name="plain", summary="plain desc"),
    App(name="vision", summary="vision desc", vision=True, speech=True, listening=True),
    App(
        name="form",
        summary="form desc",
        template="{{query}} title={{title}} tone={{tone}} n={{n}} flag={{flag}}\n",
        controls=(
            QUERY,
            Control(
                kind="text-input", variable="title", label="Title", max_length=10, default="dflt"
            ),
            Control(
                kind="select",
                variable="tone",
                label="Tone",
                options=("formal", "casual"),
                default="formal",
            ),
            Control(kind="number", variable="n", label="N"),
            Control(kind="checkbox", variable="flag", label="Flag"),
        ),
    ),
    App(name="autotts", summary="autotts desc", speech=True, autoplay=True),
    App(
        name="modin",
        summary="modin desc",
        barred_inputs=Moderation(words=("badword",), reply="INPUT BLOCKED"),
    ),
    App(
        name="modout",
        summary="modout desc",
        barred_outputs=Moderation(words=("chunk",), reply="OUTPUT BLOCKED"),
    ),
    App(name="limited", summary="limited desc", streams=1),
    App(name="disabled", summary="disabled desc", enabled=False),
    App(name="chat", summary="chat desc", mode="chat"),
    App(name="default", summary="default desc", touched=False),
    App(name="nosite", summary="nosite desc", published=False),
)


def sandbox_app(*, speech: bool) -> App:
    """The app for people and demonstrations: everything switched on, an engine writes."""
    return App(
        name="sandbox",
        summary="Everything a Completion app can do, answered on this machine.",
        recorded=False,
        vision=True,
        speech=speech,
        autoplay=speech,
        controls=(
            QUERY,
            Control(
                kind="select",
                variable="tone",
                label="Tone",
                options=("plain", "formal", "friendly"),
                default="plain",
            ),
            Control(kind="text-input", variable="title", label="Title", max_length=60, default=""),
            Control(kind="number", variable="sentences", label="Sentences in a summary"),
            Control(kind="checkbox", variable="bullets", label="As a list"),
        ),
        template="{{query}}",
        opening="This is Parley's sandbox. Ask something, or send a picture.",
        questions=(
            "Show me markdown.",
            "What can you do without a network?",
            "How do I stop an answer?",
        ),
        barred_inputs=Moderation(
            words=("unspeakable",), reply="This question holds a word that is not let through."
        ),
        barred_outputs=Moderation(
            words=("unprintable",), reply="The answer held a word that is not let through."
        ),
    )


class Apps:
    """The apps by their keys."""

    def __init__(self, apps: tuple[App, ...]) -> None:
        self._keys = {app.key.encode(): app for app in apps}

    def __iter__(self) -> Iterator[App]:
        return iter(self._keys.values())

    def find(self, key: str) -> App | None:
        """The app of this key; every key is compared in full, so timing tells nothing."""
        given = key.encode("utf-8", "surrogateescape")
        found = [app for known, app in self._keys.items() if hmac.compare_digest(known, given)]
        return found[0] if found else None

"""What the Completion API tells, typed.

A field the server leaves out, or fills with null or a wrong type, has its default; one unknown here
survives in `extra`. Whatever may carry a secret, a signed link or somebody's words is kept out of
`repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

Extra = Mapping[str, object]
Control = Literal["text-input", "paragraph", "select", "number", "checkbox"]
PICTURES = 3  # the API's own default for pictures in one question
PICTURE_MEGABYTES = 10  # the API's own default for one picture


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    mode: str = ""
    author_name: str = ""
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    enabled: bool = False
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextToSpeech:
    enabled: bool = False
    voice: str = ""
    language: str = ""
    autoplay: bool = False
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUpload:
    enabled: bool = False
    number_limits: int | None = None
    detail: str = ""
    transfer_methods: tuple[str, ...] = ()
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUpload:
    enabled: bool = False
    allowed_file_types: tuple[str, ...] = ()
    allowed_file_extensions: tuple[str, ...] = ()
    allowed_file_upload_methods: tuple[str, ...] = ()
    number_limits: int | None = None
    image: ImageUpload = ImageUpload()
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemParameters:
    """Upload limits in megabytes; None where the server does not say."""

    file_size_limit: int | None = None
    image_file_size_limit: int | None = None
    audio_file_size_limit: int | None = None
    video_file_size_limit: int | None = None
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One control of the app's form; `max_length` is in characters."""

    kind: Control
    variable: str
    label: str = ""
    required: bool = False
    default: str | int | float | bool | None = None
    max_length: int | None = None
    options: tuple[str, ...] = ()
    hint: str = ""
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How the app is set up. `sensitive_word_avoidance.extra` holds its list of banned words."""

    opening_statement: str = ""
    suggested_questions: tuple[str, ...] = ()
    suggested_questions_after_answer: Feature = Feature()
    speech_to_text: Feature = Feature()
    text_to_speech: TextToSpeech = TextToSpeech()
    retriever_resource: Feature = Feature()
    annotation_reply: Feature = Feature()
    more_like_this: Feature = Feature()
    sensitive_word_avoidance: Feature = Feature()
    form: tuple[Field, ...] = ()
    file_upload: FileUpload = FileUpload()
    system_parameters: SystemParameters = SystemParameters()
    extra: Extra = field(default_factory=dict, repr=False)

    @property
    def vision(self) -> bool:
        """Whether pictures reach the model; where they do not, the API ignores them silently."""
        return self.file_upload.enabled or self.file_upload.image.enabled

    @property
    def picture_limit(self) -> int:
        """Pictures in one question."""
        return self.file_upload.number_limits or self.file_upload.image.number_limits or PICTURES

    @property
    def picture_bytes(self) -> int:
        megabytes = self.system_parameters.image_file_size_limit or PICTURE_MEGABYTES
        return megabytes * 1024 * 1024

    @property
    def transfer_methods(self) -> tuple[str, ...]:
        """Of `local_file` and `remote_url`, those the app takes."""
        upload = self.file_upload
        told = upload.allowed_file_upload_methods or upload.image.transfer_methods
        return told or ("remote_url", "local_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    title: str = ""
    chat_color_theme: str = ""
    chat_color_theme_inverted: bool = False
    icon_type: str = ""
    icon: str = ""
    icon_background: str = ""
    icon_url: str | None = field(default=None, repr=False)
    description: str = ""
    copyright: str = ""
    privacy_policy: str = ""
    custom_disclaimer: str = ""
    default_language: str = ""
    show_workflow_steps: bool = False
    use_icon_as_answer_icon: bool = False
    input_placeholder: str = ""
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """`source_url` opens the file for anybody who has it."""

    id: str = ""
    name: str = ""
    size: int | None = None
    extension: str = ""
    mime_type: str = ""
    created_by: str = ""
    created_at: datetime | None = None
    source_url: str = field(default="", repr=False)
    preview_url: str = field(default="", repr=False)
    original_url: str = field(default="", repr=False)
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    id: str = ""
    app_id: str = ""
    conversation_id: str = ""
    message_id: str = ""
    rating: str | None = None
    content: str | None = field(default=None, repr=False)
    from_source: str = ""
    from_end_user_id: str | None = None
    from_account_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an answer cost. Latency and times are in seconds; after a stop all is zero."""

    prompt_tokens: int | None = None
    prompt_unit_price: Decimal | None = None
    prompt_price_unit: Decimal | None = None
    prompt_price: Decimal | None = None
    completion_tokens: int | None = None
    completion_unit_price: Decimal | None = None
    completion_price_unit: Decimal | None = None
    completion_price: Decimal | None = None
    total_tokens: int | None = None
    total_price: Decimal | None = None
    currency: str | None = None
    latency: float | None = None
    time_to_first_token: float | None = None
    time_to_generate: float | None = None
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage of the app's knowledge that the answer rests on."""

    position: int | None = None
    dataset_id: str = ""
    dataset_name: str = ""
    document_id: str = ""
    document_name: str = ""
    data_source_type: str = ""
    segment_id: str = ""
    retriever_from: str = ""
    score: float | None = None
    hit_count: int | None = None
    word_count: int | None = None
    segment_position: int | None = None
    index_node_hash: str = ""
    page: int | None = None
    title: str = ""
    content: str = field(default="", repr=False)
    summary: str = field(default="", repr=False)
    extra: Extra = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A whole answer."""

    answer: str = field(repr=False)
    message_id: str = ""
    task_id: str = ""
    mode: str = ""
    event: str = ""
    created_at: datetime | None = None
    usage: Usage | None = None
    sources: tuple[Source, ...] = ()
    extra: Extra = field(default_factory=dict, repr=False)

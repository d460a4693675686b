"""The server's own description, OpenAPI 3.1: every route, its body, its answers."""

from collections.abc import Mapping

from bot.sandbox.faults import FAULTS, HEADER

Schema = Mapping[str, object]

_UUID = {"type": "string", "format": "uuid"}
_TEXT = {"type": "string"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_USER = {"type": "string", "minLength": 1, "maxLength": 255, "description": "The end user."}

_ERROR = {
    "type": "object",
    "required": ["code", "message", "status"],
    "properties": {
        "code": {"type": "string", "examples": ["invalid_param", "completion_request_error"]},
        "message": _TEXT,
        "status": {"type": "integer"},
    },
}
_COMPLETION = {
    "type": "object",
    "required": ["inputs", "user"],
    "properties": {
        "inputs": {"type": "object", "description": "The app's variables by their names."},
        "user": _USER,
        "response_mode": {"enum": ["blocking", "streaming", None]},
        "files": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["type", "transfer_method"],
                "properties": {
                    "type": {"const": "image"},
                    "transfer_method": {"enum": ["local_file", "remote_url"]},
                    "upload_file_id": _UUID,
                    "url": {"type": "string", "format": "uri"},
                },
            },
        },
    },
}
_FEEDBACK = {
    "type": "object",
    "required": ["user"],
    "properties": {
        "rating": {"enum": ["like", "dislike", None]},
        "content": _NULLABLE_TEXT,
        "user": _USER,
    },
}
_SPEECH = {
    "type": "object",
    "properties": {
        "message_id": _NULLABLE_TEXT,
        "text": _NULLABLE_TEXT,
        "voice": _NULLABLE_TEXT,
        "user": _USER,
    },
}
_UPLOAD = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}, "user": _USER},
}
_STOP = {"type": "object", "required": ["user"], "properties": {"user": _USER}}

_JSON, _STREAM, _AUDIO = "application/json", "text/event-stream", "audio/mpeg"
_FORM, _BYTES, _PLAIN = "multipart/form-data", "application/octet-stream", "text/plain"


def description() -> Schema:
    names = ", ".join(fault.name for fault in FAULTS)
    fault = {"name": HEADER, "in": "header", "schema": _TEXT, "description": f"One of: {names}."}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parley's sandbox",
            "version": "1.14.1",
            "description": "A local Completion API that answers as Dify 1.14.1 was recorded.",
        },
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _ERROR},
            "parameters": {"Fault": fault},
        },
    }


def _paths() -> Schema:
    return {**_own_paths(), **_answer_paths(), **_feedback_paths(), **_app_paths()}


def _own_paths() -> Schema:
    return {
        "/": {"get": _open("What this is", _PLAIN)},
        "/openapi.json": {"get": _open("This description", _JSON)},
        "/files/{file_id}/file-preview": {
            "get": _open("A file by its signed link", _BYTES, _in("path", "file_id", _UUID))
        },
    }


def _answer_paths() -> Schema:
    return {
        "/v1/completion-messages": {
            "post": _call("Write an answer", {"200": (_JSON, _STREAM)}, _COMPLETION)
        },
        "/v1/completion-messages/{task_id}/stop": {
            "post": _call("Stop an answer", {"200": (_JSON,)}, _STOP, _in("path", "task_id", _TEXT))
        },
        "/v1/files/upload": {
            "post": _call("Upload a file", {"201": (_JSON,)}, _UPLOAD, form=_FORM)
        },
        "/v1/files/{file_id}/preview": {
            "get": _call(
                "Look at a file that a message refers to",
                {"200": (_BYTES,)},
                None,
                _in("path", "file_id", _UUID),
                _in("query", "as_attachment", {"type": "boolean"}),
            )
        },
        "/v1/text-to-audio": {
            "post": _call("Speak a text or an answer", {"200": (_AUDIO, _JSON)}, _SPEECH)
        },
        "/v1/audio-to-text": {
            "post": _call("Always refused: not enabled", {}, _UPLOAD, form=_FORM)
        },
    }


def _feedback_paths() -> Schema:
    return {
        "/v1/messages/{message_id}/feedbacks": {
            "post": _call(
                "Rate an answer", {"200": (_JSON,)}, _FEEDBACK, _in("path", "message_id", _UUID)
            )
        },
        "/v1/app/feedbacks": {
            "get": _call(
                "List the app's feedback, newest first",
                {"200": (_JSON,)},
                None,
                _in("query", "page", {"type": "integer", "minimum": 1, "default": 1}),
                _in(
                    "query",
                    "limit",
                    {"type": "integer", "minimum": 1, "maximum": 101, "default": 20},
                ),
            )
        },
    }


def _app_paths() -> Schema:
    return {
        "/v1/info": {"get": _call("The app's name", {"200": (_JSON,)})},
        "/v1/parameters": {"get": _call("The app's form and features", {"200": (_JSON,)})},
        "/v1/site": {"get": _call("The app's web page", {"200": (_JSON,)})},
        "/v1/meta": {"get": _call("The icons of the app's tools: none", {"200": (_JSON,)})},
        "/v1/end-users/{end_user_id}": {
            "get": _call("An end user", {"200": (_JSON,)}, None, _in("path", "end_user_id", _UUID))
        },
    }


def _in(place: str, name: str, schema: Schema) -> Schema:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _open(summary: str, media_type: str, *parameters: Schema) -> dict[str, object]:
    """An operation that asks for no key."""
    return _call(summary, {"200": (media_type,)}, None, *parameters) | {"security": []}


def _call(
    summary: str,
    answers: dict[str, tuple[str, ...]],
    body: Schema | None = None,
    *parameters: Schema,
    form: str = _JSON,
) -> dict[str, object]:
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    operation: dict[str, object] = {
        "summary": summary,
        "parameters": [*parameters, {"$ref": "#/components/parameters/Fault"}],
        "responses": {
            status: {
                "description": "Success",
                "content": {media_type: {} for media_type in media_types},
            }
            for status, media_types in answers.items()
        }
        | {"default": {"description": "Refused", "content": {_JSON: error}}},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {form: {"schema": body}}}
    return operation

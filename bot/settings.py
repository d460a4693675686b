"""Settings from the environment and `.env`: every fault at once, no secret ever printed."""

import ipaddress
import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

OUR_PREFIX = "PARLEY_"
_PROBLEMS = {
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is neither true nor false",
}


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


def is_local(host: str) -> bool:
    """Whether `host` is this machine or a private network, where plain http is tolerable.

    A name without a dot is taken for a container or a machine of the own network.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        return "." not in name or name.endswith((".localhost", ".local", ".internal"))
    return address.is_private


def _stripped(value: object) -> object:
    """Pasted values carry spaces and line ends, those of `docker --env-file` their quotes."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value


def _word(value: object) -> object:
    value = _stripped(value)
    return value.lower() if isinstance(value, str) else value


_HOST = re.compile(r"[^\W_]([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?")


def _web_address(value: str) -> str:
    if not value.isprintable() or " " in value:
        raise ValueError("holds a blank or a line end")
    try:
        url = urlsplit(value)
        url.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise ValueError("is not an address") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("must be an address that begins with https://")
    if ":" not in url.hostname and not _HOST.fullmatch(url.hostname):
        raise ValueError("names a host that cannot be")
    if url.username or url.password:
        raise ValueError("must not carry a user name or a password")
    if "?" in value or "#" in value:
        raise ValueError("must not carry a query (?…) or a fragment (#…)")
    if url.scheme == "http" and not is_local(url.hostname):
        raise ValueError("must begin with https://, since plain http would show secrets to others")
    return value.rstrip("/")


def _with_slash(value: str) -> str:
    return value + "/"


def _database(value: SecretStr) -> SecretStr:
    scheme, separator, rest = value.get_secret_value().partition("://")
    known = ("sqlite", "sqlite+aiosqlite", "postgres", "postgresql", "postgresql+psycopg")
    postgres = scheme.startswith("post")
    if (
        not separator
        or scheme not in known
        or not (rest.strip("/") if postgres else rest[:1] in ("", "/"))
    ):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if not postgres and "?" in rest:
        raise ValueError("must be the path of a file and nothing more")
    login, _, place = rest.rpartition("@")
    if postgres and "@" in login:
        # The driver would take the rest of the password for a host, and name it.
        raise ValueError("holds an @ in its password, which is written %40")
    if postgres and not re.fullmatch(r"(\[[\da-fA-F:.]+\]|[^\[\]:/?]*)(:\d{1,5})?([/?].*)?", place):
        raise ValueError("names a host or a port that cannot be")
    return value


def _header_safe(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
        raise ValueError("holds a blank, a line end or a letter that no key has; copy it again")
    return value


def _telegram_tokens(value: SecretStr) -> SecretStr:
    for token in value.get_secret_value().split(","):
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token.strip()):
            raise ValueError(
                "is not a bot token as @BotFather gives it; several are comma-separated"
            )
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    # Telegram, setWebhook: 1-256 characters, only A-Z, a-z, 0-9, _ and -.
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("may only hold A-Z, a-z, 0-9, _ and -, at most 256 of them")
    return value


def _slack_bot(value: SecretStr) -> SecretStr:
    if value.get_secret_value().startswith("xapp-"):
        raise ValueError("is an app-level token; the bot token begins with xoxb-")
    return _header_safe(value)


def _slack_app(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("xapp-"):
        raise ValueError("is not an app-level token; it begins with xapp-")
    return _header_safe(value)


Text = Annotated[str, BeforeValidator(_stripped)]
Secret = Annotated[SecretStr, BeforeValidator(_stripped)]
WebAddress = Annotated[str, BeforeValidator(_stripped), AfterValidator(_web_address)]
Number = BeforeValidator(_stripped)
Word = BeforeValidator(_word)
# A day is longer than anything waited for; event loops cannot count to much more than a month.
Seconds = Annotated[float, Number, Field(gt=0, le=86_400)]


def _setting(default: Any, meaning: str, example: str) -> Any:
    return Field(default, description=meaning, examples=[example])


class Settings(BaseSettings):
    """Everything that can be set. A name is the variable's name in lower case."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        case_sensitive=True,
        env_ignore_empty=True,
        alias_generator=str.upper,
        hide_input_in_errors=True,
    )

    completion_api_url: WebAddress = _setting(
        "https://api.dify.ai/v1",
        "Address of the Completion API, as the app's page “API Access” shows it.",
        "https://dify.example.com/v1",
    )
    completion_api_key: Annotated[Secret, AfterValidator(_header_safe)] | None = _setting(
        None, "Key of the app, from “API Access”. `serve` needs it.", "app-…"
    )
    completion_max_streams: Annotated[int, Number, Field(ge=1, le=10_000)] = _setting(
        8,
        "Answers open at once at the API; the rest wait in a fair queue. "
        "A self-hosted Dify as it comes carries ten requests and then answers nothing else.",
        "8",
    )
    database_url: Annotated[Secret, AfterValidator(_database)] = _setting(
        SecretStr("sqlite:///parley.db"),
        "Where Parley keeps what must survive a restart: a file or a PostgreSQL database.",
        "postgresql://parley:secret@localhost/parley",
    )
    port: Annotated[int, Number, Field(ge=0, le=65535)] = _setting(
        8080, "Port of the one HTTP server: webhooks, health, metrics.", "8080"
    )
    public_url: WebAddress | None = _setting(
        None,
        "Address under which the platforms reach this server. "
        "Without it Telegram is polled and Slack is connected by socket.",
        "https://bot.example.com",
    )
    telegram_bot_token: Annotated[Secret, AfterValidator(_telegram_tokens)] | None = _setting(
        None, "Token from @BotFather; switches Telegram on.", "123456:ABC…"
    )
    telegram_api_url: WebAddress = _setting(
        "https://api.telegram.org",
        "Bot API server, the part before `/bot<token>/…`.",
        "http://localhost:8081",
    )
    telegram_webhook_secret: Annotated[Secret, AfterValidator(_webhook_secret)] | None = _setting(
        None, "Secret that Telegram sends back with every webhook call.", "a-long-random-word"
    )
    slack_bot_token: Annotated[Secret, AfterValidator(_slack_bot)] | None = _setting(
        None, "Bot token of the Slack app; switches Slack on.", "xoxb-…"
    )
    slack_app_token: Annotated[Secret, AfterValidator(_slack_app)] | None = _setting(
        None, "App-level token: events come by socket instead of HTTP.", "xapp-…"
    )
    slack_signing_secret: Annotated[Secret, AfterValidator(_header_safe)] | None = _setting(
        None, "Signing secret: events come by HTTP, and only Slack's are believed.", "8f74…"
    )
    slack_api_url: Annotated[WebAddress, AfterValidator(_with_slash)] = _setting(
        "https://slack.com/api/", "Slack's Web API.", "http://localhost:8082/api/"
    )
    parley_show_reasoning: Annotated[bool, Word] = _setting(
        False, "Show what a model writes between `<think>` and `</think>`.", "true"
    )
    parley_stream_silence: Seconds = _setting(
        35.0,
        "Seconds without a single byte, once the first has come, after which an answer counts as "
        "broken. "
        "The API pings every 10.",
        "35",
    )
    parley_stream_pings: Seconds = _setting(
        300.0, "Seconds of nothing but pings after which an answer counts as broken.", "300"
    )
    parley_answer_limit: Seconds = _setting(
        1200.0, "Seconds one answer may take in all; the API ends its own work after 1200.", "600"
    )
    parley_log_level: Annotated[Literal["debug", "info", "warning", "error"], Word] = _setting(
        "info", "How much is logged.", "warning"
    )
    parley_log_format: Annotated[Literal["json", "text"], Word] = _setting(
        "json", "One JSON object a line, or lines for people.", "text"
    )
    parley_sandbox_engine: Annotated[Literal["offline", "local", "openai"], Word] | None = _setting(
        None,
        "Who writes the sandbox's answers: `offline` (rules, no model), `local` (a small model "
        "on this machine) or `openai` (the endpoint below). Unset: `openai` where an endpoint "
        "is set, else `offline`; `try` takes `local` where it is installed.",
        "local",
    )
    parley_sandbox_upstream: WebAddress | None = _setting(
        None,
        "OpenAI-compatible endpoint for the sandbox (Ollama, vLLM, llama.cpp, OpenAI).",
        "http://localhost:11434/v1",
    )
    parley_sandbox_upstream_key: Annotated[Secret, AfterValidator(_header_safe)] | None = _setting(
        None, "Key for that endpoint, where it wants one.", "sk-…"
    )
    parley_sandbox_upstream_model: Text = _setting("", "Model at that endpoint.", "llama3.2")
    parley_sandbox_fault: Text = _setting(
        "", "A fault the sandbox plays on every request, by name; see its front page.", "cut"
    )
    parley_sandbox_state: Text = _setting(
        "", "File in which the sandbox keeps its state; without it, memory.", "sandbox.db"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`; nothing else is read."""
        return init_settings, env_settings, dotenv_settings

    @property
    def sandbox_engine(self) -> str:
        """The sandbox's engine with the default filled in."""
        if self.parley_sandbox_engine:
            return self.parley_sandbox_engine
        return "openai" if self.parley_sandbox_upstream else "offline"

    def secrets(self) -> tuple[str, ...]:
        """Every secret value in use, for redaction: as it is set, and what it is made of."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
        if tokens := self.telegram_bot_token:
            found.update(token.strip() for token in tokens.get_secret_value().split(","))
        login = self.database_url.get_secret_value().rpartition("@")[0]
        password = login.partition("://")[2].partition(":")[2]
        return tuple(found | ({password, unquote(password)} if password else set()))


def load(*, require: Iterable[str] = (), env_file: Path | str | None = ".env") -> Settings:
    """The settings, or a SettingsError with every fault found.

    `require`: variables (upper case) that must be set for what is about to be done.
    """
    names, faults = _names_in_sight(env_file)
    faults += [*_unknown(names), *_half_of_slack(names)]
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


def _half_of_slack(names: Mapping[str, str | None]) -> Iterable[Fault]:
    ways_in = ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
    if (names.get("SLACK_BOT_TOKEN") or "").strip() and not any(
        (names.get(name) or "").strip() for name in ways_in
    ):
        yield Fault(
            name="SLACK_BOT_TOKEN",
            problem="needs SLACK_APP_TOKEN (socket) or SLACK_SIGNING_SECRET (HTTP) beside it",
            example="xoxb-… with SLACK_APP_TOKEN=xapp-…",
        )


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

    if (bare := name.removeprefix(OUR_PREFIX)) in known:
        return bare
    return next(iter(get_close_matches(name, list(known), n=1)), "")


def _fault(location: tuple[int | str, ...], kind: str, message: str) -> Fault:
    name = str(location[0])
    problem = _PROBLEMS.get(kind) or message.removeprefix("Value error, ").removeprefix("Input ")
    return Fault(name=name, problem=problem, example=_example(name))


def _example(name: str) -> str:
    return str((Settings.model_fields[name.lower()].examples or [""])[0])

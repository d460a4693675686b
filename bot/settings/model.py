"""Every setting there is, with its default and its meaning."""

from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings.values import (
    Number,
    Seconds,
    Secret,
    Text,
    WebAddress,
    Word,
    Words,
    database,
    header_safe,
    setting,
    slack_app,
    slack_bot,
    slack_client,
    slack_command,
    telegram_tokens,
    token_keys,
    webhook_secret,
    with_slash,
)


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

    completion_api_url: WebAddress = setting(
        "https://api.dify.ai/v1",
        "Address of the Completion API, as the app's page “API Access” shows it.",
        "https://dify.example.com/v1",
    )
    completion_api_key: Annotated[Secret, AfterValidator(header_safe)] | None = setting(
        None, "Key of the app, from “API Access”. `serve` needs it.", "app-…"
    )
    completion_max_streams: Annotated[int, Number, Field(ge=1, le=10_000)] = setting(
        8,
        "Answers open at once at the API; the rest wait in a fair queue. "
        "A self-hosted Dify as it comes carries ten requests and then answers nothing else.",
        "8",
    )
    database_url: Annotated[Secret, AfterValidator(database)] = setting(
        SecretStr("sqlite:///parley.db"),
        "Where Parley keeps what must survive a restart: a file or a PostgreSQL database.",
        "postgresql://parley:secret@localhost/parley",
    )
    port: Annotated[int, Number, Field(ge=0, le=65535)] = setting(
        8080, "Port of the one HTTP server: webhooks, health, metrics.", "8080"
    )
    public_url: WebAddress | None = setting(
        None,
        "Address under which the platforms reach this server. "
        "Without it Telegram is polled and Slack is connected by socket.",
        "https://bot.example.com",
    )
    telegram_bot_token: Annotated[Secret, AfterValidator(telegram_tokens)] | None = setting(
        None, "Token from @BotFather; switches Telegram on.", "123456:ABC…"
    )
    telegram_api_url: WebAddress = setting(
        "https://api.telegram.org",
        "Bot API server, the part before `/bot<token>/…`.",
        "http://localhost:8081",
    )
    telegram_webhook_secret: Annotated[Secret, AfterValidator(webhook_secret)] | None = setting(
        None, "Secret that Telegram sends back with every webhook call.", "a-long-random-word"
    )
    parley_telegram_streaming: Annotated[Literal["auto", "draft", "edit"], Word] = setting(
        "auto",
        "How answers grow in Telegram: `auto` draws drafts in private chats and edits a message "
        "elsewhere, `draft` shows an answer whole where there are no drafts, `edit` draws none.",
        "edit",
    )
    parley_telegram_rich: Annotated[Literal["auto", "always", "never"], Word] = setting(
        "auto",
        "Telegram's rich messages: for tables, task lists and formulas, for everything, or never.",
        "never",
    )
    slack_bot_token: Annotated[Secret, AfterValidator(slack_bot)] | None = setting(
        None, "Bot token of the Slack app, for one workspace; switches Slack on.", "xoxb-…"
    )
    slack_app_token: Annotated[Secret, AfterValidator(slack_app)] | None = setting(
        None, "App-level token: events come by socket instead of HTTP.", "xapp-…"
    )
    slack_signing_secret: Annotated[Secret, AfterValidator(header_safe)] | None = setting(
        None, "Signing secret: events come by HTTP, and only Slack's are believed.", "8f74…"
    )
    slack_client_id: Annotated[Text, AfterValidator(slack_client)] | None = setting(
        None,
        "Client ID of the Slack app: any workspace may install it at `/slack/install`. "
        "Takes the bot token's place; needs the next two, the signing secret and `PUBLIC_URL`.",
        "123456.789012",
    )
    slack_client_secret: Annotated[Secret, AfterValidator(header_safe)] | None = setting(
        None, "Client secret of the Slack app, for installing.", "0a1b…"
    )
    slack_token_keys: Annotated[Secret, AfterValidator(token_keys)] | None = setting(
        None,
        "Keys for the tokens of installed workspaces, 32 bytes in base64url each, separated by "
        "commas: the first encrypts, all decrypt.",
        "$(openssl rand -base64 32 | tr +/ -_)",
    )
    slack_api_url: Annotated[WebAddress, AfterValidator(with_slash)] = setting(
        "https://slack.com/api/", "Slack's Web API.", "http://localhost:8082/api/"
    )
    parley_slack_command: Annotated[str, Word, AfterValidator(slack_command)] = setting(
        "/ask", "The slash command, as the manifest names it.", "/parley"
    )
    parley_slack_external: Annotated[bool, Word] = setting(
        True, "Whether people of other companies may ask in channels shared with them.", "false"
    )
    parley_slack_edits: Annotated[bool, Word] = setting(
        False,
        "Follow questions that are edited or deleted in channels, too: the manifest then asks for "
        "the right to hear everything said there, since Slack has no smaller one.",
        "true",
    )
    parley_slack_hardened: Annotated[bool, Word] = setting(
        False,
        "Show a model's links as text, so that nothing is ever fetched because a model wrote it.",
        "true",
    )
    parley_allowed_users: Words = setting(
        "",
        "Who may ask: ids of people, separated by commas, bare or as `telegram:42`. "
        "Empty: everybody.",
        "telegram:42,slack:U024BE7LH",
    )
    parley_allowed_chats: Words = setting(
        "", "Chats in which the bot answers, likewise. Empty: all.", "telegram:-1001234"
    )
    parley_operators: Words = setting(
        "", "People for whom no limit holds and who may see figures, likewise.", "telegram:42"
    )
    parley_questions_per_hour: Annotated[int, Number, Field(ge=0, le=100_000)] = setting(
        0, "Questions one person may ask an hour; 0 for any number.", "30"
    )
    parley_daily_tokens: Annotated[int, Number, Field(ge=0)] = setting(
        0, "Tokens one person may use a day (UTC); 0 for any number.", "100000"
    )
    parley_daily_price: Annotated[Decimal, Number, Field(ge=0)] = setting(
        Decimal(0),
        "What one person's answers may cost a day, in the currency the API tells; 0 for no limit.",
        "0.50",
    )
    parley_likes: Text = setting(
        "", "Emoji that say an answer was good, separated by blanks. Empty: the usual ones.", "👍 ❤"
    )
    parley_dislikes: Text = setting("", "Emoji that say it was not, likewise.", "👎 💩")
    parley_max_messages: Annotated[int, Number, Field(ge=1, le=100)] = setting(
        12, "Messages one answer may fill; the rest of a longer one comes as a file.", "4"
    )
    parley_voice: Annotated[Literal["demand", "always"], Word] = setting(
        "demand", "Answers are spoken on demand, or always where the app can speak.", "always"
    )
    parley_language: Text = setting(
        "",
        "Language of the bot's own sentences for people whose language is not known (`en`, `zh`). "
        "Empty: the app's.",
        "zh",
    )
    parley_end_user_secret: Secret | None = setting(
        None,
        "Hides people's platform ids from the app's owner: the API is told a keyed hash. "
        "Changing it makes everybody a stranger.",
        "a-long-random-word",
    )
    parley_keep_text_hours: Annotated[float, Number, Field(gt=0, le=8760)] = setting(
        24.0,
        "Hours for which questions and answers are kept, for regenerating, speaking and crashes. "
        "Ids stay longer, for ratings.",
        "24",
    )
    parley_grace: Annotated[float, Number, Field(ge=0, le=3600)] = setting(
        20.0,
        "Seconds that open answers get to end when the bot is told to stop; "
        "hosts commonly kill after 30.",
        "20",
    )
    parley_inbox_limit: Annotated[int, Number, Field(ge=1)] = setting(
        10_000,
        "Events waiting to be done beyond which platforms are told to come again later.",
        "10000",
    )
    parley_show_reasoning: Annotated[bool, Word] = setting(
        False, "Show what a model writes between `<think>` and `</think>`.", "true"
    )
    parley_stream_silence: Seconds = setting(
        35.0,
        "Seconds without a single byte, once the first has come, after which an answer counts as "
        "broken. "
        "The API pings every 10.",
        "35",
    )
    parley_stream_pings: Seconds = setting(
        300.0, "Seconds of nothing but pings after which an answer counts as broken.", "300"
    )
    parley_answer_limit: Seconds = setting(
        1200.0, "Seconds one answer may take in all; the API ends its own work after 1200.", "600"
    )
    parley_log_level: Annotated[Literal["debug", "info", "warning", "error"], Word] = setting(
        "info",
        "How much is logged; `debug` tells every event, call and wait with its time, and nobody's "
        "words.",
        "warning",
    )
    parley_log_format: Annotated[Literal["json", "text"], Word] = setting(
        "json", "One JSON object a line, or lines for people.", "text"
    )
    parley_sandbox_engine: Annotated[Literal["offline", "local", "openai"], Word] | None = setting(
        None,
        "Who writes the sandbox's answers: `offline` (rules, no model), `local` (a small model "
        "on this machine) or `openai` (the endpoint below). Unset: `openai` where an endpoint "
        "is set, else `offline`; `try` takes `local` where it is installed.",
        "local",
    )
    parley_sandbox_upstream: WebAddress | None = setting(
        None,
        "OpenAI-compatible endpoint for the sandbox (Ollama, vLLM, llama.cpp, OpenAI).",
        "http://localhost:11434/v1",
    )
    parley_sandbox_upstream_key: Annotated[Secret, AfterValidator(header_safe)] | None = setting(
        None, "Key for that endpoint, where it wants one.", "sk-…"
    )
    parley_sandbox_upstream_model: Text = setting("", "Model at that endpoint.", "llama3.2")
    parley_sandbox_fault: Text = setting(
        "", "A fault the sandbox plays on every request, by name; see its front page.", "cut"
    )
    parley_sandbox_state: Text = setting(
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

    @property
    def hears_somebody(self) -> bool:
        """Whether a platform is switched on."""
        return bool(self.telegram_bot_token or self.slack_bot_token or self.slack_client_id)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value in use, for redaction: as it is set, and what it is made of."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
        for several in (self.telegram_bot_token, self.slack_token_keys):
            if several:
                found.update(each.strip() for each in several.get_secret_value().split(","))
        login = self.database_url.get_secret_value().rpartition("@")[0]
        password = login.partition("://")[2].partition(":")[2]
        return tuple(found | ({password, unquote(password)} if password else set()))

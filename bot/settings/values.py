"""The kinds of values there are: what each takes and how it says no."""

import base64
import binascii
import ipaddress
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr


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


def stripped(value: object) -> object:
    """Pasted values carry spaces and line ends, those of `docker --env-file` their quotes."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if quoted else value


def word(value: object) -> object:
    value = stripped(value)
    return value.lower() if isinstance(value, str) else value


_HOST = re.compile(r"[^\W_]([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?")


def web_address(value: str) -> str:
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


def with_slash(value: str) -> str:
    return value + "/"


def database(value: SecretStr) -> SecretStr:
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


def header_safe(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
        raise ValueError("holds a blank, a line end or a letter that no key has; copy it again")
    return value


def telegram_tokens(value: SecretStr) -> SecretStr:
    for token in value.get_secret_value().split(","):
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token.strip()):
            raise ValueError(
                "is not a bot token as @BotFather gives it; several are comma-separated"
            )
    return value


def webhook_secret(value: SecretStr) -> SecretStr:
    # Telegram, setWebhook: 1-256 characters, only A-Z, a-z, 0-9, _ and -.
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("may only hold A-Z, a-z, 0-9, _ and -, at most 256 of them")
    return value


def slack_bot(value: SecretStr) -> SecretStr:
    for beginning, problem in _NO_BOT_TOKENS.items():
        if value.get_secret_value().startswith(beginning):
            raise ValueError(problem)
    return header_safe(value)


_NO_BOT_TOKENS = {
    "xapp-": "is an app-level token; the bot token begins with xoxb-",
    "xoxp-": "is a person's token; the bot token begins with xoxb-",
    "xoxe": "is a token that expires; those are renewed for SLACK_CLIENT_ID only",
}


def slack_app(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("xapp-"):
        raise ValueError("is not an app-level token; it begins with xapp-")
    return header_safe(value)


def slack_client(value: str) -> str:
    if not re.fullmatch(r"\d+\.\d+", value):
        raise ValueError("is not a client ID as “Basic Information” of the app shows it")
    return value


def token_keys(value: SecretStr) -> SecretStr:
    for key in value.get_secret_value().split(","):
        try:
            raw = base64.b64decode(key.strip(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        # Fernet: 128 bits to sign and 128 to encrypt.
        if len(raw) != 32:
            raise ValueError("is not a key of 32 bytes in base64url; several are comma-separated")
    return value


# What Slack itself answers to; an app's command of that name is refused or never reached.
SLACKS_OWN = re.compile(
    r"/(active|add|apps|archive|away|call|canvas|close|collapse|dm|dnd|expand|feed|feedback|help"
    r"|huddle|invite|invite_people|join|keys|kick|leave|me|members|msg|mute|open|part|people"
    r"|prefs?|remind|remove|rename|save|search|shortcuts|shrug|star|status|sub|todo|topic"
    r"|unarchive|unsub|who)"
)


def slack_command(value: str) -> str:
    # Slack: begins with a slash, lower case, no blanks or special signs, at most 32 characters.
    if not re.fullmatch(r"/[\w-]{1,31}", value) or value != value.lower():
        raise ValueError("must be / and up to 31 small letters, digits, - or _")
    if SLACKS_OWN.fullmatch(value):
        raise ValueError("is a command of Slack's own")
    return value


def words(value: str) -> str:
    """Parts separated by commas, as one tidy text."""
    parts = [part.strip() for part in value.split(",")]
    if any(re.search(r"\s", part) for part in parts):
        raise ValueError("separates its parts by something else than commas")
    return ",".join(part for part in parts if part)


Text = Annotated[str, BeforeValidator(stripped)]
Secret = Annotated[SecretStr, BeforeValidator(stripped)]
WebAddress = Annotated[str, BeforeValidator(stripped), AfterValidator(web_address)]
Words = Annotated[str, BeforeValidator(stripped), AfterValidator(words)]
Number = BeforeValidator(stripped)
Word = BeforeValidator(word)
# A day is longer than anything waited for; event loops cannot count to much more than a month.
Seconds = Annotated[float, Number, Field(gt=0, le=86_400)]


def setting(default: Any, meaning: str, example: str) -> Any:
    return Field(default, description=meaning, examples=[example])

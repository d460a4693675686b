from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.completion import CompletionClient
from bot.settings import SettingsError, is_local, load

Environment = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: Environment) -> Iterator[Path]:
    """A folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def faults(**variables: str) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            load()
        assert str(caught.value) == "\n".join(map(str, caught.value.faults))
        return {fault.name: fault.problem for fault in caught.value.faults}


def test_nothing_set_gives_the_documented_defaults() -> None:
    settings = load()
    assert settings.completion_api_url == "https://api.dify.ai/v1"
    assert settings.completion_max_streams == 8
    assert settings.database_url.get_secret_value() == "sqlite:///parley.db"
    assert settings.port == 8080
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert settings.slack_api_url == "https://slack.com/api/"


def test_every_fault_is_told_at_once_with_its_variable() -> None:
    found = faults(
        PORT="soon",
        COMPLETION_API_URL="ftp://x",
        COMPLETION_MAX_STREAMS="0",
        PARLEY_STREAM_SILENCE="inf",
        PARLEY_LOG_LEVEL="loud",
        PARLEY_SHOW_REASONING="perhaps",
    )
    assert found == {
        "PORT": "is not a whole number",
        "COMPLETION_API_URL": "must be an address that begins with https://",
        "COMPLETION_MAX_STREAMS": "should be greater than or equal to 1",
        "PARLEY_STREAM_SILENCE": "should be less than or equal to 86400",
        "PARLEY_LOG_LEVEL": "should be 'debug', 'info', 'warning' or 'error'",
        "PARLEY_SHOW_REASONING": "is neither true nor false",
    }


def test_a_fault_shows_an_example(monkeypatch: Environment) -> None:
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(
        SettingsError, match=r"PORT: is not a whole number \(for example PORT=8080\)"
    ):
        load()


def test_a_required_variable_is_named_beside_the_other_faults(monkeypatch: Environment) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("COMPLETION_API_KEY", " ")
    with pytest.raises(SettingsError) as caught:
        load(require=["COMPLETION_API_KEY"])
    assert [fault.name for fault in caught.value.faults] == ["COMPLETION_API_KEY", "PORT"]


def test_a_required_variable_that_is_set_is_no_fault(monkeypatch: Environment) -> None:
    monkeypatch.setenv("COMPLETION_API_KEY", "app-1")
    assert load(require=["COMPLETION_API_KEY"]).completion_api_key
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(SettingsError) as caught:
        load(require=["COMPLETION_API_KEY"])
    assert [fault.name for fault in caught.value.faults] == ["PORT"]


def test_a_misspelt_name_of_ours_is_a_fault_and_the_right_one_is_offered() -> None:
    assert faults(PARLEY_LOGLEVEL="info") == {
        "PARLEY_LOGLEVEL": "is no setting of Parley; is PARLEY_LOG_LEVEL meant?"
    }
    assert faults(PARLEY_PORT="1") == {"PARLEY_PORT": "is no setting of Parley; is PORT meant?"}
    assert faults(PARLEY_QQ="1") == {"PARLEY_QQ": "is no setting of Parley"}


def test_dot_env_is_read_and_the_environment_wins(
    elsewhere: Path, monkeypatch: Environment
) -> None:
    (elsewhere / ".env").write_text("PORT=9000\nCOMPLETION_API_KEY=app-file\nPARLEY_OOPS=1\n")
    with pytest.raises(SettingsError, match="PARLEY_OOPS"):
        load()
    (elsewhere / ".env").write_text("PORT=9000\nCOMPLETION_API_KEY=app-file\nTELEGRAM_BOT_TOKEN=\n")
    monkeypatch.setenv("PORT", "9001")
    settings = load()
    assert settings.port == 9001
    assert settings.completion_api_key is not None
    assert settings.completion_api_key.get_secret_value() == "app-file"
    assert settings.telegram_bot_token is None


def test_an_unreadable_dot_env_is_told(elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env: cannot be read: it is no UTF-8 text"):
        load()
    (elsewhere / ".env").unlink()
    (elsewhere / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"\.env: cannot be read: Is a directory"):
        load()


def test_a_broken_line_of_dot_env_is_told_beside_the_other_faults(
    elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (elsewhere / ".env").write_text("# ours\nCOMPLETION_API_KEY app-sesame\nPORT=x\n")
    with pytest.raises(SettingsError) as caught:
        load(require=["COMPLETION_API_KEY"])
    assert [str(fault) for fault in caught.value.faults] == [
        ".env, line 2: is not NAME=VALUE",
        "COMPLETION_API_KEY: is not set (for example COMPLETION_API_KEY=app-…)",
        "PORT: is not a whole number (for example PORT=8080)",
    ]
    assert not caplog.records


def test_dot_env_is_read_as_editors_and_shells_write_it(elsewhere: Path) -> None:
    text = "\ufeffPORT = '9000'\r\nexport COMPLETION_API_KEY=\"app-1\" # the app's\r\n"
    (elsewhere / ".env").write_bytes(text.encode())
    settings = load()
    assert settings.port == 9000
    assert settings.completion_api_key is not None
    assert settings.completion_api_key.get_secret_value() == "app-1"


@pytest.mark.parametrize("given", [" app-1\n", "'app-1'", '"app-1"', "' app-1 '"])
def test_what_pasting_and_docker_leave_around_a_value_is_taken_off(
    given: str, monkeypatch: Environment
) -> None:
    monkeypatch.setenv("COMPLETION_API_KEY", given)
    monkeypatch.setenv("PARLEY_LOG_LEVEL", " INFO")
    monkeypatch.setenv("PARLEY_SHOW_REASONING", "True ")
    settings = load()
    assert settings.completion_api_key is not None
    assert settings.completion_api_key.get_secret_value() == "app-1"
    assert (settings.parley_log_level, settings.parley_show_reasoning) == ("info", True)


def test_only_the_documented_names_are_read(monkeypatch: Environment) -> None:
    monkeypatch.setenv("port", "9")
    assert load().port == 8080


# Both spell "sesame" where a key that leaks would show it.
KEYS = ["sesame" + "A" * 37 + "=", "sesame" + "B" * 37 + "="]

SECRETS = {
    "COMPLETION_API_KEY": "app-sesame0123456789",
    "DATABASE_URL": "postgresql://u:sesame%2F@localhost/p",
    "TELEGRAM_BOT_TOKEN": "123456:sesame,7:sesame",
    "TELEGRAM_WEBHOOK_SECRET": "sesame",
    "SLACK_BOT_TOKEN": "xoxb-sesame",
    "SLACK_APP_TOKEN": "xapp-sesame",
    "SLACK_SIGNING_SECRET": "sesame",
    "SLACK_CLIENT_SECRET": "sesame-client",
    "SLACK_TOKEN_KEYS": ",".join(KEYS),
    "PARLEY_SANDBOX_UPSTREAM_KEY": "sk-sesame",
}


def test_no_secret_prints(monkeypatch: Environment) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert "sesame" not in repr(settings) + str(settings) + repr(settings.model_dump())
    parts = {"sesame%2F", "sesame/", "123456:sesame", "7:sesame", *KEYS}
    assert set(settings.secrets()) == set(SECRETS.values()) | parts


@pytest.mark.parametrize("name", SECRETS)
def test_no_fault_prints_the_secret_it_is_about(name: str, monkeypatch: Environment) -> None:
    monkeypatch.setenv(name, "sesame sesame\nsesame")
    with pytest.raises(SettingsError, match=name) as caught:
        load()
    assert "sesame sesame" not in str(caught.value)
    assert caught.value.__context__ is None or "sesame sesame" not in str(caught.value.__context__)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///parley.db",
        "sqlite+aiosqlite:////var/lib/parley.db",
        "postgres://u:p@db/parley",
        "postgresql://u:p@db:5432/parley",
        "postgresql+psycopg://db/parley",
        "postgresql://u:p%40%2F:@[::1]:5432/parley?sslmode=require",
        "postgresql:///parley?host=/run/postgresql",
        "sqlite+aiosqlite://",
    ],
)
def test_every_promised_form_of_a_database_address_is_taken(
    address: str, monkeypatch: Environment
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    assert load().database_url.get_secret_value() == address


@pytest.mark.parametrize("address", ["mysql://x/y", "parley.db", "postgresql://"])
def test_another_database_is_a_fault(address: str) -> None:
    assert faults(DATABASE_URL=address) == {
        "DATABASE_URL": "must begin with sqlite:/// or postgresql://"
    }


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("postgresql://u:ses@me@db/parley", "holds an @ in its password, which is written %40"),
        ("postgresql://u:p@db:port/parley", "names a host or a port that cannot be"),
        ("postgresql://u:p@[::1/parley", "names a host or a port that cannot be"),
        ("sqlite:///parley.db?mode=ro", "must be the path of a file and nothing more"),
        ("sqlite://parley.db", "must begin with sqlite:/// or postgresql://"),
    ],
)
def test_an_address_no_driver_understands_is_a_fault(address: str, problem: str) -> None:
    assert faults(DATABASE_URL=address) == {"DATABASE_URL": problem}


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8787/v1", "http://localhost:1", "http://[::1]:5", "http://dify:5001/v1"],
)
@pytest.mark.parametrize(
    "name",
    [
        "COMPLETION_API_URL",
        "TELEGRAM_API_URL",
        "SLACK_API_URL",
        "PUBLIC_URL",
        "PARLEY_SANDBOX_UPSTREAM",
    ],
)
def test_plain_http_and_any_port_are_fine_at_home(
    name: str, address: str, monkeypatch: Environment
) -> None:
    monkeypatch.setenv(name, address + "/")
    assert getattr(load(), name.lower()).rstrip("/") == address


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://dify.example.com/v1", "must begin with https://, since plain http would show"),
        ("http://8.8.8.8", "must begin with https://, since plain http would show"),
        ("https://user:pass@dify.example.com", "must not carry a user name or a password"),
        ("https://dify.example.com/v1?key=1", "must not carry a query"),
        ("https://dify.example.com:port", "is not an address"),
        ("https://dify.example.com/v1#", "must not carry a query"),
        ("https://dify example.com", "holds a blank or a line end"),
        ("https://dify..example.com", "names a host that cannot be"),
        ("https://%zz", "names a host that cannot be"),
        ("dify.example.com", "must be an address that begins with https://"),
    ],
)
def test_an_address_that_would_leak_or_cannot_work_is_a_fault(address: str, problem: str) -> None:
    assert faults(COMPLETION_API_URL=address)["COMPLETION_API_URL"].startswith(problem)


def test_several_telegram_bots_are_comma_separated(monkeypatch: Environment) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:a,2:b")
    assert load().telegram_bot_token
    assert "TELEGRAM_BOT_TOKEN" in faults(TELEGRAM_BOT_TOKEN="1:a,nonsense")


def test_the_sandbox_takes_an_endpoint_where_one_is_set(monkeypatch: Environment) -> None:
    assert load().sandbox_engine == "offline"
    monkeypatch.setenv("PARLEY_SANDBOX_UPSTREAM", "http://localhost:11434/v1")
    assert load().sandbox_engine == "openai"
    monkeypatch.setenv("PARLEY_SANDBOX_ENGINE", "local")
    assert load().sandbox_engine == "local"


NEAR = ["localhost", "LOCALHOST.", "a.localhost", "10.1.2.3", "fd00::1", "dify", "my_dify-1"]
NEAR += ["host.docker.internal", "nas.local", "0.0.0.0", "::1"]  # noqa: S104 - an address to judge


@pytest.mark.parametrize("host", NEAR)
def test_this_machine_and_private_networks_are_local(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["example.com", "1.1.1.1", "2606:4700::1111", "local.example.com"])
def test_the_rest_of_the_world_is_not(host: str) -> None:
    assert not is_local(host)


ADDRESSES = [f"http://{f'[{host}]' if ':' in host else host}:5001/v1" for host in NEAR]
ADDRESSES += ["https://exämple.de", "https://[2606:4700::1111]", "https://dify.example.com./v1/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_settings_take_for_an_address_the_client_takes_too(
    address: str, monkeypatch: Environment
) -> None:
    monkeypatch.setenv("COMPLETION_API_URL", address)
    client = CompletionClient(load().completion_api_url, "app-1")
    assert ":5001" in repr(client) or "https" in repr(client)


def test_lists_are_tidied_and_out_of_the_box_nothing_is_limited(monkeypatch: Environment) -> None:
    loaded = load()
    assert (loaded.parley_allowed_users, loaded.parley_allowed_chats) == ("", "")
    assert (loaded.parley_questions_per_hour, loaded.parley_daily_tokens) == (0, 0)
    assert loaded.parley_daily_price == 0
    assert loaded.parley_voice == "demand"
    assert (loaded.parley_grace, loaded.parley_keep_text_hours) == (20, 24)
    monkeypatch.setenv("PARLEY_ALLOWED_USERS", " telegram:42, slack:U1 ,")
    assert load().parley_allowed_users == "telegram:42,slack:U1"
    assert faults(PARLEY_ALLOWED_USERS="1 2") == {
        "PARLEY_ALLOWED_USERS": "separates its parts by something else than commas"
    }
    assert faults(PARLEY_DAILY_PRICE="much") == {"PARLEY_DAILY_PRICE": "is not a number"}

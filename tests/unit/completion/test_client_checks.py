"""What is refused before anything is sent, and never says a secret."""

import httpx
import pytest

from bot.completion import (
    CompletionClient,
    Patience,
    Unreachable,
)
from tests.fakes.answer_listener import app
from tests.fakes.completion_wire import (
    MESSAGE,
    PNG,
    TASK,
    Wire,
)


@pytest.mark.parametrize(
    ("address", "used"),
    [
        ("https://api.dify.ai/v1", "https://api.dify.ai/v1"),
        (" https://api.dify.ai/v1// ", "https://api.dify.ai/v1"),
        ("http://127.0.0.1:8787/v1", "http://127.0.0.1:8787/v1"),
        ("http://localhost/v1", "http://localhost/v1"),
        ("http://[::1]:5001/v1", "http://[::1]:5001/v1"),
        ("http://10.1.2.3/v1", "http://10.1.2.3/v1"),
        ("http://192.168.0.9/v1", "http://192.168.0.9/v1"),
        ("http://dify-api:5001/v1", "http://dify-api:5001/v1"),
        ("http://host.docker.internal/v1", "http://host.docker.internal/v1"),
    ],
)
def test_addresses_that_are_fine(address: str, used: str) -> None:
    api = CompletionClient(address, "app-key")
    assert repr(api) == f"CompletionClient({used!r})"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://api.dify.ai/v1", "in the clear"),
        ("http://8.8.8.8/v1", "in the clear"),
        ("api.dify.ai/v1", "begins with https"),
        ("ftp://host/v1", "begins with https"),
        ("https://", "begins with https"),
        ("https://user:hunter2@host/v1", "host and path only"),
        ("https://host/v1?key=hunter2", "host and path only"),
        ("https://host:port/v1", "no address"),
        ("https://[::1/v1", "no address"),
        ("", "begins with https"),
    ],
)
def test_addresses_that_are_refused(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        CompletionClient(address, "app-key")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "app-secret\n", "app-secret\r\nX: y", "app-sécret", "a b"])
def test_a_key_no_header_can_carry_is_refused_without_its_words(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        CompletionClient("https://host/v1", key)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("user", ["", "x" * 256])
async def test_a_user_the_api_would_choke_on_is_refused_before_any_call(user: str) -> None:
    wire = Wire()
    async with app(wire) as api:
        with pytest.raises(ValueError, match="1 to 255"):
            api.stream({}, user=user)
        for verb in (
            api.complete({}, user=user),
            api.stop(TASK, user=user),
            api.upload(PNG, user=user),
            api.rate(MESSAGE, "like", user=user),
            api.speak(text="x", user=user),
        ):
            with pytest.raises(ValueError, match="1 to 255"):
                await verb
    assert wire.asked == []


async def test_the_key_is_nowhere_to_be_read() -> None:
    wire = Wire()
    wire.on("GET /info", httpx.ReadError("Bearer app-key"))
    async with app(wire, patience=Patience(backoff=0.0)) as api:
        assert "app-key" not in repr(api)
        with pytest.raises(Unreachable) as caught:
            await api.info()
    assert "app-key" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__

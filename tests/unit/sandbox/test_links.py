from urllib.parse import parse_qs, urlsplit

import pytest

from bot.sandbox.links import VALID_FOR, opens, signed_link

SECRET = b"s" * 32


def query(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_a_link_opens_its_file_only() -> None:
    link = query(signed_link("http://here", "one", SECRET))
    assert opens("one", link, SECRET)
    assert not opens("two", link, SECRET)
    assert not opens("one", link, b"another secret")
    assert not opens("one", link | {"nonce": "other"}, SECRET)
    assert not opens("one", {}, SECRET)


def test_a_link_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    link = query(signed_link("http://here", "one", SECRET))
    monkeypatch.setattr("time.time", lambda: 1_000.0 + VALID_FOR)
    assert opens("one", link, SECRET)
    monkeypatch.setattr("time.time", lambda: 1_001.0 + VALID_FOR)
    assert not opens("one", link, SECRET)

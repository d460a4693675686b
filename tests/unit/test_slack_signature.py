"""The signature under what Slack sends."""

import hashlib
import hmac

import pytest
from multidict import CIMultiDict

from adapters.slack.signature import SIGNATURE, TIMESTAMP, WINDOW, claim

SECRET, NOW, BODY = (
    "8f742231b10e8888abcd99yyyzzz85a5",
    1531420618,
    b"token=xyzz0WbapA4vBCDEFasx0q6G",
)


def signed(time: object = NOW, body: bytes = BODY, secret: str = SECRET) -> CIMultiDict[str]:
    base = b"v0:" + str(time).encode() + b":" + body
    proof = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return CIMultiDict({TIMESTAMP: str(time), SIGNATURE: f"v0={proof}"})


def is_good(secret: str, headers: CIMultiDict[str], body: bytes, *, now: float) -> bool:
    claimed = claim(headers, now=now)
    return claimed is not None and claimed.holds(secret, body)


def test_slacks_own_is_good() -> None:
    assert is_good(SECRET, signed(), BODY, now=NOW)
    lower = CIMultiDict({name.lower(): value for name, value in signed().items()})
    assert is_good(SECRET, lower, BODY, now=NOW)


@pytest.mark.parametrize("off", [-WINDOW, WINDOW])
def test_clocks_may_differ_a_little(off: float) -> None:
    assert is_good(SECRET, signed(), BODY, now=NOW + off)
    assert not is_good(SECRET, signed(), BODY, now=NOW + off * 1.01)


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.upper()])
def test_another_body_is_not_what_was_signed(body: bytes) -> None:
    assert not is_good(SECRET, signed(), body, now=NOW)


def test_another_secret_signs_another_way() -> None:
    assert not is_good("another", signed(), BODY, now=NOW)
    assert not is_good("", signed(secret=""), BODY, now=NOW)


@pytest.mark.parametrize("name", [TIMESTAMP, SIGNATURE])
def test_each_header_is_there_once(name: str) -> None:
    missing, double = signed(), signed()
    del missing[name]
    double.add(name, double[name])
    assert not is_good(SECRET, missing, BODY, now=NOW)
    assert not is_good(SECRET, double, BODY, now=NOW)


@pytest.mark.parametrize(
    "time",
    ["", "soon", "1531420618.5", "-1", "+1531420618", " 1531420618", "1" * 400, "١٢٣", "nan"],
)
def test_a_time_is_a_number_of_seconds(time: str) -> None:
    assert not is_good(SECRET, signed(time), BODY, now=NOW)


@pytest.mark.parametrize(
    "given", ["", "v0=", "v1=" + "a" * 64, "v0=" + "a" * 63, "v0=" + "é" * 64, "v0=" + "A" * 64]
)
def test_a_signature_has_one_shape(given: str) -> None:
    headers = signed()
    headers[SIGNATURE] = given
    assert not is_good(SECRET, headers, BODY, now=NOW)

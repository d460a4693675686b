"""The package's public names."""

import subprocess
import sys

import pytest

import bot.sandbox


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(bot.sandbox, name) is not None for name in bot.sandbox.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = bot.sandbox.nonsense  # type: ignore[attr-defined]


def test_importing_the_package_loads_no_server() -> None:
    code = (
        "import sys, bot.sandbox; print([n for n in ('aiohttp', 'pydantic') if n in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "[]"


def test_the_settings_do_not_show_the_upstreams_key() -> None:
    assert "hidden" not in repr(bot.sandbox.Config(upstream_key="hidden"))

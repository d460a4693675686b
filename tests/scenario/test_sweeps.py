"""What the bot does now and then, beside the answers."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import structlog

from bot.service import Service, cases
from tests.fakes.bench import wired
from tests.fakes.completion_wire import Wire

pytestmark = pytest.mark.real_time


async def test_a_sweep_that_fails_ends_nothing_and_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def broken_clock() -> datetime:
        nonlocal tried
        tried += 1
        raise RuntimeError("what somebody asked")

    monkeypatch.setattr(cases, "SETTLE_EVERY", 0.01)
    async with wired(tmp_path, Wire()) as bench:
        service = Service(replace(bench.tools, now=broken_clock))
        with structlog.testing.capture_logs() as logs:
            sweeping = asyncio.create_task(service.run())
            await bench.until(lambda: tried > 3)
            assert not sweeping.done()
            sweeping.cancel()
            await asyncio.wait([sweeping])
    assert {line["sweep"] for line in logs} == {"settle", "purge"}
    assert "builtins.RuntimeError" in str(logs[0]["trace"])
    assert "somebody" not in str(logs)

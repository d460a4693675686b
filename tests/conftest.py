"""What every test stands on: the clock, a scrubbed environment, and no network but loopback."""

import asyncio
import gc
import importlib
import ipaddress
import os
import pkgutil
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from xdist.remote import Producer

from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.examples import TIMES, USUAL
from tests.fakes.shares import Shares, turn
from tests.fakes.terse import Terse

OURS = ("COMPLETION_", "DATABASE_", "TELEGRAM_", "SLACK_", "PARLEY_", "PUBLIC_URL", "PORT")

for name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[name]

# No clock decides whether a property holds: test machines are slow and noisy. Where nobody sits in
# front of it a run repeats the last one's examples, so that a red build is red again.
hypothesis.settings.register_profile(
    "parley",
    max_examples=USUAL * TIMES,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("parley")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time, unless the test says that real sockets or processes take part."""
    if item.get_closest_marker("real_time"):
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualTimeLoop}


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        config.pluginmanager.register(Terse(), "terse")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Shares:
    return Shares(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Whoever only hands out tests and prints how they end is not measured."""
    if getattr(session.config.option, "numprocesses", None):
        sys.settrace(None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Every worker imports all of the project, and one of them measures it: that, not the finding.

    What is found lives to the end: there is no need to look through it again and again.
    """
    gc.disable()
    try:
        if sys.gettrace() and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
            _import_all()
        with _unmeasured(True):
            return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 20)  # as the bot has it
        gc.enable()


def _import_all() -> None:
    for name in ("bot", "adapters"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith(".__main__"):  # importing it would start the bot
                importlib.import_module(module.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=turn)


# They walk the same lines a thousand times over, hold against the text of the project, or speak to
# a bot that is another process: the other tests measure what is reached, without them, and these
# would take up to three times as long.
UNMEASURED = ("property", "docs", "telegram", "slack")
# So do tests that are there again: on another loop, or in the other database. What the databases do
# not share is measured in both, as is the inbox: which process may work, how a schema is made.
AGAIN = {
    "tests/unit/exchange/": ("debug", "uvloop"),
    "tests/contract/test_store_sole": (),
    "tests/contract/test_store_": ("postgres",),
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Measure no coverage where it would tell nothing new."""
    with _unmeasured(_tells_nothing_new(item)):
        return (yield)


@contextmanager
def _unmeasured(wanted: bool) -> Iterator[None]:
    here, threads = sys.gettrace(), threading.gettrace()
    if here is None or not wanted:
        yield
        return
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]  # None is what it takes
    try:
        yield
    finally:
        threading.settrace(threads)  # type: ignore[arg-type]  # what it gave
        sys.settrace(here)


def _tells_nothing_new(item: pytest.Item) -> bool:
    values = item.name.partition("[")[2].rstrip("]").split("-")
    again = next((AGAIN[place] for place in AGAIN if item.nodeid.startswith(place)), ())
    return (
        item.path.parent.name in UNMEASURED
        or any(value in again for value in values)
        or item.get_closest_marker("unmeasured") is not None
        or hypothesis.is_hypothesis_test(getattr(item, "obj", None))
    )


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield

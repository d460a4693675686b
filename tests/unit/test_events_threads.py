"""Events are read by the store's threads and by the event loop, at a start all at once."""

import os
import subprocess
import sys
import threading

from bot.events import decode, encode
from tests.fakes.happenings import message

STARTS = 20
THREADS = 4

# Nothing of the tests' own process: there every class has been read before.
SCRIPT = f"""
import sys
from tests.unit.test_events_threads import started
sys.exit(any(started() for _ in range({STARTS})))
"""


def started() -> int:
    """How a process ended that has never read an event, and whose threads do it together."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    sys.setswitchinterval(1e-6)
    event = message("a", files=2)
    kind, body = encode(event)
    ready, read = threading.Barrier(THREADS), []

    def work() -> None:
        ready.wait()
        read.append(decode(kind, body) == event)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(read != [True] * THREADS)


def test_threads_that_read_their_first_event_together_do_no_harm() -> None:
    assert subprocess.run([sys.executable, "-c", SCRIPT], timeout=60).returncode == 0

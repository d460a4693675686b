"""Two hundred kills under a crowd: `python -m tests.speed.soak`, with status 1 for any fault.

Twenty rounds at a time in a room of their own, so that the whole history is still on the screen
when it is judged. Every run has other moments; a seed that fails is printed and can be given.
"""

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from bot.sandbox import Config
from tests.fakes.counted_sandbox import counted_sandbox
from tests.fakes.crowd import Playground, Verdict, crowd, free_port, kill_rounds, verdict

PEOPLE = 20
ROUNDS = 20
ROOMS = 10


async def soak(folder: Path, seed: int) -> Verdict:
    """Twenty kills in one room."""
    async with counted_sandbox(Config(port=0, word_delay=0.01)) as app:
        environment = {"COMPLETION_API_URL": app.url, "COMPLETION_API_KEY": "app-sandbox"}
        playground = Playground(folder, free_port(), environment)
        async with crowd(playground, PEOPLE) as guests:
            await kill_rounds(guests, playground, ROUNDS, seed)
            return await verdict(guests, app)


def main() -> int:
    seeds = [int(word) for word in sys.argv[1:]] or [secrets.randbits(32) for _ in range(ROOMS)]
    failed = False
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(soak(Path(folder), seed))
        print(
            f"seed {seed}: {ROUNDS} kills, {found.questions} questions, {found.whole} answered, "
            f"{found.offered} offered again",
            flush=True,
        )
        for fault in found.faults:
            print(f"  {fault}", flush=True)
        failed |= bool(found.faults) or not found.whole or not found.offered
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

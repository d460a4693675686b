"""The bytes of files and voice notes, beside the journal, or in memory where there is none."""

import asyncio
import re
from pathlib import Path

_ID = re.compile(r"[0-9a-f]{32}")


class Files:
    """Bytes by id; ids are 32 hexadecimal digits, so that none leaves the folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, bytes] = {}

    async def write(self, id: str, data: bytes) -> None:
        """Raises OSError."""
        if self._folder is None:
            self._memory[id] = data
        else:
            await asyncio.to_thread(_put, self._folder, id, data)

    async def read(self, id: str) -> bytes | None:
        """None for what is not there."""
        if self._folder is None:
            return self._memory.get(id)
        file = self._folder / id
        try:
            return await asyncio.to_thread(file.read_bytes) if _ID.fullmatch(id) else None
        except FileNotFoundError:
            return None

    async def drop(self, *ids: str) -> None:
        for id in ids:
            self._memory.pop(id, None)
            if self._folder is not None:
                await asyncio.to_thread((self._folder / id).unlink, missing_ok=True)

    def keep_only(self, ids: set[str]) -> None:
        """Before anybody comes: drop what a process left that ended between two steps."""
        if self._folder is not None and self._folder.is_dir():
            for file in self._folder.iterdir():
                if _ID.fullmatch(file.name) and file.name not in ids:
                    file.unlink()


def _put(folder: Path, id: str, data: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / id).write_bytes(data)

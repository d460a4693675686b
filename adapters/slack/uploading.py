"""Bringing a file into a channel: ask where it goes, bring it, share it, find its message."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from adapters.slack import limits
from adapters.slack.asking import Asking, Block
from adapters.slack.calling import EDIT, UPLOAD
from adapters.slack.errors import Json, Refused
from bot.surface import Forbidden, Gone, RateLimited, SurfaceError, Unreachable

LOOKS: Final = (0.3, 0.7, 1.5, 2.5, 3.0)
"""Seconds before each look for the message: Slack shares a file some time after it said yes."""

_ENDINGS: Final = {
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "text/markdown": "md",
}


class Uploading(Asking):
    """Uploads into one workspace."""

    async def upload(
        self,
        channel: str,
        thread: str,
        name: str,
        data: bytes,
        title: str,
        media_type: str,
        comment: str = "",
        *,
        blocks: Sequence[Block] = (),
    ) -> str | None:
        """The ts of the message that the file came in; None when it cannot be found out.

        `comment` is mrkdwn, instead of `blocks`. Raises NoUpload, TooLarge, Forbidden; Unreachable
        with `sent` when the message may be there.
        """
        file = await self._bring(_named(name, media_type), data)
        args: Json = {
            "files": [{"id": file, "title": title or name}],
            "channel_id": channel,
            "thread_ts": thread or None,
            "initial_comment": None if blocks else comment or None,
            "blocks": list(blocks) or None,
        }
        try:
            with self._blocks(blocks):
                ts = _share(await self._complete(args), channel)
        except Unreachable as error:
            # The answer is lost, but the file tells whether it was shared.
            ts = await self._shared(file, channel) if error.sent else None
            if ts is None:
                raise
        return ts or await self._shared(file, channel)

    async def _complete(self, args: Json) -> object:
        """Share it; gives the File object, which may not tell where yet."""
        scope = limits.scope(self._team, "upload")
        answer = await self._caller.call("files.completeUploadExternal", args, UPLOAD, scope=scope)
        shared = answer.get("files")
        return shared[0] if isinstance(shared, list) and shared else None

    async def _bring(self, name: str, data: bytes) -> str:
        """The id of a file that nobody sees yet, so that it may be brought again."""
        place = await self._caller.call(
            "files.getUploadURLExternal",
            {"filename": name, "length": len(data)},
            EDIT,
            scope=limits.scope(self._team, "upload"),
        )
        url, file = place.get("upload_url"), place.get("file_id")
        if not isinstance(url, str) or not isinstance(file, str):
            raise Refused("no_upload_url")
        await self._files.bring(url, data)
        return file

    async def _shared(self, file: str, channel: str) -> str | None:
        for pause in LOOKS:
            await asyncio.sleep(pause)
            try:
                ts = _share(await self.file_info(file), channel)
            except (Refused, Forbidden, Gone, RateLimited):
                return None
            except SurfaceError:
                continue
            if ts:
                return ts
        return None


def _share(file: object, channel: str) -> str | None:
    """The message in this channel that brought the file: it is new, so there is one at most."""
    found = [share["ts"] for share in _shares(file, channel) if isinstance(share.get("ts"), str)]
    return max(found, default=None)


def _shares(file: object, channel: str) -> Iterator[Mapping[str, str]]:
    shares = file.get("shares") if isinstance(file, dict) else None
    for kind in ("public", "private"):
        channels = shares.get(kind) if isinstance(shares, dict) else None
        several = channels.get(channel) if isinstance(channels, dict) else None
        if isinstance(several, list):
            yield from (share for share in several if isinstance(share, dict))


def _named(name: str, media_type: str) -> str:
    """Slack knows what a file is by its name alone."""
    ending = _ENDINGS.get(media_type, "")
    return name if "." in name or not ending else f"{name}.{ending}"

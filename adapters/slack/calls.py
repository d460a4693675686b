"""Every call that is seen in a channel, typed: plain data in, `ts` out, SurfaceError raised.

No call takes a slot or knows a budget. Links are never unfurled where Slack lets us say so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from adapters.slack import limits
from adapters.slack.asking import Asking, Block
from adapters.slack.calling import APPEND, EDIT, PASSING, POST, Manner
from adapters.slack.errors import Json, NoStream
from adapters.slack.uploading import Uploading
from bot.surface import Forbidden, Gone, RateLimited, Unreachable

__all__ = ["Block", "Calls", "Json"]

TITLE_LIMIT: Final = 200  # characters of a session's title
LOADING_LIMIT: Final = 10  # lines that take turns
LOADING_LENGTH: Final = 50  # characters of one
PROMPTS_LIMIT: Final = 4

_NOT_HERE: Final = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "user_not_found",
        "team_not_found",
        "team_access_not_granted",
        "invalid_thread_ts",
    }
)
"""Why nothing can stream here, though it may be that a message can be posted."""


class Calls(Uploading, Asking):
    """The calls of one workspace."""

    # Messages

    async def post(
        self,
        channel: str,
        *,
        markdown: str = "",
        blocks: Sequence[Block] = (),
        text: str = "",
        thread: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """The new message's ts. Either `markdown`, or `blocks` with `text` for notifications.

        Raises Unsupported for a block that this workspace does not know; its latch is off then.
        """
        args = _content(markdown, blocks, text) | {
            "channel": channel,
            "thread_ts": thread or None,
            "metadata": metadata,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        with self._blocks(blocks), self._crowd():
            return await self._create("chat.postMessage", args, POST)

    async def post_ephemeral(
        self,
        channel: str,
        user: str,
        *,
        markdown: str = "",
        blocks: Sequence[Block] = (),
        text: str = "",
        thread: str = "",
    ) -> str:
        """Seen by `user` alone, until they load Slack anew; it cannot be edited."""
        args = _content(markdown, blocks, text) | {
            "channel": channel,
            "user": user,
            "thread_ts": thread or None,
        }
        with self._blocks(blocks):
            return await self._create(
                "chat.postEphemeral", args, POST, scope="ephemeral", named="message_ts"
            )

    async def update(
        self,
        channel: str,
        ts: str,
        *,
        markdown: str = "",
        blocks: Sequence[Block] = (),
        text: str = "",
    ) -> None:
        """Raises Gone when it can no longer be changed, NoStream while it is streaming."""
        args = _content(markdown, blocks, text) | {"channel": channel, "ts": ts}
        with self._blocks(blocks):
            await self._edit("chat.update", args, "update")

    async def delete(self, channel: str, ts: str) -> None:
        """Raises Gone when it is not there, Refused when it cannot be deleted."""
        await self._edit("chat.delete", {"channel": channel, "ts": ts}, "delete")

    # Messages that grow

    async def start_stream(
        self,
        channel: str,
        thread: str,
        *,
        markdown: str = "",
        recipient_user: str = "",
        recipient_team: str = "",
    ) -> str:
        """The new message's ts; the recipient's team is the person's own.

        Raises Unsupported where nothing streams in this workspace, NoStream where nothing does in
        this place: a message may be posted all the same.
        """
        args: Json = {
            "channel": channel,
            "thread_ts": thread or None,
            "markdown_text": markdown or None,
            "recipient_user_id": recipient_user or None,
            "recipient_team_id": recipient_team or None,
        }
        try:
            with self._latch("streams"):
                return await self._create("chat.startStream", args, POST, scope="start")
        except (Forbidden, Gone) as error:
            if (code := str(error)) not in _NOT_HERE:
                raise
        raise NoStream(code)

    async def append_stream(self, channel: str, ts: str, markdown: str) -> None:
        """Raises Stopped, NoStream, TooLong; Unreachable with `sent` when nobody knows whether the
        words were taken: they are not to be appended again, but put right by `update`."""
        args = {"channel": channel, "ts": ts, "markdown_text": markdown}
        with self._latch("streams"):
            await self._call("chat.appendStream", args, APPEND, "append")

    async def stop_stream(
        self,
        channel: str,
        ts: str,
        *,
        markdown: str = "",
        blocks: Sequence[Block] = (),
        session_status: str | None = None,
    ) -> None:
        """End it with some last words and blocks under them.

        Raises NoStream when it has ended, perhaps by a try of this call whose answer was lost.
        """
        args: Json = {
            "channel": channel,
            "ts": ts,
            "markdown_text": markdown or None,
            "blocks": list(blocks) or None,
            "session_status": session_status,
        }
        with self._blocks(blocks), self._latch("streams"):
            await self._edit("chat.stopStream", args, "stop")

    # What passes

    async def session_status(
        self, channel: str, thread: str, status: str, *, title: str = "", initiator: str = ""
    ) -> None:
        """`status`: active, processing (with Slack's Stop beside it), suspended, closed."""
        args: Json = {
            "channel_id": channel,
            "thread_ts": thread or None,
            "status": status,
            "title": title[:TITLE_LIMIT] or None,
            "initiator_user_id": initiator or None,
        }
        with self._latch("sessions"):
            await self._call("agents.sessions.setStatus", args, PASSING, "session")

    async def thread_status(
        self, channel: str, thread: str, words: str, loading: Sequence[str] = ()
    ) -> None:
        """Gone after 2 minutes, with the next message, or with ""."""
        turns = [one[:LOADING_LENGTH] for one in loading if one][:LOADING_LIMIT]
        args: Json = {
            "channel_id": channel,
            "thread_ts": thread,
            "status": words,
            "loading_messages": turns or None,
        }
        with self._latch("thread_status"):
            await self._call("assistant.threads.setStatus", args, PASSING, "status")

    async def suggested_prompts(
        self,
        channel: str,
        prompts: Sequence[tuple[str, str]],
        *,
        thread: str = "",
        title: str = "",
    ) -> None:
        """`prompts`: what each is called, and what it says. Slack shows four, and takes no none."""
        if not prompts:
            return
        offered = [{"title": name, "message": words} for name, words in prompts[:PROMPTS_LIMIT]]
        args: Json = {
            "channel_id": channel,
            "thread_ts": thread or None,
            "title": title or None,
            "prompts": offered,
        }
        with self._latch("prompts"):
            await self._call("assistant.threads.setSuggestedPrompts", args, EDIT, "prompts")

    # How

    async def _create(
        self, method: str, args: Json, manner: Manner, *, scope: str = "", named: str = "ts"
    ) -> str:
        asked = scope or f"post:{args['channel']}"
        answer = await self._call(method, args, manner, asked)
        ts = answer.get(named)
        if not isinstance(ts, str) or not ts:
            raise Unreachable(sent=True)
        return ts

    async def _edit(self, method: str, args: Json, scope: str) -> None:
        await self._call(method, args, EDIT, scope)

    async def _call(
        self, method: str, args: Mapping[str, object], manner: Manner, what: str
    ) -> Json:
        scope = limits.scope(self._team, what)
        return await self._caller.call(method, args, manner, scope=scope)

    @contextmanager
    def _crowd(self) -> Iterator[None]:
        """Two channels refused at a time: it is the workspace's limit that has run out."""
        try:
            yield
        except RateLimited as limited:
            if self._caller.is_crowded:
                limited.scope = limits.posts_scope(self._team)
            raise


def _content(markdown: str, blocks: Sequence[Block], text: str) -> Json:
    if markdown:
        return {"markdown_text": markdown}  # Slack takes it with neither of the others
    return {"blocks": list(blocks) or None, "text": text or None}

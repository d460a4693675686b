"""What Slack tells by itself → events in the normal form, and what else it says. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from adapters.slack import content, emoji, heard, payloads, words
from adapters.slack.heard import NOTHING, PLATFORM, Heard, Me, Stopped, convert
from bot import events
from bot.events import Event, Place, Quote

_SPOKEN: Final = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Kinds of messages that people write; all others are notes of Slack's or another app's words."""
_DIRECT: Final = frozenset({"im", "app_home"})
"""Types of the person's own chat with the bot."""
_SLACKBOT: Final = "USLACKBOT"


def parse(
    payload: Mapping[str, object], me: Me, *, names: Mapping[str, str], now: datetime
) -> Heard:
    """Read one `event_callback` without nulls. Raises Unreadable.

    `names` are those of people by id, `now` is the time of what Slack gives no time for.
    """
    callback = convert(payload, payloads.Callback)
    kind = convert(callback.event, payloads.Event).type
    found = _Reader(me, callback, names, now).read(kind)
    return replace(found, external=callback.is_ext_shared_channel)


def mentioned(payload: Mapping[str, object], me: Me) -> tuple[str, ...]:
    """Whose names are needed to read what was said in it; nobody's where it was not said to us."""
    event = payload.get("event", payload)
    if not isinstance(event, Mapping):
        return ()
    said = event.get("message", event)
    text = said.get("text") if isinstance(said, Mapping) else None
    overheard = event.get("type") == "message" and event.get("channel_type") not in _DIRECT
    if not isinstance(text, str) or (overheard and f"<@{me.user}" not in text):
        return ()
    return words.people(text, me.user)


def is_farewell(payload: Mapping[str, object]) -> bool:
    """Whether it may tell that the bot is no longer installed."""
    event = payload.get("event")
    kind = event.get("type") if isinstance(event, Mapping) else None
    return kind in ("app_uninstalled", "tokens_revoked")


class _Reader:
    def __init__(
        self, me: Me, callback: payloads.Callback, names: Mapping[str, str], now: datetime
    ) -> None:
        self._me = me
        self._callback = callback
        self._names = names
        self._now = now
        self._id = f"{PLATFORM}:{me.team}"

    def read(self, kind: str) -> Heard:
        read = {
            "message": self._message,
            "app_mention": self._message,
            "reaction_added": self._reacted,
            "reaction_removed": self._reacted,
            "app_home_opened": self._opened,
            "assistant_thread_started": self._assistant,
            "agent_session_stopped": self._stopped,
            "app_uninstalled": self._uninstalled,
            "tokens_revoked": self._revoked,
        }.get(kind)
        return read(kind) if read else NOTHING

    # Messages

    def _message(self, kind: str) -> Heard:
        event = convert(self._callback.event, payloads.MessageEvent)
        if event.subtype == "message_changed":
            return self._changed(event)
        if event.subtype == "message_deleted":
            return self._deleted(event, event.deleted_ts, event.previous_message)
        if event.subtype not in _SPOKEN or event.hidden or not self._is_person(event):
            return NOTHING
        said = self._words(event.text)
        named = said.named or kind == "app_mention"
        if not (named or self._is_direct(event)) or not event.ts or not event.channel:
            return NOTHING
        spoken = self._said(event, event, said.text, named=named)
        if spoken is None or event.edited is None:
            return Heard(event=spoken)
        # A mention that was edited, or only became one by that, comes as if it were new.
        return Heard(event=spoken, otherwise=self._edited(event, event, said.text))

    def _said(
        self, event: payloads.MessageEvent, message: payloads.Message, text: str, *, named: bool
    ) -> Event | None:
        files = heard.files(self._me, message.files)
        quoted = self._forwarded(event.channel, message)
        id = f"{self._id}:{event.channel}:{message.ts}"
        at = heard.time(message.ts, self._now)
        ref = heard.ref(self._me, event.channel, message.ts)
        place = self._place(event, message)
        if text or files or quoted:
            return events.Message(
                id=id, place=place, at=at, ref=ref, text=text, files=files, quoted=quoted
            )
        if not named:
            return None
        # Who only calls the bot hears how to ask.
        return events.Command(id=id, place=place, at=at, ref=ref, name="ask")

    def _changed(self, event: payloads.MessageEvent) -> Heard:
        """An edit by its author; previews that were added and our own edits are none."""
        new, old = event.message, event.previous_message or payloads.Message()
        if new is None or not event.channel:
            return NOTHING
        if new.subtype == "tombstone":  # deleted, but a thread hangs on it
            return self._deleted(event, new.ts, old)
        said, before = self._words(new.text), self._words(old.text)
        files = heard.files(self._me, new.files)
        same = said == before and files == heard.files(self._me, old.files)
        if same or new.subtype not in _SPOKEN or not self._is_person(new):
            return NOTHING
        if not (said.named or before.named or self._is_direct(event)) or not (said.text or files):
            return NOTHING
        edited = self._edited(event, new, said.text)
        if said.named and not before.named and not self._is_direct(event):
            # By the edit it became a question; the mention itself may tell so as well.
            return Heard(event=self._said(event, new, said.text, named=True), otherwise=edited)
        return Heard(event=edited)

    def _edited(
        self, event: payloads.MessageEvent, message: payloads.Message, text: str
    ) -> events.Edited:
        when = (message.edited.ts if message.edited else "") or event.event_ts
        return events.Edited(
            id=f"{self._id}:{event.channel}:{message.ts}:{when}",
            place=self._place(event, message),
            at=heard.time(when, self._now),
            ref=heard.ref(self._me, event.channel, message.ts),
            text=text,
            files=heard.files(self._me, message.files),
        )

    def _deleted(
        self, event: payloads.MessageEvent, ts: str, message: payloads.Message | None
    ) -> Heard:
        if not ts or not event.channel or message is None or not self._is_person(message):
            return NOTHING
        return Heard(
            event=events.Deleted(
                id=f"{self._id}:{event.channel}:{ts}:deleted",
                place=self._place(event, message),
                at=heard.time(event.event_ts, self._now),
                ref=heard.ref(self._me, event.channel, ts),
            )
        )

    def _forwarded(self, channel: str, message: payloads.Message) -> Quote | None:
        """The message that was forwarded with these words, if any was."""
        for one in message.attachments:
            if one.is_msg_unfurl or one.is_share:
                text = words.plain(content.forwarded(one), self._names).strip()
                files = heard.files(self._me, one.files)
                if text or files:
                    ref = heard.ref(self._me, one.channel_id or channel, one.ts)
                    return Quote(ref=ref, text=text, files=files)
        return None

    def _words(self, text: str) -> words.Words:
        return words.read(text, self._me.user, self._names)

    def _is_person(self, message: payloads.Message) -> bool:
        """Whether a person wrote it: never a bot, this one among them."""
        return bool(message.user) and not message.bot_id and not self._is_bot(message.user)

    def _is_bot(self, user: str) -> bool:
        return user in (self._me.user, _SLACKBOT)

    def _is_direct(self, event: payloads.MessageEvent) -> bool:
        if event.channel_type:
            return event.channel_type in _DIRECT
        return event.channel.startswith("D")

    def _place(self, event: payloads.MessageEvent, message: payloads.Message) -> Place:
        """Whatever is answered is answered in the thread of the message, or begins it."""
        team = heard.own_team(self._me, message.user_team, message.team)
        return Place(
            chat=heard.chat(
                self._me,
                event.channel,
                message.thread_ts or message.ts,
                private=self._is_direct(event),
            ),
            user=heard.user(message.user, team),
            reply_to=heard.ref(self._me, event.channel, message.ts) if message.ts else None,
        )

    # What else people do

    def _reacted(self, kind: str) -> Heard:
        event = convert(self._callback.event, payloads.ReactionEvent)
        sign = emoji.unicode(event.reaction)
        item = event.item
        # Of a message without a user it is not told whose it is.
        ours = item.type == "message" and event.item_user in ("", self._me.user)
        if not ours or not sign or not (item.channel and item.ts) or self._is_bot(event.user):
            return NOTHING
        added = kind == "reaction_added"
        name = event.reaction.lower()
        side = "added" if added else "removed"
        reaction = events.Reaction(
            id=f"{self._id}:{item.channel}:{item.ts}:{event.user}:{name}:{side}:{event.event_ts}",
            place=Place(chat=heard.chat(self._me, item.channel), user=heard.user(event.user)),
            at=heard.time(event.event_ts, self._now),
            ref=heard.ref(self._me, item.channel, item.ts),
            added=(sign,) if added else (),
            removed=() if added else (sign,),
        )
        return Heard(event=reaction)

    def _opened(self, _: str) -> Heard:
        event = convert(self._callback.event, payloads.HomeOpened)
        if not event.user:
            return NOTHING
        if event.tab == "home":
            return Heard(home=self._own(event))
        if event.tab != "messages" or not event.channel:
            return NOTHING
        return Heard(event=self._welcome(self._own(event)))

    def _own(self, event: payloads.HomeOpened) -> Place:
        chat = heard.chat(self._me, event.channel, private=True)
        return Place(chat=chat, user=heard.user(event.user))

    def _assistant(self, _: str) -> Heard:
        """The older kind of an assistant's pane: each conversation begins by a note of its own."""
        thread = convert(self._callback.event, payloads.AssistantThreadStarted).assistant_thread
        chat = heard.chat(self._me, thread.channel_id, thread.thread_ts, private=True)
        return Heard(event=self._welcome(Place(chat=chat, user=heard.user(thread.user_id))))

    def _welcome(self, place: Place) -> events.Command:
        id = f"{self._id}:{self._callback.event_id}"
        return events.Command(id=id, place=place, at=self._now, name="welcome")

    def _stopped(self, _: str) -> Heard:
        """Slack's own Stop. Who presses it as the answer ends is not told of nothing to stop, so
        it is the press of a button on what was growing, or on its thread before anything was."""
        event = convert(self._callback.event, payloads.SessionStopped)
        on = next(iter(event.streaming_message_ts), event.thread_ts)
        if not (on and event.channel and event.user) or self._is_bot(event.user):
            return NOTHING
        chat = heard.chat(self._me, event.channel, event.thread_ts or on)
        action = events.Action(
            id=f"{self._id}:{self._callback.event_id}",
            place=Place(chat=chat, user=heard.user(event.user)),
            at=self._now,
            ref=heard.ref(self._me, event.channel, on),
            name="stop",
        )
        stopped = Stopped(
            channel=event.channel, thread=chat.thread, messages=event.streaming_message_ts
        )
        return Heard(event=action, stopped=stopped)

    def _revoked(self, _: str) -> Heard:
        """Of the tokens taken away only the bot's matters; people's are not used."""
        tokens = convert(self._callback.event, payloads.TokensRevoked).tokens
        return self._uninstalled(_) if tokens.bot else NOTHING

    def _uninstalled(self, _: str) -> Heard:
        return Heard(gone=datetime.fromtimestamp(self._callback.event_time, UTC))

"""What people do: a seat is somebody in a conversation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.fakes.slack_api import files, forms, hooks, payloads, words
from tests.fakes.slack_api.chat import remove
from tests.fakes.slack_api.things import (
    Channel,
    File,
    Json,
    Person,
    Post,
    Session,
    Team,
    View,
    labels,
)

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Slack

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(1500)


class Seat:
    """A person in a conversation: what they do there and what they see."""

    def __init__(self, slack: "Slack", channel: Channel, person: Person) -> None:
        self.slack = slack
        self.channel = channel
        self.person = person

    @property
    def team(self) -> Team:
        return self.slack.teams[self.channel.team]

    # --- speaking ------------------------------------------------------------------------------

    def say(
        self,
        text: str = "",
        *,
        thread: Post | str = "",
        files: Sequence[File] = (),
        wire: str = "",
        broadcast: bool = False,
    ) -> Post:
        """Write a message; `wire` is the text as Slack would put it, if not by its own escapes."""
        post = self._put(wire or words.escaped(text), thread, files)
        if broadcast and post.thread:
            body = payloads.message(self.slack, post) | {"subtype": "thread_broadcast"}
            payloads.tell_message(self.slack, self.channel, body)
        else:
            payloads.announce(self.slack, post)
        return post

    def mention(
        self, text: str = "", *, thread: Post | str = "", files: Sequence[File] = ()
    ) -> Post:
        """Write to the bot in a channel."""
        bot = self.slack.installed(self.channel.team).bot_user
        return self.say(wire=f"<@{bot}> {words.escaped(text)}", thread=thread, files=files)

    def file(
        self,
        data: bytes = PICTURE,
        name: str = "picture.png",
        media_type: str = "image/png",
        **about: object,
    ) -> File:
        """A file for a message; `about` are fields of File, such as `mode="external"`."""
        return files.stored(
            self.slack, self.person, data=data, name=name, media_type=media_type, **about
        )

    def _put(self, text: str, thread: Post | str, shared: Sequence[File]) -> Post:
        root = thread.root if isinstance(thread, Post) else thread
        post = self.slack.post(
            self.channel, self.person.id, text=text, thread=root, files=list(shared)
        )
        for file in shared:
            files.share(self.slack, file, self.channel, post.ts, root)
        return post

    def edit(self, post: Post, text: str, *, wire: str = "") -> None:
        """Change the words of an own message."""
        before = payloads.message(self.slack, post)
        post.text, post.edits = wire or words.escaped(text), post.edits + 1
        self.slack.show(self.channel, "edit", post.ts, post.text)
        payloads.changed(self.slack, post, before)

    def unfurl(self, post: Post) -> None:
        """What Slack does by itself after somebody wrote a link: an edit that changes no word."""
        payloads.changed(self.slack, post, payloads.message(self.slack, post))

    def delete(self, post: Post) -> None:
        before = payloads.message(self.slack, post)
        remove(self.slack, post)
        payloads.deleted(self.slack, post, before)

    def react(self, post: Post, name: str = "+1") -> None:
        post.reactions.setdefault(name, []).append(self.person.id)
        self._reacted(post, name, "reaction_added")

    def unreact(self, post: Post, name: str = "+1") -> None:
        post.reactions[name].remove(self.person.id)
        self._reacted(post, name, "reaction_removed")

    def _reacted(self, post: Post, name: str, kind: str) -> None:
        install = self.slack.installed(self.channel.team)
        if install.bot_user in self.channel.members:
            item = {"type": "message", "channel": self.channel.id, "ts": post.ts}
            event: Json = {"type": kind, "user": self.person.id, "reaction": name}
            event |= {"item": item, "item_user": post.author}
            payloads.tell(self.slack, install, self.channel.team, event)

    # --- commanding ----------------------------------------------------------------------------

    def command(self, text: str = "", *, name: str = "/ask") -> payloads.Delivery:
        """Send a slash command; Slack does not take them in threads."""
        assert name in self.slack.app.commands, "no such command"
        hook = hooks.Hook(person=self.person, channel=self.channel, at=self.slack.clock())
        install = self.slack.installed(self.channel.team)
        payload: Json = {
            "token": self.slack.app.verification,
            "team_id": self.channel.team,
            "team_domain": self.team.domain,
            "channel_id": self.channel.id,
            "channel_name": _shown_name(self.channel),
            "user_id": self.person.id,
            "user_name": self.person.name.lower(),
            "command": name,
            "text": words.escaped(text),
            "api_app_id": self.slack.app.id,
            "is_enterprise_install": "false" if install.team else "true",
            "response_url": hooks.made(self.slack, "commands", hook),
            "trigger_id": self.slack.trigger(self.person, self.channel.team),
        }
        if self.team.enterprise:
            payload |= {"enterprise_id": self.team.enterprise, "enterprise_name": "House"}
        if self.person.team != self.channel.team:
            payload["user_team_id"] = self.person.team

        def answered(status: int, body: bytes) -> None:
            if status != 200:
                why = "operation_timeout" if not status else "dispatch_failed"
                self._slackbot(f"{name} failed with the error {why!r}")
            elif told := payloads.told(body):
                hooks.show(self.slack, hook, told)

        return self._bring("commands", payload, answered)

    def ask_about(self, post: Post) -> payloads.Delivery:
        """Use the message shortcut; it works in threads and where the bot is not."""
        hook = hooks.Hook(
            person=self.person, channel=self.channel, at=self.slack.clock(), thread=post.thread
        )
        payload = self._about() | {
            "type": "message_action",
            "callback_id": self.slack.app.ask_message,
            "action_ts": self.slack.new_ts(),
            "message_ts": post.ts,
            "response_url": hooks.made(self.slack, "app", hook),
            "channel": {"id": self.channel.id, "name": _shown_name(self.channel)},
            "message": payloads.message(self.slack, post),
        }
        return self._bring("interactive", payload)

    def shortcut(self) -> payloads.Delivery:
        """Use the global shortcut, which knows no channel."""
        payload = self._about() | {
            "type": "shortcut",
            "callback_id": self.slack.app.ask_global,
            "action_ts": self.slack.new_ts(),
        }
        return self._bring("interactive", payload)

    def press(
        self, on: Post | View, label: str, *, forged: Json | None = None
    ) -> payloads.Delivery:
        """Press the button whose label contains `label`; `forged` is sent instead of its action."""
        found = [
            action
            for element in (on.elements if isinstance(on, Post) else forms.elements(on))
            for words_, action in labels(element)
            if label in words_
        ]
        assert found or forged, f"no button {label!r} on {on!r}"
        action = {"action_ts": self.slack.new_ts(), **(forged or found[0])}
        payload = self._about(on.id if isinstance(on, View) else "")
        payload |= {"type": "block_actions", "actions": [action]}
        payload |= self._container(on)
        return self._bring("interactive", payload)

    def _container(self, on: Post | View) -> Json:
        if isinstance(on, View):
            container: Json = {"type": "view", "view_id": on.id}
            return {"container": container, "view": on.described()}
        hook = hooks.Hook(
            person=self.person,
            channel=self.channel,
            at=self.slack.clock(),
            post=on,
            thread=on.thread,
        )
        container = {
            "type": "message",
            "message_ts": on.ts,
            "channel_id": self.channel.id,
            "is_ephemeral": bool(on.only),
        }
        if on.thread:
            container["thread_ts"] = on.thread
        more = {} if on.only else {"message": payloads.message(self.slack, on)}
        return {
            "container": container,
            "channel": {"id": self.channel.id, "name": _shown_name(self.channel)},
            "response_url": hooks.made(self.slack, "actions", hook),
            "state": {"values": {}},
            **more,
        }

    def submit(self, values: Json | None = None) -> payloads.Delivery:
        """Send the modal on top, filled in; see `forms.filled` for `values`."""
        view = self.modal
        assert view is not None, "no modal is open"
        state = forms.filled(view, values or {})
        payload = self._about(view.id) | {
            "type": "view_submission",
            "view": view.described(state),
            "response_urls": [],
        }

        def answered(status: int, body: bytes) -> None:
            forms.taken(self.slack, self.person, view, status, body)

        return self._bring("interactive", payload, answered)

    def close(self) -> None:
        """Close the modal on top."""
        view = self.person.modals.pop()
        if view.body.get("notify_on_close"):
            payload = self._about() | {"type": "view_closed", "view": view.described()}
            self._bring("interactive", payload | {"is_cleared": False})

    def _about(self, view: str = "") -> Json:
        trigger = self.slack.trigger(self.person, self.channel.team, view)
        return payloads.about(self.slack, self.person, self.team, trigger)

    def _bring(
        self, kind: payloads.Kind, payload: Json, answered: payloads.Reply | None = None
    ) -> payloads.Delivery:
        delivery = payloads.Delivery(
            kind=kind, payload=payload, at=self.slack.clock(), answered=answered
        )
        return self.slack.deliver(delivery)

    def _slackbot(self, text: str) -> None:
        self.slack.post(self.channel, "USLACKBOT", text=text, only=self.person.id, via="slack")
        self.slack.changed()

    # --- opening and stopping ------------------------------------------------------------------

    def open_home(self, tab: str = "home") -> None:
        """Open the app's page: its "home" or its "messages"."""
        install = self.slack.installed(self.channel.team)
        dm = self.slack.dm(self.person, self.team)
        event: Json = {"type": "app_home_opened", "user": self.person.id, "tab": tab}
        event["channel"] = dm.channel.id
        if tab == "home" and self.person.home:
            event["view"] = self.person.home.described()
        payloads.tell(self.slack, install, self.channel.team, event)

    def start_assistant_thread(self) -> Post:
        """Open a new chat, where the app is of the older kind; the root of its thread."""
        install = self.slack.installed(self.channel.team)
        root = self.slack.post(
            self.channel, install.bot_user, text="New Assistant Thread", via="slack"
        )
        thread = {"user_id": self.person.id, "channel_id": self.channel.id, "thread_ts": root.ts}
        thread["context"] = {}  # type: ignore[assignment]  # an object among strings
        event: Json = {"type": "assistant_thread_started", "assistant_thread": thread}
        payloads.tell(self.slack, install, self.channel.team, event)
        return root

    def stop(self, thread: Post | str) -> None:
        """Press the native Stop, which is there while the session is "processing"."""
        root = thread.root if isinstance(thread, Post) else thread
        session = self.channel.sessions.get(root)
        assert session and session.status == "processing", "there is nothing to stop"
        live = [
            post
            for post in self.thread(root)
            if post.stream and post.stream.state(self.slack.clock()) == "live"
        ]
        for post in live:
            assert post.stream
            post.stream.ended = "stopped"
        install = self.slack.installed(self.channel.team)
        event: Json = {
            "type": "agent_session_stopped",
            "channel": self.channel.id,
            "thread_ts": root,
            "user": self.person.id,
            "streaming_message_ts": [post.ts for post in live],
        }
        payloads.tell(self.slack, install, self.channel.team, event)

    # --- seeing --------------------------------------------------------------------------------

    @property
    def posts(self) -> list[Post]:
        """All messages on the screen, oldest first."""
        self.slack.settle()
        return list(self.channel.posts.values())

    @property
    def answers(self) -> list[Post]:
        """The messages of the app on the screen, oldest first."""
        return [post for post in self.posts if self.slack.is_bot(post.author)]

    @property
    def ephemerals(self) -> list[Post]:
        """What only this person sees."""
        return [post for post in self.channel.ephemerals if post.only == self.person.id]

    def thread(self, root: Post | str) -> list[Post]:
        """The messages below a root, without itself."""
        ts = root.root if isinstance(root, Post) else root
        return [post for post in self.posts if post.thread == ts]

    def shown(self, root: Post | str | None = None) -> list[str]:
        """The readable texts of the app's messages, of one thread if one is given."""
        seen = self.answers if root is None else self.thread(root)
        return [post.readable for post in seen if self.slack.is_bot(post.author)]

    def status(self, thread: Post | str) -> str:
        """The words below a thread while an answer is made; empty for none."""
        root = thread.root if isinstance(thread, Post) else thread
        status = self.channel.statuses.get(root)
        return status.words if status and status.until > self.slack.clock() else ""

    def session(self, thread: Post | str) -> Session | None:
        return self.channel.sessions.get(thread.root if isinstance(thread, Post) else thread)

    @property
    def modal(self) -> View | None:
        """The modal on top."""
        return self.person.modals[-1] if self.person.modals else None

    @property
    def home(self) -> View | None:
        return self.person.home


def _shown_name(channel: Channel) -> str:
    return {"im": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


class Room:
    """A conversation of several people."""

    def __init__(self, slack: "Slack", channel: Channel) -> None:
        self.slack = slack
        self.channel = channel

    def seat(self, person: Person) -> Seat:
        """The person's seat in it; they join when they were not there."""
        self.channel.members.add(person.id)
        return Seat(self.slack, self.channel, person)

    def invite(self) -> None:
        """Invite the bot."""
        self.channel.members.add(self.slack.installed(self.channel.team).bot_user)

    def remove(self) -> None:
        """Remove the bot."""
        self.channel.members.discard(self.slack.installed(self.channel.team).bot_user)

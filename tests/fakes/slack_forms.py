"""Forms in Slack: somebody with a fresh trigger, and what they fill in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.slack.interaction import Interaction
from adapters.slack.opening import Forms, Submitted
from adapters.slack.page import Page, Words
from adapters.slack.workspace import Workspace
from bot.events import Chat, MessageRef, Place, User
from bot.surface import Forbidden, Form, FormField
from tests.fakes.slack_api.things import Json, View
from tests.fakes.slack_line import World, world

WORDS = Words(
    title="Details",
    close="Cancel",
    wait="One moment",
    nothing="Look in the chat",
    choose="Choose",
    yes="Yes",
    no="No",
)


@dataclass(frozen=True)
class Single:
    """One workspace, and no other."""

    workspace: Workspace

    async def of(self, team: str, enterprise: str = "") -> Workspace:
        if team != self.workspace.team:
            raise Forbidden("not installed")
        return self.workspace

    def known(self) -> Sequence[Workspace]:
        return [self.workspace]


@dataclass
class Desk:
    """Ada at a form; `faults` are what its check finds."""

    world: World = field(default_factory=world)
    faults: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workspaces = Single(self.world.workspace)
        self.forms = Forms(self.workspaces, Page(words=lambda _: WORDS))

    @property
    def modal(self) -> View | None:
        return self.world.seat.modal

    @property
    def shown(self) -> str:
        return self.modal.readable if self.modal else ""

    def place(self, *, trigger: str = "", response_url: str = "") -> Place:
        """Where a button was just pressed, or whatever `trigger` is said to be of."""
        world = self.world
        trigger = trigger or world.slack.trigger(world.seat.person, world.team.id)
        ref = MessageRef(platform="slack", workspace=world.team.id, chat=world.channel, id="1.2")
        made = Interaction(kind="press", trigger=trigger, response_url=response_url)
        return Place(
            chat=Chat(
                platform="slack",
                workspace=world.team.id,
                id=world.channel,
                thread="1.1",
                private=True,
            ),
            user=User(id=world.user, workspace=world.team.id, language="de-DE"),
            reply_to=ref,
            interaction=made.packed(),
            only_user=True,
        )

    def form(self, *fields: FormField, title: str = "Details", submit: str = "Save") -> Form:
        return Form(
            id="inputs", title=title, fields=fields, submit=submit, check=lambda _: self.faults
        )

    async def open(self, *fields: FormField) -> View:
        await self.forms.open(self.place(), self.form(*fields))
        assert self.modal is not None
        return self.modal

    def submit(self, filled: Json | None = None, *, forms: Forms | None = None) -> Submitted:
        """Fill in the modal and send it; what was made of it."""
        delivery = self.world.seat.submit(filled)
        submitted = (forms or self.forms).submitted(delivery.payload)
        assert delivery.answered is not None
        delivery.answered(200, json.dumps(submitted.body).encode())
        return submitted


def a_field(name: str, kind: str = "text", **more: object) -> FormField:
    made = {"name": name, "label": name.title(), "kind": kind, **more}
    return FormField(**made)  # type: ignore[arg-type]  # as little said as a test needs

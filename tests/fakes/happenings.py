"""Events as platforms would tell them, with as little said as a test needs."""

from datetime import UTC, datetime

from bot.events import (
    Action,
    Chat,
    Command,
    Deleted,
    Edited,
    File,
    Message,
    MessageRef,
    Place,
    Reaction,
    Submission,
    User,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def place(chat: str = "c", user: str = "ann", *, thread: str = "", team: str = "") -> Place:
    where = Chat(platform="playground", workspace="w", id=chat, thread=thread)
    return Place(chat=where, user=User(id=user, workspace=team))


def ref(id: str, chat: str = "c") -> MessageRef:
    return MessageRef(platform="playground", workspace="w", chat=chat, id=id)


def message(
    id: str, where: Place | None = None, *, text: str = "", album: str = "", files: int = 0
) -> Message:
    there = where or place()
    pictures = tuple(File(handle=f"{id}-{n}", media_type="image/png") for n in range(files))
    return Message(
        id=id,
        place=there,
        at=AT,
        ref=ref(id, there.chat.id),
        text=text,
        album=album,
        files=pictures,
    )


def command(id: str, name: str, where: Place | None = None) -> Command:
    return Command(id=id, place=where or place(), at=AT, name=name)


def action(id: str, name: str, on: str = "m", where: Place | None = None) -> Action:
    return Action(id=id, place=where or place(), at=AT, ref=ref(on), name=name)


def edited(id: str, on: str = "m", where: Place | None = None) -> Edited:
    return Edited(id=id, place=where or place(), at=AT, ref=ref(on))


def deleted(id: str, on: str = "m", where: Place | None = None) -> Deleted:
    return Deleted(id=id, place=where or place(), at=AT, ref=ref(on))


def reaction(id: str, on: str = "m", where: Place | None = None) -> Reaction:
    return Reaction(id=id, place=where or place(), at=AT, ref=ref(on), added=("👍",))


def submission(id: str, where: Place | None = None) -> Submission:
    return Submission(id=id, place=where or place(), at=AT, form="f", values={})

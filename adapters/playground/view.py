"""What the page is told, as the shapes of its JSON."""

from collections.abc import Iterable
from dataclasses import asdict
from math import isinf

from adapters.playground.behaviour import Behaviour
from adapters.playground.records import BOT, EVERYONE, Person, Post
from bot.surface import Button, Form


def message(post: Post, name: str, html: str) -> dict[str, object]:
    voice = post.voice
    return {
        "id": post.id,
        "chat": post.chat,
        "author": post.author,
        "name": name,
        "html": html,
        "text": post.text,
        "growing": post.growing,
        "edited": post.edited,
        "buttons": buttons(post.buttons),
        "files": [
            {"id": file.id, "media_type": file.media_type, "name": file.name} for file in post.files
        ],
        "reactions": {emoji: list(people) for emoji, people in post.reactions.items()},
        "voice": voice
        and {
            "id": voice.file,
            "media_type": voice.media_type,
            "seconds": voice.seconds,
            "title": voice.title,
        },
        "reply_to": post.reply_to or None,
        "only_for": post.only_for or None,
        "album": post.album or None,
        "sent": post.sent or None,
        "at": round(post.at * 1000),
    }


def buttons(shown: Iterable[Button]) -> list[dict[str, object]]:
    return [
        {"label": each.label, "name": each.name, "value": each.value, "chosen": each.chosen}
        for each in shown
    ]


def chats(people: Iterable[Person]) -> list[dict[str, object]]:
    return [
        *(
            {"id": each.chat, "title": each.name, "private": True, "person": each.id}
            for each in people
        ),
        {"id": EVERYONE, "title": "Everyone", "private": False, "person": None},
    ]


def capabilities(behaviour: Behaviour) -> dict[str, object]:
    """Those of a private chat; what never ends is null."""
    data = asdict(behaviour.private) | {"limit": behaviour.limit}
    return {
        name: None if isinstance(value, float) and isinf(value) else value
        for name, value in data.items()
    }


def form(person: str, chat: str, shown: Form) -> dict[str, object]:
    return {
        "op": "form",
        "person": person,
        "chat": chat,
        "form": {
            "id": shown.id,
            "title": shown.title,
            "submit": shown.submit,
            "fields": [asdict(each) for each in shown.fields],
        },
    }


def name(author: str, title: str, people: dict[str, Person]) -> str:
    """What stands over a message; somebody who is no longer known keeps the id."""
    if author == BOT:
        return title
    return people[author].name if author in people else author

"""Which addresses in a question are pictures the API may fetch itself."""

import pytest

from bot.completion.models import FileUpload, ImageUpload, Parameters
from bot.service.pictures import links, takes_files

SEES = Parameters(file_upload=FileUpload(image=ImageUpload(enabled=True)))
LOCAL = Parameters(
    file_upload=FileUpload(enabled=True, allowed_file_upload_methods=("local_file",))
)
REMOTE = Parameters(
    file_upload=FileUpload(enabled=True, allowed_file_upload_methods=("remote_url",))
)
CAT = "https://example.org/cat.png"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"What is {CAT}?", [CAT]),
        (f"这是什么？{CAT}。", [CAT]),
        (f"({CAT}) [this]({CAT})", [CAT]),
        ("https://example.org/a/cat.JPG?w=1#x and more", ["https://example.org/a/cat.JPG?w=1#x"]),
        ("https://example.org/cat.png/page", []),
        ("https://example.org/?file=cat.png", []),
        ("ftp://example.org/cat.png", []),
        ("https://ann:secret@example.org/cat.png", []),
        ("https://host/file/bot123456789:AAGq-abcdefghijklmnopqrstuvwxyz012345/cat.png", []),
        ("https://host/cat.png?token=xoxb-1234-abcdef", []),
        ("", []),
    ],
)
def test_links_to_pictures_without_secrets_are_found(text: str, found: list[str]) -> None:
    assert [one.url for one in links(SEES, text, 3)] == found


def test_no_more_are_taken_than_there_is_room_for() -> None:
    text = " ".join(f"https://example.org/{n}.png" for n in range(5))
    assert len(links(SEES, text, 2)) == 2
    assert links(SEES, text, 0) == ()


def test_an_app_takes_what_its_owner_has_allowed() -> None:
    assert links(LOCAL, CAT, 3) == links(Parameters(), CAT, 3) == ()
    assert len(links(REMOTE, CAT, 3)) == 1
    assert (takes_files(LOCAL), takes_files(REMOTE), takes_files(Parameters())) == (
        True,
        False,
        False,
    )

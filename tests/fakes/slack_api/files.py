"""Files: of people, downloaded with a token; of the app, uploaded in three steps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fakes.slack_api.blocks import check_message
from tests.fakes.slack_api.chat import reachable, thread_of
from tests.fakes.slack_api.refused import Refused, invalid
from tests.fakes.slack_api.things import Channel, File, Install, Json, Person

if TYPE_CHECKING:
    from tests.fakes.slack_api.server import Method, Slack

LOGIN = (
    b'<!DOCTYPE html><html lang="en-US"><head><title>Sign in | Slack</title></head>'
    b"<body>Sign in to your workspace</body></html>"
)
MOST = 2**30  # bytes
_KINDS = {
    **{"mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav", "m4a": "audio/mp4"},
    **{"md": "text/markdown", "txt": "text/plain", "png": "image/png", "jpg": "image/jpeg"},
}
Raw = tuple[int, dict[str, str], bytes]


def stored(slack: "Slack", person: Person, **about: object) -> File:
    """A person's file that is in Slack; `about` are fields of File."""
    file = File(id=slack.new_id("F"), team=person.team, owner=person.id, **about)  # type: ignore[arg-type]
    if not file.url:
        file.url = _address(slack, file)
    slack.files[file.id] = file
    return file


def _address(slack: "Slack", file: File) -> str:
    return f"{slack.file_host}/files-pri/{file.team}-{file.id}/download/{file.name}"


def share(slack: "Slack", file: File, channel: Channel, ts: str, thread: str = "") -> None:
    """Note that the file is in a message."""
    about: Json = {"ts": ts, "channel_name": channel.name, "team_id": channel.team}
    if thread:
        about["thread_ts"] = thread
    file.shares.setdefault(channel.id, []).append(about)


def fetched(slack: "Slack", address: str, headers: Mapping[str, str]) -> Raw:
    """What a GET of a file's address brings; without the right token it is a page to sign in."""
    slack.settle()
    number = urlsplit(address).path.removeprefix("/files-pri/").partition("/")[0]
    file = slack.files.get(number.partition("-")[2])
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    install = slack.installs.get(token) if scheme == "Bearer" else None
    if file is None:
        return 404, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Not found</title>"
    if install is None or install.revoked or "files:read" not in install.scopes:
        return 200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN
    return 200, {"Content-Type": file.media_type}, file.data


def info(slack: "Slack", install: Install, given: Json) -> Json:
    file = slack.files.get(str(given["file"]))
    if file is None or not file.complete:
        raise Refused("file_not_found")
    described = file.described()
    visible: dict[str, dict[str, list[Json]]] = {"public": {}, "private": {}}
    for number, about in file.shares.items():
        public = slack.channels[number].kind == "channel"
        visible["public" if public else "private"][number] = about
    described["shares"] = {kind: found for kind, found in visible.items() if found}
    return {"file": described, "comments": [], "paging": {}}


def upload_url(slack: "Slack", install: Install, given: Json) -> Json:
    name, length = str(given["filename"]), int(str(given["length"]))
    if not 0 < length <= MOST:
        raise Refused("file_upload_size_restricted")
    file = File(
        id=slack.new_id("F"),
        team=install.team,
        owner=install.bot_user,
        name=name,
        data=b"",
        media_type=_KINDS.get(name.rpartition(".")[2].lower(), "application/octet-stream"),
        claimed=length,
        complete=False,
    )
    file.url = _address(slack, file)
    slack.files[file.id] = file
    return {"upload_url": f"{slack.file_host}/upload/v1/{file.id}", "file_id": file.id}


def uploaded(slack: "Slack", address: str, headers: Mapping[str, str], data: bytes) -> Raw:
    """What a POST to an upload address brings; it needs no token, and should not get one."""
    file = slack.files.get(urlsplit(address).path.rpartition("/")[2])
    if "Authorization" in headers:
        slack.exposed.append(("upload", "token"))
    if file is None or file.complete:
        return 404, {}, b"not found"
    if len(data) != file.claimed:
        return 400, {}, b"the length is not what was told"
    file.data = data
    return 200, {}, f"OK - {len(data)}".encode()


def complete(slack: "Slack", install: Install, given: Json) -> Json:
    wanted = given["files"]
    assert isinstance(wanted, list)
    found = [_uploaded(slack, install, about) for about in wanted]
    if "channel_id" in given:
        channel = reachable(slack, install, given["channel_id"])
        thread = thread_of(channel, given)
        shown = _comment(slack, channel, given)
        slack.later(slack.sharing, lambda: _appear(slack, install, channel, thread, found, **shown))
    for file in found:
        file.complete = True
    return {"files": [{"id": file.id, "title": file.title or file.name} for file in found]}


def _uploaded(slack: "Slack", install: Install, about: Mapping[str, object]) -> File:
    file = slack.files.get(str(about.get("id")))
    if file is None or file.owner != install.bot_user or not file.data:
        raise Refused("file_not_found")
    file.title = str(about.get("title", ""))
    return file


def _comment(slack: "Slack", channel: Channel, given: Json) -> Json:
    """What stands beside the files: words, or blocks."""
    if "blocks" not in given:
        return {"text": str(given.get("initial_comment", ""))}
    if "initial_comment" in given:
        raise invalid("initial_comment or blocks, not both")
    refuses = slack.teams[channel.team].refuses
    return {"blocks": check_message(given["blocks"], frozenset(refuses))}


def _appear(
    slack: "Slack",
    install: Install,
    channel: Channel,
    thread: str,
    found: list[File],
    **shown: object,
) -> None:
    post = slack.post(
        channel,
        install.bot_user,
        thread=thread,
        files=found,
        via="files.completeUploadExternal",
        **shown,
    )
    for file in found:
        share(slack, file, channel, post.ts, thread)
    slack.changed()


def delete(slack: "Slack", install: Install, given: Json) -> Json:
    file = slack.files.get(str(given["file"]))
    if file is None or file.owner != install.bot_user:
        raise Refused("file_not_found")
    del slack.files[file.id]
    return {}


METHODS: "dict[str, Method]" = {
    "files.info": info,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete,
    "files.delete": delete,
}

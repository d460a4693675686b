"""What is checked or put right before anything is sent. Faults are ValueErrors without secrets."""

import ipaddress
import re
from urllib.parse import quote, urlsplit

import httpx

from bot.completion.media import sniff

USER_LIMIT = 255  # characters; the API's column, beyond which it answers 500
NAME_LIMIT = 200  # characters of a file's name; the API cuts the rest


def true_name(data: bytes, name: str, told: str) -> tuple[str, str]:
    """A file name the API takes, whose extension is true, and the media type."""
    name = re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", name).strip(" .")[-NAME_LIMIT:]
    sniffed = sniff(data)
    if sniffed is None:
        # A part without a media type is refused, whatever is in it.
        return name or "file", told or "application/octet-stream"
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    if {extension.lower(), sniffed.extension} in ({"jpg", "jpeg"}, {sniffed.extension}):
        return name, sniffed.media_type
    return f"{stem or 'file'}.{sniffed.extension}", sniffed.media_type


def segment(name: str) -> str:
    """An id as one segment of a path, whatever is in it."""
    return quote(name, safe="").replace(".", "%2E")


def checked_user(user: str) -> str:
    if not 1 <= len(user) <= USER_LIMIT:
        raise ValueError(f"user has 1 to {USER_LIMIT} characters")
    return user


def checked_key(api_key: str) -> str:
    if not re.fullmatch(r"[!-~]+", api_key):
        raise ValueError("the API key is empty or holds characters no header can carry")
    return api_key


def checked_base_url(base_url: str) -> str:
    """Without a trailing slash; ValueError says what is wrong with it."""
    try:
        parts = urlsplit(base_url.strip())
        address = httpx.URL(base_url.strip())
    except (ValueError, httpx.InvalidURL):
        raise ValueError("the address of the Completion API is no address") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("the address of the Completion API begins with https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address of the Completion API is host and path only")
    if parts.scheme == "http" and not _is_near(parts.hostname):
        raise ValueError(f"http would send the API key to {parts.hostname} in the clear; use https")
    return str(address).rstrip("/")


def _is_near(host: str) -> bool:
    """This machine, a private address, or a name of the own network such as a container's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".")
        return "." not in name or name.endswith((".localhost", ".local", ".internal"))
    return address.is_private

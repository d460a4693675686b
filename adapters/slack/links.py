"""Where links lead, and how they are written so that they lead where they seem to."""

import re
import unicodedata
from functools import lru_cache
from html import unescape
from urllib.parse import urlsplit

from adapters.slack.neutral import UNSEEN

PICTURE = "🖼"

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_INVISIBLE = re.compile(f"[{UNSEEN}]")
_DOTS = str.maketrans("\u3002\uff0e\uff61\u2024", "....")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})\b")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_MACHINE_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{1,63}")
_MAIL = re.compile(r"mailto:([\w.%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})", re.IGNORECASE)
_MARKS = re.compile(r"[*_~`]|\\(?=[!-/:-@\[-`{-~])")
_NO_PATH = re.compile(r"\A(?:#|//|\\)|[:<>&]")
_LONGEST_PATH = 200  # characters; what is longer is no path that people read

# Ends of file names that are no top-level domains; "guide.pdf" is not the name of a host.
_FILES = frozenset(
    [
        *["bmp", "cfg", "conf", "cpp", "csv", "css", "docx", "gif", "go", "html", "ini", "java"],
        *["ipynb", "jpeg", "jpg", "js", "json", "jsx", "log", "pdf", "php", "png", "svg", "toml"],
        *["tsx", "txt", "vue", "xlsx", "xml", "yaml", "yml"],
    ]
)

# What clients most likely make an address of, when it stands behind a dot.
_TOP = frozenset(
    [
        *["com", "org", "net", "io", "dev", "app", "me", "ai", "co", "edu", "gov", "info", "tv"],
        *["de", "fr", "uk", "ru", "cn"],
    ]
)

# What would end an address early: in Slack's markdown, in a table's cell, or in code.
_ENCODED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in ' "()<>[]`|\\'})

_LOOKALIKE = "\u0370-\u058f\u13a0-\u13ff"  # Greek to Armenian, and Cherokee
_FOREIGN = re.compile(
    rf"(?<![\w@.-])(?=[\w.-]{{0,253}}[{_LOOKALIKE}])(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_]{{2,24}}"
    r"(?![\w-]|\.\w)"
)
_MISLEADING = re.compile(rf"[{_LOOKALIKE}][\w.-]{{0,536}}\.[A-Za-z]{{2}}")
FOREIGN_TO_COME = re.compile(
    rf"(?<=[{_LOOKALIKE}])[\w-]{{0,63}}(?:\.[\w-]{{1,63}}){{0,8}}?(?P<held>\.[^\W\d_]{{0,24}}\.?)\Z"
)
"""What may be the end of such a name, or of a sentence."""

_TRAILING = ".:;,('?!*_~"
_CLOSING = {")": "(", "]": "[", "}": "{"}


def link(label: str, words: str, url: str, *, hardened: bool) -> str:
    """A link on the wire: `label` as it is shown, `words` as they are read, `url` as written.

    What may not be followed is no link; where the words name another host, the real one is shown.
    """
    target = safe(url)
    if not target:
        return label + unlinked(words, url)
    if hardened:
        return f"{label} ({code(target)})" if words.strip() else code(target)
    if not words.strip():
        return f"[{host(target)}]({target})"
    if safe(words.strip()) == target:
        return f"<{target}>"
    hidden = other_host(words, target)
    return f"[{label}]({target})" + (f" ({hidden})" if hidden else "")


def autolink(url: str, *, hardened: bool) -> str:
    """An address on the wire; as code where it may not be followed."""
    target = safe(url)
    return f"<{target}>" if target and not hardened else code(target or url)


def may_mislead(text: str) -> bool:
    """Whether there may be a name in `text` that looks like another host's."""
    return bool(_MISLEADING.search(text))


def with_hosts(words: str, after: str) -> str:
    """`words` with the real name behind every host's name in letters that look like ours.

    `after`: the next signs, which tell whether a name is over.
    """
    out, at = [], 0
    for found in _FOREIGN.finditer(words + after, 0, len(words) + len(after)):
        if found.end() <= len(words) and (hidden := _real(found[0])):
            out += [words[at : found.end()], f" ({hidden})"]
            at = found.end()
    return "".join(out) + words[at:] if out else words


@lru_cache(maxsize=256)
def _real(name: str) -> str:
    """What machines read for the name of a host that clients make an address of; else ""."""
    if name.rpartition(".")[2].lower() not in _TOP:
        return ""
    try:
        return machine(name)
    except ValueError:
        return ""


def code(url: str) -> str:
    """An address that cannot be followed, and is read all the same."""
    return f"`{url.removeprefix('mailto:').replace('`', '%60').replace('|', '%7C')}`"


def unlinked(words: str, url: str) -> str:
    """Behind the words of a link that leads nowhere: a path people can use themselves."""
    path = " ".join(url.split()).replace("`", "")
    if _NO_PATH.search(path) or len(path) > _LONGEST_PATH:
        return ""
    return f" (`{path}`)" if path and path not in words else ""


@lru_cache(maxsize=256)
def safe(url: str) -> str:
    """`url` if it may be followed, written so that it leads where it seems to; else ""."""
    # Browsers skip these wherever they stand, and take a backslash for a slash.
    url = _CONTROLS.sub("", url.strip())
    if mail := _MAIL.match(url):
        return f"mailto:{mail[1]}"
    try:
        parts = urlsplit(url.replace("\\", "/"))
        port = parts.port
        name = machine(parts.hostname or "")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not _MACHINE_HOST.fullmatch(name):
        return ""
    # Without the name of a user in front, which looks like a host: https://bank.com@evil.example
    netloc = name if port is None else f"{name}:{port}"
    return parts._replace(netloc=netloc).geturl().translate(_ENCODED)


def host(url: str) -> str:
    """Where it leads; of a mail, the address."""
    return urlsplit(url).hostname or url.removeprefix("mailto:")


def machine(name: str) -> str:
    """A host's name in the letters that machines compare; raises UnicodeError, a ValueError."""
    name = unicodedata.normalize("NFKC", name.translate(_DOTS)).lower().rstrip(".")
    return name if name.isascii() else name.encode("idna").decode()


def other_host(words: str, url: str) -> str:
    """The host of `url` if `words` look like an address elsewhere, else ""."""
    real = host(url)
    # As it is spelt: letters of another alphabet that look like ours are another host.
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", words).translate(_DOTS)).lower()
    if "@" in real:
        return "" if real.lower() in plain or not _HOST.search(plain) else real
    named = [name for name in _HOST.findall(plain) if name.rpartition(".")[2] not in _FILES]
    named += _ADDRESS.findall(plain)
    ours = {real, real.removeprefix("www."), f"www.{real}"}
    return real if any(name not in ours for name in named) else ""


def read(label: str) -> str:
    """What is read of a label in markdown."""
    return unescape(_MARKS.sub("", label))


def length(url: str) -> int:
    """How much of it is the address: not the sentence's signs, nor a bracket opened before it."""
    open_ones: list[str] = []
    for place, character in enumerate(url):
        if character in "([{":
            open_ones.append(character)
        elif character in _CLOSING and (not open_ones or open_ones.pop() != _CLOSING[character]):
            return len(url[:place].rstrip(_TRAILING))
    return len(url.rstrip(_TRAILING))

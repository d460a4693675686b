"""Where links lead, and words that would become links, mentions and commands by themselves."""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

JOINER = "\u2060"
"""The word joiner, which nobody sees: behind a sign it makes words of a mention or a command."""

_SCHEMES = ("http", "https")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufffc\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_VISIBLE = re.compile(f"[^\\s{_UNSEEN}]")
_DOTS = str.maketrans("\u3002\uff0e\uff61\u2024", "....")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})\b")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_MACHINE_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{1,63}")
# Ends of file names that are no top-level domains; "guide.pdf" is not the name of a host.
_FILES = frozenset(
    [
        *[
            "bmp",
            "cfg",
            "conf",
            "cpp",
            "csv",
            "css",
            "docx",
            "gif",
            "go",
            "html",
            "ini",
            "ipynb",
            "java",
        ],
        *[
            "jpeg",
            "jpg",
            "js",
            "json",
            "jsx",
            "log",
            "pdf",
            "php",
            "png",
            "svg",
            "toml",
            "tsx",
            "txt",
        ],
        *["vue", "xlsx", "xml", "yaml", "yml"],
    ]
)

# What a client makes a link of without being asked.
_PATH = r"[^\s<>\"«»\u2060-\u206f]*"
_BARE = re.compile(
    r"https?://(?:[^\s/?#@<>\"'`(){}\[\]«»]{1,64}@){0,3}"
    r"(?:(?:[\w~-]{1,63}\.)+[^\W\d_][\w-]{1,62}|(?:\d{1,3}\.){3}\d{1,3})"
    rf"(?::\d{{1,5}})?(?:[/?#]{_PATH})?",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"\.(?:com|org|net|io|dev|app|me|ai|co|edu|gov|info|tv|de|fr|uk|ru|cn)(?![\w-])"
    rf"(?::\d{{1,5}})?(?:/{_PATH})?",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"(?<![\w/#@.-])[\w-]{1,63}(?:\.[\w-]{1,63})*\Z")
_LONGEST_NAME = 253  # characters of a host's name
_LOOKALIKE = re.compile("[\u0370-\u058f\u13a0-\u13ff]")  # Greek to Armenian, and Cherokee
_TRAILING = ".:;,('?!`"
_CLOSING = {")": "(", "]": "[", "}": "{"}

# By TDLib's rules for mentions, commands, hashtags and cashtags, where in doubt a little wider.
_SIGNS = "@/#$"
_SIGN = re.compile(rf"[{_SIGNS}]|:(?=//)")
_CALLS = {
    "@": re.compile(r"(?<!\w)@(?=\w)"),
    "/": re.compile(r"(?<![\w/<>])/(?=[A-Za-z0-9_]{1,64}(?![\w/]))"),
    "#": re.compile(r"(?<![A-Za-z0-9_])#(?=[\w\u200c·]*[^\W\d])"),
    "$": re.compile(r"(?<![A-Za-z0-9_$])\$(?=(?:1INCH|[A-Z]{1,8})(?![A-Za-z0-9_$]))"),
    ":": re.compile(r"(?:(?<=tg)|(?<=ton)|(?<=tonsite)|(?<=ftp)):", re.IGNORECASE),
}


def is_visible(words: str) -> bool:
    """Whether there is anything to be seen; Telegram refuses text without it."""
    return bool(_VISIBLE.search(words))


def safe(url: str) -> str:
    """`url` if it may be followed, written so that it leads where it seems to; else ""."""
    # Browsers skip these wherever they stand, and take a backslash for a slash.
    url = _CONTROLS.sub("", url.strip()).replace("\\", "/").replace(" ", "%20")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = machine(parts.hostname or "")
    except ValueError:
        return ""
    if parts.scheme not in _SCHEMES or not _MACHINE_HOST.fullmatch(host):
        return ""
    # Without the name of a user in front, which looks like a host: https://bank.com@evil.example
    return parts._replace(netloc=host if port is None else f"{host}:{port}").geturl()


def host(url: str) -> str:
    return urlsplit(url).hostname or ""


def machine(name: str) -> str:
    """A host's name in the letters that machines compare; raises UnicodeError, a ValueError."""
    name = unicodedata.normalize("NFKC", name.translate(_DOTS)).lower().rstrip(".")
    return name if name.isascii() else name.encode("idna").decode()


def other_host(words: str, url: str) -> str:
    """The host of `url` if `words` look like an address elsewhere, else ""."""
    real = host(url)
    # As it is spelt: letters of another alphabet that look like ours are another host.
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", words).translate(_DOTS)).lower()
    named = [name for name in _HOST.findall(plain) if name.rpartition(".")[2] not in _FILES]
    named += _ADDRESS.findall(plain)
    ours = {real, real.removeprefix("www."), f"www.{real}"}
    return real if any(name not in ours for name in named) else ""


def is_bare(words: str) -> bool:
    """Whether clients make a link of exactly these words, and it leads where they say."""
    return bare(words) == [(0, len(words))] and words.startswith("http") and not hidden_host(words)


def bare(text: str) -> list[tuple[int, int]]:
    """Where a client makes links of addresses in `text`, in order."""
    found = []
    if "://" in text:
        found += [match.span() for match in _BARE.finditer(text)]
    for domain in _DOMAIN.finditer(text):
        start = domain.start()
        name = _NAME_BEFORE.search(text, max(0, start - _LONGEST_NAME), start)
        if name and not _within(start, found):
            found.append((name.start(), domain.end()))
    return [(start, start + _length(text[start:end])) for start, end in sorted(found)]


def quieted(
    text: str, opaque: Sequence[tuple[int, int]], *, commands: bool
) -> list[tuple[int, str]]:
    """What to put in where, in order, so that `text` calls nobody and hides no host.

    `opaque`: what clients do not look into. `commands`: whether signs work as they are.
    """
    # Most text has none of this, and looking for four letters is quicker than for a pattern.
    if not any(map(text.__contains__, _SIGNS)) and not _may_look_alike(text):
        return []
    signs = [*_SIGN.finditer(text)]
    addresses = [span for span in bare(text) if not _within(span[0], opaque)]
    hosts = {end: hidden for start, end in addresses if (hidden := hidden_host(text[start:end]))}
    quiet = [(end, f" ({hidden})") for end, hidden in hosts.items()]
    untouched = [*opaque, *addresses]
    for sign in signs:
        place = sign.start()
        called = (sign[0] == ":" or not commands) and _CALLS[sign[0]].match(text, place)
        if (called and not _within(place, untouched)) or place in hosts:
            quiet.append((sign.end(), JOINER))
    return sorted(quiet)


def may_mislead(text: str) -> bool:
    """Whether there may be a name in `text` that looks like another host's."""
    return _may_look_alike(text) and bool(_DOMAIN.search(text))


def _may_look_alike(text: str) -> bool:
    return not text.isascii() and bool(_LOOKALIKE.search(text))


def _within(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _length(url: str) -> int:
    """How much of it is the address: not the sentence's signs, nor a bracket opened before it."""
    open_ones: list[str] = []
    for place, character in enumerate(url):
        if character in "([{":
            open_ones.append(character)
        elif character in _CLOSING and (not open_ones or open_ones.pop() != _CLOSING[character]):
            return len(url[:place].rstrip(_TRAILING))
    return len(url.rstrip(_TRAILING))


def hidden_host(url: str) -> str:
    """The host that a written address does not show at first sight; "" where it does."""
    scheme, separator, rest = url.partition("://")
    written = re.split(r"[/?#]", rest or scheme, maxsplit=1)[0]
    if not separator and not _LOOKALIKE.search(written):
        return ""
    target = safe(url if separator else f"https://{url}")
    named = written.lower().partition(":")[0].rstrip(".")
    return "" if not target or named == host(target) else host(target)

"""What Slack would act upon, made mere text: mentions, mass pings, links that hide their goal.

Slack reads its own tokens (`<!channel>`, `<@U…>`, `<https://…|words>`) in markdown, too, and an
entity in the place of the bracket is shown as the bracket and not read again. Plain words such as
"@here" do nothing where `link_names` is not passed, and it never is: they are left as they are.
"""

import re

UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufffc\U000e0000-\U000e0fff"
)
"""Characters nobody sees, as part of a pattern."""

LONGEST = 2000
"""Characters of an address, at most; browsers agree on so many."""

HALF = re.compile(
    rf"<(?:[{UNSEEN}\\]{{0,8}}(?:[!@#][{UNSEEN}\\]{{0,8}}[A-Za-z0-9]{{0,8}})?"
    rf"|[A-Za-z][A-Za-z0-9+.-]{{0,31}}(?::(?!:)[^>\n|]{{0,{LONGEST}}})?)\Z"
)
"""The beginning of a token at the end of a text of which more is to come."""

# Elements and declarations of a document's type look alike: <!DOCTYPE html>, <!ELEMENT a>, <!-- -->
_NAMED = r"(?i:channel|here|everyone|group|subteam|date)|(?!doctype\b)[a-z]"
_CALL = (
    rf"[{UNSEEN}\\]{{0,8}}(?:![{UNSEEN}\\]{{0,8}}(?:{_NAMED})|@[{UNSEEN}\\]{{0,8}}\w"
    rf"|\#[{UNSEEN}\\]{{0,8}}[A-Z0-9])"
)
_CALLS = re.compile(f"<(?={_CALL})")
_TOKEN = re.compile(rf"<(?={_CALL}|[A-Za-z][A-Za-z0-9+.-]{{0,31}}:(?!:)[^>\n|]{{0,{LONGEST}}}\|)")
_WEB = re.compile(r"(?i)h(?:tt)(?=ps?:)")
_SCHEME = re.compile(r"(?i)(?<!hxxp)(?<!hxxps)://")

_LINKED_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")

# They make an address read as another one; languages have their directions without them.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNENCODABLE = re.compile("[\0\ud800-\udfff]")


def cleaned(text: str) -> str:
    """`text`, of the same length, without halves of characters and turned directions."""
    if text.isascii() and "\0" not in text:
        return text
    return _DIRECTIONS.sub("\u2060", _UNENCODABLE.sub("\ufffd", text))


def defused(wire: str, *, asker: str = "", links: bool = False) -> str:
    """`wire` with no token left in it but the mention of `asker`, and links in mrkdwn if asked."""
    if "<" not in wire:
        return wire
    kept = f"<@{asker}>" if asker else ""
    return (_CALLS if links else _TOKEN).sub(
        lambda found: "<" if kept and wire.startswith(kept, found.start()) else "&lt;", wire
    )


def defanged(wire: str) -> str:
    """`wire` with no address in it that anything could follow."""
    if ":" not in wire:
        return wire
    return _SCHEME.sub("[:]//", _WEB.sub("hxx", wire))


def unlinked(words: str) -> str:
    """`words` with a sign in the names of hosts that nobody sees, so that they are no addresses."""
    return _LINKED_DOT.sub(".\u2060", words)


def quieted(words: str) -> str:
    """Plain words in which nothing can be a token, for where Slack may look for tokens or not."""
    return _TOKEN.sub("‹", words) if "<" in words else words

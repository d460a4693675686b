"""The signs of CommonMark, and the rules about them that need to remember nothing.

`regex` only where a match may be partial: at every match it lets other threads go first.
"""

import re
import unicodedata

import regex

HELD = 200
"""Characters held back at most while their meaning is open; a line of prose is about half of it."""

LINK = 2000
"""The same for the target of a link, nothing people read; browsers agree on URLs of this length."""

HEAD = 5 * HELD
"""Characters of a table's head and delimiter row together; a longer one is read as text."""

LEAD = re.compile(r"[ \t]*+(?:(?:>|(?:[-+*]|\d{1,9}+[.)])(?=[ \t]))[ \t]*+)*(?:\[[ xX]\][ \t]++)?")
"""What stands before the words of a line: marks of quotes, list items and tasks."""

ITEM = re.compile(r"(?:[-+*]|\d{1,9}[.)])[ \t]+")
UNSURE = re.compile(
    r"(?:[-+*]|\d{1,9}+[.)]?|#{1,6}+[ \t]*+|[-*_= \t]*+|\[[ xX]?\]?[ \t]*+|[-:| \t]*+"
    r"|`{1,2}+|`{3,}+[^`\n]*+|~{1,2}+|~{3,}+[^\n]*+)?\r?\Z"
)
"""A line that may still become an item, heading, rule, task, delimiter row or fence."""

FENCE = re.compile(r"(`{3,}+)[^`\n]*+\n|(~{3,}+)[^\n]*+\n")
HEADING = re.compile(r"#{1,6}+[ \t]")
BLANK = re.compile(r"\r?\n")
RULE = re.compile(r"([-*_=])(?:[ \t]*+\1)*[ \t\r]*+\n")
CELL = re.compile(r"\|[ \t]*+")
DELIMITER = regex.compile(
    r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t\r]*+\n"
)

PLAIN = re.compile(r"[^\\`*_~\[\]<$|!\n]++")
VERBATIM = re.compile(r"[^\\`$\n]++")
RUNS = {sign: re.compile(rf"{re.escape(sign)}{{1,{HELD}}}+") for sign in "*_~`"}
CITATION = re.compile(r"\[\^?\d{0,3}\]?\Z")
"""A bracket that will most often stay one, "[1]", and is so short that it can wait."""

TARGET = regex.compile(
    r"\(\s*+(?:<[^<>\n]*+>|(?:[^\s()<>\\]|\\.|\((?:[^\s()\\]|\\.)*+\))*+)"
    r"(?:\s++(?:\"[^\"\n]*+\"|'[^'\n]*+'))?+\s*+\)"
)
REFERENCE = regex.compile(r"\[[^\[\]\n]*+\]")
TAG = regex.compile(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]++:[^\s<>]*+|/?[A-Za-z][\w-]*+"
    r"(?:[ \t]++[\w:.-]++(?:=(?:\"[^\"\n]*+\"|'[^'\n]*+'|[^\s\"'=<>`]++))?+)*+[ \t]*+/?"
    r"|!--(?:[^\n-]|-(?!->))*+--)>"
)
"""An element, a comment or a link in angle brackets."""

MONEY = re.compile(r"\$(?:[\s\d$]|[A-Za-z]{2,}+[\s,.;:!?)])")
""" "$5" and "$ACME rose", where "$x + y$" is a formula."""

FORMULA = regex.compile(r"\$(?:[^$\n\\]|\\.)++(?<!\s)\$")

_PIPE = re.compile(r"(?<!\\)\|")


def columns(row: str) -> int:
    """How many columns a row of a table has."""
    return len(_PIPE.findall(row.strip(" \t\r\n>").removeprefix("|").removesuffix("|"))) + 1


def flanks(sign: str, before: str, after: str) -> tuple[bool, bool]:
    """Whether a run of `sign` between these two can open, and whether it can close."""
    space_before, space_after = before.isspace(), after.isspace()
    sign_before, sign_after = _is_sign(before), _is_sign(after)
    left = not space_after and (not sign_after or space_before or sign_before)
    right = not space_before and (not sign_before or space_after or sign_after)
    if sign == "_":
        return left and (not right or sign_before), right and (not left or sign_after)
    return left, right


def pairs(opening: str, size: int, *, both: bool) -> bool:
    """Whether a run may be closed by one of `size`; `both`: one of them could open and close."""
    other = len(opening)
    if opening[0] == "~":
        return other == size
    return not both or (other + size) % 3 != 0 or (other % 3 == 0 and size % 3 == 0)


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"

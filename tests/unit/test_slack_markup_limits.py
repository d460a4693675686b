"""How much one message of Slack holds, and how what is longer is parted."""

import pytest

from adapters.slack.markup import BYTES, ITEMS, ROWS, fits, wire
from bot.markdown import pieces

pytestmark = pytest.mark.unmeasured


def holds(text: str, *, hardened: bool = False) -> int:
    """What fits, checked to be no more than what Slack takes."""
    count = fits(text, hardened=hardened)
    written = wire(text[:count], hardened=hardened)
    assert 1 <= count <= len(text) and len(written.encode()) <= BYTES < 11_000
    return count


@pytest.mark.parametrize("hardened", [False, True])
@pytest.mark.parametrize(
    ("unit", "least"),
    [
        ("word ", 10_800),
        ("中", 3600),
        ("<", 2700),
        ("`", 5000),
        ("**重要**です", 3000),
        ("[slack.com](https://evil.example) ", 7000),
        ("мир.com ", 3000),
        ("a.b ", 5000),
        ("![a](https://e.example) ", 8000),
    ],
)
def test_a_message_is_filled_and_not_overfilled(unit: str, least: int, hardened: bool) -> None:
    assert holds(unit * 30_000 if len(unit) == 1 else unit * 4000, hardened=hardened) >= least


def test_a_line_of_code_that_is_too_long_is_parted() -> None:
    assert holds("```\n" + "x <@a" * 4000 + "\n```") > 5000
    assert holds("```\n" + "x" * 20_000 + "\n```") > 10_000
    assert holds("```\n" + "[0," * 7000 + "\n```") > 10_000
    assert holds("      ```\n- a\n  ```\n" + "x\n" * 6000) > 3000


def test_a_message_holds_only_so_many_headings_and_rows() -> None:
    assert holds("# h\n" * 60) == 4 * ITEMS
    assert holds("- # h\n***\n" * 40) < 10 * ITEMS
    assert holds("a\n-\n" * 60) == 4 * ITEMS + 3
    head = "| a | b |\n|---|---|\n"
    assert wire(head + "| 1 | 2 |\n" * 150)[: holds(head + "| 1 | 2 |\n" * 150)].count("\n") == ROWS
    assert holds("```\n" + "# comment\n" * 200 + "```") == 2007
    assert fits("") == 0


def test_targets_named_in_a_page_count_for_it() -> None:
    body = "[slack.com][1] " * 700
    named = f"{body}\n\n[1]: https://evil.example/{'x' * 40}\n"
    assert holds(body) == len(body) > holds(named)


def test_pages_open_code_and_tables_again_and_lose_nothing() -> None:
    code = "```py\n" + "value = '<!here>'\n" * 900 + "```\n\n"
    table = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 200
    text = code + table
    pages = pieces(text, fits)
    assert "".join(text[page.start : page.end] for page in pages) == text
    shown = [wire(page.text) for page in pages]
    assert all(len(page.encode()) <= BYTES for page in shown)
    assert all(page.count("```") % 2 == 0 for page in shown)
    assert [page.startswith("```py\n") for page in shown].count(True) >= 2
    assert [page.startswith("| a | b |\n|---|---|\n") for page in shown].count(True) >= 2

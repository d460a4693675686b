"""Documents that show what a chat can render: written to be looked at and to break renderers."""

MARKDOWN = """\
## A document with everything in it

Plain words, **bold**, *italic*, ***both***, ~~struck~~, `inline code`, and a
[link](https://example.org/path?q=1&lang=en#part) in one sentence. Signs that must stay as they
are: 2 * 3 * 4, snake_case_name, a < b && c > d, 50 % off, C:\\\\temp, \\*not italic\\*.

### Lists

- First thing
  - nested once
    - nested twice, with `code`
- Second thing, **bold**

1. One
2. Two
   - a bullet inside a number
3. Three

- [x] written
- [ ] still to do

### A table

| Language | Greeting | Speakers (millions) |
| :--- | :---: | ---: |
| English | Hello | 1,500 |
| 中文 | 你好 | 1,100 |
| العربية | مرحبا | 370 |
| हिन्दी | नमस्ते | 610 |

### Code

```python
def greet(name: str) -> str:
    # <b> is no tag here, and ** is no emphasis
    return f"Hello, {name} **{2 ** 8}**"
```

> A quote that runs
> over two lines, with *emphasis*.

Other scripts: Ελληνικά, Кириллица, 日本語の文章です。 한국어, עברית. Emoji: 🙂 👩‍👩‍👧‍👦 👍🏽 🇫🇷.

---

The line above is a rule; this is the end."""

TABLE = """\
| Month | Questions | Answered | Liked |
| :--- | ---: | ---: | ---: |
| January | 120 | 118 | 64 |
| February | 97 | 97 | 51 |
| March | 143 | 140 | 88 |

The figures are made up. For your own, send lines with commas after "make a table:"."""

CODE = """\
A function that waits longer after each failure:

```python
def pauses(first: float, limit: float) -> Iterator[float]:
    pause = first
    while True:
        yield min(pause, limit)
        pause *= 2
```

The same in a shell:

```sh
for pause in 1 2 4 8; do
  curl --fail "$URL" && break
  sleep "$pause"
done
```"""

_PARAGRAPHS = (
    "A letter once took weeks to cross a sea, and whoever wrote it had to imagine the reader of a "
    "month later. Sentences were built to last. The writer described the weather, the health of "
    "the family and the price of grain, because no question could be asked on the way.",
    "The telegraph changed the sentence itself. Words cost money, so articles and courtesies "
    "disappeared, and a whole style grew from the tariff. Stop meant more than a full stop: it "
    "kept numbers apart that a tired clerk might have run together.",
    "The telephone took the paper away. For a hundred years people spoke and left no trace, and "
    "historians who live from letters look at those decades as astronomers look at dark sky. "
    "What was agreed was agreed from memory.",
    "Then the written word came back, shorter than ever, on screens that fit a hand. A message "
    "arrives in a second and waits for years. It is spoken language written down: quick, "
    "unfinished, corrected in the next line.",
    "An answer that grows while it is read belongs to this family. The reader follows the thought "
    "as it is put into words, may interrupt it, and need not wait for the end to know whether the "
    "beginning was of use.",
)
_INTERLUDES = (
    "| Medium | Delay | Cost per word |\n| :--- | ---: | ---: |\n| Letter | weeks | small |\n"
    "| Telegram | minutes | large |\n| Message | seconds | none |",
    '```python\ndelays = {"letter": 1_814_400, "telegram": 600, "message": 1}\n'
    "for medium, seconds in sorted(delays.items(), key=lambda item: item[1]):\n"
    '    print(f"{medium:>10}: {seconds:,} s")\n```',
    "- written for one reader, *later*\n- written for many readers, **now**\n"
    "  - read aloud\n  - read alone",
    "> What is written stays; what is said flies.\n> (an old proverb, in many languages)",
    "1. Ask.\n2. Read along.\n3. Stop when it is enough.",
)
_TOPICS = ("Letters", "Wires", "Voices", "Screens", "Answers", "Silence", "Distance", "Speed")


def long_answer() -> str:
    """More than 10,000 characters: two and a half messages of Telegram, one of Slack's limits."""
    parts = ["# How people wrote to each other"]
    for chapter, topic in enumerate(_TOPICS, 1):
        parts.append(f"## {chapter}. {topic}")
        turn = chapter % len(_PARAGRAPHS)
        parts += _PARAGRAPHS[turn:] + _PARAGRAPHS[:turn]
        parts.append(_INTERLUDES[chapter % len(_INTERLUDES)])
    return "\n\n".join([*parts, "That was the long answer. Everything above has arrived whole."])

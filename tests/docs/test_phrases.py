"""Every sentence exists in every language, takes the same words, and is said by somebody."""

import ast
from dataclasses import asdict, fields
from pathlib import Path
from string import Formatter

import pytest

from bot.phrases import LANGUAGES, Phrases

BOT = Path(__file__).parent.parent.parent / "bot"
ENGLISH = asdict(LANGUAGES["en"])
SAME_EVERYWHERE = {"button_like", "button_dislike"}  # signs, not words


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_says_something_and_shouts_nothing(tag: str) -> None:
    for name, sentence in asdict(LANGUAGES[tag]).items():
        assert sentence.strip() == sentence != "", name
        assert not set("!\uff01") & set(sentence), name


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_takes_the_same_words_in_every_language(tag: str) -> None:
    for name, sentence in asdict(LANGUAGES[tag]).items():
        assert placeholders(sentence) == placeholders(ENGLISH[name]), name


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
def test_nothing_is_left_in_english(tag: str) -> None:
    translated = asdict(LANGUAGES[tag])
    same = {name for name, sentence in ENGLISH.items() if translated[name] == sentence}
    assert same == SAME_EVERYWHERE


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_language_is_found_by_its_own_tag(tag: str) -> None:
    assert LANGUAGES[tag].language.partition("-")[0] == tag


def test_every_sentence_is_said_by_somebody() -> None:
    spoken: set[str] = set()
    for path in BOT.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        spoken |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {field.name for field in fields(Phrases)} - spoken - {"language"} == set()

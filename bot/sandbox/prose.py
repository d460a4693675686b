"""Sentences, words and summaries of plain text, in any script, without a model."""

import math
import re
from collections.abc import Iterable, Sequence

# Latin marks end a sentence before white space only, so 3.14 and example.org stay whole;
# Chinese and Japanese write none after theirs.
_END = re.compile(
    r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？｡]+[」』”）]*|[।؟۔](?=\s|$)"
    r"|\n\s*\n|\n(?=[-*•#>]|\d+\.)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|no|vs|fig|approx|e\.g|i\.e|z\.b|bzw|ca)|\b[^\W\d_]|^\s*\d+)\.$",
    re.I,
)
_NO_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_NO_SPACES}]+|[^\W_{_NO_SPACES}]+(?:['’\-][^\W_{_NO_SPACES}]+)*")
_UNSPACED = re.compile(rf"[{_NO_SPACES}]")

# Words that carry no topic but show the language; a missing one only costs weight.
_FUNCTION_WORDS = {
    "en": "a about after all also an and any are as at be because been but by can could do does "
    "for from had has have he her his how i if in into is it its just like more most my "
    "no not of on one or our she so some such than that the their them then there these "
    "they this to up was we were what when which who will with would you your",
    "fr": "au aux avec ce cette dans de des du elle en est et il ils je la le les leur mais ne "
    "nous on ou par pas plus pour que qui sa se ses son sont sur un une vous",
    "de": "auch auf aus bei das dass dem den der des die ein eine einen einer er es für hat ich "
    "im in ist mit nicht oder sich sie sind und von war wie wir zu zum zur",
    "es": "al como con de del el en es esta este la las lo los muy no para pero por que se sin "
    "su sus un una y ya",
    "it": "al alla anche che ci come con da dal del della di e gli ha i il in la le lo ma nel "
    "non per più questo sono su un una è",
    "pt": "ao as com como da das de do dos e em é foi mais mas na não no o os ou para pela por "
    "que se sem seu são um uma você",
    "nl": "aan als bij dat de deze die dit door een en er het hij ik in is maar met naar niet "
    "of om ook op te van voor was wat we wij zijn",
}
FUNCTION_WORDS = {name: frozenset(text.split()) for name, text in _FUNCTION_WORDS.items()}
COMMON = frozenset().union(*FUNCTION_WORDS.values())
# Ranking compares every sentence with every other; 200 take about 0.3 s.
MOST_SENTENCES = 200


def sentences(text: str) -> list[str]:
    """The sentences of `text` in order, white space folded, list marks and headings' hashes off."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if _ABBREVIATION.search(text[start : end.end()]) and end.end() < len(text):
            continue
        found.append(text[start : end.end()])
        start = end.end()
    found.append(text[start:])
    tidy = (re.sub(r"^(?:[-*•>]|#+|\d+\.)\s+", "", " ".join(part.split())) for part in found)
    return [part for part in tidy if any(map(str.isalnum, part))]


def words(text: str) -> list[str]:
    """Lower-case words; scripts without spaces give overlapping pairs of characters."""
    result: list[str] = []
    for match in _WORD.finditer(text.casefold()):
        word = match.group()
        if _UNSPACED.match(word) and len(word) > 1:
            result += [word[i : i + 2] for i in range(len(word) - 1)]
        else:
            result.append(word)
    return result


def topic_words(text: str) -> set[str]:
    return {word for word in words(text) if word not in COMMON}


def count_words(text: str) -> int:
    """As a reader counts: a word each, and each character of a script without spaces."""
    found = (match.group() for match in _WORD.finditer(text))
    return sum(len(word) if _UNSPACED.match(word) else 1 for word in found)


def join_sentences(parts: Iterable[str]) -> str:
    """With a space between them, except after a full-width mark, which brings its own."""
    return re.sub(r"(?<=[。！？｡]) ", "", " ".join(parts))


def summarise(text: str, limit: int) -> list[str]:
    """The `limit` sentences that stand best for the others, in their own order."""
    all_sentences = list(dict.fromkeys(sentences(text)))[:MOST_SENTENCES]
    if len(all_sentences) <= limit:
        return all_sentences
    scores = _rank([topic_words(sentence) for sentence in all_sentences])
    best = sorted(range(len(all_sentences)), key=lambda i: (-scores[i], i))[:limit]
    return [all_sentences[i] for i in sorted(best)]


def _rank(topics: Sequence[set[str]]) -> list[float]:
    """PageRank over shared words: Mihalcea and Tarau's TextRank, damping 0.85 as they use."""
    likeness = [[_alike(one, other) for other in topics] for one in topics]
    for i in range(len(topics)):
        likeness[i][i] = 0.0
    outflow = [sum(row) or 1.0 for row in likeness]
    scores = [1.0] * len(topics)
    for _ in range(15):
        share = [score / flow for score, flow in zip(scores, outflow, strict=True)]
        scores = [
            0.15 + 0.85 * sum(a * b for a, b in zip(row, share, strict=True)) for row in likeness
        ]
    return scores


def _alike(one: set[str], other: set[str]) -> float:
    """Shared words, tempered by length, so that long sentences do not win by length alone."""
    shared = len(one & other)
    return shared / (math.log1p(len(one)) + math.log1p(len(other))) if shared else 0.0

import pytest

from bot.sandbox.knowledge import PASSAGES, THRESHOLD, find


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("What is Parley?", "what-parley-is"),
        ("How do I stop an answer?", "stop"),
        ("stopping", "stop"),
        ("Can I rate an answer?", "ratings"),
        ("Can I hear it as a voice note?", "voice"),
        ("What inputs are there?", "inputs"),
        ("May I send photos?", "photos"),
        ("How do I regenerate?", "regenerate"),
        ("What are the rate limits?", "limits"),
        ("How does streaming work?", "streaming"),
        ("What is an API key for?", "authentication"),
        ("Which engines are in the sandbox?", "engines"),
        ("Which faults can the sandbox make?", "faults"),
    ],
)
def test_questions_find_their_passage_first(question: str, passage: str) -> None:
    (best, score), *_ = find(question)
    assert best.id == passage
    assert THRESHOLD <= score <= 1


@pytest.mark.parametrize(
    "question",
    ["", "?", "What is the capital of France?", "Write a poem about love", "你好", "the of"],
)
def test_nothing_is_cited_for_a_question_it_does_not_answer(question: str) -> None:
    assert find(question) == ()


def test_limit_and_order_are_kept() -> None:
    found = find("answer", limit=2)
    assert len(found) == 2
    assert found[0][1] >= found[1][1]
    assert find("answer", limit=0) == ()


def test_passages_can_be_cited() -> None:
    assert 8 <= len(PASSAGES) <= 12
    assert len({passage.id for passage in PASSAGES}) == len(PASSAGES)
    assert all(p.document and p.title and 60 < len(p.content) < 500 for p in PASSAGES)

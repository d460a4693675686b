"""The words under an answer, and the documents it rests on."""

import pytest

from bot import completion
from bot.completion import Parameters
from bot.phrases import LANGUAGES
from bot.service.endings import fault, italic, sources_of, under
from bot.store.records import Source
from tests.fakes.bench import EN


def passage(**told: object) -> completion.Source:
    return completion.Source(**told)  # type: ignore[arg-type]  # by name


def test_documents_come_once_in_the_order_of_the_api_and_five_at_most() -> None:
    passages = [passage(document_id=str(n // 2), document_name=f"d{n // 2}") for n in range(20)]
    assert [source.title for source in sources_of(passages)] == ["d0", "d1", "d2", "d3", "d4"]


def test_a_document_without_a_name_goes_by_its_passages_title_or_its_collection() -> None:
    passages = [passage(title="Bees"), passage(dataset_name="Insects"), passage()]
    assert sources_of(passages) == (Source(title="Bees"), Source(title="Insects"))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://exa mple.org",
        "https://example.org/<x>",
        "https://[broken",
        "/relative",
        7,
        None,
    ],
)
def test_only_pages_of_the_web_are_linked(address: object) -> None:
    [source] = sources_of([passage(document_name="Bees", extra={"doc_metadata": {"url": address}})])
    assert source.url == ""


def test_a_document_named_by_its_address_is_linked() -> None:
    [source] = sources_of([passage(document_name="https://example.org/bees")])
    assert source.url == "https://example.org/bees"


def test_metadata_of_another_shape_is_passed_over() -> None:
    [source] = sources_of([passage(document_name="Bees", extra={"doc_metadata": ["url"]})])
    assert source == Source(title="Bees")


def test_lines_go_below_whatever_is_open() -> None:
    assert under("```\ncode", italic("Stopped.")) == "```\ncode\n```\n\n*Stopped.*"
    assert under("**bold", "next").endswith("\n\nnext")
    assert under("  \n", "alone") == "alone"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_has_a_sentence_in_every_language(language: str) -> None:
    kinds = [name for name in dir(completion) if _is_error(name)]
    own = ["Empty", "PictureTooLarge", "PictureWrongType", "PictureGone", "PicturesTooMany"]
    for name in [*kinds, *own, "of a later version", "Usage"]:
        sentence = fault(LANGUAGES[language], name, Parameters())
        assert sentence
        assert "{" not in sentence


def test_limits_of_the_app_are_named() -> None:
    assert "10 MB" in fault(EN, "PictureTooLarge", Parameters())
    assert "3" in fault(EN, "PicturesTooMany", Parameters())


def _is_error(name: str) -> bool:
    kind = getattr(completion, name)
    return isinstance(kind, type) and issubclass(kind, completion.CompletionError)


@pytest.mark.parametrize("text", ["42", "7.", "see ![alt](x", "a **b", "- ", "`x", "$5 or $", "#"])
def test_no_character_of_a_text_is_lost_above_lines(text: str) -> None:
    assert under(text, "*stopped*").startswith(text.rstrip())

"""What an answer cost: numbers as numbers, prices as text, zeros as odd as they were recorded."""

from decimal import Decimal
from typing import NamedTuple

_PROMPT_PRICE, _COMPLETION_PRICE, _PRICE_UNIT = Decimal("0.0025"), Decimal("0.01"), Decimal("0.001")
_PRECISION = Decimal("0.0000001")  # Dify rounds a price it computes itself to seven digits


class Tokens(NamedTuple):
    prompt: int
    completion: int


RECORDED = Tokens(33, 11)  # what the model side of the recordings answered every time
STOPPED = Tokens(0, 0)


def count_words(prompt: str, answer: str) -> Tokens:
    """Words stand for tokens."""
    return Tokens(len(prompt.split()), len(answer.split()))


def usage(tokens: Tokens | None, latency: float) -> dict[str, object]:
    """The `usage` object; None where no model was called."""
    if tokens is None:
        return _usage(STOPPED, "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", latency)
    units = (str(_PROMPT_PRICE), str(_COMPLETION_PRICE), str(_PRICE_UNIT))
    if tokens == RECORDED:
        return _usage(tokens, *units, "0.0000825", "0.00011", "0.0001925", latency)
    prompt = _price(tokens.prompt, _PROMPT_PRICE)
    completion = _price(tokens.completion, _COMPLETION_PRICE)
    return _usage(tokens, *units, str(prompt), str(completion), str(prompt + completion), latency)


def _price(tokens: int, price: Decimal) -> Decimal:
    return (tokens * price * _PRICE_UNIT).quantize(_PRECISION)


def _usage(
    tokens: Tokens,
    prompt_unit: str,
    completion_unit: str,
    unit: str,
    prompt_price: str,
    completion_price: str,
    total_price: str,
    latency: float,
) -> dict[str, object]:
    return {
        "prompt_tokens": tokens.prompt,
        "prompt_unit_price": prompt_unit,
        "prompt_price_unit": unit,
        "prompt_price": prompt_price,
        "completion_tokens": tokens.completion,
        "completion_unit_price": completion_unit,
        "completion_price_unit": unit,
        "completion_price": completion_price,
        "total_tokens": tokens.prompt + tokens.completion,
        "total_price": total_price,
        "currency": "USD",
        "latency": latency,
        "time_to_first_token": None,
        "time_to_generate": None,
    }

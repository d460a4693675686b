from bot.sandbox.usage import RECORDED, STOPPED, Tokens, count_words, usage


def test_prices_are_text_and_zero_is_written_as_the_recordings_have_it() -> None:
    prices = ("prompt_unit_price", "prompt_price", "completion_price", "total_price")
    shown = {
        name: tuple(usage(tokens, 0.5)[price] for price in prices)
        for name, tokens in (("run", RECORDED), ("stopped", STOPPED), ("none", None))
    }
    assert shown == {
        "run": ("0.0025", "0.0000825", "0.00011", "0.0001925"),
        "stopped": ("0.0025", "0E-7", "0E-7", "0E-7"),
        "none": ("0.0", "0.0", "0.0", "0.0"),
    }


def test_words_are_counted_and_priced_to_seven_digits() -> None:
    cost = usage(count_words("three short words", "and two"), 1.25)
    assert (cost["prompt_tokens"], cost["completion_tokens"], cost["total_tokens"]) == (3, 2, 5)
    assert (cost["prompt_price"], cost["completion_price"]) == ("0.0000075", "0.0000200")
    assert cost["latency"] == 1.25


def test_the_total_is_the_sum() -> None:
    assert usage(Tokens(100, 100), 0)["total_price"] == "0.0012500"

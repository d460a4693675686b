"""Formulas in letters, as people write them when there is nothing else."""

import pytest

from adapters.telegram.formulas import readable


@pytest.mark.parametrize(
    ("latex", "letters"),
    [
        ("x^2 + y_1", "x² + y₁"),
        ("x^{n+1}", "xⁿ⁺¹"),
        ("e^{i\\pi} + 1 = 0", "e^(iπ) + 1 = 0"),
        ("x^\\pi", "x^π"),
        ("a_{max}", "aₘₐₓ"),
        ("f'(x)", "f′(x)"),
        ("90^\\circ", "90°"),
        ("\\frac{1}{2}", "1/2"),
        ("\\frac12", "1/2"),
        ("\\frac{a+b}{2c}", "(a+b)/2c"),
        ("\\sqrt{2}", "√2"),
        ("\\sqrt{x+1}", "√(x+1)"),
        ("\\sqrt[3]{x}", "∛x"),
        ("\\alpha \\leq \\beta \\neq \\Omega", "α ≤ β ≠ Ω"),
        ("\\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿ i"),
        ("\\int_0^1 f\\,dx", "∫₀¹ f dx"),
        ("\\lim_{x \\to 0}", "lim_(x → 0)"),
        ("\\sin x + \\log_2 n", "sin x + log₂ n"),
        ("\\left( \\frac{a}{b} \\right)", "( a/b )"),
        ("\\left. x \\right|", "x |"),
        ("\\mathbb{R}^n", "ℝⁿ"),
        ("\\text{if } x", "if x"),
        ("\\mathcal{L}", "ℒ"),
        ("\\hat{x}", "x\u0302"),
        ("a \\\\ b", "a\nb"),
        ("\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}", "a = b\nc = d"),
        ("50\\%", "50%"),
        ("{x}", "x"),
        ("\\frac a b \\quad c", "a/b c"),
    ],
)
def test_simple_formulas_are_written_in_letters(latex: str, letters: str) -> None:
    assert readable(latex) == letters


@pytest.mark.parametrize(
    "latex",
    [
        "",
        "\\begin{pmatrix} 1 & 2 \\end{pmatrix}",
        "\\unknown{x}",
        "\\sqrt[5]{x}",
        "\\frac{1}",
        "x^",
        "x^{}",
        "{",
        "}",
        "\\",
        "\\hat{xy}",
        "x" * 1001,
        "{" * 100 + "x" + "}" * 100,
    ],
)
def test_what_letters_cannot_say_is_left_to_be_shown_as_it_is(latex: str) -> None:
    assert readable(latex) == ""

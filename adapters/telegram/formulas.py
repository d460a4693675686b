"""LaTeX in plain letters, where it is simple enough to be read that way: x², √(a+b), α ≤ β."""

import re
from collections.abc import Mapping

_TOKENS = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_LONGEST = 1000  # characters; a longer formula is no line to read
_DEEPEST = 12  # braces in braces; honest formulas have about four


def _pairs(words: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in words.split())


_SYMBOLS: Mapping[str, str] = _pairs(
    "alpha=α beta=β gamma=γ delta=δ epsilon=ε varepsilon=ε zeta=ζ eta=η theta=θ vartheta=ϑ iota=ι "
    "kappa=κ lambda=λ mu=μ nu=ν xi=ξ omicron=ο pi=π varpi=ϖ rho=ρ varrho=ϱ sigma=σ varsigma=ς "
    "tau=τ upsilon=υ phi=φ varphi=φ chi=χ psi=ψ omega=ω Gamma=Γ Delta=Δ Theta=Θ Lambda=Λ Xi=Ξ Pi=Π "
    "Sigma=Σ Upsilon=Υ Phi=Φ Psi=Ψ Omega=Ω times=× cdot=· div=÷ pm=± mp=∓ ast=∗ star=⋆ circ=∘ "
    "bullet=• oplus=⊕ otimes=⊗ le=≤ leq=≤ ge=≥ geq=≥ leqslant=≤ geqslant=≥ ll=≪ gg=≫ ne=≠ neq=≠ "
    "approx=≈ equiv=≡ cong=≅ sim=∼ simeq=≃ propto=∝ prec=≺ succ=≻ in=∈ notin=∉ ni=∋ subset=⊂ "
    "supset=⊃ subseteq=⊆ supseteq=⊇ cup=∪ cap=∩ setminus=∖ emptyset=∅ varnothing=∅ forall=∀ "
    "exists=∃ nexists=∄ neg=¬ lnot=¬ land=∧ wedge=∧ lor=∨ vee=∨ to=→ rightarrow=→ leftarrow=← "
    "gets=← leftrightarrow=↔ Rightarrow=⇒ implies=⇒ Leftarrow=⇐ Leftrightarrow=⇔ iff=⇔ mapsto=↦ "
    "longrightarrow=⟶ uparrow=↑ downarrow=↓ infty=∞ partial=∂ nabla=∇ sum=∑ prod=∏ int=∫ iint=∬ "
    "oint=∮ prime=′ degree=° angle=∠ perp=⊥ parallel=∥ mid=∣ ldots=… dots=… cdots=⋯ vdots=⋮ "
    "hbar=ℏ ell=ℓ Re=ℜ Im=ℑ aleph=ℵ langle=⟨ rangle=⟩ lfloor=⌊ rfloor=⌋ lceil=⌈ rceil=⌉ vert=| "
    "Vert=‖ lVert=‖ rVert=‖ lvert=| rvert=| therefore=∴ because=∵ models=⊨ vdash=⊢ top=⊤ bot=⊥ "
    "triangle=△ square=□ checkmark=✓ dagger=† lbrace={ rbrace=} backslash=\\ colon=: "
    "sin=sin cos=cos tan=tan cot=cot sec=sec csc=csc arcsin=arcsin arccos=arccos arctan=arctan "
    "sinh=sinh cosh=cosh tanh=tanh log=log ln=ln lg=lg exp=exp lim=lim max=max min=min sup=sup "
    "inf=inf det=det dim=dim ker=ker gcd=gcd deg=deg arg=arg Pr=Pr mod=mod bmod=mod"
)
_SIGNS: Mapping[str, str] = {
    **dict.fromkeys(",;:> ", " "),
    "!": "",
    "\\": "\n",
    "|": "‖",
    **{sign: sign for sign in "{}$%&#_"},
}
_SPACES = frozenset({"quad", "qquad", "space", "enspace", "thinspace"})
_SILENT = frozenset(
    [
        *["left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"],
        *["biggl", "biggr", "displaystyle", "textstyle", "limits", "nolimits", "nonumber"],
    ]
)
_SIZED = frozenset({"left", "right", "middle"})  # behind these a "." is no delimiter
_AS_IS = frozenset(
    [
        *["text", "textrm", "textit", "textbf", "mathrm", "mathbf", "mathit", "mathsf", "mathtt"],
        *["operatorname", "boldsymbol", "mbox", "boxed", "underline"],
    ]
)
_DOUBLE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ1", "𝔸𝔹ℂ𝔻𝔼𝔽𝔾ℍ𝕀𝕁𝕂𝕃𝕄ℕ𝕆ℙℚℝ𝕊𝕋𝕌𝕍𝕎𝕏𝕐ℤ𝟙")
_SCRIPT = str.maketrans("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ")
_ACCENTS = {
    **{"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305"},
    **{"vec": "\u20d7", "tilde": "\u0303", "widetilde": "\u0303", "dot": "\u0307"},
    "ddot": "\u0308",
}
_ENVIRONMENTS = frozenset(
    {"aligned", "align", "align*", "equation", "equation*", "gather", "split"}
)
_RAISED = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ′∘*",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡ′°*",
        strict=True,
    )
)
_LOWERED = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_ONE = re.compile(r"-?[√∛∜]?[^\W_]+[′!]*|.", re.DOTALL)  # what needs no brackets around it


class _Hard(Exception):
    """The formula cannot be written in a line of letters."""


def readable(latex: str) -> str:
    """`latex` in plain letters; "" where it would lose its meaning. Never longer than it."""
    if len(latex) > _LONGEST:
        return ""
    reader = _Reader(latex)
    try:
        words = reader.read("")
    except _Hard:
        return ""
    lines = (" ".join(line.split()) for line in words.split("\n"))
    words = "\n".join(line for line in lines if line)
    return words if len(words) <= len(latex) else ""


class _Reader:
    def __init__(self, latex: str) -> None:
        self._tokens: list[str] = _TOKENS.findall(latex)
        self._at = 0
        self._depth = 0

    def read(self, end: str) -> str:
        """All up to the sign `end`, or all there is for ""; the end is stepped over."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Hard
        words = ""
        while (sign := self._next()) != end:
            if not sign:
                raise _Hard
            words = self._raised(words, sign) if sign in ("^", "_") else words + self._one(sign)
        self._depth -= 1
        return words

    def _next(self) -> str:
        if self._at == len(self._tokens):
            return ""
        self._at += 1
        return self._tokens[self._at - 1]

    def _one(self, sign: str) -> str:
        if sign == "{":
            return self.read("}")
        if sign == "'":
            return "′"
        if sign in ("}", "\\"):
            raise _Hard
        if sign == "&":
            return " "
        if sign[0] != "\\":
            return " " if sign.isspace() else sign
        return self._command(sign[1:])

    def _argument(self) -> str:
        sign = self._next()
        while sign.isspace():
            sign = self._next()
        if not sign:
            raise _Hard
        return self._one(sign).strip()

    def _command(self, name: str) -> str:
        if name in _SYMBOLS:
            return _SYMBOLS[name] + (
                " " if len(_SYMBOLS[name]) > 1 and self._word_follows() else ""
            )
        if name in _SIGNS:
            return _SIGNS[name]
        if name in _SPACES:
            return " "
        if name in _SILENT:
            self._skip_no_delimiter(name)
            return ""
        if name in ("begin", "end") and self._argument() in _ENVIRONMENTS:
            return ""
        return self._of_argument(name)

    def _of_argument(self, name: str) -> str:
        if name in _AS_IS:
            return self._argument()
        if name in ("frac", "dfrac", "tfrac"):
            return f"{_bracketed(self._argument())}/{_bracketed(self._argument())}"
        if name == "sqrt":
            return self._root()
        if name == "mathbb":
            return self._argument().translate(_DOUBLE)
        if name in ("mathcal", "mathscr"):
            return self._argument().translate(_SCRIPT)
        if name in _ACCENTS:
            letter = self._argument()
            if len(letter) == 1:
                return letter + _ACCENTS[name]
        raise _Hard

    def _word_follows(self) -> bool:
        following = self._tokens[self._at : self._at + 1]
        return bool(following) and following[0].isalnum()

    def _skip_no_delimiter(self, name: str) -> None:
        if name in _SIZED and self._tokens[self._at : self._at + 1] == ["."]:
            self._at += 1

    def _root(self) -> str:
        index = ""
        if self._tokens[self._at : self._at + 1] == ["["]:
            self._at += 1
            index = self.read("]")
        if index not in _ROOTS:
            raise _Hard
        return _ROOTS[index] + _bracketed(self._argument())

    def _raised(self, words: str, sign: str) -> str:
        """What is above (^) or below (_) the words before it."""
        words = words.rstrip()
        inside = self._argument()
        letters = _RAISED if sign == "^" else _LOWERED
        tight = inside.replace(" ", "").replace("−", "-")
        if tight and all(letter in letters for letter in tight):
            return words + "".join(letters[letter] for letter in tight)
        if not inside or "\n" in inside:
            raise _Hard
        return f"{words}{sign}{inside if len(inside) == 1 else f'({inside})'}"


def _bracketed(words: str) -> str:
    return words if _ONE.fullmatch(words) else f"({words})"

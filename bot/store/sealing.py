"""Tokens that lie in the database are sealed, so that a copy of it opens nothing."""

from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Seal:
    """Seals with the first key, opens with any: a new key is put first, and an old one removed
    when nothing sealed with it is left.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = [Fernet(key) for key in keys]
        self._all = MultiFernet(self._keys)

    def seal(self, text: str) -> str:
        return self._all.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str | None:
        """The text, None where none of the keys opens it or somebody has changed it."""
        try:
            return self._all.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key opens it."""
        try:
            self._keys[0].decrypt(sealed)
        except InvalidToken:
            return False
        return True

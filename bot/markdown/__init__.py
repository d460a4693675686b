"""Growing CommonMark made presentable: cut into messages, and closed where it is half-open."""

from bot.markdown.pages import Carry, Fits, Pages, Piece, cut, pieces
from bot.markdown.tail import Tail, close_open

__all__ = ["Carry", "Fits", "Pages", "Piece", "Tail", "close_open", "cut", "pieces"]

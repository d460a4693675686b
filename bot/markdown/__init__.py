"""Growing CommonMark made presentable: cut into messages, and closed where it is half-open.

`Pages` is what shows an answer: it is fed the whole text so far, keeps the pieces that are full as
they are, and gives the growing one as it is to be shown now. `close_open` is for text of which more
is to come and may hold back its end; `seal` keeps every character of a text that ends here.
"""

from bot.markdown.pages import Carry, Fits, Pages, Piece, cut, pieces
from bot.markdown.tail import Tail, close_open, seal

__all__ = ["Carry", "Fits", "Pages", "Piece", "Tail", "close_open", "cut", "pieces", "seal"]

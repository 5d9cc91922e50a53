"""Text as it is compared: without case, accents and typographical variants. Index and question fold alike, so nothing
depends on the locale or the extensions of the database.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CHARACTERS_REMEMBERED_MAX = 65_536
# What Unicode does not take apart, although people do.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Surrogates cannot be stored, control characters part words.
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """The text in one line, folded, its words parted by single spaces."""
    if text.isascii():
        folded = text.lower()
        if folded.isprintable():
            return " ".join(folded.split())
    return _SPACES.sub(" ", "".join(map(fold_character, text))).strip()


@lru_cache(maxsize=_CHARACTERS_REMEMBERED_MAX)
def fold_character(character: str) -> str:
    """What one character becomes: nothing, one or several. A function of the character alone, so that where a piece
    of folded text came from can be told.
    """
    if unicodedata.category(character) in _UNPRINTABLE:
        return " "
    parts = unicodedata.normalize("NFKD", character.casefold())
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    return unicodedata.normalize("NFKC", kept).casefold().translate(_LETTERS)

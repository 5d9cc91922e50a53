"""lower and upper: one letter to one letter, by a table that no version of Python or PostgreSQL changes."""

from __future__ import annotations

import unicodedata
from functools import cache

# Letters of Unicode 3.2 with a partner in it: later versions may add letters but never change these pairs.
_LAST_CASED = 0x1044F
_STABLE = unicodedata.ucd_3_2_0


@cache
def lower_pairs() -> dict[int, int]:
    """Code points and their lower case, both single letters."""
    return _pairs(str.lower)


@cache
def upper_pairs() -> dict[int, int]:
    """Code points and their upper case, both single letters."""
    return _pairs(str.upper)


def lower(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(lower_pairs())


def upper(text: str) -> str:
    return text.upper() if text.isascii() else text.translate(upper_pairs())


def _pairs(change: object) -> dict[int, int]:
    assert callable(change)
    candidates = (chr(code) for code in range(_LAST_CASED + 1) if not 0xD800 <= code <= 0xDFFF)
    changed = ((letter, change(letter)) for letter in candidates if change(letter) != letter)
    return {ord(old): ord(new) for old, new in changed if len(new) == 1 and _is_stable(old) and _is_stable(new)}


def _is_stable(letter: str) -> bool:
    return _STABLE.category(letter) != "Cn"

"""Texts of cells that a spreadsheet would compute: made harmless on the way out, and plain again on the way in."""

from __future__ import annotations

import re

# Whatever has such an apostrophe already gets one more, so that exactly one can be taken away again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_FIRST = frozenset("'=+-@\t\r")


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would compute it (CWE-1236)."""
    # Of a million cells a few begin so; the expression is for those.
    return f"'{text}" if text[:1] in _FIRST and _FORMULA.match(text) else text


def plain(text: str) -> str:
    """The text without the apostrophe that made it harmless."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text

"""The nearest known name, so that every refusal of a misspelt one says what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_KNOWN_SHOWN_MAX = 30


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name most like `name`, None when none is alike."""
    matches = get_close_matches(str(name)[:100], list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None


def nearest_or_all(name: object, known: Iterable[str]) -> str:
    """What to say is expected instead of `name`: the nearest known name, else all of them."""
    names = sorted(known)
    shown = ", ".join(names[:_KNOWN_SHOWN_MAX]) or "nothing here"
    return nearest(name, names) or (shown if len(names) <= _KNOWN_SHOWN_MAX else f"{shown}, …")

"""Where the question stands in a text: positions, no markup, so nothing can be injected anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel.search.fold import fold_character
from kernel.search.query import SIMILARITY_MIN
from kernel.search.terms import TYPO_CHARACTERS_MIN, Term

EXCERPT_CHARACTERS_MAX = 200
MARKS_MAX = 20
# A stem keeps at least this much of a word.
STEM_CHARACTERS_MIN = 4
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Highlight:
    """text: an excerpt of a field. marks: from where up to where, in characters of the excerpt, begin included."""

    field: str
    text: str
    marks: tuple[tuple[int, int], ...]


def highlight(field: str, text: str, terms: Sequence[Term]) -> Highlight | None:
    """The first excerpt of a text with what was looked for; None where nothing of it is there."""
    spans = _merge(sorted(span for term in terms for span in _spans(text, term)))
    if not spans:
        return None
    start = _excerpt_start(text, spans[0][0])
    end = min(len(text), start + EXCERPT_CHARACTERS_MAX)
    marks = tuple((begin - start, stop - start) for begin, stop in spans if begin >= start and stop <= end)
    return Highlight(field, text[start:end], marks[:MARKS_MAX])


def _spans(text: str, term: Term) -> Iterator[tuple[int, int]]:
    folded, origins = _fold_with_origins(text)
    found = False
    place = folded.find(term.text)
    while place >= 0:
        found = True
        yield origins[place], origins[place + len(term.text) - 1] + 1
        place = folded.find(term.text, place + len(term.text))
    if found or len(term.text) < TYPO_CHARACTERS_MIN:
        return
    for word in _WORD.finditer(folded):
        if _is_like(word.group(), term.text):
            yield origins[word.start()], origins[word.end() - 1] + 1


def _fold_with_origins(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the place it came from."""
    folded: list[str] = []
    origins: list[int] = []
    for place, character in enumerate(text):
        parts = fold_character(character)
        folded.append(parts)
        origins.extend([place] * len(parts))
    return "".join(folded), origins


def _is_like(word: str, term: str) -> bool:
    """Of one stem, or a typo away; as PostgreSQL sees it, roughly."""
    shared = min(len(word), len(term)) - 2
    if shared >= STEM_CHARACTERS_MIN and word[:shared] == term[:shared]:
        return True
    ours, theirs = _grams(word), _grams(term)
    return len(ours & theirs) / len(theirs) >= SIMILARITY_MIN


def _grams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def _merge(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _excerpt_start(text: str, first: int) -> int:
    """Some words before the first mark."""
    if len(text) <= EXCERPT_CHARACTERS_MAX or first < EXCERPT_CHARACTERS_MAX // 4:
        return 0
    start = first - EXCERPT_CHARACTERS_MAX // 4
    space = text.find(" ", start, first)
    return space + 1 if space >= 0 else start

"""What makes a long password easy to guess (NIST SP 800-63B, 5.1.1.2): common, repetitive, or about its user.

No rules about kinds of characters. A list of leaked passwords would have to be asked over the network or be gigabytes
large, so it is their making that is recognized: common words and runs, however they are written, strung together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kernel.auth.common_words import LOOKALIKES, RUNS, WORDS

# Characters that must be left when all that can be guessed is taken away; and different ones among all.
UNGUESSED_MIN = 4
DISTINCT_MIN = 5
CONTEXT_WORD_MIN = 3
_RUN_MIN = 3
_WORD = re.compile(r"[^\W_]+")
# A year or a house number behind a word adds nothing.
_PARTS = re.compile(r"[^\W\d_]+|\d{5,}")


def find_weakness(password: str, context: Iterable[str] = ()) -> str | None:
    """Why it is easy to guess, None if it is not. context: names and addresses anybody would try first."""
    folded = password.casefold()
    if len(set(folded)) < DISTINCT_MIN:
        return "it repeats a few characters"
    if _period(folded) * 2 <= len(folded):
        return "it repeats itself"
    own = {word for text in context for word in _words(text)}
    # As it is typed, and as it is meant: `P4ssw0rd` is `password`, and `1234` is a number.
    for text in (folded, folded.translate(LOOKALIKES)):
        if _unguessed(text, own) < UNGUESSED_MIN:
            return "it is made of names anybody would try" if _unguessed(text, ()) >= UNGUESSED_MIN else "it is common"
    return None


def _unguessed(text: str, own: Iterable[str]) -> int:
    """How many characters are part of no known word, run or short number, and do not only separate."""
    known = sorted({*own, *WORDS}, key=len, reverse=True)
    # Longest first, so that `pass` does not spoil `password`.
    rest = re.sub("|".join(map(re.escape, known)), " ", text)
    return sum(len(_without_runs(part)) for part in _PARTS.findall(rest))


def _without_runs(part: str) -> str:
    kept = []
    position = 0
    while position < len(part):
        length = _run_length(part[position:])
        if length < _RUN_MIN:
            kept.append(part[position])
            length = 1
        position += length
    return "".join(kept)


def _run_length(text: str) -> int:
    """How many characters from the start follow each other in a run, or are all the same."""
    same = len(text) - len(text.lstrip(text[0]))
    lengths = [same]
    for run in (*RUNS, *(run[::-1] for run in RUNS)):
        start = run.find(text[0])
        length = 0
        while start >= 0 and length < len(text) and start + length < len(run) and run[start + length] == text[length]:
            length += 1
        lengths.append(length)
    return max(lengths)


def _period(text: str) -> int:
    """The length of what is repeated; that of the text when nothing is."""
    return (text + text).find(text, 1)


def _words(text: str) -> list[str]:
    """Parts of a name or an address that are long enough to matter, and the whole written together."""
    parts = _WORD.findall(text.casefold())
    return [word for word in (*parts, "".join(parts)) if len(word) >= CONTEXT_WORD_MIN]

"""A question as somebody typed it, taken apart. Nothing in it is an operator: quotes and signs are text too."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.search.errors import SearchTextInvalid
from kernel.search.fold import fold

TERMS_MAX = 8
TERM_CHARACTERS_MAX = 64
QUESTION_CHARACTERS_MAX = 1_000
# A trigram index knows nothing shorter.
GRAM_CHARACTERS = 3
# Of a shorter word too little is left after a typo.
TYPO_CHARACTERS_MIN = 4


@dataclass(frozen=True)
class Term:
    """One word, folded."""

    text: str

    @property
    def tsquery(self) -> str:
        """Input of to_tsquery: the word quoted, as the beginning of a word."""
        quoted = self.text.replace("\\", "\\\\").replace("'", "''")
        return f"'{quoted}':*"

    @property
    def like(self) -> str:
        """Pattern of LIKE for the word anywhere."""
        escaped = self.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{escaped}%"

    @property
    def may_have_typos(self) -> bool:
        return len(self.text) >= TYPO_CHARACTERS_MIN and self.text.isalpha()

    @property
    def has_grams(self) -> bool:
        """Whether a trigram index narrows anything: three letters or digits in a row, of those every database knows."""
        run = 0
        for character in self.text:
            run = run + 1 if character.isascii() and character.isalnum() else 0
            if run == GRAM_CHARACTERS:
                return True
        return False


def read_terms(question: str) -> list[Term]:
    """The words of a question, each once; those beyond the eighth are left out. Raises SearchTextInvalid."""
    if len(question) > QUESTION_CHARACTERS_MAX:
        raise SearchTextInvalid(reason=f"it is longer than {QUESTION_CHARACTERS_MAX} characters")
    words = dict.fromkeys(word[:TERM_CHARACTERS_MAX] for word in fold(question).split())
    if not words:
        raise SearchTextInvalid(reason="there is no word in it")
    return [Term(word) for word in list(words)[:TERMS_MAX]]

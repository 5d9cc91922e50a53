"""The question as SQL: who matches, how well, under the caller's permissions.

A type some of whose fields are hidden from the caller is matched twice: in the index, which holds all fields, to find
candidates; then by the lines of the text that may be seen. So neither a hit nor its rank tells of a hidden field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from kernel.expressions import render
from kernel.search.terms import Term

# Of more matches than this the newest are ranked.
RANKED_MAX = 10_000
# How similar a word must be to be taken for a typo of another.
SIMILARITY_MIN = 0.5
SET_SIMILARITY = f"SET LOCAL pg_trgm.word_similarity_threshold = {SIMILARITY_MIN}"

_SEEN_TEXT = """(
    SELECT string_agg(u.line, ' ') FROM unnest(string_to_array(s.text, E'\\n')) WITH ORDINALITY AS u (line, n)
     WHERE u.n = ANY(%(lines_{number})s::int[]))"""


@dataclass(frozen=True)
class Source:
    """One type that is searched. allowed: its rows the caller may read. lines: those to be seen, None for all."""

    type: str
    shape: int
    allowed: ColumnElement[bool]
    lines: Sequence[int] | None


@dataclass(frozen=True)
class Question:
    """language: a text search configuration. trigrams: schema of pg_trgm. after: rank and id of the page before."""

    terms: Sequence[Term]
    sources: Sequence[Source]
    language: str
    trigrams: str | None
    limit: int
    columns: str
    conditions: Sequence[ColumnElement[bool]] = ()
    after: tuple[str, str] | None = None


def compile_question(question: Question) -> tuple[str, dict[str, Any]]:
    """The statement and its values. Its rows: the columns asked for, and the rank as text."""
    values = _term_values(question)
    matched = [_matched(question, number, "s.words", "s.text") for number in range(len(question.terms))]
    where = [*matched, "s.type = ANY(%(types)s::text[])", _any_source(question, values)]
    for place, condition in enumerate(question.conditions):
        where.append(_rendered(condition, f"f{place}_", values))
    ranked = f"""
SELECT s.document_id AS id, round(({_rank(question)})::numeric, 6) AS rank
  FROM {{t}}.search s JOIN {{t}}.documents ON documents.id = s.document_id {_seen(question, values)}
 WHERE {" AND ".join(where)} ORDER BY s.document_id DESC LIMIT {RANKED_MAX}"""
    page = ""
    if question.after is not None:
        page = "WHERE (ranked.rank, ranked.id) < (%(after_rank)s::numeric, %(after_id)s::uuid)"
        values |= {"after_rank": question.after[0], "after_id": question.after[1]}
    # The page is cut before its documents are fetched whole.
    sql = f"""
WITH ranked AS MATERIALIZED ({ranked}), page AS (
    SELECT * FROM ranked {page} ORDER BY rank DESC, id DESC LIMIT %(limit)s
)
SELECT {question.columns}, page.rank::text FROM page JOIN {{t}}.documents USING (id)
 ORDER BY page.rank DESC, page.id DESC"""
    return sql, {**values, "types": [source.type for source in question.sources], "limit": question.limit}


def _term_values(question: Question) -> dict[str, Any]:
    values: dict[str, Any] = {"language": question.language}
    for number, term in enumerate(question.terms):
        values |= {f"query_{number}": term.tsquery, f"like_{number}": term.like, f"term_{number}": term.text}
    values["whole"] = " ".join(term.text for term in question.terms)
    return values


def _matched(question: Question, number: int, words: str, text: str) -> str:
    """Whether one word of the question is there: by its stem or beginning, as a part of a word, or with a typo."""
    ways = [
        f"{words} @@ to_tsquery(%(language)s::regconfig, %(query_{number})s)",
        f"{text} LIKE %(like_{number})s",
    ]
    if question.trigrams and question.terms[number].may_have_typos:
        ways.append(f'{text} OPERATOR("{question.trigrams}".%%>) %(term_{number})s')
    return f"({' OR '.join(ways)})"


def _rank(question: Question) -> str:
    is_partly_hidden = any(source.lines is not None for source in question.sources)
    words, text = ("v.words", "v.text") if is_partly_hidden else ("s.words", "s.text")
    whole = " || ".join(
        f"to_tsquery(%(language)s::regconfig, %(query_{number})s)" for number in range(len(question.terms))
    )
    rank = f"ts_rank({words}, {whole})"
    if question.trigrams:
        rank += f' + "{question.trigrams}".word_similarity(%(whole)s, {text})'
    return rank


def _seen(question: Question, values: dict[str, Any]) -> str:
    """What of the entry the caller sees, as v.words and v.text; nothing where that is all of it anyway."""
    cases = []
    for number, source in enumerate(question.sources):
        if source.lines is not None:
            values |= {f"type_{number}": source.type, f"lines_{number}": list(source.lines)}
            cases.append(f"WHEN %(type_{number})s THEN {_SEEN_TEXT.format(number=number)}")
    if not cases:
        return ""
    return f"""
  CROSS JOIN LATERAL (SELECT CASE s.type {" ".join(cases)} END AS text) seen
  CROSS JOIN LATERAL (SELECT coalesce(seen.text, CASE WHEN s.type = ANY(%(partly)s::text[]) THEN '' ELSE s.text END)
                             AS text,
                             CASE WHEN s.type = ANY(%(partly)s::text[])
                                  THEN to_tsvector(%(language)s::regconfig, coalesce(seen.text, '')) ELSE s.words END
                             AS words) v"""


def _any_source(question: Question, values: dict[str, Any]) -> str:
    tests = []
    partly = []
    for number, source in enumerate(question.sources):
        values[f"source_{number}"] = source.type
        parts = [f"documents.type = %(source_{number})s", _rendered(source.allowed, f"s{number}_", values)]
        if source.lines is not None:
            partly.append(source.type)
            # An entry of another declaration has its fields on other lines.
            parts.append(f"s.shape = {source.shape:d}")
            parts += [_matched(question, place, "v.words", "v.text") for place in range(len(question.terms))]
        tests.append(f"({' AND '.join(parts)})")
    if partly:
        values["partly"] = partly
    return f"({' OR '.join(tests)})"


def _rendered(condition: ColumnElement[bool], prefix: str, values: dict[str, Any]) -> str:
    text, bound = render(condition, prefix)
    values |= bound
    return f"({text})"

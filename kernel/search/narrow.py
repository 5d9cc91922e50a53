"""The index as a shortcut for lists: it names all documents that can match, and the list's own condition decides.

Never behind: beside what the index names stand all documents with an event it has not seen.
"""

from __future__ import annotations

from typing import Any

from kernel.context import KernelContext
from kernel.search import store
from kernel.search.fold import fold
from kernel.search.refresh import plan_of
from kernel.search.shape import Shape
from kernel.search.terms import TERMS_MAX, Term
from sdk.schema import DocumentType

# With more events unseen the index saves nothing.
UNSEEN_EVENTS_MAX = 5_000
# One character folds to 18 at most, so that nothing of a text within this is cut off in the index.
NARROWED_CHARACTERS_MAX = 5_000

_NARROWED = """documents.id = ANY (ARRAY(
    SELECT s.document_id FROM {{t}}.search s WHERE s.type = %(q_type)s AND {matches}
     UNION
    SELECT e.aggregate_id FROM {{t}}.events e WHERE e.position > %(q_after)s AND e.aggregate_type = %(q_type)s))"""


def narrow(ctx: KernelContext, type: DocumentType, q: str) -> tuple[str, dict[str, Any]] | None:
    """A condition on documents that holds wherever all words of q are in searched fields, and its values; None where
    the index cannot help.
    """
    grams = [term for term in _terms(q) if term.has_grams]
    plan = plan_of(ctx.uow, ctx.runtime)
    shape = plan.shapes.get(type.name)
    if not grams or plan.trigrams is None or shape is None or not _is_bounded(shape):
        return None
    progress = store.read_progress(ctx.uow)
    if progress.shape != plan.digest:
        return None
    if store.count_pending(ctx.uow, [type.name], progress.position, UNSEEN_EVENTS_MAX) == UNSEEN_EVENTS_MAX:
        return None
    matches = " AND ".join(f"s.text LIKE %(q_{number})s" for number in range(len(grams)))
    values = {f"q_{number}": term.like for number, term in enumerate(grams)}
    return _NARROWED.format(matches=matches), {**values, "q_type": type.name, "q_after": progress.position}


def _terms(q: str) -> list[Term]:
    """Of the words that lists look at, what they are folded."""
    return [Term(part) for word in q.split()[:TERMS_MAX] for part in fold(word).split()]


def _is_bounded(shape: Shape) -> bool:
    """Whether the index surely holds all of the text: no field is left out of it, none can be too long."""
    if len(shape.paths) != len(shape.type.searchable):
        return False
    unbounded = NARROWED_CHARACTERS_MAX + 1
    lengths = [int(shape.type.fields[path].schema.get("maxLength", unbounded)) for path in shape.paths]
    return sum(lengths) <= NARROWED_CHARACTERS_MAX

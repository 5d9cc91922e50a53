"""Unique fields with other values than before, or unique for the first time: whether they are, and their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg

from kernel.context import KernelContext
from kernel.documents.casting import stored_name
from kernel.documents.keys import KEY_BYTES_MAX
from kernel.expressions.mixed import Mixture
from kernel.expressions.places import Record, text_of
from kernel.series.service import NO_COMPANY
from registry.checks.census import Census, census_of, take_census
from registry.checks.sides import TypeChange, changed_types
from registry.errors import KeysTaken
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.document_errors import DocumentsBeingCast
from sdk.lenses import Opaque, Path, Same
from sdk.schema import DocumentType, Field

EXAMPLES_MAX = 5
# Measured on 100,000 small documents, in the transaction that moves the pointer.
KEYS_PER_S = 100_000

# Each value of a field with the document it is in and the key it would have.
_VALUES = """
SELECT d.id, {company} AS company_id,
       CASE WHEN octet_length(v.value) <= {most} THEN v.value
            ELSE 'sha256 ' || encode(sha256(convert_to(v.value, 'UTF8')), 'hex') END AS value
  FROM {{t}}.documents d CROSS JOIN LATERAL ({source}) AS v (value)
 WHERE d.type = %(type)s AND d.deleted_at IS NULL AND v.value IS NOT NULL
"""
_DUPLICATES = """
SELECT value, count(*), (array_agg(id::text ORDER BY id))[1:3], count(*) OVER () FROM ({values}) AS held
 GROUP BY company_id, value HAVING count(*) > 1 ORDER BY count(*) DESC, value LIMIT %(limit)s
"""
_FORGET = "DELETE FROM {t}.keys WHERE type = %(type)s AND field = %(field)s"
_TAKE = """
INSERT INTO {{t}}.keys (type, field, company_id, value, document_id)
SELECT %(type)s, %(field)s, company_id, value, id FROM ({values}) AS held ORDER BY id
"""
_KEEP_FIRST = " ON CONFLICT DO NOTHING"


@dataclass(frozen=True)
class NewKey:
    """A field whose keys are made anew. values: SQL, None where only code knows its values.

    was_unique: it was so in the version before, but a step says its values otherwise. is_rollback: it was unique once.
    Nobody is held up going back to that: of several the first has the key.
    """

    change: TypeChange
    field: Field
    values: str | None
    was_unique: bool = False

    @property
    def type(self) -> DocumentType:
        return self.change.after

    @property
    def is_rollback(self) -> bool:
        return self.change.is_rollback

    @property
    def subject(self) -> str:
        return f"{self.type.name}.{self.field.path}"

    @property
    def said(self) -> str:
        """What becomes of it, for people."""
        return "is unique and reads otherwise then" if self.was_unique else "becomes unique"


def unique_findings(situation: Situation) -> Iterator[Finding]:
    """Values that two documents have already, and how long it takes to make keys of the rest."""
    changes = [change for change in changed_types(situation) if _new_fields(change)]
    census = census_of(situation, {change.name for change in changes})
    for change in changes:
        for key in new_keys(change, census):
            yield from _look(situation.ctx, key, census.count_live(change.name))


def backfill_keys(ctx: KernelContext, situation: Situation) -> None:
    """Make the keys of fields that are unique from now on. Raises KeysTaken where two documents have one meanwhile."""
    changes = [change for change in changed_types(replace(situation, ctx=ctx)) if _new_fields(change)]
    census = take_census(ctx, {change.name for change in changes})
    for key in (key for change in changes for key in new_keys(change, census) if key.values is not None):
        given = {"type": key.type.name, "field": stored_name(key.type, key.field.path)}
        # A release that it was unique in may have left some when the tenant went back from it.
        ctx.uow.execute(_FORGET, given)
        try:
            with ctx.uow.savepoint():
                ctx.uow.execute(_TAKE.format(values=key.values) + (_KEEP_FIRST if key.is_rollback else ""), given)
        except psycopg.errors.UniqueViolation:
            raise KeysTaken(type=key.type.name, field=key.field.path) from None


def new_keys(change: TypeChange, census: Census) -> list[NewKey]:
    """Of the fields that need other keys, with the versions their documents are stored at."""
    versions = {group.version for group in census.of(change.name)}
    kept = _kept_fields(change)
    return [
        NewKey(change, field, _values(change.after, field, versions), _key_name(change.after, field) in kept)
        for field in _new_fields(change)
    ]


def _new_fields(change: TypeChange) -> list[Field]:
    """Fields of the tenant's own are seen to when they are defined."""
    kept = _kept_fields(change)
    own = [field for field in change.after.unique if not field.path.startswith("custom_")]
    return [field for field in own if _key_name(change.after, field) not in kept or _reads_otherwise(change, field)]


def _kept_fields(change: TypeChange) -> set[tuple[str, str | None]]:
    before = change.before
    return {_key_name(before, field) for field in before.unique} if before is not None else set()


def _key_name(type: DocumentType, field: Field) -> tuple[str, str | None]:
    return stored_name(type, field.path), field.unique


def _reads_otherwise(change: TypeChange, field: Field) -> bool:
    """Whether a step gives the field other values. What functions do to it is seen when documents are cast."""
    before, after = change.before, change.after
    if before is None or after.lenses is None or max(before.version, after.version) > after.lenses.latest:
        return False
    source = after.lenses.source(field.path, at=before.version, now=after.version)
    return not isinstance(source, Same | Path | Opaque)


def _values(type: DocumentType, field: Field, versions: set[int]) -> str | None:
    source = _source(type, field, versions)
    if source is None:
        return None
    company = f"coalesce(d.company_id, '{NO_COMPANY}')" if field.unique == "company" else f"'{NO_COMPANY}'::uuid"
    return _VALUES.format(company=company, most=KEY_BYTES_MAX, source=source)


def _source(type: DocumentType, field: Field, versions: set[int]) -> str | None:
    """The value of a document as a query; None where a lens function or a cipher stands between. It is at the top."""
    if field.encrypted:
        return None
    record = Record("d", "d.data")
    mixture = Mixture.of(replace(type, is_mixed=bool(versions - {type.version})))
    try:
        text = (mixture.text(record, (field.path,)) if mixture else None) or text_of(Same(), record, (field.path,))
    except DocumentsBeingCast:
        return None
    return f"SELECT {f'initcap({text})' if field.kind == 'boolean' else text}"


def _look(ctx: KernelContext, key: NewKey, count: int) -> Iterator[Finding]:
    applet = key.type.applet
    severity = Severity.WARNS if key.is_rollback else Severity.BLOCKS
    if key.values is None:
        if count:
            message = f"{key.subject} {key.said}, but its values are known only once its documents are cast"
            later = "make it unique in a release after the one whose lens makes it"
            fix = "wait until the documents are swept" if key.was_unique else later
            yield Finding(severity, "unique_unknown", key.subject, message, fix, applet)
        return
    sql = _DUPLICATES.format(values=key.values)
    rows = ctx.uow.execute(sql, {"type": key.type.name, "limit": EXAMPLES_MAX}).fetchall()
    if rows:
        value, total = rows[0][0], rows[0][-1]
        message = f"{total} values of {key.subject}, which {key.said}, are held by several documents: {value}"
        examples = [{"value": value, "count": held, "documents": list(ids)} for value, held, ids, _ in rows]
        details = {"count": total, "first": examples}
        fix = "give all but one of them another value before"
        yield Finding(severity, "unique_taken", key.subject, message[:300], fix, applet, details=details)
    if not key.change.is_cast:
        message = f"{key.subject} becomes unique, but what is being written at the moment of the move gets no key"
        fix = f"raise the x-version of {key.type.name}: then the sweep sees to those documents"
        yield Finding(Severity.WARNS, "unique_unversioned", key.subject, message, fix, applet)
    message = f"{key.subject} {key.said}: keys are made of the values there are"
    details = {"count": count, "estimate_s": round(count / KEYS_PER_S, 2)}
    yield Finding(Severity.INFORMS, "keys_made", key.subject, message, "", applet, details=details)

"""One batch of a sweep: documents of other versions of their type, stored as the present one has them.

Neither their revision nor what they say changes, so no hook runs, nobody hears of it, and version and updated_at stay.
An event tells it all the same: the log alone must be enough to rebuild the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from kernel.context import KernelContext
from kernel.documents.casting import cast_row, stored_name
from kernel.documents.history import CAST
from kernel.documents.keys import keys_of, links_of
from kernel.documents.references import NO_REFERENCES, References, changed_references, read_references
from kernel.documents.rows import COLUMNS, FOR_CHANGE, Row
from kernel.secrets.fields import seal_cast
from kernel.secrets.subject_keys import SubjectKey, find_subjects
from sdk.document_errors import DocumentUncastable
from sdk.identifiers import new_id
from sdk.schema import DocumentType, Link, diff

FIRST = "00000000-0000-0000-0000-000000000000"

_READ = f"""
SELECT xmin::text, {COLUMNS} FROM {{t}}.documents
 WHERE type = %s AND schema_version <> %s AND id > %s ORDER BY id LIMIT %s
"""
# Only now, so that nobody waits for what is worked out. Who is writing one of them meanwhile casts it, or leaves it to
# the next pass.
_LOCK = f"""
SELECT d.id::text FROM {{t}}.documents d JOIN unnest(%s::uuid[], %s::text[]) AS w (id, written) ON w.id = d.id
 WHERE d.xmin::text = w.written{FOR_CHANGE} OF d SKIP LOCKED
"""
_KEYS_GONE = """
DELETE FROM {t}.keys k USING jsonb_to_recordset(%s::jsonb) AS g (field text, company_id uuid, value text)
 WHERE k.type = %s AND k.field = g.field AND k.company_id = g.company_id AND k.value = g.value
"""
_LINKS_GONE = """
DELETE FROM {t}.links l USING jsonb_to_recordset(%s::jsonb) AS g (from_id uuid, field text, to_id uuid)
 WHERE l.from_id = g.from_id AND l.field = g.field AND l.to_id = g.to_id
"""
# A link that leads nowhere by now was as broken before.
_WRITE = """
WITH new AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (
        id uuid, version integer, state text, data jsonb, kept jsonb, event_id uuid, payload jsonb)
),
doc AS (
    UPDATE {t}.documents d SET schema_version = %(schema_version)s, state = n.state, data = n.data,
           kept = nullif(n.kept, 'null'::jsonb)
      FROM new n WHERE d.id = n.id
),
event AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, correlation_id,
                            payload)
    SELECT event_id, %(event_type)s, %(type)s, id, version, %(at)s, %(by)s, %(correlation_id)s, payload
      FROM new ORDER BY id RETURNING position
),
key_new AS (
    INSERT INTO {t}.keys (type, field, company_id, value, document_id)
    SELECT %(type)s, k.field, k.company_id, k.value, k.id FROM jsonb_to_recordset(%(keys)s::jsonb)
        AS k (id uuid, field text, company_id uuid, value text)
),
target AS (
    SELECT l.id, l.field, d.id AS to_id FROM jsonb_to_recordset(%(links)s::jsonb) AS l (id uuid, field text, to_id uuid)
      JOIN {t}.documents d ON d.id = l.to_id AND d.deleted_at IS NULL FOR KEY SHARE OF d
),
link_new AS (
    INSERT INTO {t}.links (from_id, field, to_id) SELECT id, field, to_id FROM target ON CONFLICT DO NOTHING
),
cipher_key AS (
    INSERT INTO {t}.cipher_keys (id, kind, subject_id, wrapped, wrapped_by, created_at)
    SELECT k.id, 'subject', k.subject_id, decode(k.wrapped, 'hex'), k.wrapped_by, %(at)s
      FROM jsonb_to_recordset(%(cipher_keys)s::jsonb) AS k (id uuid, subject_id uuid, wrapped text, wrapped_by text)
)
SELECT count(*) FROM event
"""


@dataclass(frozen=True)
class SweepFailure:
    """A document its lenses do not fit, or whose place is taken. step: what failed; pointer: where in the document."""

    id: str
    step: str
    pointer: str


@dataclass
class Batch:
    """last: the id to go on behind, empty at the end. done: how many were cast."""

    last: str = ""
    done: int = 0
    failures: list[SweepFailure] = field(default_factory=list)


@dataclass
class _Cast:
    """A document as it is and as it will be; what of keys and links comes and goes with that.

    written: the transaction that has made it what it is.
    """

    written: str
    row: Row
    cast: Row
    event_id: str
    payload: Mapping[str, Any]
    key: SubjectKey | None = None
    references: Mapping[str, list[Any]] = field(default_factory=dict)


def cast_batch(ctx: KernelContext, type: DocumentType, after: str, limit: int) -> Batch:
    """Cast the documents of a type behind an id, at most so many. Those that were cast stay locked until the
    transaction ends.

    Raises psycopg.errors.UniqueViolation where one of them would take a unique value another document has.
    """
    found = ctx.uow.execute(_READ, [type.name, type.version, after, limit]).fetchall()
    batch = Batch(last=found[-1][1] if len(found) == limit else "")
    casts = []
    for written, *columns in found:
        row = Row(*columns)
        cast = try_cast(type, row, batch.failures)
        if cast is not None:
            casts.append(_Cast(written, row, cast, new_id(), _payload(row, cast)))
    if casts:
        locked = ctx.uow.execute(_LOCK, [[each.row.id for each in casts], [each.written for each in casts]])
        ids = {id for (id,) in locked}
        casts = [each for each in casts if each.row.id in ids]
    if casts:
        _settle(ctx, type, casts)
        _write(ctx, type, casts)
    batch.done = len(casts)
    return batch


def try_cast(type: DocumentType, row: Row, failures: list[SweepFailure]) -> Row | None:
    """The row as the present version has it; None, and a failure more, where its lenses do not fit."""
    try:
        return cast_row(type, row)
    except DocumentUncastable as error:
        failures.append(SweepFailure(row.id, error.details["step"], error.details["pointer"]))
        return None


def _settle(ctx: KernelContext, type: DocumentType, casts: Sequence[_Cast]) -> None:
    """What else is written with the documents."""
    present = read_references(ctx.uow, [each.row.id for each in casts])
    for each in casts:
        each.references = _references(type, each.cast, present[each.row.id])
    subjects = _subjects(ctx, type, casts)
    for each in casts:
        if each.row.id in subjects:
            each.payload, each.key = seal_cast(
                ctx, type, each.row.id, each.event_id, each.payload, subjects[each.row.id]
            )


def _payload(row: Row, cast: Row) -> dict[str, Any]:
    payload: dict[str, Any] = {"diff": diff(row.data, cast.data), "schema_version": cast.schema_version}
    if cast.state != row.state:
        payload["state"] = cast.state
    if cast.kept != row.kept:
        payload["kept"] = cast.kept
    return payload


def _references(type: DocumentType, cast: Row, present: References) -> dict[str, list[Any]]:
    """Encrypted values are not touched by any lens, so their keys stay as they are."""
    if cast.deleted_at is not None:
        return changed_references(NO_REFERENCES, present)
    marked = {stored_name(type, each.path) for each in type.encrypted}
    keys = [key for key in keys_of(type, cast.data, cast.company_id) if key[0] not in marked]
    return changed_references(
        References(keys, links_of(type, cast.data)),
        present._replace(keys=[key for key in present.keys if key[0] not in marked]),
    )


def _subjects(ctx: KernelContext, type: DocumentType, casts: Sequence[_Cast]) -> Mapping[str, str]:
    """Whom documents are about whose events must be sealed: those with personal values, now or formerly."""
    if type.personal:
        linked = type.subject if type.subject != "id" else None
        return {each.row.id: str((linked and each.cast.data.get(linked)) or each.row.id) for each in casts}
    return find_subjects(ctx.uow, [each.row.id for each in casts if each.payload.get("kept")])


def _write(ctx: KernelContext, type: DocumentType, casts: Sequence[_Cast]) -> None:
    # First: a value may pass from one document to another.
    if gone := [_key(key) for each in casts for key in each.references["keys_gone"]]:
        ctx.uow.execute(_KEYS_GONE, [_text(gone), type.name])
    if unlinked := [{"from_id": c.row.id, **_link(link)} for c in casts for link in c.references["links_gone"]]:
        ctx.uow.execute(_LINKS_GONE, [_text(unlinked)])
    ctx.uow.execute(
        _WRITE,
        {
            "rows": _text(map(_row, casts)),
            "keys": _text({"id": each.row.id, **_key(key)} for each in casts for key in each.references["keys"]),
            "links": _text({"id": each.row.id, **_link(link)} for each in casts for link in each.references["links"]),
            "cipher_keys": _text({**c.key._asdict(), "wrapped": c.key.wrapped.hex()} for c in casts if c.key),
            "schema_version": type.version,
            "event_type": f"{type.name}.{CAST}",
            "type": type.name,
            "at": ctx.now,
            "by": ctx.actor.id,
            "correlation_id": ctx.correlation_id,
        },
    )


def _row(each: _Cast) -> dict[str, Any]:
    cast = each.cast
    return {
        "id": cast.id,
        "version": cast.version,
        "state": cast.state,
        "data": cast.data,
        "kept": cast.kept,
        "event_id": each.event_id,
        "payload": each.payload,
    }


def _key(key: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("field", "company_id", "value"), key, strict=True))


def _link(link: Link) -> dict[str, str]:
    return {"field": link.field, "to_id": link.id}


def _text(rows: Iterable[Any]) -> str:
    return orjson.dumps(list(rows)).decode()

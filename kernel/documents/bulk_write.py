"""Many new documents in one statement: what `write.py` does for one, for as many as an import brings together.

A collector stands in the context's work. Writes it takes are held back until anybody looks at the database, as
`UnitOfWork.hold_back` has it, so hooks see what they would see if each document had been written at once. Where the
statement fails, nothing says which document it was: the caller rolls back and writes them one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import orjson

from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.write import Write

_TOGETHER = frozenset(
    ("document", "data", "event", "request", "subscribers", "keys", "links", "joins_company", "is_new", "number",
     "cipher_keys", "names")
)  # fmt: skip
_OTHERS = tuple(field.name for field in fields(Write) if field.name not in _TOGETHER)

# Locked against deletion, as a single write does it.
_THERE = """
SELECT d.id::text, d.type FROM {t}.documents d
 WHERE d.id = ANY(%s::uuid[]) AND d.deleted_at IS NULL ORDER BY d.id FOR KEY SHARE OF d
"""
_WRITE = """
WITH new AS MATERIALIZED (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
        id uuid, type text, company_id uuid, version integer, schema_version integer, state text, number text,
        data jsonb, at timestamptz, by text, event_id uuid, event_type text, applet text, correlation_id uuid,
        causation_id uuid, request jsonb, payload jsonb)) WITH ORDINALITY AS n (
        id, type, company_id, version, schema_version, state, number, data, at, by, event_id, event_type, applet,
        correlation_id, causation_id, request, payload, place)
),
doc AS (
    INSERT INTO {t}.documents (id, type, company_id, version, schema_version, state, number, data,
                               created_at, created_by, updated_at, updated_by)
    SELECT id, type, company_id, version, schema_version, state, number, data, at, by, at, by FROM new ORDER BY place
),
event AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, applet,
                            correlation_id, causation_id, request, payload)
    SELECT event_id, event_type, type, id, version, at, by, applet, correlation_id, causation_id, request, payload
      FROM new ORDER BY place RETURNING position, id, aggregate_id, occurred_at
),
delivery AS (
    INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)
    SELECT w.subscriber, e.position, e.id, e.aggregate_id, e.occurred_at, e.occurred_at
      FROM jsonb_to_recordset(%(deliveries)s::jsonb) AS w (event_id uuid, subscriber text)
      JOIN event e ON e.id = w.event_id ORDER BY e.position
),
key_new AS (
    INSERT INTO {t}.keys (type, field, company_id, value, document_id)
    SELECT type, field, company_id, value, document_id FROM jsonb_to_recordset(%(keys)s::jsonb)
        AS k (type text, field text, company_id uuid, value text, document_id uuid)
),
link_new AS (
    INSERT INTO {t}.links (from_id, field, to_id)
    SELECT from_id, field, to_id FROM jsonb_to_recordset(%(links)s::jsonb)
        AS l (from_id uuid, field text, to_id uuid) ON CONFLICT DO NOTHING
),
cipher_key AS (
    INSERT INTO {t}.cipher_keys (id, kind, subject_id, wrapped, wrapped_by, created_at)
    SELECT k.id, 'subject', k.subject_id, decode(k.wrapped, 'hex'), k.wrapped_by, e.occurred_at
      FROM jsonb_to_recordset(%(cipher_keys)s::jsonb) AS k (id uuid, subject_id uuid, wrapped text, wrapped_by text)
      JOIN event e ON e.id = k.id
)
SELECT count(*) FROM event
"""


class BulkRefused(Exception):
    """Internal: one of the documents cannot be written; which one shows when each is written alone."""


class BulkWrites:
    """Gathers new documents of one transaction. has_failed: their statement was refused."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._pending: list[Write] = []
        self.has_failed = False

    def take(self, change: Write) -> bool:
        """Whether the write is taken; those before one that is not are written first."""
        if not change.is_new or any(getattr(change, name) for name in _OTHERS):
            self.flush()
            return False
        if not self._pending:
            self._uow.hold_back(self.flush)
        self._pending.append(change)
        return True

    def forget(self) -> None:
        """What was gathered is not to be written: its savepoint is gone."""
        self._pending.clear()
        self._uow.take_back(self.flush)

    def flush(self) -> None:
        """Write what was gathered. Raises BulkRefused, psycopg.Error."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        self._uow.take_back(self.flush)
        try:
            _check_there(self._uow, pending)
            self._uow.execute_beside(_WRITE, _parameters(pending))
        except BaseException:
            self.has_failed = True
            raise


def _check_there(uow: UnitOfWork, changes: Sequence[Write]) -> None:
    wanted = {(link.id, link.target) for change in changes for link in change.links}
    companies = {change.document.company_id for change in changes if change.joins_company}
    ids = {id for id, _ in wanted} | companies
    if not ids:
        return
    found = dict(uow.execute_beside(_THERE, [sorted(filter(None, ids))]).fetchall())
    if not companies <= found.keys() or not all(_is_there(found, id, target) for id, target in wanted):
        raise BulkRefused


def _is_there(found: dict[str, str], id: str, target: str) -> bool:
    return id in found and target in ("*", found[id])


def _parameters(changes: Sequence[Write]) -> dict[str, str]:
    keys = [
        {"type": change.document.type, "field": field, "company_id": company, "value": value,
         "document_id": change.document.id}
        for change in changes for field, company, value in change.keys
    ]  # fmt: skip
    links = [
        {"from_id": change.document.id, "field": link.field, "to_id": link.id}
        for change in changes
        for link in change.links
    ]
    deliveries = [{"event_id": change.event.id, "subscriber": s} for change in changes for s in change.subscribers]
    cipher_keys = [{**key._asdict(), "wrapped": key.wrapped.hex()} for change in changes for key in change.cipher_keys]
    return {
        "rows": _text(map(_row, changes)),
        "cipher_keys": _text(cipher_keys),
        "keys": _text(keys),
        "links": _text(links),
        "deliveries": _text(deliveries),
    }


def _row(change: Write) -> dict[str, Any]:
    document, event = change.document, change.event
    return {
        "id": document.id,
        "type": document.type,
        "company_id": document.company_id,
        "version": document.version,
        "schema_version": document.schema_version,
        "state": document.state,
        "number": document.number,
        "data": change.data,
        "at": document.updated_at,
        "by": document.updated_by,
        "event_id": event.id,
        "event_type": event.type,
        "applet": event.applet,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "request": change.request,
        "payload": event.payload,
    }


def _text(rows: Iterable[Any]) -> str:
    return orjson.dumps(list(rows)).decode()

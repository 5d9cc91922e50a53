"""The one statement of a write: document, keys, links, event, deliveries and movements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
import psycopg

from kernel.db.unit_of_work import UnitOfWork
from kernel.secrets.subject_keys import SubjectKey
from sdk.document import Document
from sdk.document_errors import CompanyRequired, LinkBroken, UniqueKeyTaken
from sdk.errors import StaleVersion, Violation
from sdk.event import Event
from sdk.schema import Link

# (field path, company id or the nil id, value).
Key = tuple[str, str, str]
# A value that begins so is the mark of an encrypted one.
MARKED = "blind "


@dataclass
class Write:
    """Everything one write brings. keys and links: new ones.

    Only what changes is listed: `keys_gone`, `links_gone` are those of the version before that are no more.
    movements: column arrays as `kernel.registers.service.write_columns` gives them, empty when there are none.
    joins_company: the document was not there before and belongs to a company, which must be there still.
    coming: types by id of what it may link to although it is written only later in the transaction. following: the
    event after `event`, when a new document was acted upon before it was written. cipher_keys: of the personal values
    in the events.
    """

    document: Document
    data: Mapping[str, Any]
    event: Event
    request: Mapping[str, Any] | None = None
    subscribers: Sequence[str] = ()
    keys: Sequence[Key] = ()
    keys_gone: Sequence[Key] = ()
    links: Sequence[Link] = ()
    links_gone: Sequence[Link] = ()
    movements: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    joins_company: bool = False
    is_new: bool = False
    coming: Mapping[str, str] = field(default_factory=dict)
    following: Event | None = None
    following_subscribers: Sequence[str] = ()
    cipher_keys: Sequence[SubjectKey] = ()


def write(uow: UnitOfWork, change: Write) -> None:
    """Run it. Raises StaleVersion, LinkBroken, UniqueKeyTaken, CompanyRequired."""
    sql = _statement(
        change.is_new,
        bool(change.links),
        bool(change.links_gone),
        bool(change.keys),
        bool(change.keys_gone),
        bool(change.subscribers or change.following_subscribers),
        tuple(change.movements),
        change.joins_company,
        bool(change.coming),
        change.following is not None,
        bool(change.cipher_keys),
    )
    try:
        row = uow.execute_beside(sql, _parameters(change)).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise _taken(change, error) from None
    if row is None:
        raise _not_written(uow, change)


_INSERT_DOCUMENT = """
doc AS (
    INSERT INTO {t}.documents (id, type, company_id, version, schema_version, state, number, data,
                               created_at, created_by, updated_at, updated_by)
    SELECT %(id)s, %(type)s, %(company_id)s, %(version)s, %(schema_version)s, %(state)s, %(number)s, %(data)s::jsonb,
           %(at)s, %(by)s, %(at)s, %(by)s
    WHERE """

_UPDATE_DOCUMENT = """
doc AS (
    UPDATE {t}.documents SET version = %(version)s, schema_version = %(schema_version)s, state = %(state)s,
           number = %(number)s, data = %(data)s::jsonb, updated_at = %(at)s, updated_by = %(by)s,
           deleted_at = %(deleted_at)s, archived_at = %(archived_at)s
    WHERE id = %(id)s AND version = %(version)s - 1 AND """

# A link's target is locked against deletion and must be there; a deleter locks its row FOR UPDATE. A document that
# links to itself is there when it is restored, although it is only now that it comes back.
_LINKED = """
linked AS (
    SELECT d.id FROM unnest(%(link_ids)s::uuid[], %(link_types)s::text[]) AS w (id, type)
      JOIN {t}.documents d ON d.id = w.id AND (w.type = '*' OR d.type = w.type)
     WHERE d.deleted_at IS NULL OR d.id = %(id)s FOR KEY SHARE OF d
),"""

# A company that is being deleted waits for this transaction, or this one finds it gone.
_COMPANY = """
company AS (
    SELECT id FROM {t}.documents WHERE id = %(company_id)s AND deleted_at IS NULL FOR KEY SHARE
),"""

_EVENT = """,
event AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, applet,
                            correlation_id, causation_id, request, payload)
    SELECT %(event_id)s, %(event_type)s, %(type)s, doc.id, %(event_version)s, %(at)s, %(by)s, %(applet)s,
           %(correlation_id)s, %(causation_id)s, %(request)s::jsonb, %(payload)s::jsonb
    FROM doc RETURNING position, id
)"""

# From the first one, so that its position is the lower.
_FOLLOWING = """,
following AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, applet,
                            correlation_id, causation_id, request, payload)
    SELECT %(following_id)s, %(following_type)s, %(type)s, %(id)s, %(version)s, %(at)s, %(by)s, %(applet)s,
           %(correlation_id)s, %(causation_id)s, %(request)s::jsonb, %(following_payload)s::jsonb
    FROM event RETURNING position, id
)"""

_DELIVERIES = """,
delivery AS (
    INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)
    SELECT s, event.position, event.id, %(id)s, %(at)s, %(at)s FROM event, unnest(%(subscribers)s::text[]) AS s
)"""

_DELIVERIES_OF_BOTH = """,
delivery AS (
    INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)
    SELECT w.subscriber, w.position, w.id, %(id)s, %(at)s, %(at)s FROM (
        SELECT s AS subscriber, event.position, event.id FROM event, unnest(%(subscribers)s::text[]) AS s
        UNION ALL
        SELECT s, following.position, following.id FROM following, unnest(%(following_subscribers)s::text[]) AS s
    ) AS w ORDER BY w.position
)"""

_KEYS_GONE = """,
key_gone AS (
    DELETE FROM {t}.keys k USING doc, unnest(%(gone_fields)s::text[], %(gone_values)s::text[]) AS g (field, value)
     WHERE k.document_id = doc.id AND k.type = %(type)s AND k.field = g.field AND k.value = g.value
)"""

_KEYS = """,
key_new AS (
    INSERT INTO {t}.keys (type, field, company_id, value, document_id)
    SELECT %(type)s, n.field, n.company_id, n.value, doc.id
      FROM doc, unnest(%(key_fields)s::text[], %(key_companies)s::uuid[], %(key_values)s::text[])
           AS n (field, company_id, value)
)"""

_LINKS_GONE = """,
link_gone AS (
    DELETE FROM {t}.links l USING doc, unnest(%(unlink_fields)s::text[], %(unlink_ids)s::uuid[]) AS g (field, id)
     WHERE l.from_id = doc.id AND l.field = g.field AND l.to_id = g.id
)"""

_LINKS = """,
link_new AS (
    INSERT INTO {t}.links (from_id, field, to_id)
    SELECT doc.id, n.field, n.id FROM doc, unnest(%(link_fields)s::text[], %(link_ids)s::uuid[]) AS n (field, id)
    ON CONFLICT DO NOTHING
)"""

_CIPHER_KEYS = """,
cipher_key AS (
    INSERT INTO {t}.cipher_keys (id, kind, subject_id, wrapped, wrapped_by, created_at)
    SELECT k.id, 'subject', k.subject_id, k.wrapped, k.wrapped_by, %(at)s
      FROM doc, unnest(%(cipher_ids)s::uuid[], %(cipher_subjects)s::uuid[], %(cipher_wrapped)s::bytea[],
                       %(cipher_wrapped_by)s::text[]) AS k (id, subject_id, wrapped, wrapped_by)
)"""

_MOVEMENT_TYPES = {"company_id": "uuid", "occurred_at": "timestamptz", "balanced": "boolean"}


@lru_cache(maxsize=512)
def _statement(
    is_new: bool,
    links: bool,
    links_gone: bool,
    keys: bool,
    keys_gone: bool,
    subscribers: bool,
    movement_columns: tuple[str, ...],
    joins_company: bool,
    coming: bool,
    following: bool,
    cipher_keys: bool,
) -> str:
    """The text for the parts at hand; few shapes occur, so that each stays prepared."""
    expected = "cardinality(%(link_ids)s::uuid[])" + (" - %(coming)s" if coming else "")
    linked = f"(SELECT count(*) FROM linked) = {expected}" if links else "true"
    joined = " AND EXISTS (SELECT FROM company)" if joins_company else ""
    parts = [
        "WITH",
        _LINKED if links else "",
        _COMPANY if joins_company else "",
        _INSERT_DOCUMENT if is_new else _UPDATE_DOCUMENT,
        linked,
        joined,
        " RETURNING id)",
        _EVENT,
        _FOLLOWING if following else "",
        (_DELIVERIES_OF_BOTH if following else _DELIVERIES) if subscribers else "",
        _KEYS_GONE if keys_gone else "",
        _KEYS if keys else "",
        _LINKS_GONE if links_gone else "",
        _LINKS if links else "",
        _CIPHER_KEYS if cipher_keys else "",
        _movements(movement_columns) if movement_columns else "",
        " SELECT position FROM event",
    ]
    return "".join(parts)


def _movements(columns: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    arrays = ", ".join(f"%(m_{name})s::{_movement_type(name)}[]" for name in columns)
    return f""",
movement AS (
    INSERT INTO {{t}}.movements (document_id, {names})
    SELECT doc.id, m.* FROM doc, unnest({arrays}) AS m ({names})
)"""


def _movement_type(column: str) -> str:
    return _MOVEMENT_TYPES.get(column, "numeric" if column.startswith("r") and column[1:].isdigit() else "text")


def _parameters(change: Write) -> dict[str, Any]:
    document, event = change.document, change.event
    parameters: dict[str, Any] = {
        "id": document.id,
        "type": document.type,
        "company_id": document.company_id,
        "version": document.version,
        "schema_version": document.schema_version,
        "state": document.state,
        "number": document.number,
        "data": orjson.dumps(change.data).decode(),
        "at": document.updated_at,
        "by": document.updated_by,
        "deleted_at": document.deleted_at,
        "archived_at": document.archived_at,
        "event_id": event.id,
        "event_type": event.type,
        "event_version": event.version,
        "applet": event.applet,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "request": orjson.dumps(change.request).decode() if change.request else None,
        "payload": orjson.dumps(event.payload).decode(),
    }
    if change.following is not None:
        parameters |= {
            "following_id": change.following.id,
            "following_type": change.following.type,
            "following_payload": orjson.dumps(change.following.payload).decode(),
            "following_subscribers": list(change.following_subscribers),
        }
    if change.subscribers or change.following_subscribers:
        parameters["subscribers"] = list(change.subscribers)
    if change.cipher_keys:
        ids, subjects, wrapped, by = zip(*change.cipher_keys, strict=True)
        parameters |= {"cipher_ids": list(ids), "cipher_subjects": list(subjects)}
        parameters |= {"cipher_wrapped": list(wrapped), "cipher_wrapped_by": list(by)}
    if change.links:
        fields, types, ids = zip(*change.links, strict=True)
        parameters |= {"link_fields": list(fields), "link_ids": list(ids), "link_types": list(types)}
        parameters["coming"] = sum(link.id in change.coming for link in change.links)
    if change.links_gone:
        fields, _, ids = zip(*change.links_gone, strict=True)
        parameters |= {"unlink_fields": list(fields), "unlink_ids": list(ids)}
    if change.keys:
        fields, companies, values = zip(*change.keys, strict=True)
        parameters |= {"key_fields": list(fields), "key_companies": list(companies), "key_values": list(values)}
    if change.keys_gone:
        fields, _, values = zip(*change.keys_gone, strict=True)
        parameters |= {"gone_fields": list(fields), "gone_values": list(values)}
    return parameters | {f"m_{name}": values for name, values in change.movements.items()}


def _taken(change: Write, error: psycopg.errors.UniqueViolation) -> UniqueKeyTaken:
    """Which of the document's keys it was: PostgreSQL names the values in the detail of its message."""
    detail = error.diag.message_detail or ""
    named = (key for key in change.keys if f"({change.document.type}, {key[0]}, {key[1]}, {key[2]})" in detail)
    field_name, _, value = next(named, ("id", "", change.document.id))
    # The mark of an encrypted value tells nobody anything.
    value = "this value" if value.startswith(MARKED) else value
    message = f"another {change.document.type} has {value!r}"
    violation = Violation(_pointer(field_name), "unique", message, "a value not used yet")
    return UniqueKeyTaken(type=change.document.type, field=field_name, value=value, violations=[violation])


def _not_written(uow: UnitOfWork, change: Write) -> StaleVersion | LinkBroken | CompanyRequired:
    """Find out why nothing was written: a broken link, a company that is gone, or somebody was faster."""
    found = dict(change.coming) | {
        row[0]: row[1]
        for row in uow.execute_beside(
            "SELECT id::text, type FROM {t}.documents WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL",
            [[change.document.company_id, *(link.id for link in change.links)]],
        )
    }
    broken = [
        Violation(_pointer(link.field), "link", f"there is no {link.target} {link.id}", f"the id of a {link.target}")
        for link in change.links
        if link.id not in found or link.target not in ("*", found[link.id])
    ]
    if broken:
        return LinkBroken(violations=broken)
    if change.joins_company and change.document.company_id not in found:
        return CompanyRequired(type=change.document.type, company=change.document.company_id)
    return StaleVersion(expected=change.document.version - 1, actual="a later one")


def _pointer(path: str) -> str:
    return "/" + path.replace(".", "/")

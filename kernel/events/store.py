"""All SQL about events and deliveries, except the document write, which inserts both with the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from kernel.db.unit_of_work import UnitOfWork, qualify
from kernel.events.runs import Found
from sdk.event import Event
from sdk.values import decimal_text

EVENT_COLUMNS = (
    "e.id::text, e.type, e.aggregate_type, e.aggregate_id::text, e.version, e.occurred_at, e.actor,"
    " e.correlation_id::text, e.applet, e.causation_id::text, e.payload, e.position"
)
DELIVERY_COLUMNS = (
    "d.id, d.subscriber, CASE WHEN d.due_at = 'infinity' THEN 'waiting' ELSE d.state END, d.attempts,"
    " CASE WHEN isfinite(d.due_at) THEN d.due_at END, d.last_error, d.created_at, e.type, e.aggregate_type,"
    " d.aggregate_id::text, d.event_id::text"
)
DELIVERY_FIELDS = (
    "id", "subscriber", "state", "attempts", "due_at", "last_error", "created_at",
    "event_type", "aggregate_type", "aggregate_id", "event_id",
)  # fmt: skip

_INSERT_EVENT = """
WITH event AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, applet,
                            correlation_id, causation_id, request, payload)
    VALUES (%(id)s, %(type)s, %(aggregate_type)s, %(aggregate_id)s, %(version)s, %(occurred_at)s, %(actor)s,
            %(applet)s, %(correlation_id)s, %(causation_id)s, %(request)s::jsonb, %(payload)s::jsonb)
    RETURNING position
), queued AS (
    INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)
    SELECT subscriber, position, %(id)s, %(aggregate_id)s, %(occurred_at)s, %(occurred_at)s
      FROM event, unnest(%(subscribers)s::text[]) AS subscriber
)
SELECT position FROM event
"""

# The first pending delivery of its subscriber and document, due or not, held by another relay or not: all later ones
# wait for it. Asked as min(id), row by row along an index; as NOT EXISTS it became a hash join over the whole queue.
_IS_FIRST = """
       d.id = (SELECT min(first.id) FROM {t}.deliveries first
                WHERE first.subscriber = d.subscriber AND first.aggregate_id = d.aggregate_id
                  AND first.state = 'pending')
"""
_IS_DUE = "d.state = 'pending' AND d.due_at <= %(now)s AND d.subscriber = ANY(%(subscribers)s)"

# What this process found when it began, and what has failed before, may be what kills whoever delivers it.
_IS_SUSPECT = "(d.created_at <= %(since)s OR d.attempts > 0)"

_FIND_DUE = f"""
SELECT d.id, d.subscriber, {_IS_SUSPECT} FROM {{t}}.deliveries d
 WHERE {_IS_DUE} AND {_IS_FIRST} ORDER BY d.due_at LIMIT %(limit)s
"""

# Claim, receipt and acknowledgement at once: rolled back together, they leave the delivery as it was.
_TAKE_DELIVERY = f"""
WITH next AS (
    SELECT d.id FROM {{t}}.deliveries d WHERE d.id = %(id)s AND {_IS_DUE} AND {_IS_FIRST} FOR UPDATE OF d SKIP LOCKED
), taken AS (
    DELETE FROM {{t}}.deliveries d USING next WHERE d.id = next.id RETURNING d.*
), receipt AS (
    INSERT INTO {{t}}.inbox (consumer, event_id, processed_at)
    SELECT subscriber, event_id, %(now)s FROM taken ON CONFLICT DO NOTHING RETURNING 1
)
SELECT taken.id, taken.subscriber, taken.attempts, taken.created_at, EXISTS (SELECT 1 FROM receipt), {EVENT_COLUMNS}
  FROM taken JOIN {{t}}.events e ON e.position = taken.event_position
"""

# Several, held until the transaction ends. What has failed since it was found is left to be taken alone.
_CLAIM = f"""
SELECT d.id, d.subscriber, d.attempts, d.created_at,
       NOT EXISTS (SELECT FROM {{t}}.inbox i WHERE i.consumer = d.subscriber AND i.event_id = d.event_id),
       {EVENT_COLUMNS}
  FROM {{t}}.deliveries d JOIN {{t}}.events e ON e.position = d.event_position
 WHERE d.id = ANY(%(ids)s::bigint[]) AND d.attempts = 0 AND {_IS_DUE} AND {_IS_FIRST}
 ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
"""

# A receipt that is there by now is an error: somebody else has handled the event meanwhile.
_ACKNOWLEDGE = """
WITH taken AS (
    DELETE FROM {t}.deliveries d WHERE d.id = ANY(%(ids)s::bigint[]) RETURNING d.id, d.subscriber, d.event_id
)
INSERT INTO {t}.inbox (consumer, event_id, processed_at)
SELECT subscriber, event_id, %(now)s FROM taken WHERE id = ANY(%(new)s::bigint[])
"""

_BEGIN_ATTEMPT = f"""
UPDATE {{t}}.deliveries d SET attempts = d.attempts + (d.attempts < %(attempts_max)s)::int,
       state = CASE WHEN d.attempts >= %(attempts_max)s THEN 'dead' ELSE 'pending' END,
       last_error = CASE WHEN d.attempts >= %(attempts_max)s THEN coalesce(d.last_error, %(error)s)
                         ELSE d.last_error END
 WHERE d.id = (SELECT d.id FROM {{t}}.deliveries d WHERE d.id = %(id)s AND {_IS_DUE} AND {_IS_FIRST}
                  FOR UPDATE OF d SKIP LOCKED)
RETURNING d.state, d.attempts
"""

_COUNT_FAILURE = """
UPDATE {t}.deliveries SET attempts = %(counted)s, last_error = %(error)s, due_at = %(due_at)s,
       state = CASE WHEN %(counted)s >= %(attempts_max)s THEN 'dead' ELSE 'pending' END
 WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempts)s RETURNING state
"""

_PARK = """
UPDATE {t}.deliveries SET due_at = 'infinity'
 WHERE state = 'pending' AND due_at < 'infinity' AND subscriber <> ALL(%(subscribers)s)
"""
_UNPARK = """
UPDATE {t}.deliveries SET due_at = %(now)s
 WHERE state = 'pending' AND due_at = 'infinity' AND subscriber = ANY(%(subscribers)s)
"""


def insert_event(uow: UnitOfWork, event: Event, request: Mapping[str, Any] | None, subscribers: Sequence[str]) -> int:
    """Append an event and queue it for its subscribers; the position it got."""
    values = {name: getattr(event, name) for name in Event.__slots__}
    values.update(
        payload=_json(event.payload), request=_json(request) if request else None, subscribers=list(subscribers)
    )
    row = uow.execute(_INSERT_EVENT, values).fetchone()
    assert row is not None
    return int(row[0])


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value), _plain, orjson.OPT_UTC_Z).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def find_due(uow: UnitOfWork, subscribers: Sequence[str], now: datetime, limit: int, since: datetime) -> list[Found]:
    """Deliveries that could be taken now, the longest due first; nothing is locked yet.

    Suspect is what has failed before or was there at the moment `since`.
    """
    assert uow.tenant is not None
    sql = qualify(_FIND_DUE, uow.tenant.schema)
    values = {"subscribers": list(subscribers), "now": now, "limit": limit, "since": since}
    # Planned each time: a plan kept from when the queue was empty would sort all of it once it is long.
    return [Found(*row) for row in uow.connection.execute(sql, values, prepare=False)]


def begin_attempt(
    uow: UnitOfWork, id: int, subscribers: Sequence[str], now: datetime, attempts_max: int, error: str
) -> tuple[str, int] | None:
    """Count an attempt before it is made; the state, dead when there were enough, and the attempts counted.

    None when it is taken, held or not due any more.
    """
    values = {"id": id, "subscribers": list(subscribers), "now": now, "attempts_max": attempts_max, "error": error}
    row = uow.execute(_BEGIN_ATTEMPT, values).fetchone()
    return (row[0], row[1]) if row else None


def forget_receipts(uow: UnitOfWork, before: datetime, limit: int) -> int:
    """Delete receipts older than this, but for those of deliveries that may still come; how many."""
    sql = """
        DELETE FROM {t}.inbox WHERE ctid = ANY(ARRAY(
            SELECT i.ctid FROM {t}.inbox i WHERE i.processed_at < %s
               AND NOT EXISTS (SELECT 1 FROM {t}.deliveries d
                                WHERE d.event_id = i.event_id AND d.subscriber = i.consumer) LIMIT %s))
    """
    return uow.execute(sql, [before, limit]).rowcount


def take_delivery(uow: UnitOfWork, id: int, subscribers: Sequence[str], now: datetime) -> Any | None:
    """The delivery as (id, subscriber, attempts, created_at, is_new, *event columns); None when it is taken or held."""
    return uow.execute(_TAKE_DELIVERY, {"id": id, "subscribers": list(subscribers), "now": now}).fetchone()


def claim_deliveries(uow: UnitOfWork, ids: Sequence[int], subscribers: Sequence[str], now: datetime) -> list[Any]:
    """Those of them that are due and not held, oldest first: (id, subscriber, attempts, created_at, is_new, *event
    columns). They stay where they are until they are acknowledged.
    """
    return uow.execute(_CLAIM, {"ids": list(ids), "subscribers": list(subscribers), "now": now}).fetchall()


def acknowledge(uow: UnitOfWork, ids: Sequence[int], new: Sequence[int], now: datetime) -> None:
    """Remove claimed deliveries, and leave a receipt of the new ones."""
    uow.execute(_ACKNOWLEDGE, {"ids": list(ids), "new": list(new), "now": now})


def count_failure(
    uow: UnitOfWork, id: int, attempts: int, counted: int, *, error: str, due_at: datetime, attempts_max: int
) -> str | None:
    """One failure more, unless somebody else has counted it or dealt with the delivery; the new state.

    attempts: as the row has them, counted: as it is to have them, the same where this one was counted before.
    """
    values = {
        "id": id, "attempts": attempts, "counted": counted, "error": error, "due_at": due_at,
        "attempts_max": attempts_max,
    }  # fmt: skip
    row = uow.execute(_COUNT_FAILURE, values).fetchone()
    return str(row[0]) if row else None


def park(uow: UnitOfWork, subscribers: Sequence[str], now: datetime) -> None:
    """Put what is for applets not enabled out of the way of the due ones, and bring back what is for enabled ones."""
    uow.execute(_PARK, {"subscribers": list(subscribers)})
    uow.execute(_UNPARK, {"subscribers": list(subscribers), "now": now})


def next_due(uow: UnitOfWork) -> datetime | None:
    """When the next delivery that is not parked is due."""
    row = uow.execute(
        "SELECT min(due_at) FROM {t}.deliveries WHERE state = 'pending' AND due_at < 'infinity'"
    ).fetchone()
    return row[0] if row else None


def select_events(uow: UnitOfWork, conditions: Sequence[str], values: Mapping[str, Any]) -> list[Event]:
    """Events newest first. conditions: from the service's fixed list, never from a caller."""
    where = " AND ".join(conditions) or "true"
    sql = f"SELECT {EVENT_COLUMNS} FROM {{t}}.events e WHERE {where} ORDER BY e.position DESC LIMIT %(limit)s"
    return [Event(*row) for row in uow.execute(sql, values).fetchall()]


def select_deliveries(uow: UnitOfWork, conditions: Sequence[str], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Deliveries oldest first, each with what its event is about."""
    where = " AND ".join(conditions) or "true"
    sql = f"""
        SELECT {DELIVERY_COLUMNS} FROM {{t}}.deliveries d JOIN {{t}}.events e ON e.position = d.event_position
         WHERE {where} ORDER BY d.id LIMIT %(limit)s
    """
    return [dict(zip(DELIVERY_FIELDS, row, strict=True)) for row in uow.execute(sql, values).fetchall()]


def lock_delivery(uow: UnitOfWork, id: int) -> dict[str, Any] | None:
    """One delivery, held until the transaction ends; waits for a relay that is at it."""
    sql = f"""
        SELECT {DELIVERY_COLUMNS} FROM {{t}}.deliveries d JOIN {{t}}.events e ON e.position = d.event_position
         WHERE d.id = %s FOR UPDATE OF d
    """
    row = uow.execute(sql, [id]).fetchone()
    return dict(zip(DELIVERY_FIELDS, row, strict=True)) if row else None


def revive_delivery(uow: UnitOfWork, id: int, now: datetime) -> None:
    """A dead delivery begins anew."""
    uow.execute("UPDATE {t}.deliveries SET state = 'pending', attempts = 0, due_at = %s WHERE id = %s", [now, id])


def delete_delivery(uow: UnitOfWork, id: int) -> None:
    uow.execute("DELETE FROM {t}.deliveries WHERE id = %s", [id])

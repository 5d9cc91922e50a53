"""All SQL of rollouts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Json

from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from registry.rollouts.figures import Comparison, Fared
from registry.rollouts.model import MOVED, MOVING, WAITING, Limits, Moved, Rollout

# How hooks fared before is told by the last hour before the move.
COMPARED = timedelta(hours=1)
ROLLOUTS_LISTED_MAX = 100

_LOCK = 0x626F7372
_COLUMNS = "id, applet, version, stages, limits, state, stage, held_since, reason, started_at, started_by, ended_at"
_INSERT = f"""
INSERT INTO {{p}}.rollouts ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (applet) WHERE ended_at IS NULL DO NOTHING RETURNING id
"""
_READ = f"SELECT {_COLUMNS} FROM {{p}}.rollouts WHERE id::text = %s"
_READ_LATEST = f"SELECT {_COLUMNS} FROM {{p}}.rollouts WHERE applet = %s ORDER BY started_at DESC LIMIT 1"
_LIST = f"SELECT {_COLUMNS} FROM {{p}}.rollouts ORDER BY started_at DESC LIMIT %s"
_LIST_OPEN = f"SELECT {_COLUMNS} FROM {{p}}.rollouts WHERE ended_at IS NULL ORDER BY started_at"
_CHANGE = """
UPDATE {p}.rollouts SET state = %(state)s, reason = coalesce(%(reason)s, reason), ended_at = %(ended_at)s
 WHERE id = %(id)s AND state = ANY(%(allowed)s) RETURNING id
"""
_HOLD = "UPDATE {p}.rollouts SET held_since = %s WHERE id = %s AND held_since IS NULL"
_NEXT_STAGE = """
UPDATE {p}.rollouts SET stage = stage + 1, held_since = NULL WHERE id = %s AND stage = %s AND state = 'running'
"""

_MOVED_NAMES = [field.name for field in fields(Moved)]
_MOVED_COLUMNS = ", ".join(_MOVED_NAMES)
_ADD_TENANT = """
INSERT INTO {p}.rollout_tenants (rollout_id, tenant_id, stage, state, from_version, reason)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_TENANTS = f"SELECT {_MOVED_COLUMNS} FROM {{p}}.rollout_tenants WHERE rollout_id = %s ORDER BY stage, tenant_id"
_BEGIN = """
UPDATE {p}.rollout_tenants SET state = 'moving', attempts = attempts + 1, from_version = %(from_version)s,
       plan = %(plan)s, known_guards = %(known_guards)s, dead_before = %(dead_before)s, moved_at = %(at)s, reason = NULL
 WHERE rollout_id = %(id)s AND tenant_id = %(tenant_id)s
"""
_SET = "UPDATE {p}.rollout_tenants SET state = %s, reason = %s WHERE rollout_id = %s AND tenant_id = %s"
_SET_REASON = "UPDATE {p}.rollout_tenants SET reason = %s WHERE rollout_id = %s AND tenant_id = %s"
_SET_LOOKED = "UPDATE {p}.rollout_tenants SET looked_at = %s, reason = %s WHERE rollout_id = %s AND tenant_id = %s"

_CALLS = """
SELECT t.tenant_id, m.version = %(version)s, sum(m.calls)::bigint, sum(m.errors + m.over_budget)::bigint
"""
_BUCKETS = "SELECT t.tenant_id, m.version = %(version)s, b.place, sum(b.count)::bigint"
_COMPARED = """
  FROM {p}.rollout_tenants t JOIN {p}.hook_measures m
    ON m.tenant_id = t.tenant_id AND m.applet = %(applet)s
   AND CASE WHEN m.version = %(version)s THEN m.minute >= date_trunc('minute', t.moved_at)
            ELSE m.version = t.from_version AND m.minute BETWEEN t.moved_at - %(compared)s AND t.moved_at END
"""
_OF = " WHERE t.rollout_id = %(id)s AND t.moved_at IS NOT NULL AND m.minute >= %(since)s"
_READ_CALLS = f"{_CALLS}{_COMPARED}{_OF} GROUP BY 1, 2"
_READ_BUCKETS = f"{_BUCKETS}{_COMPARED}, unnest(m.buckets) WITH ORDINALITY AS b (count, place){_OF} GROUP BY 1, 2, 3"


@contextmanager
def take_rollout(database: Database, id: str) -> Iterator[bool]:
    """Whether it is ours to carry on: one process does at a time. The lock goes with its connection, come what may.

    The owner's connection, as the app login may take no lock that outlives its transaction.
    """
    with database.owner() as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK, id]).fetchone()
        yield row is not None and bool(row[0])


def insert_rollout(uow: UnitOfWork, rollout: Rollout, tenants: Iterable[Moved]) -> bool:
    """False when another one of the same applet is under way."""
    values = [getattr(rollout, name) for name in _COLUMNS.split(", ")]
    values[3], values[4] = list(rollout.stages), Json(rollout.limits.as_json())
    if uow.execute(_INSERT, values).fetchone() is None:
        return False
    for moved in tenants:
        given = [rollout.id, moved.tenant_id, moved.stage, moved.state, moved.from_version, moved.reason]
        uow.execute(_ADD_TENANT, given)
    return True


def read_rollout(database: Database, name: str) -> Rollout | None:
    """By its id, or the latest of an applet."""
    with database.glance() as uow:
        row = uow.execute(_READ, [name]).fetchone() or uow.execute(_READ_LATEST, [name]).fetchone()
    return _rollout(row) if row else None


def list_rollouts(database: Database, *, is_open: bool = False) -> list[Rollout]:
    """Newest first; or those under way, in the order they began."""
    with database.glance() as uow:
        rows = uow.execute(_LIST_OPEN) if is_open else uow.execute(_LIST, [ROLLOUTS_LISTED_MAX])
        return [_rollout(row) for row in rows.fetchall()]


def change_state(
    database: Database,
    id: str,
    state: str,
    allowed: Collection[str],
    *,
    reason: str | None = None,
    ended_at: datetime | None = None,
) -> bool:
    """False when it was in none of the allowed states."""
    values = {"id": id, "state": state, "allowed": list(allowed), "reason": reason, "ended_at": ended_at}
    with database.glance() as uow:
        return uow.execute(_CHANGE, values).fetchone() is not None


def begin_hold(database: Database, id: str, at: datetime) -> None:
    with database.glance() as uow:
        uow.execute(_HOLD, [at, id])


def begin_stage(database: Database, rollout: Rollout) -> None:
    """The next one."""
    with database.glance() as uow:
        uow.execute(_NEXT_STAGE, [rollout.id, rollout.stage])


def read_tenants(database: Database, id: str) -> list[Moved]:
    with database.glance() as uow:
        rows = uow.execute(_TENANTS, [id]).fetchall()
    return [_moved(dict(zip(_MOVED_NAMES, row, strict=True))) for row in rows]


def begin_move(
    database: Database,
    id: str,
    tenant_id: str,
    *,
    from_version: str,
    plan: str,
    known_guards: Collection[str],
    dead_before: int,
    at: datetime,
) -> None:
    """What is about to be applied, so that whoever goes on after a crash can tell whether it was."""
    values = {
        "id": id, "tenant_id": tenant_id, "from_version": from_version, "plan": plan,
        "known_guards": sorted(known_guards), "dead_before": dead_before, "at": at,
    }  # fmt: skip
    with database.glance() as uow:
        uow.execute(_BEGIN, values)


def set_tenant(database: Database, id: str, tenant_id: str, state: str, reason: str | None = None) -> None:
    with database.glance() as uow:
        uow.execute(_SET, [state, reason, id, tenant_id])


def note_trouble(database: Database, id: str, tenant_id: str, reason: str) -> None:
    """Why nothing could be done about the tenant this time."""
    with database.glance() as uow:
        uow.execute(_SET_REASON, [reason, id, tenant_id])


def note_look(database: Database, id: str, tenant_id: str, at: datetime, trouble: str | None) -> None:
    with database.glance() as uow:
        uow.execute(_SET_LOOKED, [at, trouble, id, tenant_id])


def read_comparisons(database: Database, rollout: Rollout) -> dict[str, Comparison]:
    """How the applet's hooks fared before and after the move, by tenant."""
    values = {
        "id": rollout.id, "applet": rollout.applet, "version": rollout.version, "compared": COMPARED,
        "since": rollout.started_at - COMPARED,
    }  # fmt: skip
    with database.glance() as uow:
        calls = uow.execute(_READ_CALLS, values).fetchall()
        buckets: dict[tuple[str, bool], dict[int, int]] = {}
        for tenant_id, is_after, place, count in uow.execute(_READ_BUCKETS, values):
            buckets.setdefault((tenant_id, is_after), {})[place] = count
    found: dict[str, dict[bool, Fared]] = {}
    for tenant_id, is_after, count, errors in calls:
        counts = buckets.get((tenant_id, is_after), {})
        found.setdefault(tenant_id, {})[is_after] = Fared(count, errors, _in_order(counts))
    return {id: Comparison(each.get(False, Fared()), each.get(True, Fared())) for id, each in found.items()}


def has_waiting(tenants: Iterable[Moved], stage: int) -> bool:
    return any(moved.stage <= stage and moved.state in (WAITING, MOVING) for moved in tenants)


def moved_tenants(tenants: Iterable[Moved]) -> list[Moved]:
    return [moved for moved in tenants if moved.state == MOVED]


def _in_order(counts: dict[int, int]) -> Sequence[int]:
    return [counts.get(place, 0) for place, _ in enumerate(Fared().buckets, start=1)]


def _rollout(row: Sequence[Any]) -> Rollout:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Rollout(**{**values, "stages": tuple(values["stages"]), "limits": Limits.from_json(values["limits"])})


def _moved(values: dict[str, Any]) -> Moved:
    return Moved(**{**values, "known_guards": tuple(values["known_guards"])})

"""All SQL of the stops, in the platform's `sandbox_stops`."""

from __future__ import annotations

from typing import Any

from kernel.db.unit_of_work import UnitOfWork

_SELECT = (
    "SELECT id::text, applet, version, tenant_id::text, reason, at, by, evidence FROM {p}.sandbox_stops ORDER BY id"
)
# A tenant may be dropped by now.
_INSERT = """
INSERT INTO {p}.sandbox_stops (id, applet, version, tenant_id, reason, evidence, at, by)
SELECT %(id)s, %(applet)s, %(version)s, %(tenant_id)s::uuid, %(reason)s, %(evidence)s, %(at)s, %(by)s
 WHERE %(tenant_id)s::uuid IS NULL OR EXISTS (SELECT FROM {p}.tenants t WHERE t.id = %(tenant_id)s::uuid)
ON CONFLICT DO NOTHING
"""
_DELETE_EXACTLY = """
DELETE FROM {p}.sandbox_stops
 WHERE applet IS NOT DISTINCT FROM %(applet)s AND version IS NOT DISTINCT FROM %(version)s
   AND tenant_id IS NOT DISTINCT FROM %(tenant_id)s::uuid
"""
_DELETE = """
DELETE FROM {p}.sandbox_stops
 WHERE (%(applet)s::text IS NULL OR applet = %(applet)s) AND (%(version)s::text IS NULL OR version = %(version)s)
   AND (%(tenant_id)s::uuid IS NULL OR tenant_id = %(tenant_id)s::uuid)
"""


def select_stops(uow: UnitOfWork) -> list[tuple[Any, ...]]:
    """Columns as `Stop` has its fields."""
    return uow.execute(_SELECT).fetchall()


def insert_stop(uow: UnitOfWork, stop: Any) -> None:
    names = ("id", "applet", "version", "tenant_id", "reason", "evidence", "at", "by")
    uow.execute(_INSERT, {name: getattr(stop, name) for name in names})


def delete_stops(
    uow: UnitOfWork, applet: str | None, version: str | None, tenant_id: str | None, *, exactly: bool
) -> int:
    """How many there were."""
    values = {"applet": applet, "version": version, "tenant_id": tenant_id}
    return uow.execute(_DELETE_EXACTLY if exactly else _DELETE, values).rowcount

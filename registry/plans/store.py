"""Plans as they are kept: in the platform schema, under the tenant's id, so that what was looked at is applied."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Json

from kernel.db.database import Database
from kernel.tenancy.record import TenantRecord
from registry.errors import PlanUnknown
from registry.plans.model import Plan
from registry.plans.situation import PlanRequest

# Nobody applies an older one: the tenant is another by then.
PLANS_KEPT = timedelta(days=30)
PLANS_LISTED_MAX = 100

_KEEP = """
INSERT INTO {p}.plans (tenant_id, digest, request, body, position, made_at, made_by)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, digest) DO UPDATE SET request = excluded.request, body = excluded.body,
    position = excluded.position, made_at = excluded.made_at, made_by = excluded.made_by,
    applied_at = NULL, applied_by = NULL
"""
_COLUMNS = "body, made_at, made_by, applied_at, applied_by"
_READ = f"SELECT request, position, {_COLUMNS} FROM {{p}}.plans WHERE tenant_id = %s AND digest = %s"
_LIST = f"SELECT {_COLUMNS} FROM {{p}}.plans WHERE tenant_id = %s ORDER BY made_at DESC LIMIT %s"
_APPLIED = "UPDATE {p}.plans SET applied_at = %s, applied_by = %s WHERE tenant_id = %s AND digest = %s"
_FORGET = "DELETE FROM {p}.plans WHERE tenant_id = %s AND made_at < %s"


def keep_plan(database: Database, tenant: TenantRecord, plan: Plan, at: datetime, by: str) -> dict[str, Any]:
    """Store it, or the same one anew, not applied then; old ones are forgotten. What it is as JSON."""
    body = plan.as_json()
    with database.platform() as uow:
        uow.execute(_FORGET, [tenant.id, at - PLANS_KEPT])
        given = [tenant.id, plan.digest, Json(plan.request.as_json()), Json(body), plan.position, at, by]
        uow.execute(_KEEP, given)
        uow.commit()
    return body


def read_plan(database: Database, tenant: TenantRecord, digest: str) -> tuple[PlanRequest, int, dict[str, Any]]:
    """What was asked for, the event it knew last, and the plan as JSON. Raises PlanUnknown."""
    with database.glance() as uow:
        row = uow.execute(_READ, [tenant.id, digest]).fetchone()
    if row is None:
        raise PlanUnknown(digest=digest)
    return PlanRequest(**row[0]), row[1], _shown(row[2:])


def list_plans(database: Database, tenant: TenantRecord) -> list[dict[str, Any]]:
    """The latest, newest first, without their findings."""
    with database.glance() as uow:
        rows = uow.execute(_LIST, [tenant.id, PLANS_LISTED_MAX]).fetchall()
    return [{name: value for name, value in _shown(row).items() if name != "findings"} for row in rows]


def note_applied(database: Database, tenant: TenantRecord, digest: str, at: datetime, by: str) -> None:
    """That it was applied; the tenant's own record says so too."""
    with database.platform() as uow:
        uow.execute(_APPLIED, [at, by, tenant.id, digest])
        uow.commit()


def _shown(row: Any) -> dict[str, Any]:
    body, made_at, made_by, applied_at, applied_by = row
    shown = {**body, "made_at": made_at, "made_by": made_by, "applied_at": applied_at, "applied_by": applied_by}
    return {name: value for name, value in shown.items() if value is not None}

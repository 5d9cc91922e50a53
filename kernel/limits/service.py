"""What an operator and upkeep do with limits: set them, measure what is used, warn in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.limits.errors import TenantLimitReached
from kernel.limits.measures import Measure, Plans, Usage, check_limit, find_limit, has_limits
from kernel.limits.quotas import COUNT_COMPANIES, COUNT_DOCUMENTS, STORAGE_FLAG, period_of
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.context import KernelContext
    from kernel.main import Kernel

_SET = """
UPDATE bos.tenants SET limits = jsonb_strip_nulls(limits || %s) WHERE id = %s
"""
_FLAG = "UPDATE bos.tenants SET flags = jsonb_strip_nulls(flags || %s) WHERE id = %s"
_USERS = "SELECT count(*) FROM {p}.users WHERE tenant_id = %s AND state = 'active'"
_USERS_AND_LIMIT = """
SELECT t.plan, t.limits, (SELECT count(*) FROM {p}.users u WHERE u.tenant_id = t.id AND u.state = 'active')
  FROM {p}.tenants t WHERE t.id = %s
"""
_LOCK_USERS = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_STORAGE = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) / 1048576 FROM pg_class c
 WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r'
"""
_RESERVED = "SELECT used FROM {p}.usage WHERE tenant_id = %s AND measure = %s AND period = %s"
_LEVELS_NOTED = "SELECT measure, period, level FROM {p}.usage WHERE tenant_id = %s"
_NOTE = """
INSERT INTO {p}.usage AS u (tenant_id, measure, period, used, level) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, measure, period) DO UPDATE SET level = EXCLUDED.level,
   used = CASE WHEN u.period = '' THEN EXCLUDED.used ELSE greatest(u.used, EXCLUDED.used) END
"""
# What was used in a month nobody asks for any more, a year and a month later.
PERIODS_KEPT = timedelta(days=396)
_FORGET_PERIODS = "DELETE FROM {p}.usage WHERE period <> '' AND period < %s"
_LEVELS = ("ok", "warning", "reached")


def set_limits(database: Database, tenant: TenantRecord, changes: Mapping[str, int | None]) -> None:
    """Set the tenant's own limits, or take them back (None). Raises LimitUnknown, LimitInvalid; all or nothing."""
    for name, value in changes.items():
        check_limit(name, value or 0)
    with database.owner() as connection:
        connection.execute(_SET, [Jsonb(dict(changes)), tenant.id])


def admit_user(uow: UnitOfWork, plans: Plans, tenant_id: str) -> None:
    """Make room for one more user, in a platform unit of work. Raises TenantLimitReached."""
    uow.execute(_LOCK_USERS, [f"users {tenant_id}"])
    row = uow.execute(_USERS_AND_LIMIT, [tenant_id]).fetchone()
    if row is None:
        return
    plan, own, used = row
    limit = own.get(Measure.USERS, plans.get(plan, {}).get(Measure.USERS))
    if limit is not None and used >= limit:
        raise TenantLimitReached(limit=Measure.USERS, maximum=limit, used=used)


def measure_usage(ctx: KernelContext, plans: Plans, *, is_estimate: bool = False) -> list[Usage]:
    """How much of each limit the tenant uses, limited or not.

    is_estimate: documents as they were reserved, and none where none are limited; counting would read them all.
    """
    tenant, uow = ctx.runtime.tenant, ctx.uow
    period = period_of(ctx.now)
    with ctx.kernel.database.glance(aside=True) as platform:
        users = _count(platform, _USERS, [tenant.id])
        reserved = _count(platform, _RESERVED, [tenant.id, Measure.DOCUMENTS, period]) if is_estimate else 0
    counted = {
        Measure.COMPANIES: _count(uow, COUNT_COMPANIES),
        Measure.USERS: users,
        Measure.DOCUMENTS: reserved if is_estimate else _count(uow, COUNT_DOCUMENTS, [f"{period}-01"]),
        Measure.STORAGE: _count(uow, _STORAGE, [f'"{tenant.schema}"']),
    }
    return [
        Usage(measure, used, find_limit(plans, tenant, measure), period if measure is Measure.DOCUMENTS else "")
        for measure, used in counted.items()
    ]


def watch_usage(kernel: Kernel, tenant: TenantRecord) -> list[Usage]:
    """Measure, flag who keeps too much, and notify the tenant's administrators of each level once. What it told."""
    plans = kernel.quotas.plans
    if not has_limits(plans, tenant) and not tenant.flags.get(STORAGE_FLAG):
        return []
    noted = _noted_levels(kernel.database, tenant)
    with kernel.operate(tenant) as ctx:
        usage = measure_usage(ctx, plans, is_estimate=True)
        news = [found for found in usage if _LEVELS.index(found.level) > _LEVELS.index(noted.get(_key(found), "ok"))]
        for found in news:
            ctx.documents.create("kernel.notification", _notification(found))
    # Noted last: who crashes in between tells it twice rather than never.
    for found in usage:
        if found.level != noted.get(_key(found), "ok"):
            _note_level(kernel.database, tenant, found)
    _flag_storage(kernel.database, tenant, usage)
    return news


def forget_periods(database: Database, now: datetime) -> int:
    """Remove what was used in months long past; how many counts."""
    with database.glance() as uow:
        return uow.execute(_FORGET_PERIODS, [period_of(now - PERIODS_KEPT)]).rowcount


def _key(usage: Usage) -> tuple[str, str]:
    return str(usage.measure), usage.period


def _noted_levels(database: Database, tenant: TenantRecord) -> dict[tuple[str, str], str]:
    with database.glance() as uow:
        rows = uow.execute(_LEVELS_NOTED, [tenant.id]).fetchall()
    return {(measure, period): level for measure, period, level in rows}


def _note_level(database: Database, tenant: TenantRecord, usage: Usage) -> None:
    with database.glance() as uow:
        uow.execute(_NOTE, [tenant.id, usage.measure, usage.period, usage.used, usage.level])


def _flag_storage(database: Database, tenant: TenantRecord, usage: list[Usage]) -> None:
    is_reached = any(found.measure is Measure.STORAGE and found.level == "reached" for found in usage)
    if is_reached != bool(tenant.flags.get(STORAGE_FLAG)):
        with database.owner() as connection:
            connection.execute(_FLAG, [Jsonb({STORAGE_FLAG: True if is_reached else None}), tenant.id])


def _notification(usage: Usage) -> dict[str, str]:
    share = 100 if not usage.maximum else usage.used * 100 // usage.maximum
    title = f"The limit {usage.measure} is reached" if usage.level == "reached" else f"{share} % of {usage.measure}"
    body = f"{usage.used} of {usage.maximum} are used. At the limit nothing more can be added."
    return {"role": "kernel.admin", "title": title, "body": body}


def _count(uow: UnitOfWork, sql: str, parameters: list[object] | None = None) -> int:
    row = uow.execute(sql, parameters or []).fetchone()
    return int(row[0]) if row else 0

"""Enforces what a tenant may keep, at no statement where there is no limit.

Documents of a month are reserved in blocks that shrink towards the limit, as processes cannot ask each other: never
more than the limit are made, and what is counted as used may be a block ahead of what was made.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel.db.database import Database
from kernel.db.unit_of_work import UnitOfWork
from kernel.limits.errors import TenantLimitReached
from kernel.limits.measures import Measure, Plans, find_limit
from kernel.tenancy.record import TenantRecord

BLOCK_MAX = 50
# The flag that upkeep puts on a tenant which keeps more than it may; read with the tenant in every request.
STORAGE_FLAG = "storage_reached"

_RESERVED = "greatest(0, least(%(block)s, (%(limit)s - used) / 10 + 1, %(limit)s - used))"
_RESERVE = f"""
UPDATE {{p}}.usage SET granted = {_RESERVED}, used = used + {_RESERVED}
 WHERE tenant_id = %(tenant)s AND measure = %(measure)s AND period = %(period)s RETURNING granted, used
"""
_BEGIN_PERIOD = """
INSERT INTO {p}.usage (tenant_id, measure, period, used) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# The kernel's own types are what a tenant is administered with, and do not count.
COUNT_DOCUMENTS = "SELECT count(*) FROM {t}.documents WHERE created_at >= %s AND type NOT LIKE 'kernel.%%'"
COUNT_COMPANIES = "SELECT count(*) FROM {t}.documents WHERE type = 'kernel.company' AND deleted_at IS NULL"
# Two who add the last company at once must not both find room for it.
_LOCK_COMPANIES = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(slots=True)
class _Block:
    """What a process may still make for one tenant without asking. lock: held while it asks, for that tenant alone."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    period: str = ""
    left: int = 0


class Quotas:
    """One per process. plans: limits by plan, under those of the tenant itself."""

    def __init__(self, plans: Plans, database: Database) -> None:
        self.plans = plans
        self._database = database
        self._blocks: dict[str, _Block] = {}
        self._lock = threading.Lock()

    def admit_document(self, uow: UnitOfWork, type_name: str, now: datetime) -> None:
        """Count one new document. Raises TenantLimitReached."""
        if type_name.startswith("kernel."):
            return
        self.admit_change(uow, type_name)
        tenant = _tenant_of(uow)
        limit = find_limit(self.plans, tenant, Measure.DOCUMENTS)
        if limit is None:
            return
        period = period_of(now)
        with self._lock:
            block = self._blocks.setdefault(tenant.id, _Block())
        with block.lock:
            if block.period != period:
                block.period, block.left = period, 0
            block.left = (block.left or self._reserve(uow, limit, period)) - 1

    def admit_change(self, uow: UnitOfWork, type_name: str) -> None:
        """Refuse to write more once upkeep has found that the tenant keeps too much. Raises TenantLimitReached."""
        tenant = _tenant_of(uow)
        if tenant.flags.get(STORAGE_FLAG) and not type_name.startswith("kernel."):
            maximum = find_limit(self.plans, tenant, Measure.STORAGE)
            raise TenantLimitReached(limit=Measure.STORAGE, maximum=maximum, used="all of it")

    def admit_company(self, uow: UnitOfWork) -> None:
        """Make room for one more company. Raises TenantLimitReached."""
        tenant = _tenant_of(uow)
        limit = find_limit(self.plans, tenant, Measure.COMPANIES)
        if limit is None:
            return
        uow.execute(_LOCK_COMPANIES, [f"companies {tenant.id}"])
        row = uow.execute(COUNT_COMPANIES).fetchone()
        if row and row[0] >= limit:
            raise TenantLimitReached(limit=Measure.COMPANIES, maximum=limit, used=row[0])

    def _reserve(self, uow: UnitOfWork, limit: int, period: str) -> int:
        """A block of documents that may be made, in a transaction of its own; raises TenantLimitReached."""
        tenant = _tenant_of(uow)
        wanted = {
            "tenant": tenant.id, "measure": Measure.DOCUMENTS, "period": period, "limit": limit, "block": BLOCK_MAX,
        }  # fmt: skip
        row = self._ask(wanted)
        if row is None:
            # Before the second connection is taken, of which there is one for all tenants: counting takes its time.
            count = uow.execute(COUNT_DOCUMENTS, [f"{period}-01"]).fetchone()
            row = self._ask(wanted, [tenant.id, Measure.DOCUMENTS, period, count[0] if count else 0])
        assert row is not None
        if row[0] <= 0:
            raise TenantLimitReached(limit=Measure.DOCUMENTS, maximum=limit, used=row[1])
        return int(row[0])

    def _ask(self, wanted: Mapping[str, Any], begun: Sequence[Any] | None = None) -> tuple[Any, ...] | None:
        """How many were granted and are used; None where nothing was counted in the period. begun: what was there."""
        with self._database.glance(aside=True) as platform:
            if begun is not None:
                platform.execute(_BEGIN_PERIOD, begun)
            return platform.execute(_RESERVE, wanted).fetchone()


def period_of(now: datetime) -> str:
    """The calendar month a new document counts in (UTC)."""
    return now.strftime("%Y-%m")


def _tenant_of(uow: UnitOfWork) -> TenantRecord:
    assert uow.tenant is not None
    return uow.tenant

"""How a tenant stands with the applet that is rolled out: its row, what it has given up, what is suspended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from kernel.breaker.suspensions import Standing
from kernel.db.unit_of_work import UnitOfWork
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from registry.rollouts.model import LEFT_OUT, WAITING, Moved
from registry.rows import AppletRow, read_rows
from sdk.errors import BosError

_DEAD = "SELECT count(*) FROM {t}.deliveries WHERE state = 'dead' AND split_part(subscriber, ':', 1) = %s"


@dataclass(frozen=True)
class Stand:
    """row: None where the tenant has never had the applet. dead: its deliveries that were given up."""

    row: AppletRow | None
    dead: int

    @property
    def suspension(self) -> str | None:
        """What the breaker says of the version that runs."""
        if self.row is None:
            return None
        standing: Any = Standing.read(self.row.name, self.row.version, self.row.suspensions)
        return f"{standing.first.failure.hook}: {standing.first.failure.error}" if standing.hooks else None


def read_stand(uow: UnitOfWork, applet: str) -> Stand:
    row = uow.execute(_DEAD, [applet]).fetchone()
    assert row is not None
    return Stand(read_rows(uow).get(applet), row[0])


def why_not(row: AppletRow | None, version: str) -> str | None:
    """Why a tenant that has the applet does not take part; None when it does."""
    if row is None or not row.is_enabled:
        return "it is not enabled any more"
    if row.pinned_to not in (None, version):
        return f"pinned to {row.pinned_to}"
    if row.version == version:
        return f"runs {version} already"
    return f"runs the newer {row.version}" if Version(row.version) > Version(version) else None


def find_candidates(kernel: Kernel, applet: str, version: str) -> Iterator[Moved]:
    """Every active tenant that runs the applet in another version: waiting, or left out with the reason."""
    for tenant in kernel.directory.list(state="active"):
        try:
            row = _read_row(kernel, tenant, applet)
        except BosError as error:
            yield Moved(tenant.id, 0, LEFT_OUT, "", reason=error.message)
            continue
        if row is not None and row.is_enabled and row.version != version:
            reason = why_not(row, version)
            yield Moved(tenant.id, 0, LEFT_OUT if reason else WAITING, row.version, reason=reason)


def _read_row(kernel: Kernel, tenant: TenantRecord, applet: str) -> AppletRow | None:
    with kernel.database.transaction(tenant) as uow:
        return read_rows(uow).get(applet)

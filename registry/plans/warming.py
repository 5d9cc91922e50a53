"""Loads what is planned to run soon, in every process, before anybody has to wait for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kernel.documents.validator import violations_of
from kernel.runtime import RunningRelease
from kernel.tenancy.record import TenantRecord
from registry.plans.planner import situate
from registry.plans.situation import PlanRequest, Situation
from registry.releases import Releases
from registry.rows import AppletRow
from registry.transitions import moved_row

if TYPE_CHECKING:
    from kernel.main import Kernel

WARM_S = 5.0
# Who has not applied a plan by then will make it again.
SOON = timedelta(hours=1)
PLANS_AT_ONCE = 20

_OPEN = """
SELECT t.name, p.digest, p.request FROM {p}.plans p JOIN {p}.tenants t ON t.id = p.tenant_id
 WHERE p.applied_at IS NULL AND p.made_at > %s AND (p.body ->> 'applicable')::boolean ORDER BY p.made_at DESC LIMIT %s
"""


class Warmer:
    """A chore, once for all tenants: call it as often as liked, it looks at each plan once. seen: tenant and digest."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, kernel: Kernel, tenant: TenantRecord) -> None:
        with kernel.database.glance(aside=True) as uow:
            found = uow.execute(_OPEN, [kernel.clock() - SOON, PLANS_AT_ONCE]).fetchall()
        seen, self.seen = self.seen, {(name, digest) for name, digest, _ in found}
        for name, digest, request in found:
            if (name, digest) not in seen:
                self._warm(kernel, kernel.directory.get(name), PlanRequest(**request))

    def _warm(self, kernel: Kernel, tenant: TenantRecord, request: PlanRequest) -> None:
        with kernel.database.transaction(tenant) as uow:
            situation = situate(kernel.operator_context(uow), self._releases, request)
            catalogue, _ = kernel.runtimes.preview(uow, [_running(row) for row in _rows_after(situation)])
        moved = {move.applet for move in situation.moves}
        for type in catalogue.types.values():
            if type.applet in moved:
                # Compiled when first asked for anything.
                violations_of(type, {})
                violations_of(type, {}, as_input=True)


def _rows_after(situation: Situation) -> list[AppletRow]:
    """Rows of what will be enabled, as the switch will write them: the catalogue is known by them."""
    rows = dict(situation.rows)
    for move in situation.moves:
        rows[move.applet] = moved_row(situation.ctx, rows.get(move.applet), move, situation.known, "")
    return [row for name, row in sorted(rows.items()) if name in situation.after]


def _running(row: AppletRow) -> RunningRelease:
    return RunningRelease(row.name, row.version, row.lens_version, tuple(row.unswept))

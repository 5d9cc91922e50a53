"""What a tenant's data need now and then, beside the requests: folded movements, indexes on hot keys, chores."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kernel.documents.indexes import refresh_indexes
from kernel.events.chores import CHORES, Chore
from kernel.registers.service import fold
from kernel.runtime import TenantRuntime
from kernel.telemetry.logs import get_logger
from kernel.telemetry.metrics import Metrics
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.main import Kernel

FOLD_INTERVAL_S = 5.0
FOLD_MOVEMENTS_MAX = 5_000

_log = get_logger()


class Upkeep:
    """A `Step`: call it with a tenant as often as liked, it does what is due."""

    def __init__(self, kernel: Kernel, metrics: Metrics, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kernel, self._metrics, self._monotonic = kernel, metrics, monotonic
        self._folded_at: dict[str, float] = {}
        self._indexed: dict[str, int] = {}
        self._done_at: dict[tuple[str, str], float] = {}
        brought = kernel.plugins.hook.register_chores(kernel=kernel)
        self._chores: tuple[Chore, ...] = (*CHORES, *(chore for chores in brought for chore in chores))

    def __call__(self, tenant: TenantRecord) -> float | None:
        """In how many seconds there may be more to do."""
        now = self._monotonic()
        rest_s = self._folded_at.get(tenant.id, now - FOLD_INTERVAL_S) + FOLD_INTERVAL_S - now
        # Not more often than the interval: small bites would cost more than they save.
        if rest_s > 0:
            return rest_s
        with self._kernel.database.transaction(tenant) as uow:
            runtime = self._kernel.runtimes.get(uow)
            folded = fold(uow, batch=FOLD_MOVEMENTS_MAX)
            uow.commit()
        self._metrics.movements_folded.inc(folded)
        self._index(runtime)
        has_more = [self._do(chore, tenant, now) for chore in self._chores]
        if folded == FOLD_MOVEMENTS_MAX or any(has_more):
            return 0.0
        self._folded_at[tenant.id] = now
        return None

    def _do(self, chore: Chore, tenant: TenantRecord, now: float) -> bool:
        """One chore when it is due; one that fails is tried again when it is due again, and stops no other. Whether it
        has more to do at once.
        """
        key = (chore.name, "" if chore.is_shared else tenant.id)
        if now - self._done_at.get(key, now - chore.every_s) < chore.every_s:
            return False
        self._done_at[key] = now
        has_more = False
        try:
            has_more = bool(chore.run(self._kernel, tenant))
        except Exception:  # reason: what one chore stumbles over must not keep the others from their work
            _log.exception("chore.failed", chore=chore.name, tenant=tenant.name)
        if has_more:
            del self._done_at[key]
        return has_more

    def _index(self, runtime: TenantRuntime) -> None:
        """Once per generation, as only applets that come and go change which fields are hot."""
        tenant = runtime.tenant
        if self._indexed.get(tenant.id) == runtime.generation:
            return
        report = refresh_indexes(self._kernel.database, tenant, runtime.catalogue.types.values())
        if report.is_elsewhere:
            return
        self._indexed[tenant.id] = runtime.generation
        if report.built or report.dropped or report.over_budget:
            _log.info(
                "indexes.refreshed",
                tenant=tenant.name,
                built=report.built,
                dropped=report.dropped,
                over_budget=report.over_budget,
            )

"""The step of the search loop: a tenant's index is looked after at most once a second, however much is written."""

from __future__ import annotations

import time
from collections.abc import Callable

from kernel.events.horizon import Horizon
from kernel.parts import Parts
from kernel.search.refresh import Refresher
from kernel.tenancy.record import TenantRecord

REFRESH_INTERVAL_S = 1.0


class SearchKeeper:
    """Call it with a tenant as often as liked; it answers in how many seconds to come back, None when all is done."""

    def __init__(self, kernel: Parts, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kernel, self._monotonic = kernel, monotonic
        self._refreshers: dict[str, Refresher] = {}
        self._done_at: dict[str, float] = {}

    def __call__(self, tenant: TenantRecord) -> float | None:
        now = self._monotonic()
        rest_s = self._done_at.get(tenant.id, now - REFRESH_INTERVAL_S) + REFRESH_INTERVAL_S - now
        if rest_s > 0:
            return rest_s
        refresher = self._refreshers.setdefault(tenant.id, Refresher(Horizon(tenant.schema)))
        try:
            with self._kernel.database.transaction(tenant) as uow:
                has_more = refresher.refresh(uow, self._kernel.runtimes.get(uow))
                uow.commit()
        except BaseException:
            # It remembers what was not kept.
            del self._refreshers[tenant.id]
            raise
        if has_more:
            return 0.0
        self._done_at[tenant.id] = now
        return REFRESH_INTERVAL_S if refresher.is_waiting else None

"""The chore of the worker: once a minute, seal what each tenant has added and tell the anchors."""

from __future__ import annotations

from kernel.audit.anchors import record_everywhere
from kernel.audit.sealer import seal
from kernel.events.horizon import Horizon
from kernel.parts import Parts
from kernel.tenancy.record import TenantRecord


class SealKeeper:
    """Remembers per tenant who was writing at the last look; nothing is lost with it."""

    def __init__(self) -> None:
        self._horizons: dict[str, Horizon] = {}

    def __call__(self, kernel: Parts, tenant: TenantRecord) -> None:
        horizon = self._horizons.setdefault(tenant.id, Horizon(tenant.schema))
        made = seal(kernel.database, tenant, horizon, kernel.clock())
        if made:
            record_everywhere(kernel, tenant, made[-1])

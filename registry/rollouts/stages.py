"""Which tenant comes in which stage: the same ones whoever asks, and others in every rollout."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from decimal import ROUND_CEILING, Decimal


def assign_stages(rollout_id: str, tenant_ids: Collection[str], stages: Sequence[float]) -> dict[str, int]:
    """Index of the stage by tenant, in the order they are moved; without those beyond the last stage.

    stages: percent of all, rising. The first has one tenant at least.
    """
    ordered = sorted(tenant_ids, key=lambda tenant_id: hashlib.sha256(f"{rollout_id}:{tenant_id}".encode()).digest())
    ends = [max(1, _share(len(ordered), percent)) for percent in stages]
    return {
        tenant_id: next(stage for stage, end in enumerate(ends) if place < end)
        for place, tenant_id in enumerate(ordered[: ends[-1]])
    }


def _share(count: int, percent: float) -> int:
    """Rounded up; of the percentage as it was written, so that 8.8 % of 375 are 33."""
    return int((count * Decimal(str(percent)) / 100).to_integral_value(ROUND_CEILING))

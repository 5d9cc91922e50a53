"""Which tenant comes in which stage: the same ones whoever asks, and others in every rollout."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Sequence


def assign_stages(rollout_id: str, tenant_ids: Collection[str], stages: Sequence[float]) -> dict[str, int]:
    """Index of the stage by tenant, in the order they are moved; without those beyond the last stage.

    stages: percent of all, rising. The first has one tenant at least.
    """
    ordered = sorted(tenant_ids, key=lambda tenant_id: hashlib.sha256(f"{rollout_id}:{tenant_id}".encode()).digest())
    ends = [max(1, math.ceil(len(ordered) * percent / 100)) for percent in stages]
    return {
        tenant_id: next(stage for stage, end in enumerate(ends) if place < end)
        for place, tenant_id in enumerate(ordered[: ends[-1]])
    }

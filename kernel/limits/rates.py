"""Which buckets a request takes a token from, and how the answer tells (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kernel.limits.buckets import WINDOW_S, Policy, Standing
from kernel.limits.measures import Measure, find_limit

if TYPE_CHECKING:
    from kernel.auth.records import Identity
    from kernel.parts import Parts

Callers = list[tuple[str, Policy]]


def admit(kernel: Parts, identity: Identity) -> list[Standing]:
    """Take a token for the tenant and one for the user or the key. Raises RateLimited."""
    callers = callers_of(kernel, identity)
    return kernel.rates.admit(callers) if callers else []


def callers_of(kernel: Parts, identity: Identity) -> Callers:
    """Bucket and policy of everybody the request counts for; none where nothing is limited."""
    settings, tenant = kernel.settings, identity.tenant
    of_tenant = find_limit(kernel.quotas.plans, tenant, Measure.REQUESTS)
    burst = find_limit(kernel.quotas.plans, tenant, Measure.BURST) or settings.rate_limit_burst
    wanted = [("tenant", tenant.id, settings.rate_limit_per_minute if of_tenant is None else of_tenant, burst)]
    for name, id in (("user", identity.actor.id), ("key", identity.key_id)):
        if id is not None:
            wanted.append((name, id, settings.rate_limit_per_minute, settings.rate_limit_burst))
    return [(f"{name}:{id}", Policy(name, rate, most)) for name, id, rate, most in wanted if rate]


def headers_of(standings: Sequence[Standing]) -> dict[str, str]:
    """`RateLimit-Policy` with every policy, `RateLimit` with the one that leaves least."""
    if not standings:
        return {}
    tightest = min(standings, key=lambda standing: standing.remaining)
    policies = [f'"{s.policy.name}";q={s.policy.per_minute};w={WINDOW_S};burst={s.policy.burst}' for s in standings]
    return {
        "ratelimit-policy": ", ".join(policies),
        "ratelimit": f'"{tightest.policy.name}";r={tightest.remaining};t={tightest.full_in_s}',
    }

"""Token buckets that hold across processes: requests of a key come from what this process has leased of it.

A bucket of PostgreSQL's fills by `per_minute` up to `burst`. A process leases a tenth of a burst at a time while the
bucket is at least half full, and single tokens below, so that the limit is exact where it bites and costs a statement
every tenth request where it does not. See Turner, "New directions in communications", 1986, for the algorithm.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.db.database import Database
from kernel.limits.errors import RateLimited

WINDOW_S = 60
# Share of a burst that a process takes at once.
LEASED_SHARE = 10
LEASES_MAX = 20_000
# By then every bucket has long been full again, so a lease that nobody used is simply forgotten.
LEASE_LIFETIME = timedelta(seconds=WINDOW_S)
IDLE_BUCKETS_KEPT = timedelta(hours=1)

# Of the row as it is now, for the row as it is wanted (EXCLUDED): what is in the bucket at this moment.
_AVAILABLE = """least(EXCLUDED.burst, b.tokens + EXCLUDED.per_second *
    greatest(0, extract(epoch FROM EXCLUDED.refilled_at - b.refilled_at)))"""
_GRANTED = f"""CASE WHEN {_AVAILABLE} >= EXCLUDED.burst / 2 THEN least(EXCLUDED.granted, floor({_AVAILABLE}))
    WHEN {_AVAILABLE} >= 1 THEN 1 ELSE 0 END"""
# Sorted, so that two processes that lease the same buckets never wait for each other.
_LEASE = f"""
INSERT INTO {{p}}.rate_buckets AS b (key, per_second, burst, tokens, granted, refilled_at)
SELECT key, per_second, burst, burst - wanted, wanted, %(now)s
  FROM unnest(%(keys)s::text[], %(rates)s::float8[], %(bursts)s::float8[], %(wanted)s::int[])
       AS w (key, per_second, burst, wanted) ORDER BY key
ON CONFLICT (key) DO UPDATE SET per_second = EXCLUDED.per_second, burst = EXCLUDED.burst,
   granted = {_GRANTED}, tokens = {_AVAILABLE} - ({_GRANTED}),
   refilled_at = greatest(b.refilled_at, EXCLUDED.refilled_at)
RETURNING key, granted, tokens
"""
_FORGET = "DELETE FROM {p}.rate_buckets WHERE refilled_at < %s"


@dataclass(frozen=True, slots=True)
class Policy:
    """How often one caller may ask. name: what the caller is. burst: tokens a full bucket holds."""

    name: str
    per_minute: int
    burst: int

    @property
    def per_second(self) -> float:
        return self.per_minute / WINDOW_S

    @property
    def leased_at_once(self) -> int:
        return max(1, self.burst // LEASED_SHARE)


@dataclass(slots=True)
class _Lease:
    """tokens: left of what was leased. in_bucket: what the bucket held after it. refused_until: when empty."""

    leased_at: datetime
    tokens: int = 0
    in_bucket: float = 0.0
    refused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one policy stands after a request: what the RateLimit header says (draft-ietf-httpapi-ratelimit-headers)."""

    policy: Policy
    remaining: int

    @property
    def full_in_s(self) -> int:
        return math.ceil((self.policy.burst - self.remaining) / self.policy.per_second)


class RateLimits:
    """One per process."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, callers: Sequence[tuple[str, Policy]]) -> list[Standing]:
        """Take one token from each caller's bucket, or from none and raise RateLimited."""
        while True:
            now = self._clock()
            with self._lock:
                missing = [caller for caller in callers if not self._has_token(caller, now)]
                if not missing:
                    return [self._take(key, policy) for key, policy in callers]
            self._lease(missing, now)

    def forget_idle(self) -> None:
        """Remove buckets nobody has asked for in a long time; they are full."""
        with self._database.glance() as uow:
            uow.execute(_FORGET, [self._clock() - IDLE_BUCKETS_KEPT])

    def _has_token(self, caller: tuple[str, Policy], now: datetime) -> bool:
        key, policy = caller
        lease = self._leases.get(key)
        if lease is None:
            return False
        if lease.tokens > 0:
            return now - lease.leased_at < LEASE_LIFETIME
        if lease.refused_until is not None and now < lease.refused_until:
            raise _refusal(policy, lease.refused_until - now)
        return False

    def _take(self, key: str, policy: Policy) -> Standing:
        lease = self._leases[key]
        lease.tokens -= 1
        return Standing(policy, min(policy.burst, lease.tokens + int(lease.in_bucket)))

    def _lease(self, callers: Sequence[tuple[str, Policy]], now: datetime) -> None:
        policies = dict(callers)
        wanted = {
            "keys": list(policies),
            "rates": [policy.per_second for policy in policies.values()],
            "bursts": [float(policy.burst) for policy in policies.values()],
            "wanted": [policy.leased_at_once for policy in policies.values()],
            "now": now,
        }
        with self._database.glance() as uow:
            rows = uow.execute(_LEASE, wanted).fetchall()
        with self._lock:
            for key, granted, tokens in rows:
                self._note(key, policies[key], granted, tokens, now)

    def _note(self, key: str, policy: Policy, granted: int, tokens: float, now: datetime) -> None:
        lease = self._leases.get(key)
        if lease is None or now - lease.leased_at >= LEASE_LIFETIME:
            lease = self._leases[key] = _Lease(now)
            if len(self._leases) > LEASES_MAX:
                self._leases.popitem(last=False)
        lease.leased_at, lease.in_bucket = now, tokens
        lease.tokens += granted
        # Until the next token has dripped in there is no need to ask PostgreSQL.
        lease.refused_until = None if granted else now + timedelta(seconds=(1 - tokens) / policy.per_second)


def _refusal(policy: Policy, wait: timedelta) -> RateLimited:
    retry_after_s = max(1, math.ceil(wait.total_seconds()))
    return RateLimited(limit=policy.name, maximum=policy.per_minute, retry_after_s=retry_after_s)

"""How hooks fared before and after a move, and when after is too much worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.breaker.meters import BUCKETS, percentile
from registry.rollouts.model import ERROR_RATE, P95, Limits

# Fewer say nothing about a rate.
CALLS_MIN = 20
# A percentile of few calls is the slowest of them.
CALLS_MIN_P95 = 100
# Nobody notices what takes less, however many times longer than before it is.
P95_FLOOR_S = 0.005


@dataclass(frozen=True)
class Fared:
    """Calls of an applet's hooks, those that failed or were over budget, and how many took how long."""

    calls: int = 0
    errors: int = 0
    buckets: Sequence[int] = field(default_factory=lambda: [0] * BUCKETS)

    def __add__(self, other: Fared) -> Fared:
        buckets = [mine + its for mine, its in zip(self.buckets, other.buckets, strict=True)]
        return Fared(self.calls + other.calls, self.errors + other.errors, buckets)

    @property
    def error_rate(self) -> float:
        return self.errors / self.calls if self.calls else 0.0

    @property
    def p95_s(self) -> float | None:
        """Seconds; None without calls."""
        return percentile(self.buckets, 0.95)

    def as_json(self) -> dict[str, Any]:
        p95_s = self.p95_s
        shown = {"calls": self.calls, "errors": self.errors, "error_rate": round(self.error_rate, 4)}
        return shown if p95_s is None else {**shown, "p95_ms": round(p95_s * 1000, 2)}


@dataclass(frozen=True)
class Comparison:
    """Of one tenant, or of all that were moved."""

    before: Fared = Fared()
    after: Fared = Fared()

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(self.before + other.before, self.after + other.after)


def find_excess(compared: Comparison, limits: Limits) -> str | None:
    """What is past its limit, in words. What was as bad before is not the release's fault."""
    before, after = compared.before, compared.after
    if ERROR_RATE in limits.watch and after.calls >= CALLS_MIN:
        rate = after.error_rate
        if rate > limits.error_rate_max and rate > before.error_rate:
            return (
                f"{after.errors} of {after.calls} hook calls failed ({rate:.1%}, at most {limits.error_rate_max:.1%};"
                f" before: {before.error_rate:.1%})"
            )
    if P95 in limits.watch and min(before.calls, after.calls) >= CALLS_MIN_P95:
        was, now = before.p95_s or 0.0, after.p95_s or 0.0
        if now > P95_FLOOR_S and now > limits.p95_max_ratio * was:
            return (
                f"95 % of hook calls took up to {now * 1000:.1f} ms, {was * 1000:.1f} ms before (at most"
                f" {limits.p95_max_ratio:g} times as long)"
            )
    return None

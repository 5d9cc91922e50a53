"""What is measured of each function of an applet, for one tenant, in this process."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

# Upper bounds in seconds; a last bucket takes the rest. A percentile is as exact as they are narrow.
BOUNDS_S = (
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
BUCKETS = len(BOUNDS_S) + 1


@dataclass(slots=True)
class Figures:
    """Sums. seconds: without hooks of others called from within; database_s: of those, waiting for the database."""

    calls: int = 0
    errors: int = 0
    over_budget: int = 0
    statements: int = 0
    seconds: float = 0.0
    database_s: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, other: Figures, sign: int = 1) -> None:
        self.calls += sign * other.calls
        self.errors += sign * other.errors
        self.over_budget += sign * other.over_budget
        self.statements += sign * other.statements
        self.seconds += sign * other.seconds
        self.database_s += sign * other.database_s
        self.buckets = [mine + sign * its for mine, its in zip(self.buckets, other.buckets, strict=True)]

    def copy(self) -> Figures:
        copied = Figures()
        copied.add(self)
        return copied


@dataclass(frozen=True, slots=True)
class Limits:
    """When a function has failed too often: so many failures within so many seconds, and so large a share of calls."""

    failures: int
    window_s: float
    share: float


class Asked(Protocol):
    statements: int
    database_s: float


class Meter:
    """Counted without a lock: Python changes threads between such statements, not inside of them.

    budget_s: how long one call may take, infinite for what is not limited.
    """

    __slots__ = (
        "_failed", "_flushed", "applet", "budget_s", "code_package", "figures", "function", "hook", "last_error",
        "limits", "statements_max", "version",
    )  # fmt: skip

    def __init__(
        self,
        applet: str,
        version: str,
        hook: str,
        function: str,
        *,
        budget_s: float,
        statements_max: float,
        limits: Limits,
        code_package: str = "",
    ) -> None:
        self.applet, self.version, self.hook, self.function = applet, version, hook, function
        self.budget_s, self.statements_max = budget_s, statements_max
        self.code_package = code_package
        # A call that is interrupted takes its whole budget, so that few of them fit into a window.
        self.limits = Limits(limits.failures, limits.window_s + 2 * limits.failures * _finite(budget_s), limits.share)
        self.figures, self._flushed = Figures(), Figures()
        self.last_error = ""
        self._failed: deque[tuple[float, int, str | None]] = deque(maxlen=limits.failures)

    def count(self, seconds: float, asked: Asked) -> None:
        """One call. asked: how often and how long it has asked the database."""
        figures = self.figures
        figures.calls += 1
        figures.seconds += seconds
        figures.buckets[bisect_left(BOUNDS_S, seconds)] += 1
        if asked.statements:
            figures.statements += asked.statements
            figures.database_s += asked.database_s

    def fail(self, now: float, error: str, *, is_over_budget: bool, about: str | None = None) -> bool:
        """After `count`. now: of any clock that does not go back. Whether that was too often.

        about: the event it failed with. One event is one failure, however often it is delivered again.
        """
        if is_over_budget:
            self.figures.over_budget += 1
        else:
            self.figures.errors += 1
        self.last_error = error
        # As of now: other threads add to it and forget it meanwhile.
        failed = list(self._failed)
        if about is not None and any(about == known for *_, known in failed):
            return False
        self._failed.append((now, self.figures.calls, about))
        failed = list(self._failed)
        if len(failed) < self.limits.failures:
            return False
        began, calls, _ = failed[0]
        return now - began <= self.limits.window_s and self.limits.failures >= self.limits.share * self._since(calls)

    def recent(self) -> tuple[int, int]:
        """Failures remembered, and how many calls there were since the first of them."""
        failed = list(self._failed)
        return len(failed), self._since(failed[0][1]) if failed else 0

    def _since(self, calls: int) -> int:
        return self.figures.calls - calls + 1

    def forgive(self) -> None:
        """Begin to count failures anew."""
        self._failed.clear()

    def take_unflushed(self) -> Figures | None:
        """What was counted since the last time; None when there was nothing."""
        now = self.figures.copy()
        taken = now.copy()
        taken.add(self._flushed, -1)
        self._flushed = now
        return taken if taken.calls else None


def _finite(seconds: float) -> float:
    return seconds if seconds < float("inf") else 0.0


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """Seconds in which this share of all calls has ended, None without calls.

    Between the bounds of its bucket as far along as the calls in it, so that it does not leap from bound to bound.
    """
    wanted, seen = share * sum(buckets), 0
    for lower, upper, count in zip((0.0, *BOUNDS_S), (*BOUNDS_S, BOUNDS_S[-1]), buckets, strict=True):
        if count and seen + count >= wanted:
            return lower + (upper - lower) * (wanted - seen) / count
        seen += count
    return None

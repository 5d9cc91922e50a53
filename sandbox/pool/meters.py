"""What the calls of each applet cost in this process."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

# Upper bounds in seconds; a last bucket takes the rest. A percentile is as exact as they are narrow.
BOUNDS_S: tuple[float, ...] = tuple(
    step * 10.0**power for power in range(-5, 2) for step in (1.0, 1.4, 2.0, 3.0, 4.5, 7.0)
)


@dataclass(frozen=True, slots=True)
class AppletFigures:
    """Since this process began, of all tenants. p50_ms, p95_ms: of a call as its caller saw it, None without calls.

    memory_bytes: of its workers now. denials: requests refused for want of permission. violations: by kind.
    """

    applet: str
    calls: int
    p50_ms: float | None
    p95_ms: float | None
    cpu_s: float
    memory_bytes: int
    workers: int
    denials: int
    violations: dict[str, int]


@dataclass(slots=True)
class _Meter:
    calls: int = 0
    cpu_s: float = 0.0
    denials: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))


class Meters:
    def __init__(self) -> None:
        self._meters: dict[str, _Meter] = {}
        self._lock = threading.Lock()

    def add(
        self, applet: str, durations_s: Sequence[tuple[float, int]], cpu_s: float, violations: Sequence[str] = ()
    ) -> None:
        """What one lease adds. durations_s: of calls, and how many of that."""
        with self._lock:
            meter = self._meters.get(applet) or self._meter(applet)
            for seconds, count in durations_s:
                meter.calls += count
                meter.buckets[bisect_left(BOUNDS_S, seconds)] += count
            meter.cpu_s += cpu_s
            if violations:
                meter.violations.update(violations)

    def deny(self, applet: str, count: int) -> None:
        with self._lock:
            self._meter(applet).denials += count

    def _meter(self, applet: str) -> _Meter:
        meter = self._meters.get(applet)
        if meter is None:
            meter = self._meters[applet] = _Meter()
        return meter

    def read(self, workers: Counter[str], memory: Counter[str]) -> list[AppletFigures]:
        """workers, memory: by applet, as they are now."""
        with self._lock:
            applets = sorted(self._meters.keys() | workers.keys())
            return [_figures(name, self._meters.get(name) or _Meter(), workers, memory) for name in applets]


def _figures(applet: str, meter: _Meter, workers: Counter[str], memory: Counter[str]) -> AppletFigures:
    return AppletFigures(
        applet,
        meter.calls,
        percentile_ms(meter.buckets, 0.50),
        percentile_ms(meter.buckets, 0.95),
        meter.cpu_s,
        memory[applet],
        workers[applet],
        meter.denials,
        dict(meter.violations),
    )


def percentile_ms(buckets: Sequence[int], share: float) -> float | None:
    """In which this share of all calls has ended, as far along in its bucket as the calls in it; None without calls."""
    wanted, seen = share * sum(buckets), 0
    for lower, upper, count in zip((0.0, *BOUNDS_S), (*BOUNDS_S, BOUNDS_S[-1]), buckets, strict=True):
        if count and seen + count >= wanted:
            return 1000 * (lower + (upper - lower) * (wanted - seen) / count)
        seen += count
    return None

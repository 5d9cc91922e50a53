"""Numbers of hooks for Prometheus, made when they are asked for: nothing is counted twice for them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from kernel.breaker.measures import Measures
from kernel.breaker.meters import BOUNDS_S, Figures

LABELS = ("applet", "hook")


class HookCollector:
    """Register it in a `CollectorRegistry`. Labels are the applet and the hook, never a tenant."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        """The families of numbers, as the client library asks for them."""
        calls = CounterMetricFamily("bos_hook_calls", "Calls of hooks.", labels=(*LABELS, "outcome"))
        statements = CounterMetricFamily("bos_hook_statements", "Statements of hooks.", labels=LABELS)
        waited = CounterMetricFamily("bos_hook_database_seconds", "Time hooks waited for the database.", labels=LABELS)
        seconds = HistogramMetricFamily("bos_hook_seconds", "Time a hook took, without hooks it led to.", labels=LABELS)
        for key, figures in sorted(self._measures.totals().items()):
            for outcome, count in _outcomes(figures).items():
                calls.add_metric((*key, outcome), count)
            statements.add_metric(key, figures.statements)
            waited.add_metric(key, figures.database_s)
            seconds.add_metric(key, _cumulative(figures), figures.seconds)
        yield from (calls, statements, waited, seconds)


def _outcomes(figures: Figures) -> dict[str, int]:
    """A veto is a hook that has done its work."""
    done = figures.calls - figures.errors - figures.over_budget
    return {"done": done, "failed": figures.errors, "over_budget": figures.over_budget}


def _cumulative(figures: Figures) -> list[tuple[str, float]]:
    seen, buckets = 0, []
    for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), figures.buckets, strict=True):
        seen += count
        buckets.append((bound, float(seen)))
    return buckets

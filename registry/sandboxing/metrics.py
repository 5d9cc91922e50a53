"""Numbers of sandboxed applets for Prometheus, made when they are asked for. Never by tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from sandbox.pool import AppletFigures, PoolFigures

_QUANTILES = (("0.5", "p50_ms"), ("0.95", "p95_ms"))


class SandboxCollector:
    """Register it in a `CollectorRegistry`. read: the figures, None as long as nothing is sandboxed here."""

    def __init__(self, read: Callable[[], PoolFigures | None]) -> None:
        self._read = read

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        """The families of numbers, as the client library asks for them."""
        figures = self._read()
        if figures is None:
            return
        workers = GaugeMetricFamily("bos_sandbox_workers", "Processes of the sandbox.", labels=("state",))
        for state in ("busy", "idle", "spares"):
            workers.add_metric((state,), getattr(figures, state))
        ended = CounterMetricFamily("bos_sandbox_workers_ended", "Processes that were let go.", labels=("why",))
        for why in ("evicted", "recycled", "killed"):
            ended.add_metric((why,), getattr(figures, why))
        spawned = CounterMetricFamily("bos_sandbox_workers_spawned", "Processes that were started.")
        spawned.add_metric((), figures.spawned)
        yield from (workers, spawned, ended, *_of_applets(figures.applets))


def _of_applets(applets: list[AppletFigures]) -> Iterator[Metric]:
    calls = CounterMetricFamily("bos_sandbox_calls", "Calls of sandboxed applets.", labels=("applet",))
    seconds = GaugeMetricFamily(
        "bos_sandbox_call_seconds", "What half and 95 of 100 calls took at most.", labels=("applet", "quantile")
    )
    cpu = CounterMetricFamily("bos_sandbox_cpu_seconds", "CPU time of sandboxed applets.", labels=("applet",))
    memory = GaugeMetricFamily("bos_sandbox_memory_bytes", "Memory of their processes alone.", labels=("applet",))
    denials = CounterMetricFamily("bos_sandbox_denials", "Requests refused by permission.", labels=("applet",))
    violations = CounterMetricFamily("bos_sandbox_violations", "What applets must not do.", labels=("applet", "kind"))
    for one in applets:
        calls.add_metric((one.applet,), one.calls)
        cpu.add_metric((one.applet,), one.cpu_s)
        memory.add_metric((one.applet,), one.memory_bytes)
        denials.add_metric((one.applet,), one.denials)
        for quantile, name in _QUANTILES:
            if (value := getattr(one, name)) is not None:
                seconds.add_metric((one.applet, quantile), value / 1000)
        for kind, count in sorted(one.violations.items()):
            violations.add_metric((one.applet, kind), count)
    yield from (calls, seconds, cpu, memory, denials, violations)

"""`python -m bench`: run the benchmarks, print the table, write bench/results.json."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.breaker import neighbour_p95
from bench.breaking.benchmark import measure_breaking
from bench.figures import Figure, render_json, render_table, write_results
from bench.house import House, describe, open_house
from bench.postings import trial_balance
from bench.reads import list_over_http
from bench.rounds import FULL, QUICK, Effort, say
from bench.sandbox.http import http_overhead
from bench.sandbox.many import measure_many
from bench.sandbox.measure import measure_hooks, measure_workers
from bench.sandbox.neighbours import sandboxed_neighbours_p95
from bench.starting import start_server
from bench.tenants import create_tenants, thousandth_tenant
from bench.transfer import transfers
from bench.upgrade.measure import upgrade_under_load
from bench.valuation import value_stock
from bench.writes import create_in_process, create_over_http, post_over_http

RESULTS = Path(__file__).with_name("results.json")
INTERRUPTED = 130

Benchmark = Callable[[House, Effort], list[Figure]]
BENCHMARKS: dict[str, Benchmark] = {
    "create.inprocess": create_in_process,
    "create.http": create_over_http,
    "post.http": post_over_http,
    "list.filtered": list_over_http,
    "trial_balance": trial_balance,
    "transfers": transfers,
    "start.first_request": start_server,
    "valuation.loop": value_stock,
    "breaker.neighbour_p95": neighbour_p95,
    "breaking": measure_breaking,
    "upgrade": upgrade_under_load,
    "sandbox.hooks": measure_hooks,
    "sandbox.workers": measure_workers,
    "sandbox.http_overhead": http_overhead,
    "sandbox.many": measure_many,
    "sandbox.neighbour_p95": sandboxed_neighbours_p95,
    "tenant.create": create_tenants,
    "tenant.thousandth": thousandth_tenant,
}
RATIO = (
    "ratio: the share of the raw limit that is reached (rates: figure / raw; times: raw / figure); 1 is the limit\n"
    "itself, more is better. raw: measured in the same run, round by round in turn. spread: half the distance between\n"
    "the slowest and the fastest round, as a share of the median."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when all that was asked for was measured, 130 after Ctrl-C."""
    asked = _parse(arguments)
    # Whoever ends this process politely gets the same clean end as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        figures = run([name for name in BENCHMARKS if name in (asked.only or BENCHMARKS)], _effort(asked))
    except KeyboardInterrupt:
        say("stopped")
        return INTERRUPTED
    if not asked.quick:
        write_results(RESULTS, figures)
    print(render_json(figures) if asked.json else f"{render_table(figures)}\n\n{RATIO}")
    return 0


def run(names: Sequence[str], effort: Effort) -> list[Figure]:
    """Measure one benchmark after the other on a database of their own."""
    figures: list[Figure] = []
    with open_house() as house:
        say(describe(house))
        for name in names:
            started = time.monotonic()
            say(f"{name} ...")
            figures += BENCHMARKS[name](house, effort)
            say(f"{name} took {time.monotonic() - started:.0f} s")
    return figures


def _effort(asked: argparse.Namespace) -> Effort:
    effort = QUICK if asked.quick else FULL
    return effort if asked.repeats is None else Effort(asked.repeats, effort.seconds, effort.scale)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, epilog=RATIO)
    parser.add_argument("--quick", action="store_true", help="small amounts, few repeats: does it run at all")
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), metavar="NAME", help="repeatable")
    parser.add_argument("--json", action="store_true", help="print what results.json holds instead of the table")
    parser.add_argument("--repeats", type=int, metavar="N", help="rounds of each benchmark")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

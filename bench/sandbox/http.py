"""sandbox.http_overhead: what three sandboxed hooks add to saving a document over HTTP.

Two applets of one source are enabled for one tenant, one in the server's process and one sandboxed. Their documents are
saved by one client over one connection, in turn; beside it stands the same with the one in process on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

from bench.breaker import PAIRS, Moved, with_applets
from bench.figures import Figure
from bench.house import House
from bench.rounds import Effort, say
from bench.sandbox.applet import make_order
from bench.traffic import Load, Step, open_servers

TENANT = "saving"
INSIDE, OUTSIDE = "inside", "outside"
WARM_UP_COUNT = 200
MANIFEST = """
name = "{name}"
version = "1.0.0"
title = "{name}"
trust = "{trust}"
[requires]
sdk = ">=1"
"""
DECIMAL = {"type": "string", "format": "decimal"}
ORDER = {
    "title": "Order",
    "type": "object",
    "x-title": "remark",
    "properties": {
        "customer": {"type": "string"},
        "ordered_on": {"type": "string", "format": "date"},
        "remark": {"type": "string"},
        "delivery": {"type": "object", "properties": {
            name: {"type": "string"} for name in ("street", "city", "postcode", "country")
        }},
        "lines": {"type": "array", "items": {"type": "object", "properties": {
            "item": {"type": "string"}, "text": {"type": "string"}, "number": {"type": "integer"},
            "quantity": DECIMAL, "price": DECIMAL, "amount": DECIMAL,
        }}},
        "total": DECIMAL,
        "saves": {"type": "integer"},
    },
}  # fmt: skip
HOOKS = """
from decimal import Decimal

from sdk import hooks


@hooks.before_save("{name}.order")
def fill_amounts(ctx, document):
    for line in document["lines"]:
        line["amount"] = line["quantity"] * line["price"]


@hooks.before_save("{name}.order")
def fill_total(ctx, document):
    document["total"] = sum((line["amount"] for line in document["lines"]), Decimal(0))


@hooks.before_save("{name}.order")
def count_saves(ctx, document, previous):
    document["saves"] = 1 + (previous["saves"] if previous is not None else 0)
"""


def http_overhead(house: House, effort: Effort) -> list[Figure]:
    """Pairs in turn, their order changing with each; the median of a save each, and the interval of half the pairs."""
    _add_applets(house)
    tenant = with_applets(house, TENANT, (INSIDE, OUTSIDE))
    pairs = PAIRS if effort.scale == 1 else effort.repeats
    with open_servers(house.dsn, house.folder, has_worker=False) as ports, Load(ports, tenant.token) as load:

        def save_ms(applet: str, seconds: float) -> float:
            steps = _steps(applet)
            rate = WARM_UP_COUNT / load.run(steps, WARM_UP_COUNT, clients=1)
            return median(load.time(steps, max(WARM_UP_COUNT, int(rate * seconds)), clients=1)) * 1000

        moved: tuple[list[float], list[float]] = ([], [])
        for number in range(pairs):
            for found, other in ((moved[0], OUTSIDE), (moved[1], INSIDE)):
                sides = ("inside", "other")[:: 1 - 2 * (number % 2)]
                times = {side: save_ms(other if side == "other" else INSIDE, effort.seconds) for side in sides}
                found.append((times["other"] / times["inside"] - 1) * 100)
            say(
                f"  sandbox.http_overhead {number + 1}/{pairs}: {moved[0][-1]:+.1f} %, A/A {moved[1][-1]:+.1f} %,"
                f" {times['inside']:.2f} ms in process"
            )
    for name, values in (("with sandboxed hooks", moved[0]), ("A/A", moved[1])):
        say(f"  {name}: median {median(values):+.2f} %, half of the pairs in {_interval(values)}")
    return [Moved("sandbox.http_overhead", "% moved", *moved, "the same hooks in process on both sides (A/A)")]


def _interval(values: Sequence[float]) -> str:
    low, _, high = quantiles(values, n=4)
    return f"[{low:+.2f}, {high:+.2f}]"


def _steps(applet: str) -> list[Step]:
    fields = {name: value for name, value in make_order().fields.items() if name not in ("total", "saves")}
    return [("POST", f"/api/v1/{applet}/orders", json.dumps(fields, default=str))]


def _add_applets(house: House) -> None:
    plugin: Any = house.kernel.plugins.get_plugin("registry.plugin")
    for name, trust in ((INSIDE, "trusted"), (OUTSIDE, "sandboxed")):
        folder = house.folder / "saving" / name
        (folder / "schemas").mkdir(parents=True)
        (folder / "applet.toml").write_text(MANIFEST.format(name=name, trust=trust))
        (folder / "schemas" / "order.json").write_text(json.dumps(ORDER))
        (folder / "hooks.py").write_text(HOOKS.format(name=name))
        plugin.releases.add(house.kernel.database, folder, house.kernel.clock(), "bench")

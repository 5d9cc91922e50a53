"""sandbox.http_overhead: what three sandboxed hooks add to saving a document over HTTP.

Two applets of one source are enabled for one tenant, one in the server's process and one sandboxed. Their documents are
saved by one client over one connection, in turn; beside it stands the same with the one in process on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from bench.breaker import PAIRS, Moved, with_applets
from bench.figures import Figure
from bench.house import House
from bench.load import Connection
from bench.rounds import Effort, say
from bench.sandbox.applet import make_order
from bench.traffic import open_servers

TENANT = "saving"
INSIDE, OUTSIDE = "inside", "outside"
SAVES_MIN = 20
# Three sides share the time of a round.
LONGER = 3
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
    """Rounds of saves in turn; the median of each, the median of all and the interval of half of them."""
    _add_applets(house)
    tenant = with_applets(house, TENANT, (INSIDE, OUTSIDE))
    rounds = PAIRS if effort.scale == 1 else effort.repeats
    moved: tuple[list[float], list[float]] = ([], [])
    with (
        open_servers(house.dsn, house.folder, has_worker=False) as ports,
        closing(Connection(ports[0], tenant.token)) as connection,
    ):
        _saves_ms(connection, effort.seconds)
        for number in range(rounds):
            inside, outside, twin = _saves_ms(connection, LONGER * effort.seconds)
            for found, other in zip(moved, (outside, twin), strict=True):
                found.append((other / inside - 1) * 100)
            say(
                f"  sandbox.http_overhead {number + 1}/{rounds}: {moved[0][-1]:+.1f} %, A/A {moved[1][-1]:+.1f} %,"
                f" {inside:.2f} ms in process, {outside:.2f} ms sandboxed"
            )
    for name, values in (("with sandboxed hooks", moved[0]), ("A/A", moved[1])):
        say(f"  {name}: median {median(values):+.2f} %, half of the rounds in {_interval(values)}")
    return [Moved("sandbox.http_overhead", "% moved", *moved, "the same hooks in process on both sides (A/A)")]


def _saves_ms(connection: Connection, seconds: float) -> list[float]:
    """Medians of a save in process, sandboxed, and in process once more.

    One of each in turn, who begins changing every time: a neighbour's bad moment then strikes all of them.
    """
    requests = [(place, *_request(applet)) for place, applet in enumerate((INSIDE, OUTSIDE, INSIDE))]
    times: list[list[float]] = [[] for _ in requests]
    end_at = perf_counter() + seconds
    while len(times[0]) < SAVES_MIN or perf_counter() < end_at:
        requests.append(requests.pop(0))
        for place, path, body in requests:
            began = perf_counter()
            connection.ask(b"POST", path, body)
            times[place].append((perf_counter() - began) * 1000)
    return [median(each) for each in times]


def _interval(values: Sequence[float]) -> str:
    low, _, high = quantiles(values, n=4)
    return f"[{low:+.2f}, {high:+.2f}]"


def _request(applet: str) -> tuple[bytes, bytes]:
    """Path and body."""
    fields = {name: value for name, value in make_order().fields.items() if name not in ("total", "saves")}
    return f"/api/v1/{applet}/orders".encode(), json.dumps(fields, default=str).encode()


def _add_applets(house: House) -> None:
    plugin: Any = house.kernel.plugins.get_plugin("registry.plugin")
    for name, trust in ((INSIDE, "trusted"), (OUTSIDE, "sandboxed")):
        folder = house.folder / "saving" / name
        (folder / "schemas").mkdir(parents=True)
        (folder / "applet.toml").write_text(MANIFEST.format(name=name, trust=trust))
        (folder / "schemas" / "order.json").write_text(json.dumps(ORDER))
        (folder / "hooks.py").write_text(HOOKS.format(name=name))
        plugin.releases.add(house.kernel.database, folder, house.kernel.clock(), "bench")

"""valuation.loop: what a stock is worth after a million movements, beside a loop that goes through them in order.

Each issue leaves at the moving average of that moment, rounded to the cent, and the movement says at what: so the worth
of the stock is a balance of the register. The loop is what systems do that keep quantities and work out the costs anew.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg

from bench.figures import Figure
from bench.house import House, Tenant
from bench.postings import fold_all
from bench.rounds import Effort, Work, compare, say
from kernel.registers.service import balance
from sdk.applet import Applet
from sdk.hooks import hookimpl

MOVEMENTS = 1_000_000
ITEMS, DAYS, RECEIPTS_SHARE = 2_000, 730, 0.3
SEED = 20260301
FIRST_DAY = date(2024, 1, 1)
REGISTER = "warehouse.stock"
CENT = Decimal("0.01")
_COPY = """
COPY "{schema}".movements (register, company_id, document_id, occurred_at, d1, r1, r2, balanced) FROM STDIN
"""
_ORDERED = "SELECT d1, r1, r2 FROM \"{schema}\".movements WHERE register = 'warehouse.stock' ORDER BY occurred_at, id"
_ENABLE = """
INSERT INTO {t}.applets (name, version, state, changed_at, changed_by) VALUES ('warehouse', '1.0.0', 'enabled', %s, '')
"""

# By item: quantity on hand and what it is worth.
Stock = dict[str, tuple[Decimal, Decimal]]


class ValuesDiffer(Exception):
    """The register and the loop do not agree on what the stock is worth."""


def value_stock(house: House, effort: Effort) -> list[Figure]:
    """In process, at the end of all movements."""
    tenant = house.tenant("stock")
    _enable(house, tenant)
    started = time.monotonic()
    count = _fill(house, tenant, effort.rows(MOVEMENTS))
    fold_all(house, tenant)
    say(f"  {count} movements of {ITEMS} items made and folded in {time.monotonic() - started:.0f} s")
    with house.connect() as connection:
        if _by_register(house, tenant) != _by_loop(connection, tenant):
            raise ValuesDiffer("the register and the loop differ")
        ours = _timed(lambda: _by_register(house, tenant))
        raw = _timed(lambda: _by_loop(connection, tenant))
        return [compare("valuation.loop", ours, raw, effort, unit="ms", beside="a Python loop in order", first=1)]


def _timed(once: Callable[[], Any]) -> Work:
    def work(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            once()
        return time.perf_counter() - started

    return work


def _by_register(house: House, tenant: Tenant) -> Stock:
    with house.kernel.operate(tenant.record) as ctx:
        found = balance(ctx, REGISTER, group_by=("item",))
    return {sums.dimensions["item"]: (sums.resources["quantity"], sums.resources["value"]) for sums in found}


def _by_loop(connection: psycopg.Connection[Any], tenant: Tenant) -> Stock:
    """Quantities, and what receipts cost, in order of time: costs of issues are worked out anew."""
    stock: Stock = {}
    with connection.transaction(), connection.cursor("ordered") as cursor:
        cursor.itersize = 10_000
        cursor.execute(_ORDERED.format(schema=tenant.schema))
        for item, quantity, cost in cursor:
            on_hand, worth = stock.get(item, (Decimal(0), Decimal(0)))
            value = cost if quantity > 0 else _issue(on_hand, worth, quantity)
            stock[item] = (on_hand + quantity, worth + value)
    return {item: held for item, held in stock.items() if any(held)}


def _issue(on_hand: Decimal, worth: Decimal, quantity: Decimal) -> Decimal:
    """What leaves at the moving average; the last piece takes all cents that are left."""
    if on_hand + quantity == 0:
        return -worth
    return (worth / on_hand * quantity).quantize(CENT, ROUND_HALF_UP)


def _fill(house: House, tenant: Tenant, count: int) -> int:
    company = tenant.business.company_id
    with house.connect() as connection, connection.cursor().copy(_COPY.format(schema=tenant.schema)) as copy:
        for row in _movements(count):
            copy.write_row((REGISTER, company, company, *row, False))
    return count


def _movements(count: int) -> Iterator[tuple[date, str, Decimal, Decimal]]:
    """(day, item, quantity, value), in order of time, never below zero."""
    dice = random.Random(SEED)
    stock: Stock = {}
    for number in range(count):
        item = f"item-{dice.randrange(ITEMS):05}"
        on_hand, worth = stock.get(item, (Decimal(0), Decimal(0)))
        if on_hand == 0 or dice.random() < RECEIPTS_SHARE:
            quantity = Decimal(dice.randint(1, 500))
            value = (quantity * dice.randint(100, 99_999) / 100).quantize(CENT)
        else:
            quantity = -Decimal(dice.randint(1, max(1, int(on_hand) // 4)))
            value = _issue(on_hand, worth, quantity)
        stock[item] = (on_hand + quantity, worth + value)
        yield FIRST_DAY + timedelta(days=number * DAYS // count), item, quantity, value


class _Warehouse:
    """A system plugin that brings the one applet: those that are shipped have no stock."""

    applet = Applet.load(Path(__file__).with_name("warehouse"))

    @hookimpl
    def load_applet(self, name: str, version: str) -> tuple[Applet, ModuleType] | None:
        return (self.applet, ModuleType("warehouse")) if name == self.applet.name else None


def _enable(house: House, tenant: Tenant) -> None:
    house.kernel.plugins.register(_Warehouse())
    with house.kernel.operate(tenant.record) as ctx:
        ctx.uow.execute(_ENABLE, [ctx.now])
        ctx.uow.execute("UPDATE {t}.meta SET value = value + 1 WHERE name = 'generation'")

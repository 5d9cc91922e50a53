"""The hook that is measured, and the document of one kilobyte it is called for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

from sandbox.broker import Budgets
from sandbox.host import Program, Violation
from sandbox.pool import Pool
from sandbox.proxy import Caller, make_module
from sdk import Actor, Context, Tenant
from sdk.document import Document
from sdk.hookset import HookSet, collect_hooks

TYPE = "scales.order"
SOURCE = """
from decimal import Decimal

from sdk import Context, Document, hooks


@hooks.before_save("scales.order")
def fill_totals(ctx: Context, document: Document) -> None:
    total = Decimal(0)
    for line in document["lines"]:
        total += line["quantity"] * line["price"]
    document["total"] = total
    document["saves"] = document["saves"] + 1


def ask(ctx, count):
    for _ in range(count):
        ctx.documents.get("scales.order", "1")


def spin(ctx):
    while True:
        pass
"""
PROGRAM = Program("scales", "1.0.0", "scales", {"hooks": SOURCE})


def make_order() -> Document:
    """About a kilobyte on the wire."""
    line = {"item": "0198c0de-0000-7000-8000-000000000001", "text": "Widget, blue", "quantity": Decimal(3)}
    lines = [{**line, "price": Decimal("19.90"), "amount": Decimal("59.70"), "number": n} for n in range(3)]
    fields: dict[str, Any] = {
        "customer": "0198c0de-0000-7000-8000-000000000002",
        "ordered_on": date(2026, 1, 2),
        "remark": "Please deliver before noon: the gate is open from seven, and whoever is there signs for it. "
        "The pallets of last time are to be taken back, the invoice goes to the head office, and the certificates "
        "of origin, which were forgotten the last two times, are wanted before the goods are unloaded. "
        "Questions are answered by the office at the gate until five.",
        "delivery": {"street": "Hafenstraße 12", "city": "Hamburg", "postcode": "20457", "country": "DE"},
        "lines": lines,
        "total": Decimal("179.10"),
        "saves": 0,
    }
    return Document("0198c0de-0000-7000-8000-000000000003", TYPE, fields, "company", 3, 1, "draft", "SO-2026-0001")


@dataclass
class BareContext:
    """Facts and nothing behind them: the hook that is measured asks for nothing."""

    tenant: Tenant = field(default_factory=lambda: Tenant("t", "bench", "Bench", "EUR", "Europe/Berlin", "de"))
    actor: Actor = field(default_factory=lambda: Actor("u", "user", "ann@example.com", "Ann"))
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    today: date = date(2026, 1, 2)
    company_id: str | None = "company"
    settings: dict[str, Any] = field(default_factory=dict)

    def bind(self, applet: str) -> BareContext:
        return self


class NoWatcher:
    """A benchmark whose hook is stopped has failed."""

    def violated(self, ctx: Context, violation: Violation) -> None:
        raise violation

    def waited(self, ctx: Context, seconds: float) -> None:
        """Nobody counts it here."""

    def killed(self, ctx: Context) -> None:
        raise RuntimeError("the worker was killed")


def hooks_in_process() -> tuple[HookSet, ModuleType]:
    module = ModuleType("scales")
    exec(SOURCE, vars(module))
    return HookSet(collect_hooks("scales", module)), module


def hooks_in(pool: Pool) -> HookSet:
    """The same hook, in a worker of this pool."""
    tenant_id = BareContext().tenant.id
    with pool.checkout(tenant_id, PROGRAM) as lease:
        description = lease.description
    module = make_module("scales", description, Caller(pool, PROGRAM, Budgets(), NoWatcher()))
    return HookSet(collect_hooks("scales", module))

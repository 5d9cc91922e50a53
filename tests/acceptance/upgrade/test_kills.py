"""Whoever applies a plan is killed at each of its steps: the tenant is as it was, or as it was to be, and whole."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.upgrade.release import break_guard, write_next_release
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from kernel.transfer.caller import Caller
from registry.errors import GuardBroken
from registry.guards import check_guards
from registry.lifecycle import enable_applet
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.rows import read_rows
from tests.acceptance.upgrade.dying import Dying, open_dying

NAME = "receivables"
INVOICES = 3
# What is asked for, and how it is undone.
MOVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "upgrade": ({"verb": "upgrade", "version": "2.0.0"}, {"verb": "rollback", "version": "1.0.0"}),
    "uninstall": ({"verb": "uninstall", "keep_stubs": True}, {"verb": "enable"}),
    "rollback": ({"verb": "rollback", "version": "1.0.0"}, {"verb": "upgrade", "version": "2.0.0"}),
    "disable": ({"verb": "disable"}, {"verb": "enable"}),
}
# Each of them is made a dozen times, some of the other tests make them too.
SLOW = ("rollback", "disable")
# From here on the tenant is another one.
COMMITTED = ("committed", "note")


class Books:
    """A tenant with posted invoices, and two releases of receivables."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.kernel = build_kernel(Settings(data_dir=folder / "data", pool_size_max=4), url)
        registry: Any = self.kernel.plugins.get_plugin("registry.plugin")
        self.releases = registry.releases
        service = TenantService(self.kernel.database, self.kernel.directory, self.kernel.installation)
        self.tenant = service.create_tenant(NewTenant("acme", "Acme"), self.kernel.clock())
        with self.operate() as ctx:
            enable_applet(ctx, self.releases, NAME, with_required=True)
        with self.operate() as ctx:
            ctx.documents.create("kernel.company", {"name": "Acme Ltd", "currency": "EUR"})
        with self.operate() as ctx:
            self.write(ctx)
        self.add(write_next_release(folder / "next"))

    def write(self, ctx: Any) -> None:
        chart = ctx.documents.create("ledger.chart", {"name": "Ours", "template": "standard"})
        ctx.documents.perform("ledger.chart", chart.id, "load")
        customer = ctx.documents.create("parties.customer", {"code": "C1", "name": "Corner Shop"})
        for number in range(INVOICES):
            lines = [{"description": "Part", "unit_price": "20.00"}]
            data = {"customer": customer.id, "issued_on": "2026-03-02", "reference": f"R{number}", "lines": lines}
            invoice = ctx.documents.create("receivables.invoice", data)
            ctx.documents.perform("receivables.invoice", invoice.id, "post")

    def add(self, folder: Path) -> None:
        self.releases.add(self.kernel.database, folder, self.kernel.clock(), "tests")

    def operate(self) -> Any:
        return self.kernel.operate(self.tenant)

    @property
    def caller(self) -> Caller:
        return Caller(self.kernel, self.tenant)

    def plan(self, **wanted: Any) -> Any:
        return plan(self.caller, self.releases, PlanRequest(name=NAME, **wanted))

    def apply(self, made: Any, **options: Any) -> Any:
        return apply_plan(self.caller, self.releases, made["digest"], consent=True, **options)

    def everything(self) -> dict[str, Any]:
        """A hash of the rows of each table of the tenant."""
        with self.operate() as ctx:
            tables = [row[0] for row in ctx.uow.execute(TABLES, [self.tenant.schema])]
            hashed = "SELECT count(*), md5(string_agg(r::text, '|' ORDER BY r::text)) FROM {{t}}.{} r"
            return {table: ctx.uow.execute(hashed.format(table)).fetchone() for table in tables}

    def standing(self) -> SimpleNamespace:
        with self.operate() as ctx:
            row = read_rows(ctx.uow)[NAME]
            events = ctx.uow.execute(RECORDED).fetchone()[0]
            broken = check_guards(ctx)
            return SimpleNamespace(
                version=row.version, state=row.state, plan=row.plan, generation=ctx.uow.generation, events=events,
                broken=broken,
            )  # fmt: skip


TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY 1"
RECORDED = "SELECT count(*) FROM {t}.events WHERE aggregate_type = 'kernel.applet'"


@pytest.fixture(scope="module")
def books(empty_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    made = Books(empty_database(), tmp_path_factory.mktemp("books"))
    yield made
    made.kernel.close()


@pytest.fixture(scope="module")
def dying(books: Books) -> Iterator[Dying]:
    with open_dying(books.url, books.folder / "data", books.tenant.name) as opened:
        yield opened


def steps_of(books: Books, there: dict[str, Any], back: dict[str, Any]) -> list[str]:
    """What the steps are called; afterwards everything is as before."""
    steps: list[str] = []
    books.apply(books.plan(**there), on_step=steps.append)
    books.apply(books.plan(**back))
    return steps


@pytest.mark.parametrize(
    "move", [pytest.param(move, marks=pytest.mark.slow) if move in SLOW else move for move in MOVES]
)
def test_a_process_killed_at_any_step_leaves_the_old_state_or_the_new_one_whole(books: Books, dying: Dying, move: str):
    there, back = MOVES[move]
    if move == "rollback":
        books.apply(books.plan(**back))
    steps = steps_of(books, there, back)
    assert {"look", "begin", f"move {NAME}", "guards", "generation", *COMMITTED} <= set(steps)
    for number, step in enumerate(steps):
        made, before, everything = books.plan(**there), books.standing(), books.everything()
        assert dying.apply(made["digest"], number) == -signal.SIGKILL, step
        if step in COMMITTED:
            check_new(books, before, made, everything)
        else:
            assert books.everything() == everything, step
        books.apply(made)
        check_new(books, before, made, everything)
        books.apply(books.plan(**back))
    if move == "rollback":
        books.apply(books.plan(**there))


def check_new(books: Books, before: SimpleNamespace, made: Any, everything: dict[str, Any]) -> None:
    """All of the move is there, once, and nothing else."""
    now = books.standing()
    (moved,) = made["moves"]
    assert (now.version, now.state, now.plan) == (moved["to_version"], moved["to_state"], made["digest"])
    assert (now.generation, now.events, now.broken) == (before.generation + 1, before.events + 1, [])
    changed = {table for table, hash in books.everything().items() if hash != everything[table]}
    assert {"applets", "events", "meta"} <= changed
    assert not changed & {"documents", "links", "keys", "movements", "totals", "series"}


def test_a_migration_that_breaks_a_guard_is_stopped_and_leaves_the_old_state(books: Books):
    books.add(break_guard(write_next_release(books.folder / "breaking", version="2.1.0")))
    made, everything = books.plan(verb="upgrade", version="2.1.0"), books.everything()
    assert made["applicable"]
    with pytest.raises(GuardBroken) as refused:
        books.apply(made)
    assert refused.value.details["guards"] == "receivables:open_items_equal_control_account"
    assert "in EUR come to 60.00, and the account 1000 holds 0.00" in refused.value.violations[0].message
    assert books.everything() == everything

"""A tenant with all applets that come with Bos and some of everything in it, for requests nobody would think of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kernel.audit.sealer import seal
from kernel.auth.passwords import Passwords
from kernel.auth.service import create_user
from kernel.events.horizon import Horizon
from kernel.http.app import create_app
from kernel.main import Kernel, build_kernel
from kernel.search.refresh import Refresher
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from kernel.transfer.jobs import TransferJobs
from registry.lifecycle import enable_applet

APPLETS = ("approvals", "catalog", "ledger", "parties", "receivables")
EMAIL, GUEST, PASSWORD = "ada@acme.example", "zoe@acme.example", "correct horse battery"
DAY_S = 24 * 60 * 60
# A hash at the least cost there is, and no log-in that ends while the test runs.
CHEAP: dict[str, Any] = {
    "password_memory_kib": 64, "password_passes": 1, "password_lanes": 1,
    "access_token_ttl_s": DAY_S, "step_up_ttl_s": DAY_S,
}  # fmt: skip


class Clock:
    """Runs on by a microsecond each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


class FuzzWorld:
    """app: of the kernel. tenant: where Ada (EMAIL, PASSWORD) administers everything."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.app = kernel, create_app(kernel, has_worker=False)
        self.tenant = _found(kernel)
        self.admin = self._add_user(EMAIL, "kernel.admin")
        self._add_user(GUEST, "kernel.admin")
        self._add_user("bob@acme.example", "kernel.member")
        _fill(kernel, self.tenant)
        self.work()

    def _add_user(self, email: str, role: str) -> str:
        with self.kernel.database.platform() as uow:
            given = (uow, Passwords(64, 1, 1), self.tenant.id, email, self.kernel.clock())
            user = create_user(*given, name="", password=PASSWORD)
            uow.commit()
        with self.kernel.operate(self.tenant) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
        return user.id

    def work(self) -> None:
        """What the worker does beside: search, seals, transfers."""
        refresher, has_more = Refresher(Horizon(self.tenant.schema)), True
        while has_more:
            with self.kernel.database.transaction(self.tenant) as uow:
                has_more = refresher.refresh(uow, self.kernel.runtimes.get(uow))
                uow.commit()
        seal(self.kernel.database, self.tenant, Horizon(self.tenant.schema), self.kernel.clock())
        jobs = TransferJobs(self.kernel, monotonic=lambda: 0.0)
        while jobs(self.tenant) is not None:
            pass


def _found(kernel: Kernel) -> TenantRecord:
    tenants = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenant = tenants.create_tenant(NewTenant("acme", "Acme", timezone="Europe/Berlin"), kernel.clock())
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": "Acme Ltd", "currency": "EUR"})
        for applet in APPLETS:
            enable_applet(ctx, releases, applet, with_required=True)
    return tenant


def _fill(kernel: Kernel, tenant: TenantRecord) -> None:
    with kernel.operate(tenant) as ctx:
        chart = ctx.documents.create("ledger.chart", {"name": "Standard"})
        ctx.documents.perform("ledger.chart", chart.id, "load")
        customer = ctx.documents.create("parties.customer", {"code": "C1", "name": "Corner Shop"}).id
        ctx.documents.create("parties.supplier", {"code": "S1", "name": "Mill"})
        ctx.documents.create("parties.contact", {"name": "Eve", "customer": customer})
        line = {"description": "Shelves", "quantity": "1", "unit_price": "90.00"}
        data = {"customer": customer, "issued_on": "2026-03-02", "lines": [line]}
        for _ in range(3):
            ctx.documents.create("receivables.invoice", data)
        invoice = ctx.documents.create("receivables.invoice", data)
        ctx.documents.perform("receivables.invoice", invoice.id, "post")
        payment = {"customer": customer, "received_on": "2026-03-03", "amount": "5.00"}
        ctx.documents.create("receivables.payment", payment)
        ctx.documents.create("receivables.credit_note", {**data, "issued_on": "2026-03-04"})
        account = ctx.documents.find_all("ledger.account", code="4100")[0].id
        rate = {"code": "V19", "name": "19 %", "percent": "19", "account": account}
        ctx.documents.create("receivables.tax_rate", rate)
        product = ctx.documents.create("catalog.product", {"code": "P1", "name": "Shelf"}).id
        prices = {"code": "L1", "name": "List", "currency": "EUR", "lines": [{"product": product, "price": "90.00"}]}
        ctx.documents.create("catalog.price_list", prices)
        ctx.documents.create("catalog.unit", {"code": "U1", "name": "Piece"})
        ctx.documents.create(
            "ledger.exchange_rate", {"currency": "USD", "base": "EUR", "valid_on": "2026-03-01", "rate": "0.9"}
        )
        ctx.documents.create("ledger.fiscal_year", {"name": "2030", "starts_on": "2030-01-01", "ends_on": "2030-12-31"})
        ctx.documents.create("kernel.role", {"name": "own", "title": "Own", "permissions": []})
        columns = [{"title": "Name", "path": "name"}]
        template = {"name": "all", "document_type": "parties.customer", "columns": columns}
        ctx.documents.create("kernel.export_template", template)


@contextmanager
def open_fuzz_world(database: str, folder: Path) -> Iterator[FuzzWorld]:
    kernel = build_kernel(Settings(data_dir=folder / "data", pool_size_max=12, **CHEAP), database, clock=Clock())
    try:
        yield FuzzWorld(kernel)
    finally:
        kernel.close()

"""A kernel with the applets that come with Bos, and tenants that have books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kernel.main import Kernel, build_kernel
from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant, TenantService
from registry.lifecycle import enable_applet
from tests.integration.conftest import FixedClock

# A password's hash at the least cost there is: many commands make users here.
CHEAP = {"password_memory_kib": 64, "password_passes": 1, "password_lanes": 1}


@contextmanager
def open_shipped(url: str) -> Iterator[Kernel]:
    kernel = build_kernel(Settings(), url, clock=FixedClock())
    try:
        yield kernel
    finally:
        kernel.close()


def make_tenant(kernel: Kernel, name: str, *applets: str, currency: str = "EUR", chart: bool = False) -> TenantRecord:
    """A tenant with one company and these applets, with a chart of accounts if asked."""
    service = TenantService(kernel.database, kernel.directory, kernel.installation)
    tenant = service.create_tenant(NewTenant(name, name.title(), currency=currency), kernel.clock())
    releases = kernel.plugins.get_plugin("registry.plugin").releases
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": f"{name.title()} Ltd", "currency": currency})
        for applet in applets:
            enable_applet(ctx, releases, applet, with_required=True)
    if chart:
        with kernel.operate(tenant) as ctx:
            document = ctx.documents.create("ledger.chart", {"name": "Standard"})
            ctx.documents.perform("ledger.chart", document.id, "load")
    return tenant

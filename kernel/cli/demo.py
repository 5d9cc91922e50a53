"""The demo tenant of `bos up`: made once, completely or not at all, and never touched again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel.cli.accounts import NewAdmin, ensure_admin, grant_admin
from kernel.cli.root import DemoStep
from kernel.cli.session import tenancies
from kernel.cli.terminal import Terminal
from kernel.context import KernelContext, Work
from kernel.documents.indexes import refresh_indexes
from kernel.main import Kernel
from kernel.tenancy.errors import TenantUnknown
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant

DEMO_TENANT = "demo"
DEMO_ADMIN = "admin@demo.example"
DEMO_COMPANY = "Demo Trading Ltd"
DEMO_SEED = 2025


@dataclass(frozen=True)
class Demo:
    """password: only when it was made just now."""

    tenant: TenantRecord
    email: str
    password: str | None = None
    notes: Sequence[str] = ()


def prepare_demo(kernel: Kernel, terminal: Terminal, steps: Sequence[DemoStep]) -> Demo:
    """The demo tenant as it stands, or a new one with an admin, applets and demo data.

    Everything inside the tenant is one transaction, so that an interrupted first start is simply repeated.
    """
    tenant = _ensure_tenant(kernel)
    if _is_prepared(kernel, tenant):
        return Demo(tenant, DEMO_ADMIN)
    terminal.say("Making the tenant demo: applets, a company, one year of demo data …")
    admin = ensure_admin(kernel, tenant, DEMO_ADMIN, has_new_password=True)
    with kernel.operate(tenant) as ctx:
        notes = _fill(kernel, ctx, admin, steps, terminal)
    with kernel.database.transaction(tenant) as uow:
        types = kernel.runtimes.get(uow).catalogue.types.values()
    refresh_indexes(kernel.database, tenant, types)
    return Demo(tenant, DEMO_ADMIN, admin.password, notes)


def _ensure_tenant(kernel: Kernel) -> TenantRecord:
    try:
        return kernel.directory.get(DEMO_TENANT)
    except TenantUnknown:
        wanted = NewTenant(DEMO_TENANT, "Demo", currency="EUR", timezone="Europe/Berlin")
        return tenancies(kernel).create_tenant(wanted, kernel.clock())


def _is_prepared(kernel: Kernel, tenant: TenantRecord) -> bool:
    """Even a company that was deleted says that somebody has been here."""
    with kernel.database.transaction(tenant) as uow:
        return uow.execute("SELECT 1 FROM {t}.documents LIMIT 1").fetchone() is not None


def _fill(
    kernel: Kernel, ctx: KernelContext, admin: NewAdmin, steps: Sequence[DemoStep], terminal: Terminal
) -> list[str]:
    ctx.documents.create("kernel.company", {"name": DEMO_COMPANY, "currency": ctx.tenant.currency})
    grant_admin(ctx, admin.user)
    notes = [note for step in steps for note in step(_anew(kernel, ctx))]
    filled = _anew(kernel, ctx)
    applets = filled.runtime.catalogue.applets
    with terminal.progress("Demo data", len(applets)) as advance:
        for applet in applets:
            filled.runtime.catalogue.hooks.call_applet("load_demo_data", applet.name, ctx=filled, seed=DEMO_SEED)
            advance(1)
    return notes


def _anew(kernel: Kernel, ctx: KernelContext) -> KernelContext:
    """The context as the tenant now is within this transaction: with the company, and with the applets just enabled."""
    return replace(ctx, runtime=kernel.runtimes.build(ctx.uow), work=Work())

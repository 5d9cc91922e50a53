"""Opening: the database (given or embedded), the kernel on it, a tenant, an actor. Everything is closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kernel.auth.records import Identity, User
from kernel.auth.sessions import check_states
from kernel.auth.users import find_user_by_email
from kernel.cli.errors import CompanyNotThere, TenantUnclear, UserNotThere
from kernel.context import KernelContext
from kernel.events.listener import CHANNEL, NAMES_PER_NOTIFICATION_MAX
from kernel.main import Kernel, build_kernel
from kernel.postgres import open_database
from kernel.settings import Settings
from kernel.telemetry.logs import get_logger
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import TenantService
from kernel.transfer.caller import Caller

_log = get_logger()


@contextmanager
def open_kernel(settings: Settings) -> Iterator[Kernel]:
    """A kernel for as long as the block runs. What it leaves to be delivered is told to running workers at the end."""
    with open_database(settings) as dsn:
        kernel = build_kernel(settings, dsn)
        announced: set[str] = set()
        for listeners in (kernel.on_deliveries, kernel.on_changes):
            listeners.append(lambda tenant: announced.add(tenant.name))
        try:
            yield kernel
            _wake_workers(kernel, sorted(announced))
        finally:
            kernel.close()


def _wake_workers(kernel: Kernel, names: list[str]) -> None:
    if not names:
        return
    with kernel.database.platform() as uow:
        uow.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ",".join(names[:NAMES_PER_NOTIFICATION_MAX])])
        uow.commit()


def tenancies(kernel: Kernel) -> TenantService:
    return TenantService(kernel.database, kernel.directory, kernel.installation)


def migrate_before_serving(kernel: Kernel) -> None:
    """Tenants that are behind; one that fails is told, and refused until it is mended, while the others are served."""
    for tenant, error in tenancies(kernel).migrate_tenants(is_hurried=True).failed.items():
        _log.error("tenant.not_migrated", message=error, tenant=tenant)


def choose_tenant(kernel: Kernel, name: str | None) -> TenantRecord:
    """The tenant of this name, or the only one there is. Raises TenantUnknown, TenantUnclear."""
    if name is not None:
        return kernel.directory.get(name)
    tenants = kernel.directory.list()
    if len(tenants) != 1:
        known = ", ".join(tenant.name for tenant in tenants) or "there is none, `bos tenant create` makes one"
        raise TenantUnclear(known=known)
    return tenants[0]


def find_caller(kernel: Kernel, tenant_name: str | None, email: str | None) -> Caller:
    """The operator, or a user of the tenant who may act. Raises UserNotThere, UserSuspended, TenantSuspended."""
    tenant = choose_tenant(kernel, tenant_name)
    if email is None:
        return Caller(kernel, tenant)
    user = find_user(kernel, tenant, email)
    check_states(user, tenant)
    return Caller(kernel, tenant, Identity(user.actor, tenant))


def find_user(kernel: Kernel, tenant: TenantRecord, email: str) -> User:
    with kernel.database.platform() as uow:
        user = find_user_by_email(uow, tenant.name, email)
    if user is None:
        raise UserNotThere(email=email, tenant=tenant.name)
    return user


@contextmanager
def act(caller: Caller, *, is_kept: bool = True) -> Iterator[KernelContext]:
    """One transaction of the caller. is_kept: commit at the end, unless it raises."""
    with caller.begin() as uow:
        yield caller.context(uow)
        if is_kept:
            uow.commit()


def find_company(ctx: KernelContext, name: str | None) -> str | None:
    """The id of the company with this name or id; None stays None. Raises CompanyNotThere."""
    companies = ctx.runtime.companies
    if name is None or name in companies:
        return name
    found = next((id for id, data in companies.items() if data.get("name") == name), None)
    if found is None:
        known = ", ".join(str(data.get("name")) for data in companies.values()) or "it has none"
        raise CompanyNotThere(company=name, tenant=ctx.tenant.name, known=known)
    return found


@contextmanager
def enter(
    settings: Settings, tenant_name: str | None, email: str | None, *, is_kept: bool = True
) -> Iterator[KernelContext]:
    """All of it at once, for commands that are one transaction."""
    with open_kernel(settings) as kernel, act(find_caller(kernel, tenant_name, email), is_kept=is_kept) as ctx:
        yield ctx

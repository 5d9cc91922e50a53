"""Where a file is tried: on a tenant made for it and dropped again, or on one there is. Nothing is committed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kernel.cli.session import find_caller, tenancies
from kernel.context import KernelContext
from kernel.db.unit_of_work import UnitOfWork
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant
from registry.lifecycle import enable_applet
from registry.releases import Releases
from sdk.context import Actor
from sdk.errors import BosError
from sdk.identifiers import new_id
from sdk.manifest import Capability

PREFIX = "sandbox_run_"
# Of a run that was killed; the next one takes them away.
LEFTOVER_S = 3_600
_NAME = re.compile(PREFIX + r"(\d+)_[0-9a-f]+")


class Site:
    """A tenant, and contexts in it. is_own: made for this run; then users need not be there, and may do everything."""

    def __init__(self, kernel: Kernel, tenant: TenantRecord, *, is_own: bool) -> None:
        self._kernel, self.tenant, self._is_own = kernel, tenant, is_own

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """A transaction that is rolled back."""
        with self._kernel.database.transaction(self.tenant) as uow:
            yield uow

    def context(self, uow: UnitOfWork, user: str | None) -> KernelContext:
        """As this user has it; the operator's without one. Raises UserNotThere, UserSuspended, TenantSuspended."""
        if user is None:
            return self._kernel.operator_context(uow)
        if self._is_own:
            return self._kernel.operator_context(uow, Actor(new_id(), "user", user, user))
        return find_caller(self._kernel, self.tenant.name, user).context(uow)


@contextmanager
def open_site(kernel: Kernel, releases: Releases, tenant: str | None, granted: Sequence[Capability]) -> Iterator[Site]:
    """The site of a run. tenant: an existing one. Raises TenantUnknown."""
    if tenant is not None:
        yield Site(kernel, kernel.directory.get(tenant), is_own=False)
        return
    service = tenancies(kernel)
    _clear_leftovers(kernel)
    now = kernel.clock()
    name = f"{PREFIX}{now.timestamp():.0f}_{secrets.token_hex(6)}"
    made = service.create_tenant(NewTenant(name, "Sandbox run"), now)
    try:
        _fit_out(kernel, releases, made, granted)
        yield Site(kernel, kernel.directory.get(made.name), is_own=True)
    finally:
        _drop(kernel, made.name)


def _fit_out(kernel: Kernel, releases: Releases, tenant: TenantRecord, granted: Sequence[Capability]) -> None:
    """With a company, and the applets that the granted types belong to: those cannot be granted where they are not."""
    wanted = {capability.name.partition(".")[0] for capability in granted}
    # To look at all applets there are takes longer than all the rest.
    known = wanted & releases.discovery.releases().keys() if wanted - {"kernel", "*"} else set()
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": tenant.title, "currency": tenant.currency})
        for name in sorted(known):
            enable_applet(ctx, releases, name, with_required=True)


def _clear_leftovers(kernel: Kernel) -> None:
    until = kernel.clock().timestamp() - LEFTOVER_S
    for tenant in kernel.directory.list():
        name = _NAME.fullmatch(tenant.name)
        if name is not None and int(name[1]) < until:
            _drop(kernel, tenant.name)


def _drop(kernel: Kernel, name: str) -> None:
    service = tenancies(kernel)
    try:
        service.suspend_tenant(name)
    except BosError:
        # Half dropped by a run that was killed: the rest of it goes.
        service.drop_tenant(name)
    else:
        service.drop_tenant(name)

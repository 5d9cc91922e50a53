"""What a tenant asks of its users: for which roles a second factor is required (setting of the kernel's applet)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.auth.records import Identity, User
from kernel.tenancy.record import TenantRecord

if TYPE_CHECKING:
    from kernel.main import Kernel

SETTING = "second_factor_roles"
EVERYBODY = "*"


def requires_second_factor(kernel: Kernel, tenant: TenantRecord, user: User) -> bool:
    """Whether one of the user's roles does."""
    with kernel.database.transaction(tenant) as uow:
        ctx = kernel.context(uow, Identity(user.actor, tenant))
        wanted = set(ctx.runtime.settings["kernel"].get(SETTING, ()))
        return EVERYBODY in wanted or not wanted.isdisjoint(ctx.permissions.roles)

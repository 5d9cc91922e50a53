"""Whether somebody may administer users. Users live beside the tenant, permissions inside it: so this asks first, in a
transaction of the tenant, and the caller then changes users in one of the platform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.auth.errors import LogInRequired, OwnSuspension, UserTooPowerful
from kernel.auth.records import Identity, Origin, User
from kernel.auth.schemas import UserChange
from kernel.auth.service import get_user
from kernel.auth.users import rename_user, resume_user, set_password, suspend_user
from kernel.limits.measures import Plans
from kernel.limits.service import admit_user
from kernel.permissions.service import compile_for
from sdk.context import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from kernel.auth.passwords import Passwords
    from kernel.db.unit_of_work import UnitOfWork
    from kernel.main import Kernel

USER = "kernel.user"
API_KEY = "kernel.api_key"


def authorize(kernel: Kernel, identity: Identity, action: str, resource: str) -> None:
    """Raises PermissionDenied."""
    with kernel.database.transaction(identity.tenant) as uow:
        kernel.context(uow, identity).permissions.check_resource(action, resource)


def authorize_over(kernel: Kernel, identity: Identity, action: str, resource: str, target: Actor) -> None:
    """The same, and that the target may do nothing the caller may not: else one could act as somebody with more rights.

    Raises PermissionDenied, UserTooPowerful.
    """
    with kernel.database.transaction(identity.tenant) as uow:
        ctx = kernel.context(uow, identity)
        ctx.permissions.check_resource(action, resource)
        permissions, _ = compile_for(uow, ctx.runtime, target)
        if ctx.permissions.find_excess(permissions) is not None:
            raise UserTooPowerful(email=target.email)


def find_target(kernel: Kernel, identity: Identity, user_id: str) -> User:
    """A user of the caller's tenant; raises UserUnknown."""
    with kernel.database.platform() as uow:
        return get_user(uow, identity.tenant.id, user_id)


def require_log_in(identity: Identity) -> str:
    """The id of the session; raises LogInRequired for an API key, which must not make further keys of itself."""
    if identity.session_id is None:
        raise LogInRequired
    return identity.session_id


def change_user(
    uow: UnitOfWork,
    passwords: Passwords,
    plans: Plans,
    identity: Identity,
    user: User,
    change: UserChange,
    now: datetime,
    origin: Origin | None = None,
) -> User:
    """Apply what was sent. Raises OwnSuspension, PasswordTooWeak, TenantLimitReached."""
    tenant_id = identity.tenant.id
    if change.name is not None:
        rename_user(uow, tenant_id, user.id, change.name)
    if change.password is not None:
        set_password(uow, passwords, user, change.password, now, origin=origin)
    if change.state == "suspended":
        if user.id == identity.actor.id:
            raise OwnSuspension
        suspend_user(uow, tenant_id, user.id, now, origin=origin)
    elif change.state == "active" and user.state != "active":
        admit_user(uow, plans, tenant_id)
        resume_user(uow, tenant_id, user.id, now, origin=origin)
    return get_user(uow, tenant_id, user.id)

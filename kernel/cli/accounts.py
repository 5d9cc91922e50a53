"""Users made by the operator, and the grants that let them in."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from kernel.auth.passwords import Passwords, generate_password
from kernel.auth.records import User
from kernel.auth.users import create_user, find_user_by_email, set_password
from kernel.cli.errors import InputUnreadable
from kernel.context import KernelContext
from kernel.main import Kernel
from kernel.permissions.guards import ADMIN
from kernel.tenancy.record import TenantRecord


@dataclass(frozen=True)
class NewAdmin:
    """A user, and the password where it was made or changed just now."""

    user: User
    password: str | None = field(default=None, repr=False)


def ensure_admin(kernel: Kernel, tenant: TenantRecord, email: str, *, has_new_password: bool = False) -> NewAdmin:
    """The user of this email, made with a generated password when missing; has_new_password: in any case."""
    passwords, now = Passwords.of(kernel.settings), kernel.clock()
    with kernel.database.platform() as uow:
        user = find_user_by_email(uow, tenant.name, email)
        if user is not None and not has_new_password:
            return NewAdmin(user)
        password = generate_password()
        if user is None:
            user = create_user(uow, passwords, tenant.id, email, now, password=password)
        else:
            set_password(uow, passwords, user, password, now)
        uow.commit()
    return NewAdmin(user, password)


def grant_admin(ctx: KernelContext, user: User) -> None:
    """Make a user administrator of everything in the tenant."""
    ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": ADMIN})


def read_password(is_from_stdin: bool) -> tuple[str, bool]:
    """A password from standard input, or a generated one; whether it was generated and has to be shown."""
    if not is_from_stdin:
        return generate_password(), True
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InputUnreadable(option="--password-stdin", reason="standard input is empty")
    return password, False

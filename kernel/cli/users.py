"""`bos user …`"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kernel.auth import users as verbs
from kernel.auth.passwords import Passwords
from kernel.auth.records import User
from kernel.cli.accounts import read_password
from kernel.cli.credentials import BY_OPERATOR, add_auth, add_credentials
from kernel.cli.options import AsJson, Tenant
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, find_company, find_user, open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord

COLUMNS = ("email", "name", "state", "roles", "last_login_at", "id")

Email = Annotated[str, typer.Argument(help="The user's email.", show_default=False)]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Companies = Annotated[
    list[str] | None, typer.Option("--company", "-c", help="In this company only; may be repeated.", show_default=False)
]


def add_commands(cli: Cli) -> None:
    """Add the groups `user` and `auth`."""
    commands = group("Users of a tenant, and what they are granted.")
    cli.add_typer(commands, name="user")
    for add in (_add_create, _add_list, _add_password, _add_grant, _add_states, add_credentials):
        add(commands)
    add_auth(cli)


def _add_create(commands: typer.Typer) -> None:
    @commands.command()
    def create(
        context: typer.Context,
        email: Email,
        name: Annotated[str, typer.Option("--name", help="What people call the user.")] = "",
        role: Annotated[list[str] | None, typer.Option("--role", "-r", help="Grant this; may be repeated.")] = None,
        company: Companies = None,
        password_stdin: PasswordStdin = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Create a user. Without --password-stdin the password is generated and shown once.

        Examples:

            bos user create ada@acme.example --name Ada --role receivables.clerk --role kernel.member

            echo "$PASSWORD" | bos user create bo@acme.example --password-stdin
        """
        terminal = Terminal.of(context)
        password, is_generated = read_password(password_stdin)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            with kernel.database.platform() as uow:
                passwords, now = Passwords.of(kernel.settings), kernel.clock()
                user = verbs.create_user(
                    uow, passwords, found.id, email, now, name=name, password=password, origin=BY_OPERATOR
                )
                # A role that does not exist must not leave a user behind who can do nothing.
                grant_roles(kernel, found, user, role or (), company or ())
                uow.commit()
        terminal.show_record(describe(user) | ({"password": password} if is_generated else {}))


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_users(
        context: typer.Context,
        limit: Annotated[int, typer.Option("--limit", min=1, max=verbs.USERS_PAGE_MAX, help="How many.")] = 100,
        after: Annotated[str, typer.Option("--after", help="Begin after this email.")] = "",
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """List the users of a tenant with their roles.

        Example:

            bos user list --tenant acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            with kernel.database.platform() as uow:
                users = verbs.list_users(uow, found.id, after=after, limit=limit)
            roles = _roles(kernel, found)
        rows = [
            describe(user) | {"roles": ", ".join(roles.get(user.id, []) + roles.get(user.email, []))} for user in users
        ]
        terminal.show_rows(rows, COLUMNS)


def _add_password(commands: typer.Typer) -> None:
    @commands.command("set-password")
    def set_password(
        context: typer.Context,
        email: Email,
        password_stdin: PasswordStdin = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Give a user a new password, generated and shown once unless it comes from standard input. Ends all sessions.

        Example:

            bos user set-password ada@acme.example
        """
        terminal = Terminal.of(context)
        password, is_generated = read_password(password_stdin)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                verbs.set_password(
                    uow, Passwords.of(kernel.settings), user, password, kernel.clock(), origin=BY_OPERATOR
                )
                uow.commit()
        terminal.show_record({"email": user.email} | ({"password": password} if is_generated else {}))


def _add_grant(commands: typer.Typer) -> None:
    @commands.command()
    def grant(
        context: typer.Context,
        email: Email,
        role: Annotated[str, typer.Argument(help="Name of a role, e.g. receivables.clerk.", show_default=False)],
        company: Companies = None,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Grant a user a role, in all companies or in some.

        Examples:

            bos user grant ada@acme.example kernel.admin

            bos user grant bo@acme.example receivables.clerk --company "Acme Ltd"
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            user = find_user(kernel, found, email)
            (id,) = grant_roles(kernel, found, user, [role], company or ())
        terminal.show_record({"grant": id, "email": user.email, "role": role})


def _add_states(commands: typer.Typer) -> None:
    @commands.command()
    def suspend(context: typer.Context, email: Email, tenant: Tenant = None, json: AsJson = False) -> None:
        """Refuse everything a user sends, at once. Nothing is lost.

        Example:

            bos user suspend bo@acme.example
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                changed = verbs.suspend_user(uow, user.tenant_id, user.id, kernel.clock(), origin=BY_OPERATOR)
                uow.commit()
        terminal.show_record(describe(changed))

    @commands.command()
    def resume(context: typer.Context, email: Email, tenant: Tenant = None, json: AsJson = False) -> None:
        """Let a suspended user in again.

        Example:

            bos user resume bo@acme.example
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                changed = verbs.resume_user(uow, user.tenant_id, user.id, kernel.clock(), origin=BY_OPERATOR)
                uow.commit()
        terminal.show_record(describe(changed))


def grant_roles(
    kernel: Kernel, tenant: TenantRecord, user: User, roles: Sequence[str], companies: Sequence[str]
) -> list[str]:
    """All of them or none, in all companies when none is named; the ids of the grants. Raises RoleUnknown."""
    with kernel.operate(tenant) as ctx:
        limits = {"companies": [find_company(ctx, company) for company in companies]} if companies else {}
        grants = [{"actor_id": user.id, "role": role, **limits} for role in roles]
        return [ctx.documents.create("kernel.grant", grant).id for grant in grants]


def describe(user: User) -> dict[str, Any]:
    """A user for people."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "state": user.state,
        "created_at": user.created_at,
        "last_login_at": user.last_login_at,
    }


def _roles(kernel: Kernel, tenant: TenantRecord) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    cursor = None
    with kernel.operate(tenant) as ctx:
        while True:
            page = ctx.documents.query("kernel.grant", limit=kernel.settings.page_size_max, cursor=cursor)
            for grant in page.items:
                roles.setdefault(grant["actor_id"], []).append(grant["role"])
            if page.cursor is None:
                return roles
            cursor = page.cursor

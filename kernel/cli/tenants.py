"""`bos tenant …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.auth.users import check_email
from kernel.backup.exporting import ExportWish, count_rows
from kernel.cli.accounts import NewAdmin, ensure_admin, grant_admin
from kernel.cli.archives import add_archives, export_path, export_to
from kernel.cli.migrate import add_migrate
from kernel.cli.options import AsJson, DryRun, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import open_kernel, tenancies
from kernel.cli.terminal import Terminal
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from kernel.tenancy.service import NewTenant
from kernel.transfer.files import TransferFiles
from sdk.errors import BosError

COLUMNS = ("name", "title", "state", "plan", "currency", "timezone", "locale", "database")

Name = Annotated[str, typer.Argument(help="The tenant's name.", show_default=False)]


def add_commands(cli: Cli) -> None:
    """Add the group `tenant`."""
    commands = group("Tenants: customers isolated from each other, each in a schema of its own.")
    cli.add_typer(commands, name="tenant")
    for add in (_add_create, _add_list, _add_states, _add_drop, add_migrate, add_archives):
        add(commands)


def _add_create(commands: typer.Typer) -> None:
    @commands.command()
    def create(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="Lower-case letters, digits and underscores.", show_default=False)],
        title: Annotated[str, typer.Option("--title", help="What people call it; the name when left out.")] = "",
        currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code.")] = "EUR",
        timezone: Annotated[str, typer.Option("--timezone", help="IANA name.")] = "UTC",
        locale: Annotated[str, typer.Option("--locale", help="BCP 47 tag.")] = "en",
        plan: Annotated[str, typer.Option("--plan", help="The plan it is on.")] = "standard",
        database: Annotated[str | None, typer.Option("--database", help="A name in BOS_DATABASES.")] = None,
        company: Annotated[str, typer.Option("--company", help="Name of its company; the title when left out.")] = "",
        admin_email: Annotated[str | None, typer.Option("--admin-email", help="Make this administrator.")] = None,
        json: AsJson = False,
    ) -> None:
        """Create a tenant with its first company, and an administrator whose password is shown once.

        Examples:

            bos tenant create acme --title "Acme Ltd" --admin-email ada@acme.example

            bos tenant create northwind --currency USD --timezone America/New_York
        """
        terminal = Terminal.of(context)
        wanted = NewTenant(name, title or name, currency, timezone, locale, plan, database)
        email = check_email(admin_email) if admin_email else None
        with open_kernel(terminal.settings) as kernel:
            tenant, admin = create_tenant(kernel, wanted, company or wanted.title, email)
        shown = describe(tenant) | ({"admin": admin.user.email, "password": admin.password} if admin else {})
        terminal.show_record(shown)
        if admin:
            terminal.say("The password is shown this once.")


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_tenants(
        context: typer.Context,
        state: Annotated[str | None, typer.Option("--state", help="active, suspended or dropping.")] = None,
        json: AsJson = False,
    ) -> None:
        """List the tenants.

        Example:

            bos tenant list --state suspended
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            terminal.show_rows([describe(tenant) for tenant in kernel.directory.list(state=state)], COLUMNS)


def _add_states(commands: typer.Typer) -> None:
    @commands.command()
    def suspend(context: typer.Context, name: Name, json: AsJson = False) -> None:
        """Refuse all log-ins and requests of a tenant from now on. Nothing is lost.

        Example:

            bos tenant suspend acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            terminal.show_record(describe(tenancies(kernel).suspend_tenant(name)))

    @commands.command()
    def resume(context: typer.Context, name: Name, json: AsJson = False) -> None:
        """Let a suspended tenant in again.

        Example:

            bos tenant resume acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            terminal.show_record(describe(tenancies(kernel).resume_tenant(name)))


def _add_drop(commands: typer.Typer) -> None:
    @commands.command()
    def drop(
        context: typer.Context,
        name: Name,
        out: Annotated[
            Path | None, typer.Option("--out", "-o", help="Where to export it to; else <data folder>/exports.")
        ] = None,
        without_export: Annotated[bool, typer.Option("--without-export", help="Keep nothing of it.")] = False,
        yes: Yes = False,
        dry_run: DryRun = False,
        json: AsJson = False,
    ) -> None:
        """Delete a tenant with everything in it, after exporting it all to a file. Asks for its name.

        Examples:

            bos tenant drop acme --dry-run

            bos tenant drop acme --out acme.tar.gz --yes
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            tenant = kernel.directory.get(name)
            path = None if without_export else (out or export_path(kernel, tenant)).absolute()
            if dry_run:
                counts = {"counts": count_rows(kernel, tenant)} if tenant.state != "dropping" else {}
                terminal.show_record({"would_drop": name, "would_export_to": str(path) if path else None, **counts})
                return
            question = f"Everything of the tenant {name} will be deleted. Type its name to go on"
            terminal.confirm(question, yes, wanted=name)
            terminal.show_record({"dropped": name, **drop_tenant(kernel, terminal, tenant, path)})


def create_tenant(
    kernel: Kernel, wanted: NewTenant, company: str, admin_email: str | None
) -> tuple[TenantRecord, NewAdmin | None]:
    """A tenant with a company and, with an email, an administrator."""
    tenant = tenancies(kernel).create_tenant(wanted, kernel.clock())
    admin = ensure_admin(kernel, tenant, admin_email) if admin_email else None
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.company", {"name": company, "currency": tenant.currency})
        if admin:
            grant_admin(ctx, admin.user)
    return tenant, admin


def drop_tenant(kernel: Kernel, terminal: Terminal, tenant: TenantRecord, path: Path | None) -> dict[str, Any]:
    """Suspend, so that nobody writes meanwhile; export; and only then drop. Without an export all is as it was.

    path: None exports nothing; nor is there anything whole to export of a tenant that was half dropped before.
    """
    exported: dict[str, Any] = {}
    if tenant.state != "dropping":
        tenancies(kernel).suspend_tenant(tenant.name)
        try:
            if path is not None:
                exported = export_to(kernel, terminal, tenant, path, ExportWish(has_credentials=True))
        except BosError:
            if tenant.state == "active":
                tenancies(kernel).resume_tenant(tenant.name)
            raise
    tenancies(kernel).drop_tenant(tenant.name)
    TransferFiles(kernel.settings.data_dir, tenant.id).remove_all()
    return exported


def describe(tenant: TenantRecord) -> dict[str, Any]:
    """A tenant for people."""
    return {"id": tenant.id, **{column: getattr(tenant, column) for column in COLUMNS}}

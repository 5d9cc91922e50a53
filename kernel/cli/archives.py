"""`bos tenant export`, `import` and `clone`: whole tenants as files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kernel.backup.checking import check_archive
from kernel.backup.cloning import clone_tenant
from kernel.backup.exporting import ExportWish, export_tenant
from kernel.backup.importing import ImportReport, ImportWish, import_tenant
from kernel.backup.manifest import Manifest
from kernel.cli.options import AsJson, DryRun
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord

Database = Annotated[str | None, typer.Option("--database", help="A name in BOS_DATABASES.")]
Passwords = Annotated[
    bool, typer.Option("--passwords/--no-passwords", help="With the hashes of the users' passwords, or without.")
]
Encrypted = Annotated[bool, typer.Option("--encrypt", help="Encrypt the file under the installation's master key.")]


def add_archives(commands: typer.Typer) -> None:
    """Add `tenant export`, `tenant import` and `tenant clone`."""
    for add in (_add_export, _add_import, _add_clone):
        add(commands)


def _add_export(commands: typer.Typer) -> None:
    @commands.command("export")
    def export(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="The tenant's name.", show_default=False)],
        file: Annotated[Path | None, typer.Argument(help="Where to; else in <data folder>/exports.")] = None,
        passwords: Passwords = True,
        credentials: Annotated[
            bool, typer.Option("--credentials", help="With API keys, second factors and OAuth clients.")
        ] = False,
        encrypt: Encrypted = False,
        json: AsJson = False,
    ) -> None:
        """Write a whole tenant into one file, as of one moment, while it works on.

        Examples:

            bos tenant export acme acme.tar.gz

            bos tenant export acme --no-passwords --encrypt
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            tenant = kernel.directory.get(name)
            path = (file or export_path(kernel, tenant)).absolute()
            wish = ExportWish(passwords, credentials, encrypt)
            terminal.show_record(export_to(kernel, terminal, tenant, path, wish))


def _add_import(commands: typer.Typer) -> None:
    @commands.command("import")
    def import_(
        context: typer.Context,
        file: Annotated[Path, typer.Argument(help="What `bos tenant export` wrote.", show_default=False)],
        name: Annotated[str | None, typer.Option("--as", help="Its name here; else the one it had.")] = None,
        database: Database = None,
        passwords: Passwords = True,
        dry_run: DryRun = False,
        json: AsJson = False,
    ) -> None:
        """Make a tenant of an exported file. The file is checked from end to end before anything is made.

        Examples:

            bos tenant import acme.tar.gz --dry-run

            bos tenant import acme.tar.gz --as acme_2026 --database eu
        """
        terminal = Terminal.of(context)
        path = file.absolute()
        with open_kernel(terminal.settings) as kernel:
            if dry_run:
                manifest = check_archive(path, kernel.keyring)
                terminal.show_record({"would_import": name or manifest.tenant["name"], **describe(path, manifest)})
                return
            with terminal.progress("Importing") as advance:
                report = import_tenant(kernel, path, ImportWish(name, database, passwords), advance)
        _show(terminal, report)


def _add_clone(commands: typer.Typer) -> None:
    @commands.command()
    def clone(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="The tenant to copy.", show_default=False)],
        copy: Annotated[str, typer.Argument(help="The name of the copy.", show_default=False)],
        database: Database = None,
        passwords: Passwords = True,
        json: AsJson = False,
    ) -> None:
        """Copy a tenant as of now under another name, to another database if wished.

        Examples:

            bos tenant clone acme acme_test --no-passwords

            bos tenant clone acme acme_eu --database eu
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel, terminal.progress(f"Copying {name}") as advance:
            wish = ImportWish(copy, database, passwords)
            report = clone_tenant(kernel, name, wish, lambda table, rows: advance(rows))
        _show(terminal, report)


def export_to(kernel: Kernel, terminal: Terminal, tenant: TenantRecord, path: Path, wish: ExportWish) -> dict[str, Any]:
    """Export with a progress bar; what was written."""
    with terminal.progress(f"Exporting {tenant.name}") as advance:
        manifest = export_tenant(kernel, tenant, path, wish, lambda table, rows: advance(rows))
    return describe(path, manifest)


def describe(path: Path, manifest: Manifest) -> dict[str, Any]:
    """An archive for people."""
    return {"path": str(path), "bytes": path.stat().st_size, "made_at": manifest.made_at, "counts": manifest.counts}


def export_path(kernel: Kernel, tenant: TenantRecord) -> Path:
    """Where an export goes when nothing was said."""
    moment: datetime = kernel.clock()
    return kernel.settings.data_dir / "exports" / f"{tenant.name}-{moment:%Y%m%d-%H%M%S}.tar.gz"


def _show(terminal: Terminal, report: ImportReport) -> None:
    terminal.show_record(report.as_json())
    if report.missing:
        terminal.say(f"Read-only until these applets are installed here: {', '.join(report.missing)}.")

"""`bos applet uninstall`, `export` and `purge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kernel.cli.options import ActAs, AsJson, DryRun, Tenant, Yes
from kernel.cli.session import find_caller, open_kernel
from kernel.cli.terminal import Terminal
from kernel.transfer.caller import Caller
from registry.plans.cli import do
from registry.plans.situation import PlanRequest
from registry.releases import Releases
from registry.removal.archive import export_applet
from registry.removal.purge import count_purge, purge

Name = Annotated[str, typer.Argument(help="The applet's name.", show_default=False)]
Export = Annotated[Path | None, typer.Option("--export", help="Write all it holds into this file before.")]
Encrypt = Annotated[bool, typer.Option("--encrypt", help="Encrypt the file under the master key.")]


def add_removal_commands(commands: typer.Typer, releases: Releases) -> None:
    """Add them to the group `applet`."""
    _add_uninstall(commands, releases)
    _add_export(commands)
    _add_purge(commands)


def _add_uninstall(commands: typer.Typer, releases: Releases) -> None:
    @commands.command()
    def uninstall(
        context: typer.Context,
        name: Name,
        keep_stubs: Annotated[
            bool, typer.Option("--keep-stubs", help="Others link to its documents: let them, and keep the titles.")
        ] = False,
        export: Export = None,
        encrypt: Encrypt = False,
        yes: Yes = False,
        dry_run: DryRun = False,
        reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Take an applet away from a tenant. Its documents stay, out of sight, until it is installed again or purged.

        Examples:

            bos applet uninstall approvals --tenant acme

            bos applet uninstall receivables --keep-stubs --export receivables.archive
        """
        terminal = Terminal.of(context)
        request = PlanRequest("uninstall", name, keep_stubs=keep_stubs, reason=reason)
        with open_kernel(terminal.settings) as kernel:
            caller = find_caller(kernel, tenant, as_user)
            if export is not None and not dry_run:
                _export(terminal, caller, name, export, encrypt)
            do(terminal, caller, releases, request, False, yes, is_kept=not dry_run)


def _add_export(commands: typer.Typer) -> None:
    @commands.command("export")
    def export_one(
        context: typer.Context,
        name: Name,
        file: Annotated[Path, typer.Argument(help="The archive to write.", show_default=False)],
        encrypt: Encrypt = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Write all an applet holds into a file: documents, events, links and movements as JSON lines, to be kept.

        Example:

            bos applet export receivables receivables.archive --tenant acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            rows = _export(terminal, find_caller(kernel, tenant, as_user), name, file, encrypt)
        terminal.show_record({"applet": name, "file": str(file), **rows})


def _add_purge(commands: typer.Typer) -> None:
    @commands.command("purge")
    def purge_one(
        context: typer.Context,
        name: Name,
        export: Export = None,
        encrypt: Encrypt = False,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Remove for good what an uninstalled applet holds, once its time is over. There is no way back.

        Of documents that others link to, a stub is kept. The log of events stays, and so do number series.

        Examples:

            bos applet purge approvals --tenant acme --dry-run

            bos applet purge approvals --tenant acme --yes
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            caller = find_caller(kernel, tenant, as_user)
            counted = count_purge(caller, name)
            if dry_run:
                terminal.show_record(counted.as_json() | {"dry_run": True})
                return
            question = f"Remove {counted.documents} documents of {name} for good? Type {name}"
            terminal.confirm(question, yes, wanted=name)
            if export is not None:
                _export(terminal, caller, name, export, encrypt)
            with terminal.progress(f"Purging {name}", counted.documents + counted.stubs) as advance:
                done = purge(caller, name, progress=advance)
        terminal.show_record(done.as_json())


def _export(terminal: Terminal, caller: Caller, name: str, file: Path, encrypt: bool) -> dict[str, int]:
    with terminal.progress(f"Writing {file}") as advance:
        return export_applet(caller, name, file, lambda table, rows: advance(rows), is_encrypted=encrypt)

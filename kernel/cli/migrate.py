"""`bos migrate` and `bos tenant migrate`: schemas of the platform and of tenants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kernel.cli.options import AsJson, DryRun
from kernel.cli.root import EXIT_FAILED, Cli
from kernel.cli.session import open_kernel, tenancies
from kernel.cli.terminal import Terminal
from kernel.tenancy.migration import JOBS, JOBS_MAX, MigrationReport

COLUMNS = ("tenant", "steps", "error")


def add_commands(cli: Cli) -> None:
    """Add `migrate`."""

    @cli.command()
    def migrate(context: typer.Context, json: AsJson = False) -> None:
        """Bring the schemas of the platform and of every tenant up to date. What is up to date is left alone.

        Example:

            bos migrate
        """
        _migrate(Terminal.of(context), None, JOBS, is_rehearsal=False)


def add_migrate(commands: typer.Typer) -> None:
    """Add `tenant migrate`."""

    @commands.command()
    def migrate(
        context: typer.Context,
        tenant: Annotated[
            list[str] | None, typer.Option("--tenant", "-t", help="Only this one; may be repeated.")
        ] = None,
        jobs: Annotated[int, typer.Option("--jobs", min=1, max=JOBS_MAX, help="How many at once.")] = JOBS,
        dry_run: DryRun = False,
        json: AsJson = False,
    ) -> None:
        """Bring the schemas of tenants up to date, many at once. One that fails is told and stops nobody else.

        A tenant that is behind is refused until it is up to date. Stopped half-way, the next run goes on from there.

        Examples:

            bos tenant migrate --dry-run

            bos tenant migrate --jobs 8 --json
        """
        _migrate(Terminal.of(context), tenant, jobs, is_rehearsal=dry_run)


def _migrate(terminal: Terminal, names: Sequence[str] | None, jobs: int, *, is_rehearsal: bool) -> None:
    with open_kernel(terminal.settings) as kernel:
        total = len(names) if names is not None else len(kernel.directory.list())
        with terminal.progress("Tenants", total) as advance:
            report = tenancies(kernel).migrate_tenants(
                lambda tenant: advance(1), jobs=jobs, names=names, is_rehearsal=is_rehearsal
            )
    terminal.show_rows(_rows(report), COLUMNS)
    if report.failed:
        terminal.say(f"{len(report.failed)} of {len(report.outcomes)} failed.")
        raise typer.Exit(EXIT_FAILED)


def _rows(report: MigrationReport) -> list[dict[str, Any]]:
    return [{"tenant": each.tenant, "steps": each.steps, "error": each.error} for each in report.outcomes]

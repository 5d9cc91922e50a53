"""`bos migrate`: schemas of the platform and of every tenant."""

from __future__ import annotations

import typer

from kernel.cli.options import AsJson
from kernel.cli.root import Cli
from kernel.cli.session import open_kernel, tenancies
from kernel.cli.terminal import Terminal


def add_commands(cli: Cli) -> None:
    """Add `migrate`."""

    @cli.command()
    def migrate(context: typer.Context, json: AsJson = False) -> None:
        """Bring the schemas of the platform and of every tenant up to date. What is up to date is left alone.

        Example:

            bos migrate
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            service = tenancies(kernel)
            with terminal.progress("Tenants", len(kernel.directory.list())) as advance:
                applied = service.migrate_tenants(lambda tenant: advance(1))
        rows = [{"tenant": tenant, "steps": steps} for tenant, steps in applied.items()]
        terminal.show_rows(rows, ("tenant", "steps"))

"""`bos applet guards`: whether what must always hold does."""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.cli.options import ActAs, AsJson, Tenant
from kernel.cli.root import EXIT_FAILED
from kernel.cli.session import enter
from kernel.cli.terminal import Terminal
from registry.guards import describe_guards

COLUMNS = ("applet", "guard", "state", "sentences")


def add_guard_commands(commands: typer.Typer) -> None:
    """Add it to the group `applet`."""

    @commands.command()
    def guards(
        context: typer.Context,
        name: Annotated[str | None, typer.Argument(help="One applet; all without.", show_default=False)] = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Check now what applets say must always hold, such as that the books balance, and tell what does not.

        Exit status 1 when something is broken, or could not be found out.

        Examples:

            bos applet guards --tenant acme

            bos applet guards ledger --json
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            rows = describe_guards(ctx, None if name is None else [name])
        terminal.show_rows(rows, COLUMNS)
        if any(row["state"] != "holds" for row in rows):
            raise typer.Exit(EXIT_FAILED)

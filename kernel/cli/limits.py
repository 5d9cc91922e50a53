"""`bos limit …`"""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.cli.options import AsJson
from kernel.cli.root import Cli, group
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.limits.errors import LimitInvalid
from kernel.limits.measures import Measure, find_limit
from kernel.limits.service import measure_usage, set_limits

COLUMNS = ("limit", "used", "maximum", "level", "period")
NAMES = ", ".join(Measure)

Name = Annotated[str, typer.Argument(help="The tenant's name.", show_default=False)]


def add_commands(cli: Cli) -> None:
    """Add the group `limit`."""
    commands = group("Limits: how much a tenant may keep, and how often it may ask.")
    cli.add_typer(commands, name="limit")
    _add_show(commands)
    _add_set(commands)


def _add_show(commands: typer.Typer) -> None:
    @commands.command()
    def show(context: typer.Context, name: Name, json: AsJson = False) -> None:
        """Show each limit of a tenant and how much of it is used.

        Example:

            bos limit show acme
        """
        _show(Terminal.of(context), name)


def _add_set(commands: typer.Typer) -> None:
    @commands.command("set")
    def set_limit(
        context: typer.Context,
        name: Name,
        limits: Annotated[list[str], typer.Argument(help=f"LIMIT=NUMBER, or LIMIT= for none of its own: {NAMES}.")],
        json: AsJson = False,
    ) -> None:
        """Set limits of a tenant, over those of its plan. What is above a new limit stays; nothing can be added.

        Examples:

            bos limit set acme users=25 documents_per_month=100000

            bos limit set acme users=
        """
        terminal = Terminal.of(context)
        changes = dict(_parse(given) for given in limits)
        with open_kernel(terminal.settings) as kernel:
            set_limits(kernel.database, kernel.directory.get(name), changes)
        _show(terminal, name)


def _parse(given: str) -> tuple[str, int | None]:
    name, _, value = given.partition("=")
    if not value:
        return name, None
    if not value.isascii() or not value.isdigit():
        raise LimitInvalid(value=value)
    return name, int(value)


def _show(terminal: Terminal, name: str) -> None:
    with open_kernel(terminal.settings) as kernel:
        tenant = kernel.directory.get(name)
        with kernel.operate(tenant) as ctx:
            rows = [usage.as_json() for usage in measure_usage(ctx, kernel.quotas.plans)]
        for measure in (Measure.REQUESTS, Measure.BURST):
            rows.append({"limit": str(measure), "maximum": find_limit(kernel.quotas.plans, tenant, measure)})
        terminal.show_rows(rows, COLUMNS)

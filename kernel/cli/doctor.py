"""`bos doctor`"""

from __future__ import annotations

from collections.abc import Iterator

import typer

from kernel.cli.checks import FAILED, Check, examine
from kernel.cli.options import AsJson
from kernel.cli.root import EXIT_FAILED, Cli
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from sdk.errors import BosError

COLUMNS = ("result", "tenant", "name", "detail")


def add_commands(cli: Cli) -> None:
    """Add `doctor`."""

    @cli.command()
    def doctor(context: typer.Context, json: AsJson = False) -> None:
        """Look whether everything is as it should be; exit with 1 if something is not.

        Example:

            bos doctor
        """
        terminal = Terminal.of(context)
        checks = list(_examine(terminal))
        terminal.show_rows([check.as_json() for check in checks], COLUMNS)
        if any(check.result == FAILED for check in checks):
            raise typer.Exit(EXIT_FAILED)


def _examine(terminal: Terminal) -> Iterator[Check]:
    try:
        with open_kernel(terminal.settings) as kernel:
            yield from examine(kernel)
    except BosError as error:
        yield Check("database", FAILED, error.message)

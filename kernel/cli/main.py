"""The console script `bos`."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError

from kernel.cli import (
    doctor,
    documents,
    events,
    exports,
    imports,
    keys,
    limits,
    migrate,
    openapi,
    reports,
    search,
    serve,
    tenants,
    up,
    users,
    worker,
)
from kernel.cli.root import Cli
from kernel.cli.terminal import Terminal
from kernel.main import load_system_plugins
from kernel.settings import Settings
from kernel.telemetry.logs import configure_logs
from sdk.errors import BosError

EXIT_USAGE = 2


def build_cli(settings: Settings) -> Cli:
    """All commands, those of system plugins included."""
    cli = Cli()

    @cli.callback()
    def bos(context: typer.Context) -> None:
        """Bos, the business operating system."""

    for commands in COMMANDS:
        commands.add_commands(cli)
    load_system_plugins(settings).hook.register_cli(cli=cli)
    return cli


COMMANDS = (
    up, serve, worker, migrate, doctor, tenants, users, documents, reports, events, imports, exports, openapi, limits,
    search, keys,
)  # fmt: skip


def main() -> None:
    """Settings from the environment, then the command."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            typer.echo(f"Error: BOS_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}", err=True)
        sys.exit(EXIT_USAGE)
    configure_logs("cli", level="warning", format="text")
    terminal = Terminal(settings)
    try:
        cli = build_cli(settings)
    except BosError as error:
        terminal.tell(error)
        sys.exit(1)
    cli(obj=terminal)

"""The console script `bos`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import typer
from pydantic import ValidationError

from kernel.cli.root import Cli
from kernel.cli.terminal import Terminal
from kernel.main import load_system_plugins
from kernel.settings import Settings
from kernel.telemetry.logs import configure_logs
from sdk.errors import BosError

EXIT_USAGE = 2
# Modules beside this one, each with `add_commands`.
COMMANDS = (
    "up", "serve", "worker", "migrate", "doctor", "tenants", "users", "oauth", "documents", "reports", "events",
    "imports", "exports", "openapi", "limits", "search", "audit", "indexes", "keys", "privacy", "backups",
)  # fmt: skip
# Servers are started often and live long: they import no command but their own.
SERVERS = frozenset({"up", "serve", "worker"})


def build_cli(settings: Settings, modules: Sequence[str] = COMMANDS) -> Cli:
    """The commands of these modules, and those of system plugins."""
    cli = Cli()

    @cli.callback()
    def bos(context: typer.Context) -> None:
        """Bos, the business operating system."""

    for name in modules:
        importlib.import_module(f"kernel.cli.{name}").add_commands(cli)
    load_system_plugins(settings).hook.register_cli(cli=cli)
    return cli


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
        asked = sys.argv[1:2]
        cli = build_cli(settings, asked if SERVERS.issuperset(asked) and asked else COMMANDS)
    except BosError as error:
        terminal.tell(error)
        sys.exit(1)
    cli(obj=terminal)

"""The group `bos sandbox`."""

from __future__ import annotations

from kernel.cli.root import Cli, group
from registry.releases import Releases
from registry.sandboxing.cli.run import add_run
from registry.sandboxing.cli.status import add_status
from registry.sandboxing.cli.stops import add_switch
from registry.sandboxing.sandbox import Sandbox


def add_sandbox_commands(cli: Cli, sandbox: Sandbox, releases: Releases) -> None:
    """Add it."""
    commands = group("The sandbox of applets nobody trusts: try code in it, look at it, switch applets off.")
    cli.add_typer(commands, name="sandbox")
    add_run(commands, sandbox, releases)
    add_status(commands, sandbox)
    add_switch(commands, releases)

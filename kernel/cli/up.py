"""`bos up`: everything, on one machine, from nothing."""

from __future__ import annotations

import socket
import sys
from typing import Annotated

import typer

from kernel.cli.demo import prepare_demo
from kernel.cli.listening import listening, stoppable, url_of
from kernel.cli.options import Host, Port
from kernel.cli.root import Cli
from kernel.cli.serving import configure_service_logs, serve_here
from kernel.cli.session import migrate_before_serving, open_kernel
from kernel.cli.terminal import Terminal
from kernel.cli.welcome import name_program, welcome


def add_commands(cli: Cli) -> None:
    """Add `up`."""

    @cli.command()
    def up(
        context: typer.Context,
        demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Make the tenant demo when it is missing.")] = True,
        host: Host = None,
        port: Port = None,
    ) -> None:
        """Start everything: database, tenant demo with applets and data, server and worker.

        A second start changes nothing. Ctrl-C stops all of it.

        Examples:

            bos up

            bos up --port 8080 --no-demo
        """
        terminal = Terminal.of(context)
        settings = terminal.settings
        with stoppable(), listening(host or settings.host, settings.port if port is None else port) as taken:
            configure_service_logs(settings, "api")
            _run(cli, terminal, taken, has_demo=demo)


def _run(cli: Cli, terminal: Terminal, taken: socket.socket, *, has_demo: bool) -> None:
    terminal.say(f"Starting the database in {terminal.settings.data_dir} …")
    with open_kernel(terminal.settings) as kernel:
        migrate_before_serving(kernel)
        demo = prepare_demo(kernel, terminal, cli.demo_steps) if has_demo else None
        typer.echo(welcome(url_of(taken), demo, name_program(sys.argv[0])))
        # The server's own worker is told of deliveries; nobody needs to wake others at the end.
        kernel.on_deliveries.clear()
        serve_here(kernel, taken, has_worker=True)
    terminal.say("Stopped.")

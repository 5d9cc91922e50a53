"""`bos up`: everything, on one machine, from nothing."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from kernel.cli.demo import DEMO_TENANT, Demo, prepare_demo
from kernel.cli.listening import listening, stoppable, url_of
from kernel.cli.options import Host, Port
from kernel.cli.root import Cli
from kernel.cli.serving import configure_service_logs, serve_here
from kernel.cli.session import open_kernel, tenancies
from kernel.cli.terminal import Terminal


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
        tenancies(kernel).migrate_tenants()
        demo = prepare_demo(kernel, terminal, cli.demo_steps) if has_demo else None
        typer.echo(welcome(url_of(taken), demo))
        # The server's own worker is told of deliveries; nobody needs to wake others at the end.
        kernel.on_deliveries.clear()
        serve_here(kernel, taken, has_worker=True)
    terminal.say("Stopped.")


def welcome(url: str, demo: Demo | None) -> str:
    """What to do next."""
    lines = ["", f"Bos is running at {url}", f"  API documentation  {url}/docs", f"  ready?             {url}/readyz"]
    if demo is None:
        lines += ["", "Make a tenant:", "  bos tenant create acme --title 'Acme Ltd' --admin-email you@example.com"]
        return "\n".join([*lines, ""])
    lines += [
        "",
        *(f"  {note}" for note in demo.notes),
        f"Log in to the tenant {DEMO_TENANT}:",
        f"  email     {demo.email}",
    ]
    if demo.password:
        lines += [
            f"  password  {demo.password}",
            "  It is shown this once. A new one: bos user set-password " + demo.email,
        ]
    else:
        lines += [f"  password  was shown at the first start; a new one: bos user set-password {demo.email}"]
    return "\n".join([*lines, *_first_steps(url, demo), ""])


def _first_steps(url: str, demo: Demo) -> list[str]:
    password = demo.password or "…"
    log_in = f'{{"tenant": "{DEMO_TENANT}", "email": "{demo.email}", "password": "{password}"}}'
    return [
        "",
        "Try it in another terminal:",
        f"  TOKEN=$(curl -s {url}/api/v1/auth/login -H 'content-type: application/json' \\",
        f"    -d '{log_in}' \\",
        "    | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])')",
        f'  curl -s "{url}/api/v1/receivables/invoices?limit=3" -H "authorization: Bearer $TOKEN"',
        f"  bos report run ledger.trial_balance --tenant {DEMO_TENANT}",
        "",
        "Ctrl-C stops everything.",
    ]

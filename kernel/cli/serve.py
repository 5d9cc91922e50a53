"""`bos serve`: the HTTP server."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from kernel.cli.listening import listening, stoppable, url_of
from kernel.cli.options import Host, Port
from kernel.cli.root import Cli
from kernel.cli.serving import configure_service_logs, serve_beside, serve_here
from kernel.cli.session import migrate_before_serving, open_kernel
from kernel.cli.terminal import Terminal
from kernel.postgres import open_database
from kernel.safe_mode import EVERY_TENANT, SAFE_MODE_NOTICE
from kernel.settings import Settings

PROCESSES_MAX = 64


def add_commands(cli: Cli) -> None:
    """Add `serve`."""

    @cli.command()
    def serve(
        context: typer.Context,
        workers: Annotated[int, typer.Option("--workers", "-w", min=1, max=PROCESSES_MAX, help="Processes.")] = 1,
        worker: Annotated[
            bool, typer.Option("--worker/--no-worker", help="Deliver events in these processes too.")
        ] = True,
        host: Host = None,
        port: Port = None,
        safe_mode: Annotated[
            bool, typer.Option("--safe-mode", help="Leave out applets that do not come with Bos.")
        ] = False,
        tenant: Annotated[
            str | None,
            typer.Option("--tenant", "-t", help="With --safe-mode: for this tenant only.", show_default=False),
        ] = None,
    ) -> None:
        """Serve the API, after bringing all schemas up to date.

        Examples:

            bos serve

            bos serve --host 0.0.0.0 --port 8080 --workers 4 --no-worker

            bos serve --safe-mode --tenant acme
        """
        if tenant and not safe_mode:
            raise typer.BadParameter("it says for whom --safe-mode is meant", param_hint="--tenant")
        terminal = Terminal.of(context)
        settings = _in_safe_mode(terminal.settings, tenant) if safe_mode else terminal.settings
        with stoppable(), listening(host or settings.host, settings.port if port is None else port) as taken:
            configure_service_logs(settings, "api")
            # Held until the last process has ended: it is this one that owns an embedded database's life.
            with open_database(settings), open_kernel(settings) as kernel:
                migrate_before_serving(kernel)
                kernel.on_deliveries.clear()
                if settings.safe_mode:
                    terminal.say(f"Safe mode: {SAFE_MODE_NOTICE} (tenants: {settings.safe_mode})")
                terminal.say(f"Serving at {url_of(taken)}")
                if workers == 1:
                    serve_here(kernel, taken, has_worker=worker)
                else:
                    # Connections must not be shared with the processes to come.
                    kernel.database.close()
                    serve_beside(taken, workers, has_worker=worker)


def _in_safe_mode(settings: Settings, tenant: str | None) -> Settings:
    """Further processes take their settings from the environment, as they did for their parent."""
    os.environ["BOS_SAFE_MODE"] = tenant or EVERY_TENANT
    return settings.model_copy(update={"safe_mode": os.environ["BOS_SAFE_MODE"]})

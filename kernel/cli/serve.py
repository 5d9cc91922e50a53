"""`bos serve`: the HTTP server."""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.cli.listening import listening, stoppable, url_of
from kernel.cli.options import Host, Port
from kernel.cli.root import Cli
from kernel.cli.serving import configure_service_logs, serve_beside, serve_here
from kernel.cli.session import migrate_before_serving, open_kernel
from kernel.cli.terminal import Terminal
from kernel.postgres import open_database

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
    ) -> None:
        """Serve the API, after bringing all schemas up to date.

        Examples:

            bos serve

            bos serve --host 0.0.0.0 --port 8080 --workers 4 --no-worker
        """
        terminal = Terminal.of(context)
        settings = terminal.settings
        with stoppable(), listening(host or settings.host, settings.port if port is None else port) as taken:
            configure_service_logs(settings, "api")
            # Held until the last process has ended: it is this one that owns an embedded database's life.
            with open_database(settings), open_kernel(settings) as kernel:
                migrate_before_serving(kernel)
                kernel.on_deliveries.clear()
                terminal.say(f"Serving at {url_of(taken)}")
                if workers == 1:
                    serve_here(kernel, taken, has_worker=worker)
                else:
                    # Connections must not be shared with the processes to come.
                    kernel.database.close()
                    serve_beside(taken, workers, has_worker=worker)

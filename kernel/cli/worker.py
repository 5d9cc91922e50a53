"""`bos worker`: delivering events without serving."""

from __future__ import annotations

import threading

import typer

from kernel.cli.garbage import shorten_collections
from kernel.cli.listening import stoppable
from kernel.cli.root import Cli
from kernel.cli.serving import configure_service_logs
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.events.worker import Worker
from kernel.telemetry.logs import get_logger

WAIT_S = 3600.0
# One to deliver, one to look after, and half as many for the rest.
CONNECTIONS_PER_THREAD = 3
_log = get_logger()


def add_commands(cli: Cli) -> None:
    """Add `worker`."""

    @cli.command()
    def worker(context: typer.Context) -> None:
        """Deliver events and keep totals up to date, for servers started with --no-worker. Any number of them.

        Example:

            bos worker
        """
        settings = Terminal.of(context).settings
        with stoppable():
            configure_service_logs(settings, "worker")
            shorten_collections()
            with open_kernel(settings) as kernel:
                kernel.on_deliveries.clear()
                kernel.on_changes.clear()
                # Nobody is served here, so the connections are all its own; some are kept for what else it does.
                worker = Worker(kernel, threads=max(1, settings.pool_size_max // CONNECTIONS_PER_THREAD))
                worker.start()
                try:
                    _log.info("worker.started", message="The worker runs.")
                    while True:
                        threading.Event().wait(WAIT_S)
                finally:
                    worker.stop()

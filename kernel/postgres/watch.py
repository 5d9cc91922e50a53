"""Starting the server again when it was killed, as long as somebody needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kernel.postgres.cluster import Cluster
from kernel.postgres.errors import PostgresUnavailable
from kernel.postgres.server import has_crashed
from kernel.telemetry.logs import get_logger

LOOK_INTERVAL_S = 0.5

_log = get_logger()


@contextmanager
def watching(cluster: Cluster, revive: Callable[[], None]) -> Iterator[None]:
    """Look every now and then in a thread, until the block ends. A server somebody has stopped stays stopped."""
    is_over = threading.Event()
    thread = threading.Thread(target=_watch, args=(cluster, revive, is_over), name="bos-postgres-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _watch(cluster: Cluster, revive: Callable[[], None], is_over: threading.Event) -> None:
    while not is_over.wait(LOOK_INTERVAL_S):
        if not has_crashed(cluster):
            continue
        _log.error("postgres.crashed", message="PostgreSQL was killed; it is started again and recovers.")
        try:
            revive()
        except (PostgresUnavailable, OSError) as error:
            _log.error("postgres.not_revived", message=str(error))

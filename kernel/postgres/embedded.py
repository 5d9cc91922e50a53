"""The database for as long as a block runs, whoever else uses it at the same time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from kernel.postgres.account import bring_into_reach
from kernel.postgres.archiving import archive_conf
from kernel.postgres.binaries import Binaries, find_binaries
from kernel.postgres.cluster import Cluster, locate_cluster, remove_socket_folder
from kernel.postgres.errors import PostgresUnavailable
from kernel.postgres.initdb import make_cluster
from kernel.postgres.lease import Holder, Lease, open_lease
from kernel.postgres.server import ensure_running, stop_server
from kernel.postgres.watch import watching
from kernel.settings import Settings


class EmbeddedPostgres:
    """A PostgreSQL in a folder: `with EmbeddedPostgres(folder) as server:` and `server.dsn` is its owner's URL.

    The first to enter starts it, the last to leave stops it, across processes. bin: folder of the binaries, else
    they are searched. conf: further server settings, for whoever starts it. is_temporary: the files are for tests,
    need not survive a crash and go with the last to leave. archive: where its log is copied to, for restoring to any
    moment. Entering raises PostgresUnavailable.
    """

    def __init__(
        self, data_dir: Path, bin: Path | None = None, conf: Mapping[str, str] | None = None, *,
        is_temporary: bool = False, archive: Path | None = None,
    ) -> None:  # fmt: skip
        self._home = data_dir.expanduser().resolve()
        self._preferred = bin
        self._conf = dict(conf or {})
        self._is_temporary = is_temporary
        self._archive = archive
        self._holder: Holder | None = None
        self.dsn = ""

    def __enter__(self) -> Self:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with open_lease(self._home / "postgres.lease") as lease:
                self._join(lease)
        except PermissionError as error:
            raise PostgresUnavailable(reason=f"{error.filename} may not be opened by this account") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with open_lease(self._home / "postgres.lease") as lease:
            if self._holder:
                lease.remove(self._holder)
                self._holder = None
            if not lease.is_held():
                self._end(locate_cluster(self._home))

    def _join(self, lease: Lease) -> None:
        cluster = locate_cluster(self._home)
        if self._is_temporary and not lease.is_held():
            self._end(cluster)
        if not cluster.exists:
            make_cluster(cluster, self._find_binaries(cluster), is_synced=not self._is_temporary)
        self._start(cluster)
        self._holder = lease.add()
        self.dsn = cluster.dsn

    @contextmanager
    def watched(self) -> Iterator[Self]:
        """While the block runs, start it again should it be killed. Once entered."""
        with watching(locate_cluster(self._home), self._revive):
            yield self

    def _revive(self) -> None:
        """Of all who hold it the first does so, the others find it running."""
        with open_lease(self._home / "postgres.lease"):
            self._start(locate_cluster(self._home))

    def _end(self, cluster: Cluster) -> None:
        if cluster.exists:
            stop_server(cluster, self._find_binaries(cluster))
            remove_socket_folder(cluster)
        if self._is_temporary:
            shutil.rmtree(cluster.data, ignore_errors=True)

    def _start(self, cluster: Cluster) -> None:
        archiving = archive_conf(self._archive, cluster.account) if self._archive else {}
        ensure_running(cluster, self._find_binaries(cluster), {**archiving, **self._conf})

    def _find_binaries(self, cluster: Cluster) -> Binaries:
        return bring_into_reach(find_binaries(self._preferred, cluster.major), cluster.account)


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """The owner's URL of the database the settings name, or of an embedded one that lives at least this long."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir, settings.pg_bin, archive=settings.wal_archive)
    with server, server.watched():
        yield server.dsn

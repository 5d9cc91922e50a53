"""The running server: started by whoever needs it first, found again by whoever comes later, stopped fast."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

from kernel.postgres.binaries import Binaries
from kernel.postgres.cluster import Cluster, make_socket_folder, write_conf
from kernel.postgres.errors import PostgresUnavailable
from kernel.postgres.processes import read_name, read_start
from kernel.postgres.programs import run_program

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 5
POLL_S = 0.05
LOG_BYTES_MAX = 10 * 1024 * 1024
LOG_TAIL_CHARS = 2000
# How near the end of the log the server says so that did not start.
IN_USE_CHARS = 500
NO_PID = 2**22 + 1  # larger than any system gives
_IN_USE = "pre-existing shared memory block"
_PROGRAM_NAMES = {"postgres", "postmaster"}


def ensure_running(cluster: Cluster, binaries: Binaries, conf: Mapping[str, str]) -> None:
    """Start the server unless it runs already, for example because the process that started it was killed."""
    if can_connect(cluster):
        return None
    for lock in (cluster.pid_file, cluster.socket_lock):
        _disown_stale_lock(lock)
    make_socket_folder(cluster)
    write_conf(cluster, conf)
    _rotate_log(cluster.log)
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return _control(cluster, binaries, "start", START_TIMEOUT_S, "--log", cluster.log)
        except PostgresUnavailable as error:
            # A server left behind may still be recovering: ours could not start beside it, so that one is waited for.
            if _becomes_ready(cluster):
                return None
            tail = _read_tail(cluster.log)
            # Those of a killed server's processes that were busy notice a moment later.
            if _IN_USE not in tail[-IN_USE_CHARS:] or time.monotonic() > end:
                raise PostgresUnavailable(reason=f"{error.details['reason']}\n{tail}") from error
            time.sleep(POLL_S)


def has_crashed(cluster: Cluster) -> bool:
    """Whether the server ended without taking its lock away: killed, and not stopped by anybody."""
    pid = _read_pid(cluster.pid_file)
    return pid is not None and not _is_server(pid)


def stop_server(cluster: Cluster, binaries: Binaries) -> None:
    """Fast: open transactions are rolled back. The default mode would wait for clients for ever."""
    if _read_pid(cluster.pid_file):
        _control(cluster, binaries, "stop", STOP_TIMEOUT_S, "--mode=fast")


def can_connect(cluster: Cluster) -> bool:
    try:
        psycopg.connect(cluster.dsn, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise PostgresUnavailable(reason=f"{cluster.password_file} does not hold its password") from error
        return False
    return True


def _control(cluster: Cluster, binaries: Binaries, verb: str, timeout_s: int, *options: str | Path) -> None:
    # pg_ctl puts the server into a session of its own, so that Ctrl-C in a terminal reaches Bos alone.
    common: list[str | Path] = ["--pgdata", cluster.data, "--wait", "--timeout", str(timeout_s), "--silent"]
    run_program(cluster.account, [binaries.folder / "pg_ctl", verb, *common, *options])


def _becomes_ready(cluster: Cluster) -> bool:
    end = time.monotonic() + START_TIMEOUT_S
    while (pid := _read_pid(cluster.pid_file)) and time.monotonic() < end:
        if can_connect(cluster):
            return True
        if not read_start(pid):
            return False
        time.sleep(POLL_S)
    return False


def _read_pid(lock: Path) -> int | None:
    """The process id the server wrote down, if the file is there and complete."""
    try:
        first = lock.read_text(encoding="utf-8").partition("\n")[0]
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _disown_stale_lock(lock: Path) -> None:
    """After a container was killed the number in the file may be anybody's, and PostgreSQL would not start.

    Only the number is replaced: the file also names the shared memory by which PostgreSQL finds surviving backends.
    """
    pid = _read_pid(lock)
    if pid is None or _is_server(pid):
        return
    rest = lock.read_text(encoding="utf-8").partition("\n")[2]
    lock.write_text(f"{NO_PID}\n{rest}", encoding="utf-8")


def _is_server(pid: int) -> bool:
    return bool(read_start(pid)) and read_name(pid) in {*_PROGRAM_NAMES, None}


def _rotate_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))


def _read_tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARS:] if log.exists() else ""

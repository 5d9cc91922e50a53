"""An installation that is killed: `bos serve` with two processes on an embedded PostgreSQL that keeps its promises."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from kernel.postgres import EmbeddedPostgres
from kernel.postgres.cluster import locate_cluster
from kernel.postgres.processes import read_start
from kernel.postgres.server import stop_server
from tests.acceptance.crashes.tally import install_tally
from tests.acceptance.installation import BOS, Client, Installation

POSTER = Path(__file__).with_name("poster.py")
CLIENTS = 8
TENANT, EMAIL = "acme", "ada@acme.example"
READY_S_MAX = 90
DRAINED_S_MAX = 240
POLL_S = 0.02


class Site(Installation):
    """Durability as PostgreSQL has it by default: what these tests are about is what is on the disk."""

    # After twenty thousand posts there are a hundred thousand documents to rebuild.
    command_s_max = 600

    def __init__(self, folder: Path, database: EmbeddedPostgres) -> None:
        packages = folder / "packages"
        install_tally(packages)
        super().__init__(database.dsn, folder, {"PYTHONPATH": str(packages)})
        # The servers find the embedded database by themselves, as they do at a customer's.
        del self.environment["BOS_DATABASE_URL"]
        self.database, self.dsn = database, database.dsn
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._servers: subprocess.Popen[bytes] | None = None
        self._runs = 0

    def furnish(self) -> None:
        """A tenant with books, a customer, and the applet that counts."""
        password = self.create_tenant(TENANT, "Acme Ltd", "EUR", EMAIL)
        self.run("applet", "enable", "tally", "--with-required")
        self.start()
        tokens = Client(self.url).post("auth/login", {"tenant": TENANT, "email": EMAIL, "password": password})
        self.client = Client(self.url, tokens["access_token"])
        chart = self.client.post("ledger/charts", {"name": "Ours", "template": "standard"})
        self.client.post(f"ledger/charts/{chart['id']}/load")
        self.customer = self.client.post("parties/customers", {"code": "C1", "name": "Corner Shop"})["id"]

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        """As the owner, in the tenant's schema."""
        with psycopg.connect(self.dsn, autocommit=True, options=f"-c search_path=t_{TENANT}") as connection:
            yield connection

    def start(self) -> None:
        """Start the servers; return when they answer."""
        command = [*BOS, "serve", "--workers", "2", "--port", str(self.port)]
        with (self.folder / "servers.log").open("ab") as log:
            # A group of its own, so that all of them can be killed at once.
            self._servers = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stderr=log, cwd=self.folder, env=self.environment,
                start_new_session=True,
            )  # fmt: skip
        self.wait_until_ready()

    def kill_servers(self) -> None:
        """All of their processes, in the middle of whatever they are at."""
        if self._servers is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._servers.pid, signal.SIGKILL)
            self._wait_for_end()
            self._servers = None

    def kill_supervisor(self) -> None:
        """The process that started the others, alone; return when they have finished what they were at."""
        assert self._servers is not None
        self._servers.kill()
        self._wait_for_end()

    def _wait_for_end(self) -> None:
        """Whoever is dying still holds the database, and a port."""
        assert self._servers is not None
        self._servers.wait()
        end = time.monotonic() + READY_S_MAX
        while group_members(self._servers.pid):
            assert time.monotonic() < end, "the servers outlive who started them"
            time.sleep(POLL_S)

    def kill_process(self, chance: random.Random) -> None:
        """One of the processes that serve; another one takes its place."""
        assert self._servers is not None
        serving = sorted(set(group_members(self._servers.pid)) - {self._servers.pid})
        os.kill(chance.choice(serving), signal.SIGKILL)

    @property
    def is_serving(self) -> bool:
        """Whether the command that was started runs."""
        return self._servers is not None and self._servers.poll() is None

    def wait_until_ready(self) -> None:
        end = time.monotonic() + READY_S_MAX
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.settimeout(15)
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if b" 200 " in connection.recv(64):
                    return
            assert self.is_serving, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(POLL_S)

    def stop_database(self) -> None:
        """As an administrator does; nobody starts it again by himself."""
        cluster = locate_cluster(self.folder / "data")
        stop_server(cluster, self.database._find_binaries(cluster))

    def start_database(self) -> None:
        self.database._revive()

    def kill_postmaster(self) -> None:
        os.kill(self._postmaster(), signal.SIGKILL)

    def kill_backend(self) -> None:
        """One that is at a request; PostgreSQL then ends all others and recovers."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " AND usename LIKE 'bos%' ORDER BY state = 'active' DESC, random() LIMIT 1"
            ).fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGKILL)

    def _postmaster(self) -> int:
        pid = int((locate_cluster(self.folder / "data").data / "postmaster.pid").read_text().splitlines()[0])
        assert read_start(pid)
        return pid

    @contextmanager
    def posting(self, count: int, *, is_retrying: bool) -> Iterator[Posting]:
        """A client that posts so many invoices; waited for at the end."""
        self._runs += 1
        run = f"run{self._runs}"
        job = {
            "port": self.port, "token": self.client.token, "log": str(self.folder / f"{run}.log"), "run": run,
            "count": count, "clients": CLIENTS, "is_retrying": is_retrying, "customer": self.customer,
        }  # fmt: skip
        process = subprocess.Popen([sys.executable, POSTER], stdin=subprocess.PIPE, text=True)
        posting = Posting(run, count, is_retrying, Path(job["log"]), process)
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(job))
            process.stdin.close()
            yield posting
            assert process.wait() == 0
        finally:
            process.kill()
            process.wait()

    def drain(self) -> None:
        """Return when everything is delivered and folded."""
        end = time.monotonic() + DRAINED_S_MAX
        with self.connect() as connection:
            while True:
                row = connection.execute(
                    "SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM movements WHERE NOT folded)"
                ).fetchone()
                if row == (0, 0):
                    return
                assert time.monotonic() < end, f"deliveries and movements left: {row}; {self.log()}"
                time.sleep(POLL_S * 5)

    def log(self) -> str:
        return (self.folder / "servers.log").read_text(errors="replace")[-4000:]


def group_members(group: int) -> list[int]:
    """Ids of processes that live, of one process group."""
    shown = subprocess.run(["ps", "-A", "-o", "pgid=,pid=,stat="], capture_output=True, check=True, text=True).stdout
    rows = [line.split() for line in shown.splitlines()]
    return [int(pid) for found, pid, state, *_ in rows if int(found) == group and state[0] != "Z"]


class Posting:
    """A run of the client, and its log."""

    def __init__(self, run: str, count: int, is_retrying: bool, path: Path, process: subprocess.Popen[str]) -> None:
        self.run, self.count, self.is_retrying = run, count, is_retrying
        self._path, self._process = path, process

    def wait_for(self, number: int) -> None:
        """Until so many requests were answered."""
        end = time.monotonic() + READY_S_MAX + self.count
        while not self._path.exists() or self._path.read_bytes().count(b"\n") < number:
            assert self._process.poll() is None, "the client ended before it was killed at"
            assert time.monotonic() < end, "the client is not answered"
            time.sleep(POLL_S)

    def wait_for_refusals(self, number: int) -> None:
        """Until so many requests were told to come again."""
        end = time.monotonic() + READY_S_MAX * 2
        while len(self.lost()) < number:
            assert time.monotonic() < end, "the client waits for ever"
            time.sleep(POLL_S)

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text().splitlines()]

    def faults(self) -> list[str]:
        """Answers nobody may get."""
        return [entry["fault"] for entry in self.entries() if "fault" in entry]

    def acknowledged(self, step: str) -> dict[int, tuple[str, Any]]:
        """By number: the id, and the number of the invoice, as the client was told."""
        found = [entry for entry in self.entries() if entry.get("step") == step and entry["id"]]
        told = {entry["number"]: (entry["id"], entry["result"]) for entry in found}
        assert len(told) == len(found)
        return told

    def longest_pause(self) -> float:
        """Seconds between two answers that were a success."""
        moments = sorted(entry["at"] for entry in self.entries() if entry.get("id"))
        return max(after - before for before, after in pairwise(moments))

    def lost(self) -> list[str]:
        """Why requests were not answered as they should be."""
        return [entry["result"] for entry in self.entries() if "fault" not in entry and not entry["id"]]


@contextmanager
def open_site() -> Iterator[Site]:
    """Everything is stopped and removed at the end. Not in a folder of pytest's: the database could not get in."""
    binaries = os.environ.get("BOS_PG_BIN")
    with tempfile.TemporaryDirectory(prefix="bos-crashes-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        with EmbeddedPostgres(folder / "data", Path(binaries) if binaries else None, is_temporary=True) as server:
            site = Site(folder, server)
            try:
                site.furnish()
                yield site
            finally:
                site.kill_servers()

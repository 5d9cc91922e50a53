"""The processes beside this one: servers, and the client that asks them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CLIENTS = 4
# Requests a minute: what limits them is at work as anywhere, and refuses none.
UNREACHED_RATE = 1_000_000
STOP_S_MAX = 15

# [method, path, body], see bench.load.
Step = tuple[str, str, str]


class LoadFailed(Exception):
    """The client could not do its job."""


@contextmanager
def open_servers(dsn: str, folder: Path, count: int = 1, *, has_worker: bool = True) -> Iterator[list[int]]:
    """Server processes on the database; their ports. They write their logs, as any server does, into the folder."""
    settings = {
        "BOS_DATABASE_URL": dsn,
        "BOS_DATA_DIR": str(folder),
        "BOS_RATE_LIMIT_PER_MINUTE": str(UNREACHED_RATE),
        "BOS_RATE_LIMIT_BURST": str(UNREACHED_RATE),
        "BENCH_WORKER": "1" if has_worker else "0",
    }
    with ExitStack() as stack:
        logs = [folder / f"server-{number}.log" for number in range(count)]
        yield [stack.enter_context(_open_server(settings, log)) for log in logs]


@contextmanager
def open_handlers(dsn: str, folder: Path, recipes: Mapping[str, Any], count: int) -> Iterator[list[int]]:
    """Processes of the bare handler, see bench.handler; their ports."""
    job = json.dumps({"dsn": dsn, "recipes": recipes}).encode() + b"\n"
    with ExitStack() as stack:
        logs = [folder / f"handler-{number}.log" for number in range(count)]
        yield [stack.enter_context(_open_server({}, log, "bench.handler", job)) for log in logs]


@contextmanager
def _open_server(
    settings: Mapping[str, str], log: Path, module: str = "bench.server", job: bytes = b""
) -> Iterator[int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOS_")}
    with log.open("wb") as file:
        process = _start(module, {**kept, **settings}, file.fileno())
    with _stopping(process):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(job)
        process.stdin.flush()
        port = process.stdout.readline()
        if not port:
            raise LoadFailed(log.read_text(errors="replace")[-2000:])
        yield int(port)


class Load:
    """The client process. `run` gives it a job and waits. tokens: whose requests they are, in turn."""

    _first = itertools.count(1, 1_000_000)

    def __init__(self, ports: Sequence[int], *tokens: str) -> None:
        self._ports, self._tokens = list(ports), tokens

    def __enter__(self) -> Self:
        self._process = _start("bench.load", dict(os.environ), None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _stop(self._process)

    def run(self, steps: Sequence[Step], count: int, clients: int = CLIENTS) -> float:
        """Seconds for going through the steps `count` times, by so many clients at once. Raises LoadFailed."""
        # Fewer than there are clients are not asked for; the time is that of the count.
        return float(self._ask(steps, count, clients, False)["seconds"]) * count / max(count, clients)

    def time(self, steps: Sequence[Step], count: int, clients: int = CLIENTS) -> list[float]:
        """Seconds of each time through the steps. Raises LoadFailed."""
        times: list[float] = self._ask(steps, count, clients, True)["times"]
        return times

    def _ask(self, steps: Sequence[Step], count: int, clients: int, is_timed: bool) -> dict[str, Any]:
        job = {
            "ports": self._ports, "tokens": self._tokens, "clients": clients, "count": max(count, clients),
            "first": next(self._first), "steps": list(steps), "timed": is_timed,
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"error": "the client died"}')
        if "error" in answer:
            raise LoadFailed(answer["error"])
        return answer


def _start(module: str, environment: dict[str, str], errors: int | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        cwd=Path(__file__).resolve().parents[1],
        # Ctrl-C is for this process, which then ends its children in order.
        start_new_session=True,
    )


@contextmanager
def _stopping(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Close its stdin, at which it ends by itself; one that does not is killed."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""start.first_request and server.idle: `bos serve` on a database that runs, beside the bare FastAPI handler."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure
from bench.house import House, Tenant
from bench.rounds import Effort, say
from bench.traffic import LoadFailed

PATH = "/api/v1/parties/customers?limit=1"
ROOT = Path(__file__).resolve().parents[1]
_SERVE = "from kernel.cli.script import main; main()"
ANSWER_S_MAX = 60
# After it the worker of the process has looked at every tenant, and what only starting took has been given back.
IDLE_S = 3
KIB_PER_MB = 1024


def start_server(house: House, effort: Effort) -> list[Figure]:
    """From the start of the process to its first answer with documents; then its memory when nobody asks."""
    tenant = house.tenant("start")
    rounds = [(_start_ours(house, tenant), _start_bare(house)) for _ in range(effort.repeats)]
    for number, ((ours, memory), (raw, bare)) in enumerate(rounds, 1):
        say(f"  start {number}/{effort.repeats}: {ours:.0f} ms {memory:.0f} MB, raw {raw:.0f} ms {bare:.0f} MB")
    times = [[side[0] for side in pair] for pair in rounds]
    memories = [[side[1] for side in pair] for pair in rounds]
    beside = "bare FastAPI, uvicorn and psycopg pool"
    return [
        Figure("start.first_request", "ms", *map(list, zip(*times, strict=True)), beside),
        Figure("server.idle", "MB", *map(list, zip(*memories, strict=True)), beside),
    ]


def _start_ours(house: House, tenant: Tenant) -> tuple[float, float]:
    """Milliseconds and MB."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.perf_counter()
    with _serving(house, port) as process:
        _wait_for_answer(process, port, PATH, {"authorization": f"Bearer {tenant.token}"})
        took = time.perf_counter() - started
        time.sleep(IDLE_S)
        return took * 1000, _resident_mb(process.pid)


def _start_bare(house: House) -> tuple[float, float]:
    started = time.perf_counter()
    job = json.dumps({"dsn": house.dsn, "recipes": {}}).encode() + b"\n"
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.handler"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(job)
        process.stdin.flush()
        port = int(process.stdout.readline())
        _wait_for_answer(process, port, "/", {}, expected=404)
        took = time.perf_counter() - started
        time.sleep(IDLE_S)
        memory = _resident_mb(process.pid)
        # It ends when its stdin does.
        process.stdin.close()
        return took * 1000, memory


@contextmanager
def _serving(house: House, port: int) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOS_")}
    settings = {"BOS_DATABASE_URL": house.dsn, "BOS_DATA_DIR": str(house.folder)}
    with (house.folder / "start.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, "serve", "--port", str(port)], env={**kept, **settings}, stderr=log, cwd=ROOT
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for_answer(
    process: subprocess.Popen[bytes], port: int, path: str, headers: dict[str, str], *, expected: int = 200
) -> None:
    """Ask until there is an answer. Raises LoadFailed when it is another one, or none comes."""
    until = time.monotonic() + ANSWER_S_MAX
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            if answer.status != expected:
                raise LoadFailed(f"{path} answered {answer.status}: {answer.read(500).decode(errors='replace')}")
            return
        except ConnectionError:
            time.sleep(0.005)
        finally:
            connection.close()
    raise LoadFailed(f"nothing answered at {path}, process ended with {process.poll()}")


def _resident_mb(pid: int) -> float:
    """As `ps` says, which Linux and macOS both have."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, text=True)
    return int(shown.stdout) / KIB_PER_MB

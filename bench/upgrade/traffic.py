"""Clients that keep writing and posting invoices while applets are moved: each answer is a line of a log.

Run as `python -m bench.upgrade.traffic`; reads its job as one line of JSON from standard input, and ends when that is
closed. A job is {port, log, clients: [{tenant, token, customers, issued_on?}, …]}. A line is {at, took, tenant, step,
status, id}: `at` when it was sent (seconds since 1970), `took` in seconds; where it was no success, `answer` too.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INVOICES = "/api/v1/receivables/invoices"
ANSWER_S_MAX = 60
STOP_S_MAX = 90
POLL_S = 0.02
ANSWER_CHARACTERS_MAX = 500
ISSUED_ON = "2026-03-02"


@dataclass(frozen=True)
class Entry:
    """One answer. at: when it was asked for, took: how long it took, in seconds."""

    at: float
    took: float
    tenant: str
    step: str
    status: int
    id: str = ""
    answer: str = ""

    @property
    def is_failed(self) -> bool:
        return not 200 <= self.status < 300


class Client(threading.Thread):
    """One connection: an invoice is written, changed, read, posted and found, again and again."""

    def __init__(self, job: Mapping[str, Any], index: int, log: int, is_over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._mine = job["clients"][index]
        self._index, self._log, self._is_over = index, log, is_over
        self._connection = http.client.HTTPConnection("127.0.0.1", job["port"], timeout=ANSWER_S_MAX)

    def run(self) -> None:
        for number in itertools.count():
            if self._is_over.is_set():
                return
            made = self._ask("create", "POST", INVOICES, self._invoice(number))
            if made is None:
                continue
            path = f"{INVOICES}/{made['id']}"
            self._ask("change", "PATCH", path, {"freight": "4.50"})
            self._ask("post", "POST", f"{path}/post", {})
            self._ask("read", "GET", path)
            self._ask("list", "GET", f"{INVOICES}?limit=5&sort=-issued_on")

    def _invoice(self, number: int) -> dict[str, Any]:
        price = f"{(self._index * 7 + number) % 90 + 10}.50"
        lines = [{"description": f"Part {part}", "quantity": part, "unit_price": price} for part in ("1", "2", "3")]
        customers = self._mine["customers"]
        return {
            "customer": customers[number % len(customers)],
            "issued_on": self._mine.get("issued_on", ISSUED_ON),
            "lines": lines,
        }

    def _ask(self, step: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._mine['token']}", "Content-Type": "application/json"}
        if method == "PATCH":
            headers["If-Match"] = "*"
        at = time.time()
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self._connection.getresponse()
            status, text = response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            status, text = 0, repr(error)
        answer = json.loads(text) if 200 <= status < 300 else None
        entry = {
            "at": at, "took": time.time() - at, "tenant": self._mine["tenant"], "step": step, "status": status,
            "id": (answer or {}).get("id", ""), "answer": "" if answer else text[:ANSWER_CHARACTERS_MAX],
        }  # fmt: skip
        # One write is one line, however many threads write.
        os.write(self._log, json.dumps(entry).encode() + b"\n")
        return answer


class Traffic:
    """Clients at work, and what they were answered so far."""

    def __init__(self, log: Path, process: subprocess.Popen[str]) -> None:
        self._log, self._process = log, process
        self._entries: list[Entry] = []
        self._read_bytes = 0

    def entries(self) -> list[Entry]:
        """In the order of the answers."""
        if self._log.exists():
            with self._log.open("rb") as file:
                file.seek(self._read_bytes)
                # The last line may not be whole yet.
                whole, end, _ = file.read().rpartition(b"\n")
            self._entries += [Entry(**json.loads(line)) for line in whole.splitlines()]
            self._read_bytes += len(whole) + len(end)
        return self._entries

    def wait_for(self, count: int, *, tenant: str = "", step: str = "", since: float = 0.0) -> list[Entry]:
        """Return when so many such answers have come. Raises RuntimeError when the clients are gone."""
        while True:
            found = [
                entry
                for entry in self.entries()
                if tenant in ("", entry.tenant) and step in ("", entry.step) and entry.at >= since
            ]
            if len(found) >= count:
                return found
            if self._process.poll() is not None:
                raise RuntimeError("the clients have ended")
            time.sleep(POLL_S)

    def stop(self) -> list[Entry]:
        """Let everybody finish; all answers."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait(STOP_S_MAX) != 0:
            raise RuntimeError("the clients have failed")
        return self.entries()


@contextmanager
def open_traffic(port: int, log: Path, clients: Sequence[Mapping[str, Any]]) -> Iterator[Traffic]:
    """Clients that work until they are stopped, in a process of their own."""
    command = [sys.executable, "-m", "bench.upgrade.traffic"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"port": port, "log": str(log), "clients": list(clients)}) + "\n")
        process.stdin.flush()
        try:
            yield Traffic(log, process)
        finally:
            process.kill()


def percentile(entries: Sequence[Entry], share: float) -> float:
    """Seconds within which this share of the answers came; 0 without any."""
    times = sorted(entry.took for entry in entries)
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def between(entries: Sequence[Entry], since: float, until: float) -> list[Entry]:
    """Those that were under way in this time."""
    return [entry for entry in entries if entry.at + entry.took >= since and entry.at <= until]


def main() -> None:
    job, is_over = json.loads(sys.stdin.readline()), threading.Event()
    log = os.open(job["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    clients = [Client(job, index, log, is_over) for index in range(len(job["clients"]))]
    for client in clients:
        client.start()
    sys.stdin.read()
    is_over.set()
    for client in clients:
        client.join()


if __name__ == "__main__":
    main()
